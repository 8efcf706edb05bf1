"""What campaigns brought about and cost in some spans of days; what the figures mean stands in docs/campaigns.md.

Those who may see everyone get them from counts kept with each fold, others from the credits of the people they see;
an earlier picture is credited again from the log as it was known.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Q

from campaigns.crediting import credits_by, types_of_money
from campaigns.models import Way
from contacts.models import Merge
from contacts.prepared import Prepared
from funnel.pictures import EVERYBODY, Picture, ask, scope_of, sees_everyone, start_of_day
from funnel.reading import array
from funnel.spans import Days, day_of, pieces
from staff.policy import Principal


class Line(NamedTuple):
    """So many of the same kind in one of the spans asked for; the value is of all of them together."""

    place: int
    key: str
    kind: int
    from_stage: int
    to_stage: int
    currency: str
    is_visitor: bool
    n: int
    value: int


SHORT: Final = 7  # days: what is longer is read by weeks
ALL: Final = 2**30  # blocks: a piece is of one span only
Spent = Mapping[tuple[int, int], int]  # by span and campaign
_SUMS: Final = "kind, from_stage, to_stage, currency, is_visitor"
_ROLLED_UP: Final = Prepared(
    "credited",
    f"""
    SELECT piece.way, piece.place + (block - piece.first) / piece.each, campaign_key, {_SUMS},
           sum(n)::bigint, sum(value_minor)::bigint
      FROM unnest(%(way)s::smallint[], %(place)s::int[], %(level)s::smallint[], %(first)s::int[], %(last)s::int[],
                  %(each)s::int[]) AS piece (way, place, level, first, last, each)
     CROSS JOIN LATERAL (
           SELECT * FROM campaigns_campaignday AS day
            WHERE day.way = piece.way AND day.level = piece.level AND block BETWEEN piece.first AND piece.last
              AND (%(keys)s::text[] IS NULL OR campaign_key = ANY(%(keys)s::text[]))
           OFFSET 0) AS counted  -- each piece by the key: its blocks lie together
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(n) <> 0 OR sum(value_minor) <> 0
""",  # noqa: S608  (names of ours)
    way="smallint[]",
    place="int[]",
    level="smallint[]",
    first="int[]",
    last="int[]",
    each="int[]",
    keys="text[]",
)
_SPANS: Final = """
    unnest(%(place)s::int[], %(since)s::timestamptz[], %(until)s::timestamptz[]) AS span (place, since, until)
"""
_GROUPED: Final = f"""
    SELECT span.place, whose.key, {_SUMS}, count(*), sum(value_minor)
      FROM {_SPANS} JOIN {{credits}} AS credit ON credit.at >= span.since AND credit.at < span.until
     CROSS JOIN LATERAL (
           SELECT CASE WHEN %(way)s = {Way.FIRST} THEN credit.first_key ELSE credit.last_key END AS key) AS whose
     WHERE (%(keys)s::text[] IS NULL OR whose.key = ANY(%(keys)s::text[])) {{scope}}
     GROUP BY 1, 2, 3, 4, 5, 6, 7
"""  # noqa: S608
_AS_KNOWN: Final = """
    event.recorded_at <= %(known_on)s AND (event.retracted_at IS NULL OR event.retracted_at > %(known_on)s)
    AND event.occurred_at <= %(as_of)s
"""
_MEMBERS: Final = """
    member AS (
        SELECT contact.id AS contact, coalesce(joined.leader, contact.id) AS leader
          FROM contacts_contact AS contact
          LEFT JOIN unnest(%(joined)s::bigint[], %(leaders)s::bigint[]) AS joined (id, leader) USING (id))
