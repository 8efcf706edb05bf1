"""What campaigns brought about, kept person by person and by the day as people are folded, in the same transaction.

One piece of SQL says what a person's touches are credited with, whether it is of the people of a batch, of everybody,
or of an earlier picture. What it means stands in `campaigns.attribution` over plain rows.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from campaigns.attribution import WINDOW
from campaigns.models import Kind, Way
from contacts.models import EventType
from funnel.folding import Folded
from funnel.metrics import STAGE
from funnel.reading import array
from funnel.spans import FIRST_MONDAY
from funnel.tallies import ORDER, REFUND

WEEK: Final = 7
MONEY: Final = frozenset({ORDER, REFUND})
COLUMNS: Final = (
    "contact_id, kind, at, first_key, last_key, first_at, last_at, from_stage, to_stage, value_minor, currency,"
    " is_visitor"
)
DAY_KEY: Final = "way, level, block, campaign_key, kind, from_stage, to_stage, currency, is_visitor"
_WINDOW: Final = f"interval '{WINDOW.days} days'"
# It takes `touch` (leader, at, rank, place, campaign), `paid` (orders and refunds) and `moves` (transitions).
_CREDITS: Final = f"""
    who AS MATERIALIZED (
        SELECT contact_id AS leader, bool_or(is_visitor) AS is_visitor
          FROM moves WHERE dimension = 0 AND contact_id IN (SELECT leader FROM touch) GROUP BY 1),
    refund AS (
        SELECT DISTINCT ON (back.leader, back.at, back.rank, back.place)
               back.leader, back.at, bought.at AS basis, -coalesce(back.value, bought.value, 0) AS value,
               CASE WHEN back.value IS NULL THEN bought.currency ELSE back.currency END AS currency
          FROM paid AS back
          JOIN paid AS bought ON bought.leader = back.leader AND bought.type_id = %(order)s
           AND (bought.at, bought.rank, bought.place) < (back.at, back.rank, back.place)
         WHERE back.type_id = %(refund)s
         ORDER BY back.leader, back.at, back.rank, back.place, bought.at DESC, bought.rank DESC, bought.place DESC),
    fact AS (
        SELECT one.*, row_number() OVER () AS number FROM (
            SELECT contact_id AS leader, {Kind.MOVED}::smallint AS kind, occurred_at AS at, occurred_at AS basis,
                   coalesce(from_value, 0::smallint) AS from_stage, to_value AS to_stage, 0::bigint AS value,
                   '' AS currency
              FROM moves WHERE dimension = 0 AND to_value IS NOT NULL
             UNION ALL
            SELECT leader, {Kind.ORDERED}::smallint, at, at, 0::smallint, 0::smallint, coalesce(value, 0), currency
              FROM paid WHERE type_id = %(order)s
             UNION ALL
            SELECT leader, {Kind.REFUNDED}::smallint, at, basis, 0::smallint, 0::smallint, value, currency
              FROM refund) AS one
          JOIN who USING (leader) {{period}}),
    ends AS (
        SELECT fact.number,
               array_agg(touch.campaign ORDER BY touch.at, touch.rank, touch.place) AS campaigns,
               min(touch.at) AS first_at, max(touch.at) AS last_at
          FROM fact JOIN touch ON touch.leader = fact.leader
           AND touch.at <= fact.basis AND touch.at > fact.basis - {_WINDOW}
         GROUP BY 1),
    credit AS (
        SELECT fact.leader AS contact_id, fact.kind, fact.at, ends.campaigns[1] AS first_key,
               ends.campaigns[cardinality(ends.campaigns)] AS last_key, ends.first_at, ends.last_at, fact.from_stage,
               fact.to_stage, fact.value AS value_minor, fact.currency::varchar AS currency, who.is_visitor
          FROM fact JOIN ends USING (number) JOIN who USING (leader)
         UNION ALL
        SELECT leader, {Kind.TOUCHED}::smallint, min(at), campaign, campaign, min(at), min(at), 0::smallint,
               0::smallint, 0::bigint, ''::varchar, bool_or(is_visitor)
          FROM touch JOIN who USING (leader) {{unless}} GROUP BY leader, campaign)
