"""How people walk the path in some spans of days: who moved where, who went on, how long they stayed, who stands where.

The answer comes from roll-ups, in one statement and one snapshot, also of a source, of a campaign and of people in
some hands, which are those whom somebody sees who may not see everyone. For an earlier picture it comes from the moves
themselves. What the figures mean stands in docs/figures.md.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts.prepared import Prepared
from funnel import reports
from funnel.metrics import HEALTH, STAGE, Place
from funnel.models import Circle, Pace, Stage
from funnel.pictures import (
    EVERYBODY,
    STAGES,
    VERSIONS,
    Path,
    Picture,
    ask,
    path_in,
    path_of,
    sees_everyone,
    start_of_day,
    statement_of,
    version_of,
)
from funnel.reading import array, numbers
from funnel.rolling import BEYOND, FACTS, LENGTHS, constants
from funnel.spans import BLOCKS, QUARTERS, WEEKS, Days, Piece, day_of, median, number_of, pieces
from staff.policy import Principal, rows_visible_to, sight_of

EVERYONE: Final = 0


@dataclass(frozen=True)
class Whose:
    """Whose figures: of the contacts that `principal` sees, those of a source, of a campaign, and in these hands."""

    principal: Principal
    source: int | None = None
    campaign: str = ""
    hands: Q = EVERYBODY  # a condition on owner and team

    @property
    def among(self) -> Q:
        """As a condition on contacts."""
        return self.hands & Q(origin_campaign=self.campaign) if self.campaign else self.hands

    @property
    def is_of_all(self) -> bool:
        return sees_everyone(self.principal) and not self.among

    @cached_property
    def hands_kept(self) -> list[int]:
        """The circles of these hands, whatever brought their people; that of everybody, where all hands are meant."""
        if sees_everyone(self.principal) and not self.hands:
            return [EVERYONE]
        seen = rows_visible_to(self.principal) & self.hands
        return numbers(*statement_of("circles", lambda: _circles_of(seen), sight_of(self.principal), self.hands))

    @cached_property
    def rolled_up(self) -> list[int]:
        """The circles that hold just these people; none of them holds anybody of another."""
        if self.source is None and not self.campaign:
            return self.hands_kept
        hands = None if self.hands_kept == [EVERYONE] else self.hands_kept
        found = _BROUGHT.rows(source=self.source or 0, campaign=self.campaign, hands=hands)
        return [circle for (circle,) in found]

    @property
    def standing(self) -> list[int]:
        """The circles of which it is kept by source who stands where: these people's, of any source."""
        return self.rolled_up if self.campaign else self.hands_kept


def _circles_of(hands: Q) -> "QuerySet[Any, Any]":
    return Circle.objects.filter(hands, within=None).order_by("pk").values("pk")


_BROUGHT: Final = Prepared(
    "circles_brought",
    """
    SELECT id FROM funnel_circle
     WHERE within_id IS NOT NULL AND campaign = %(campaign)s AND (%(source)s = 0 OR source_id = %(source)s)
       AND (%(hands)s IS NULL OR within_id = ANY(%(hands)s)) ORDER BY id
""",
    source="smallint",
    campaign="text",
    hands="int[]",
)


class Span(NamedTuple):
    """What is asked of some days. `each`: counted for so many days each, not together; `within`: a window of days."""

    kind: Pace
    days: Days
    within: int = BEYOND
    each: int = 0
    visitors: bool = False


class Walked(NamedTuple):
    """What a count is of: the days it begins with (where they were asked for each), the move, the length of a stay."""

    day: int | None
    from_stage: int
    to_stage: int
    lag: int


Walks = Counter[Walked]


@dataclass(frozen=True, slots=True)
class Overview:
    """The path, who stands on it, and an answer for each span."""

    path: Path
    stages: Sequence[Stage]  # all there are, also those that are not on the path any more
    places: Mapping[Place, int]
    walks: Sequence[Walks]


def today_of(picture: Picture) -> int:
    """The day of the organisation on which the picture is taken."""
    return number_of(timezone.localtime(picture.as_of, timezone.get_default_timezone()).date())


def overview(picture: Picture, whose: Whose, spans: Sequence[Span]) -> Overview:
    if not picture.knows_now:
        return counted(picture, whose, spans)
    seen = _rolled_up(picture, whose, spans)
    if picture.live:
        return seen
    past = _of_source(reports.places(picture, whose.principal, whose.among), whose.source)
    return replace(seen, places=past)


def counted(picture: Picture, whose: Whose, spans: Sequence[Span]) -> Overview:
    """The same from the moves themselves."""
    places = reports.places(picture, whose.principal, whose.among)
    path, stages = path_in(picture), list(Stage.objects.all())
    return Overview(path, stages, _of_source(places, whose.source), _recounted(picture, whose, spans))


