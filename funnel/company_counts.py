"""How many people a company has, where they stand, and on which day one of them was heard of last: kept with it.

What changes any of it writes a mark in its own transaction; whoever counts takes the marks and counts those companies
anew, so no count is added to and none can drift. A day is that of the organisation's time zone.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from contacts.models import NEVER, Company, PendingReason
from funnel.breadth import bought_by
from funnel.claiming import is_behind
from funnel.company_people import (
    BY_ROLE,
    COOLEST,
    EVENTS_SHOWN,
    HEALTH,
    IS_TO_CARE_FOR,
    LARGE,
    LIVELIEST,
    MOVED_LAST,
    MOVES_SHOWN,
    PEOPLE,
    PEOPLE_SHOWN,
    PLACES,
    STAND,
    TO_CARE_FOR,
)
from funnel.folding import Folded
from funnel.models import Standing
from funnel.reading import array

AT_ONCE: Final = 1000  # companies
BACKLOG: Final = 10_000  # marks of the fold: some seconds of work
PEOPLE_A_SECOND: Final = 500  # a company of many is counted no sooner again than this allows: 2,500 people rest for 5 s
_TAKES_BACK: Final = frozenset(
    {PendingReason.RETRACTION, PendingReason.MERGE, PendingReason.CUT, PendingReason.REBUILD}
)


def work_off_company_marks(*, large: int = LARGE) -> int:
    """Count until no mark is left but of companies that rest or are in other hands; return of how many companies.

    While many people wait to be folded, only some: people come first, and pages count a marked company themselves.
    """
    counted = 0
    while some := count_companies(large=large):
        counted += some
        if is_behind(BACKLOG):
            break
    return counted


@transaction.atomic
def count_companies(*, limit: int = AT_ONCE, large: int = LARGE) -> int:
    """Take the marks of some companies, all of each, and count these anew; return how many companies.

    A mark is committed with what it tells of, and the companies are locked before their people are read: what is
    counted here is never older than the marks that were taken.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [limit])
        marked = sorted({company for (company,) in cursor.fetchall()})
        if marked:
            list(Company.objects.select_for_update(no_key=True).filter(pk__in=marked).order_by("pk").values_list("pk"))
            cursor.execute(_COUNT, _said(marked) | {"large": large})
            for company, people in cursor.fetchall():
                _keep_front(company, people)
    return len(marked)


_TAKE: Final = """
DELETE FROM contacts_companymark WHERE id IN (
    SELECT id FROM contacts_companymark
     WHERE company_id = ANY(ARRAY(
               SELECT DISTINCT company_id FROM contacts_companymark marked
                WHERE NOT EXISTS (SELECT FROM funnel_companybreadth its
                                   WHERE its.company_id = marked.company_id AND its.rests_until > clock_timestamp())
                ORDER BY 1 LIMIT %s))
       FOR UPDATE SKIP LOCKED)
RETURNING company_id
"""
_FOUND: Final = f"""
WITH place AS MATERIALIZED ({PLACES.format(which="m.company_id = ANY(%(companies)s::bigint[])", scope="")}),
one AS MATERIALIZED ({PEOPLE}),
held AS (
    SELECT company_id, role, stage, health, standing, count(*) AS people, max(last_event_at) AS heard_at
      FROM one GROUP BY 1, 2, 3, 4, 5),
found AS MATERIALIZED (
    SELECT c.id, coalesce(sum(people) FILTER (WHERE standing <> %(closed)s), 0)::int AS people,
           coalesce((max(heard_at) AT TIME ZONE %(zone)s)::date, %(never)s::date) AS heard_on,
           coalesce(jsonb_agg(jsonb_build_array(role, stage, health, standing, people)
                              ORDER BY role, stage, health, standing) FILTER (WHERE people > 0), '[]') AS held,
           coalesce(array_agg(DISTINCT {STAND}) FILTER (WHERE standing <> %(closed)s), '{{}}')
           || coalesce(array_agg(DISTINCT {HEALTH}) FILTER (WHERE standing <> %(closed)s), '{{}}') AS stands
      FROM unnest(%(companies)s::bigint[]) AS c (id) LEFT JOIN held ON held.company_id = c.id GROUP BY 1)
"""  # noqa: S608  (words of ours)
# What is kept only of a large company is taken away here, and put there again if it still is large.
_COUNT: Final = f"""
{_FOUND},
kept AS (
    INSERT INTO funnel_companybreadth (company_id, held, stands)
    SELECT found.id, found.held, found.stands
      FROM found LEFT JOIN funnel_companybreadth was ON was.company_id = found.id
     WHERE was.held IS DISTINCT FROM found.held OR was.front IS NOT NULL ORDER BY 1
    ON CONFLICT (company_id) DO UPDATE
       SET held = excluded.held, stands = excluded.stands, front = NULL, liveliest = NULL, moved = NULL, bought = NULL,
           rests_until = NULL),
counted AS (
    UPDATE contacts_company c SET people = found.people, heard_on = found.heard_on
      FROM found WHERE c.id = found.id AND (c.people, c.heard_on) IS DISTINCT FROM (found.people, found.heard_on))
SELECT id, people FROM found WHERE people > %(large)s
"""  # noqa: S608  (words of ours)