"""  # noqa: S608  (numbers of ours)
STANDING: Final = "event.retracted_at IS NULL"
_COUNTS: Final = "(event.campaign_key > '' OR event.type_id = ANY(%(money)s::smallint[]))"
_TOUCH: Final = "occurred_at AS at, rank, key AS place, campaign_key AS campaign"
_PAID: Final = (
    "occurred_at AS at, rank, key AS place, type_id, value_minor AS value, coalesce(currency, '') AS currency"
)


def credits_by(*, standing: str = STANDING, period: str = "") -> str:
    """The SQL of all credits, of `member` (contact, leader) and `moves`.

    `standing` says which events count, `period` which facts.
    """
    return f"""
    happened AS MATERIALIZED (
        SELECT member.leader, event.*
          FROM member JOIN contacts_event AS event ON event.contact_id = member.contact AND {_COUNTS} AND {standing}),
    touch AS MATERIALIZED (SELECT leader, {_TOUCH} FROM happened WHERE campaign_key > ''),
    paid AS MATERIALIZED (SELECT leader, {_PAID} FROM happened WHERE type_id = ANY(%(money)s::smallint[])),
    {_CREDITS.format(period=period, unless="")}
    """  # noqa: S608


# Of few people, one by one: a fence (OFFSET 0), for no index but that of contacts can find the events of one. What was
# credited before `since` stays: only touches that can count for what came later are read, and whether there were others
# before. Whoever has not been touched has no credits, but where we begin anew, where some may go.
_MEMBERS: Final = f"""
    member AS MATERIALIZED (
        SELECT contact, leader,
               coalesce('epoch'::timestamptz + since * interval '1 microsecond', '-infinity') AS since
          FROM unnest(%(contacts)s::bigint[], %(leaders)s::bigint[], %(since)s::bigint[])
            AS one (contact, leader, since)),
    touch AS MATERIALIZED (
        SELECT leader, event.*
          FROM member CROSS JOIN LATERAL (
               SELECT {_TOUCH} FROM contacts_event
                WHERE contact_id = member.contact AND occurred_at > member.since - {_WINDOW}
                  AND campaign_key > '' AND retracted_at IS NULL OFFSET 0) AS event),
    paid AS MATERIALIZED (
        SELECT leader, {_PAID} FROM member JOIN contacts_event AS event ON event.contact_id = member.contact
         WHERE event.id = ANY(%(paid)s::bigint[]) AND {STANDING}
         UNION ALL
        SELECT leader, event.*
          FROM (SELECT * FROM member WHERE since = '-infinity') AS anew CROSS JOIN LATERAL (
               SELECT {_PAID} FROM contacts_event
                WHERE contact_id = anew.contact AND type_id = ANY(%(money)s::smallint[])
                  AND retracted_at IS NULL OFFSET 0) AS event),
    moves AS (
        SELECT contact_id, dimension, occurred_at, from_value, to_value, is_visitor FROM funnel_transition
         WHERE superseded_at IS NULL AND contact_id = ANY(ARRAY(SELECT leader FROM touch))),
    known AS MATERIALIZED (
        SELECT credit.*, member.since FROM campaigns_credit AS credit JOIN member ON member.contact = credit.contact_id
         WHERE credit.contact_id = ANY(ARRAY(
               SELECT contact FROM member WHERE since = '-infinity' OR leader IN (SELECT leader FROM touch)))),
"""  # noqa: S608
_RECENT: Final = _CREDITS.format(
    period="JOIN member ON member.contact = one.leader AND one.at >= member.since",
    unless=f"""
         WHERE NOT EXISTS (SELECT FROM known WHERE contact_id = leader AND first_key = campaign
                              AND kind = {Kind.TOUCHED} AND known.at < since)
    """,
)
_MOVES: Final = "moves AS (SELECT * FROM funnel_transition WHERE superseded_at IS NULL)"
EVERYBODY: Final = "member AS (SELECT id AS contact, leader_id AS leader FROM contacts_contact)"


def counted(rows: str) -> str:
    """The counts by the day of `rows`, which are credits with an `n`."""
    return f"""
        SELECT way, level, block, campaign_key, kind, from_stage, to_stage, currency, is_visitor,
               sum(n) AS n, sum(n * value_minor) AS value_minor
          FROM (SELECT *, (at AT TIME ZONE %(zone)s)::date - date '{FIRST_MONDAY}' AS day FROM {rows}) AS dated
         CROSS JOIN LATERAL (
               SELECT {Way.EITHER}::smallint AS way, first_key AS campaign_key WHERE kind = {Kind.TOUCHED}
                UNION ALL SELECT {Way.FIRST}::smallint, first_key WHERE kind <> {Kind.TOUCHED}
                UNION ALL SELECT {Way.LAST}::smallint, last_key WHERE kind <> {Kind.TOUCHED}) AS whose
         CROSS JOIN LATERAL (VALUES (0::smallint, day), (1::smallint, day / {WEEK})) AS at_level (level, block)
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 HAVING sum(n) <> 0 OR sum(n * value_minor) <> 0
    """  # noqa: S608


_NUMBERED: Final = f"{COLUMNS}, row_number() OVER (PARTITION BY {COLUMNS}) AS copy"
_KEEP: Final = f"""
    WITH {_MEMBERS} {_RECENT},
    fresh AS MATERIALIZED (SELECT {_NUMBERED} FROM credit),
    stored AS MATERIALIZED (SELECT {_NUMBERED}, id FROM known WHERE at >= since),
    gone AS MATERIALIZED (
        SELECT * FROM stored WHERE NOT EXISTS (SELECT FROM fresh WHERE {{same}})),
    come AS MATERIALIZED (
        SELECT * FROM fresh WHERE NOT EXISTS (SELECT FROM stored WHERE {{same}})),
    deleted AS (DELETE FROM campaigns_credit WHERE id = ANY(ARRAY(SELECT id FROM gone))),
    added AS (INSERT INTO campaigns_credit ({COLUMNS}) SELECT {COLUMNS} FROM come),
    change AS (SELECT {COLUMNS}, 1 AS n FROM come UNION ALL SELECT {COLUMNS}, -1 FROM gone)
    INSERT INTO campaigns_campaignday AS now ({DAY_KEY}, n, value_minor)
    {counted("change")} ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ON CONFLICT ({DAY_KEY}) DO UPDATE SET n = now.n + excluded.n, value_minor = now.value_minor + excluded.value_minor