def medians_of_stay(walks: Walks) -> dict[int, float]:
    """Of an answer to `Pace.STAYED`: the median length of a stay in each stage, in days."""
    lengths: dict[int, dict[int, int]] = {}
    for walked, n in walks.items():
        lengths.setdefault(walked.from_stage, {})[walked.lag] = n
    medians = {stage: median(of_stage, LENGTHS) for stage, of_stage in lengths.items()}
    return {stage: days for stage, days in medians.items() if days is not None}


# From the roll-ups

_PIECES: Final = """
    unnest(%(place)s::int[], %(kind)s::smallint[], %(level)s::smallint[], %(first)s::int[], %(last)s::int[],
           %(within)s::smallint[], %(each)s::int[], %(visitors)s::boolean[])
    AS piece (place, kind, level, first, last, within, each, visitors)
"""
_COUNTS: Final = f"""
    {_PIECES} JOIN funnel_pacecount AS pace
       ON pace.kind = piece.kind AND pace.level = piece.level AND pace.whose = ANY(%(whose)s)
      AND pace.block BETWEEN piece.first AND piece.last AND pace.lag <= piece.within
      AND pace.is_visitor = piece.visitors
"""
# Three ways of adding up, for a sum by few columns is much cheaper: moves together, arrivals by days, lengths of stay.
_ROLLED_UP: Final = Prepared(
    "path_rolled_up",
    f"""
    SELECT json_build_array({VERSIONS}, {STAGES},
           (SELECT json_agg(json_build_array(stage_id, health, standing, source_id, is_visitor, n))
              FROM (SELECT * FROM funnel_stagecount WHERE {EVERYONE} = ANY(%(standing)s)
                     UNION ALL
                    SELECT stage_id, health, standing, source_id, is_visitor, n
                      FROM funnel_circlecount WHERE circle_id = ANY(%(standing)s)) one
             WHERE n <> 0 AND (%(source)s = {EVERYONE} OR source_id = %(source)s)),
           (SELECT json_agg(json_build_array(place, NULL, from_stage, to_stage, 0, n))
              FROM (SELECT place, from_stage, to_stage, sum(n) AS n FROM {_COUNTS}
                     WHERE piece.each = 0 AND piece.kind <> {Pace.STAYED} GROUP BY 1, 2, 3) one),
           (SELECT json_agg(json_build_array(place, day, 0, to_stage, 0, n))
              FROM (SELECT place, block * (ARRAY{list(BLOCKS)})[1 + pace.level] / each * each AS day, to_stage,
                           sum(n) AS n FROM {_COUNTS} WHERE piece.each > 0 GROUP BY 1, 2, 3) one),
           (SELECT json_agg(json_build_array(place, NULL, from_stage, 0, lag, n))
              FROM (SELECT place, from_stage, lag, sum(n) AS n FROM {_COUNTS}
                     WHERE piece.kind = {Pace.STAYED} GROUP BY 1, 2, 3) one))::text
""",  # noqa: S608  (numbers of ours)
    place="int[]",
    kind="smallint[]",
    level="smallint[]",
    first="int[]",
    last="int[]",
    within="smallint[]",
    each="int[]",
    visitors="boolean[]",
    whose="int[]",
    standing="int[]",
    source="smallint",
)


def _rolled_up(picture: Picture, whose: Whose, spans: Sequence[Span]) -> Overview:
    coarsest = QUARTERS if whose.rolled_up == [EVERYONE] else WEEKS
    asked = {
        **_asked(tuple(spans), today_of(Picture.now()), coarsest=coarsest),
        "whose": array(whose.rolled_up),
        "standing": array(whose.standing),
        "source": whose.source or EVERYONE,
    }
    [(told,)] = _ROLLED_UP.rows(**asked)
    key = tuple(asked.values())
    known = _known.get(key)
    if known is None or known.told != told:
        known = _Known.read(told, picture, spans)
    path = path_of(picture, known.versions, known.seen.stages)
    if path != known.seen.path:  # a version came into force meanwhile
        known = known._replace(seen=replace(known.seen, path=path))
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[key] = known
    return known.seen


class _Known(NamedTuple):
    """What the roll-ups told last, and as it was read: every open page asks again and again."""

    told: str
    versions: Sequence[Mapping[str, Any]]
    seen: Overview

    @classmethod
    def read(cls, told: str, picture: Picture, spans: Sequence[Span]) -> "_Known":
        versions, stages, places, *walks = msgspec.json.decode(told)
        versions, stages = [version_of(one) for one in versions], [Stage(**one) for one in stages]
        path = path_of(picture, versions, stages)
        walked = _by_span(spans, (row for rows in walks for row in rows or ()))
        return cls(told, versions, Overview(path, stages, reports.as_places(places or ()), walked))