"""
_PERIOD: Final = "WHERE at >= %(begin)s AND at < %(end)s"


def credited(
    picture: Picture,
    principal: Principal,
    spans: Sequence[Days],
    way: Way,
    *,
    keys: Sequence[str] | None = None,
    among: Q = EVERYBODY,
) -> list[Line]:
    """What is credited to campaigns (these, or all) on the days of each span."""
    return credited_by(picture, principal, {way: spans}, keys=keys, among=among)[way]


def credited_by(
    picture: Picture,
    principal: Principal,
    spans: Mapping[Way, Sequence[Days]],
    *,
    keys: Sequence[str] | None = None,
    among: Q = EVERYBODY,
) -> dict[Way, list[Line]]:
    """The same in several ways, each for spans of its own, which begin as the longest of them do; of what is kept as
    counts, in one statement."""
    if picture.live and sees_everyone(principal) and not among:
        return _kept(spans, keys)
    named = None if keys is None else list(keys)
    if not picture.live:
        return {
            way: _of_the_past(picture, principal, its, {"way": int(way), "keys": named}, among)
            for way, its in spans.items()
        }
    scope, own = scope_of(principal, among)
    question = _GROUPED.format(credits="campaigns_credit", scope=scope)
    return {way: _lines(question, {"way": int(way), "keys": named} | own | _moments(its)) for way, its in spans.items()}


def _kept(spans: Mapping[Way, Sequence[Days]], keys: Sequence[str] | None) -> dict[Way, list[Line]]:
    """What is the same in either way is kept once, and read for the longest of the lists of days."""
    asked = {Way.EITHER: max(spans.values(), key=len), **spans}
    columns = _cut(tuple((way, tuple(its)) for way, its in asked.items()))
    found: dict[int, list[Line]] = {}
    for way, *line in _ROLLED_UP.rows(**columns, keys=None if keys is None else list(keys)):
        found.setdefault(way, []).append(Line._make(line))
    either = found.get(Way.EITHER, [])
    return {
        way: [*(line for line in either if line.place < len(its)), *found.get(way, ())] for way, its in spans.items()
    }


@lru_cache(maxsize=200)
def _cut(asked: tuple[tuple[Way, tuple[Days, ...]], ...]) -> Mapping[str, str]:
    """All spans in the blocks that are kept; days or weeks that follow each other are read in one go, and told apart
    by `each`: how many blocks one of them has."""
    rows = [(int(way), *piece) for way, spans in asked for piece in _pieces(spans)]
    names = ("way", "place", "level", "first", "last", "each")
    return {name: array(row[at] for row in rows) for at, name in enumerate(names)}


def _pieces(spans: Sequence[Days]) -> Iterator[tuple[int, ...]]:
    place = 0
    while place < len(spans):
        first, length = spans[place].first, spans[place].last - spans[place].first + 1
        after = place + 1
        while (
            length <= SHORT and after < len(spans) and _goes_on(spans[after], first + (after - place) * length, length)
        ):
            after += 1
        if after > place + 1:
            yield place, 0, first, spans[after - 1].last, length
        else:
            yield from ((place, *piece, ALL) for piece in pieces(spans[place], 1))
        place = after


def _goes_on(span: Days, first: int, length: int) -> bool:
    """Whether it begins where the one before ends, and is as long; the last may be shorter."""
    return span.first == first and span.last < first + length


def _lines(question: str, parameters: Mapping[str, Any]) -> list[Line]:
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        return [_line(row) for row in cursor.fetchall()]


def _line(row: Sequence[Any]) -> Line:
    *named, n, value = row
    return Line._make((*named, int(n), int(value)))


def _moments(spans: Sequence[Days]) -> dict[str, Any]:
    return {
        "place": list(range(len(spans))),
        "since": [start_of_day(day_of(span.first)) for span in spans],
        "until": [start_of_day(day_of(span.last) + timedelta(days=1)) for span in spans],
    }


def _of_the_past(
    picture: Picture, principal: Principal, spans: Sequence[Days], asked: dict[str, Any], among: Q
) -> list[Line]:
    moments = _moments(spans)
    leaders = leaders_on(Merge.objects.values_list("older_id", "newer_id", "recorded_at", "cut_at"), picture)
    given = {
        "joined": array(leaders),
        "leaders": array(leaders.values()),
        "begin": min(moments["since"]),
        "end": max(moments["until"]),
    }
    question = f", {_MEMBERS}, {credits_by(standing=_AS_KNOWN, period=_PERIOD)}" + _GROUPED.format(
        credits="credit", scope=""
    )
    rows = ask(picture, principal, question, among=among, **asked, **moments, **given, **types_of_money())
    return [_line(row) for row in rows]


def leaders_on(merges: Iterable[tuple[int, int, Any, Any]], picture: Picture) -> dict[int, int]:
    """Who led whom as known then, of all that were joined by then: the smallest id of those that hang together."""
    leader: dict[int, int] = {}

    def of(contact: int) -> int:
        while leader.get(contact, contact) != contact:
            contact = leader[contact]
        return contact

    for older, newer, recorded_at, cut_at in merges:
        if recorded_at <= picture.known_on and (cut_at is None or cut_at > picture.known_on):
            first, second = sorted((of(older), of(newer)))
            leader[second] = leader.setdefault(first, first)
            leader.setdefault(older, first)
    return {contact: of(contact) for contact in leader}


# --- Costs

# Costs are sought once for all spans, which are many where a page draws each day.
_SPENT: Final = """
    WITH sought AS MATERIALIZED (
         SELECT campaign_id, sum_minor, first_on, last_on FROM campaigns_cost
          WHERE first_on <= %(last)s AND last_on >= %(first)s
            AND (%(only)s::bigint IS NULL OR campaign_id = %(only)s::bigint)
            AND recorded_at <= %(known_on)s AND (withdrawn_at IS NULL OR withdrawn_at > %(known_on)s))
    SELECT span.place, campaign_id,
           sum(sum_minor * (least(span.until, last_on) - first_on + 1) / (last_on - first_on + 1)
               - sum_minor * (greatest(span.since, first_on) - first_on) / (last_on - first_on + 1))
      FROM unnest(%(place)s::int[], %(since)s::date[], %(until)s::date[]) AS span (place, since, until)
      JOIN sought ON first_on <= span.until AND last_on >= span.since
     GROUP BY 1, 2
"""
SPENT_NOW: Final = _SPENT.replace(
    "recorded_at <= %(known_on)s AND (withdrawn_at IS NULL OR withdrawn_at > %(known_on)s)", "withdrawn_at IS NULL"
)
SPANS_SPENT: Final = {"place": "int[]", "since": "date[]", "until": "date[]", "first": "date", "last": "date"}
_SPENT_NOW: Final = Prepared("spent_now", SPENT_NOW, is_general=False, **SPANS_SPENT, only="bigint")


def spent(picture: Picture, spans: Sequence[Days], only: int | None = None) -> dict[tuple[int, int], int]:
    """What each campaign (or this one) cost on the days of each span, in the minor units of its currency."""
    asked = spans_spent(spans) | {"only": only}
    if picture.live:
        rows = _SPENT_NOW.rows(**asked)
    else:
        with connection.cursor() as cursor:
            cursor.execute(_SPENT, asked | {"known_on": picture.known_on})
            rows = cursor.fetchall()
    return {(place, campaign): int(total) for place, campaign, total in rows}


def spans_spent(spans: Sequence[Days]) -> dict[str, Any]:
    """What SPENT_NOW asks for beside the campaign."""
    since, until = [day_of(span.first) for span in spans], [day_of(span.last) for span in spans]
    asked = {"place": list(range(len(spans))), "since": since, "until": until}
    return {**asked, "first": min(since), "last": max(until)}