def _said(companies: Sequence[int]) -> dict[str, Any]:
    zone, closed = timezone.get_default_timezone_name(), Standing.CLOSED.value
    return {"companies": companies, "today": timezone.localdate(), "never": NEVER, "zone": zone, "closed": closed}


# --- Is it what a plain count gives?


def miscounted_companies() -> list[tuple[int, Any, Any]]:
    """Those whose kept figures are not what a count of now gives, with both; not those that are to be counted yet."""
    companies = list(Company.objects.order_by("pk").values_list("pk", flat=True))
    found: list[tuple[int, Any, Any]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(companies), AT_ONCE):
            cursor.execute(_MISCOUNTED, _said(companies[start : start + AT_ONCE]))
            found += cursor.fetchall()
    return found


_MISCOUNTED: Final = f"""
{_FOUND}
SELECT found.id, jsonb_build_array(c.people, c.heard_on, its.held, its.stands)::text,
       jsonb_build_array(found.people, found.heard_on, found.held, found.stands)::text
  FROM found JOIN contacts_company c ON c.id = found.id LEFT JOIN funnel_companybreadth its ON its.company_id = c.id
 WHERE (c.people, c.heard_on, its.held, its.stands)
       IS DISTINCT FROM (found.people, found.heard_on, found.held, found.stands)
   AND NOT EXISTS (SELECT FROM contacts_companymark WHERE company_id = c.id)
   AND NOT EXISTS (SELECT FROM contacts_membership WHERE company_id = c.id AND %(today)s IN (since, until))
   AND NOT EXISTS (SELECT FROM contacts_membership m JOIN contacts_pending p ON p.contact_id = m.contact_id
                    WHERE m.company_id = c.id)
 ORDER BY 1
"""  # noqa: S608  (words of ours)


# --- Of a company of many, whoever its page may show first


def _keep_front(company: int, people: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, {"company": company, "today": timezone.localdate()})
        [(*first, customers)] = cursor.fetchall()
        bought = msgspec.json.encode(bought_by(customers)).decode()
        cursor.execute(_KEEP, [*first, bought, people // PEOPLE_A_SECOND, company])


def _first(column: str, order: str, most: int, rows: str = "one") -> str:
    return f"(SELECT {column} FROM {rows} ORDER BY {order} LIMIT {most})"  # noqa: S608


_FRONT: Final = " UNION ".join(
    [
        _first("id", BY_ROLE, PEOPLE_SHOWN + 1, "place"),
        _first("id", COOLEST, TO_CARE_FOR, f"one WHERE {IS_TO_CARE_FOR}"),
    ]
)
_FIRST: Final = f"""
WITH place AS MATERIALIZED ({PLACES.format(which="m.company_id = %(company)s", scope="")}),
one AS MATERIALIZED ({PEOPLE})
SELECT ARRAY({_FRONT}), ARRAY({_first("person", LIVELIEST, EVENTS_SHOWN + 1)}),
       ARRAY({_first("person", MOVED_LAST, MOVES_SHOWN + 1)}), ARRAY(SELECT person FROM one WHERE health IS NOT NULL)
"""  # noqa: S608  (words of ours)
_KEEP: Final = """
UPDATE funnel_companybreadth
   SET front = %s, liveliest = %s, moved = %s, bought = %s, rests_until = clock_timestamp() + %s * interval '1 second'
 WHERE company_id = %s
"""


# --- What a fold changes


def mark_their_companies(folded: Sequence[Folded]) -> None:
    """Mark the companies of those who moved, of whom something was taken back, or who were heard of on a newer day
    than anybody there; and the large ones, where the order of people changes with each event."""
    known = [one for one in folded if not one.person.is_visitor]
    if known:
        rows = [
            (position.contact, one.last_event_at, _may_stand_otherwise(one))
            for one in known
            for position in one.person.positions
        ]
        with connection.cursor() as cursor:
            zone = timezone.get_default_timezone_name()
            cursor.execute(_MARK, [*map(array, zip(*rows, strict=True)), LARGE, zone])


def _may_stand_otherwise(one: Folded) -> bool:
    return bool(one.new or one.dead) or any(mark.reason in _TAKES_BACK for mark in one.person.marks)


_MARK: Final = """
INSERT INTO contacts_companymark (company_id)
SELECT DISTINCT m.company_id
  FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[]) AS one (member, heard_at, is_sure)
  JOIN contacts_membership m ON m.contact_id = one.member
  JOIN contacts_company c ON c.id = m.company_id
 WHERE one.is_sure OR c.people > %s
    OR c.heard_on < (('epoch'::timestamptz + one.heard_at * interval '1 microsecond') AT TIME ZONE %s)::date
"""