MOST_KNOWN: Final = 100
_known: dict[tuple[Any, ...], _Known] = {}


@lru_cache(maxsize=200)
def _asked(spans: tuple[Span, ...], today: int, *, coarsest: int) -> Mapping[str, str]:
    """Every span in pieces that the roll-ups keep."""
    rows = [
        (place, span.kind, *piece, span.within, span.each, int(span.visitors))
        for place, span in enumerate(spans)
        for piece in _pieces(span, today, coarsest)
    ]
    names = ("place", "kind", "level", "first", "last", "within", "each", "visitors")
    return {name: array(int(row[at]) for row in rows) for at, name in enumerate(names)}


def _pieces(span: Span, today: int, coarsest: int) -> Iterable[Piece]:
    """What ends today may as well end with the largest block that today is in: nothing has happened after it."""
    sizes = BLOCKS[: coarsest + 1]
    level = max(level for level, size in enumerate(sizes) if not span.each or span.each % size == 0)
    last = span.days.last - span.days.last % BLOCKS[level] + BLOCKS[level] - 1
    return pieces(span.days if span.days.last < today else Days(span.days.first, last), level)


def _by_span(spans: Sequence[Span], rows: Iterable[Sequence[Any]]) -> list[Walks]:
    found = [Walks() for _ in spans]
    for place, day, from_stage, to_stage, lag, n in rows:
        if n:
            found[place][Walked(day, from_stage, to_stage, lag)] = int(n)
    return found


# From the moves themselves

# As `rolling` has the steps of moves, but only what the spans can hold. Who came before these days is looked up, by
# index, only where a stay that ended in the spans that ask for stays began then: for all else the entry is in the
# spans, too.
_STEPS_SINCE: Final = f"""
    stage_move AS (
        SELECT contact_id, seq, from_value, to_value, occurred_at, source_id, is_visitor,
               lag(occurred_at) OVER (PARTITION BY contact_id ORDER BY seq) AS came_at
          FROM moves WHERE dimension = {STAGE} AND occurred_at >= %(since)s),
    step AS (
        SELECT {STAGE} AS dimension, coalesce(from_value, 0::smallint) AS from_stage,
               coalesce(to_value, 0::smallint) AS to_stage,
               CASE WHEN from_value IS NULL OR is_visitor THEN NULL WHEN came_at IS NOT NULL THEN came_at
                    WHEN occurred_at >= %(stayed_since)s THEN (
                         SELECT occurred_at FROM everybodys AS entry
                          WHERE entry.contact_id = stage_move.contact_id AND entry.dimension = {STAGE}
                            AND entry.seq < stage_move.seq
                          ORDER BY entry.seq DESC LIMIT 1) END AS entered_at,
               occurred_at AS left_at, source_id, is_visitor, 1 AS n
          FROM stage_move
         UNION ALL
        SELECT dimension, coalesce(from_value, 0::smallint), coalesce(to_value, 0::smallint), NULL, occurred_at,
               source_id, is_visitor, 1
          FROM moves WHERE dimension = {HEALTH} AND occurred_at >= %(since)s)
"""  # noqa: S608  (numbers of ours)
# Counted by the day before it is asked to which spans a day belongs: there are few days, and many moves.
_RECOUNT: Final = f""",
    {_STEPS_SINCE}, {FACTS},
    counted AS (
        SELECT kind, day, from_stage, to_stage, lag, is_visitor, sum(n) AS n
          FROM fact WHERE %(source)s = {EVERYONE} OR source_id = %(source)s GROUP BY 1, 2, 3, 4, 5, 6)
    SELECT place, CASE WHEN each > 0 THEN day / each * each END, from_stage, to_stage,
           CASE fact.kind WHEN {Pace.STAYED} THEN fact.lag ELSE 0 END, sum(n)
      FROM {_PIECES}
      JOIN counted AS fact ON fact.kind = piece.kind AND day BETWEEN first AND last AND fact.lag <= within
       AND is_visitor = visitors
     GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608


def _recounted(picture: Picture, whose: Whose, spans: Sequence[Span]) -> list[Walks]:
    asked: dict[str, Any] = {**constants(), **_asked(tuple(spans), today_of(picture), coarsest=0)}
    asked |= {"source": whose.source or EVERYONE, "since": _first_of(spans)}
    asked |= {"stayed_since": _first_of([span for span in spans if span.kind == Pace.STAYED] or spans)}
    return _by_span(spans, ask(picture, whose.principal, _RECOUNT, among=whose.among, **asked))


def _first_of(spans: Iterable[Span]) -> datetime:
    return start_of_day(day_of(min(span.days.first for span in spans)))


def _of_source(places: Mapping[Place, int], source: int | None) -> Mapping[Place, int]:
    if source is None:
        return places
    return {place: n for place, n in places.items() if place.group.source == source}