""".format(  # noqa: S608
    same=" AND ".join(f"fresh.{name} = stored.{name}" for name in (*COLUMNS.split(", "), "copy"))
)
# The batch reads big tables by index alone, and has switched hash joins off; here sets of some thousands meet.
_AS_SETS: Final = "SELECT set_config('enable_hashjoin', 'on', true), set_config('enable_nestloop', 'off', true)"
_AS_BEFORE: Final = "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_nestloop', 'on', true)"


def keep_credits(folded: Sequence[Folded]) -> None:
    """Bring the credits of these people up to date, and the counts by as much as they changed; in order of key."""
    told = [(one, _since(one)) for one in folded if _tells(one)]
    if told:
        rows = [(stored.contact, one.person.leader, since) for one, since in told for stored in one.person.positions]
        new = (event for one, since in told if since is not None for event in one.person.events)
        paid = [event.id for event in new if event.type in MONEY]
        contacts, leaders, since = map(array, zip(*rows, strict=True))
        given = {"contacts": contacts, "leaders": leaders, "since": since, "paid": array(paid)}
        with connection.cursor() as cursor:
            cursor.execute(_AS_SETS)
            cursor.execute(_KEEP, types_of_money() | zone() | given)
            cursor.execute(_AS_BEFORE)


def _tells(one: Folded) -> bool:
    """Whether something came that is credited, or that others are credited to."""
    return (
        one.since is None
        or one.person.is_touched
        or any(entry.dimension == STAGE for entry in one.new)
        or any(event.type in MONEY for event in one.person.events)
    )


def _since(one: Folded) -> int | None:
    """Money given back counts as its order did, however long ago that was."""
    return None if any(event.type == REFUND for event in one.person.events) else one.since


def types_of_money() -> dict[str, Any]:
    """The numbers of the two types of events that carry money; none of them where they do not exist yet."""
    numbers = dict(EventType.objects.filter(key__in=[ORDER, REFUND]).values_list("key", "pk"))
    order, refund = numbers.get(ORDER, 0), numbers.get(REFUND, 0)
    return {"order": order, "refund": refund, "money": array([order, refund])}


def zone() -> dict[str, str]:
    return {"zone": settings.ORGANISATION_TIME_ZONE}


# --- Everything again

_ALL: Final = f"{EVERYBODY}, {_MOVES}, {credits_by()}"
# Both: a fold takes its locks before it looks, and so looks after us or was done before.
_LOCK: Final = (
    "LOCK TABLE campaigns_credit, campaigns_campaignday IN SHARE ROW EXCLUSIVE MODE; SET LOCAL work_mem = '256MB'"
)
_DIFFERENT_CREDITS: Final = f"""
    WITH {_ALL}
    SELECT {COLUMNS}, sum(n) FROM (SELECT {COLUMNS}, 1 AS n FROM credit UNION ALL
                                   SELECT {COLUMNS}, -1 FROM campaigns_credit) AS both_
     GROUP BY {COLUMNS} HAVING sum(n) <> 0 LIMIT %(most)s
"""  # noqa: S608
_DIFFERENT_DAYS: Final = f"""
    SELECT {DAY_KEY}, sum(n), sum(value_minor)
      FROM ({counted(f"(SELECT {COLUMNS}, 1 AS n FROM campaigns_credit) AS all_credits")}
             UNION ALL SELECT {DAY_KEY}, -n, -value_minor FROM campaigns_campaignday) AS both_
     GROUP BY {DAY_KEY} HAVING sum(n) <> 0 OR sum(value_minor) <> 0 LIMIT %(most)s
"""  # noqa: S608


def recount_credits() -> None:
    """Credit everything again from the log, while no batch can add to the counts."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute("DELETE FROM campaigns_campaignday; DELETE FROM campaigns_credit")
        cursor.execute(
            f"WITH {_ALL} INSERT INTO campaigns_credit ({COLUMNS}) SELECT {COLUMNS} FROM credit",  # noqa: S608
            types_of_money(),
        )
        rows = f"(SELECT {COLUMNS}, 1 AS n FROM campaigns_credit) AS all_credits"  # noqa: S608
        cursor.execute(
            f"INSERT INTO campaigns_campaignday ({DAY_KEY}, n, value_minor) {counted(rows)}",
            zone(),
        )


def check_credits(most: int = 20) -> list[str]:
    """Where what is kept is not what the log says: at most so many of each kind."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENT_CREDITS, types_of_money() | {"most": most})
        found = [f"credit too much by {-row[-1]}: {row[:-1]}" for row in cursor.fetchall()]
        cursor.execute(_DIFFERENT_DAYS, zone() | {"most": most})
        return [*found, *(f"count too small by {row[-2:]}: {row[:-2]}" for row in cursor.fetchall())]
