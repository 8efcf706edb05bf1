"""How people walk the path, counted as they move: what each batch of moves changes in the counts of `PaceCount`.

A move ends a stay; a superseded move takes its counts back. One piece of SQL says what a move counts for, whether it
comes from a batch, or from the whole table of transitions when everything is counted again.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from django.conf import settings
from django.db import connection

from funnel.folding import Entry, Folded
from funnel.metrics import HEALTH, STAGE
from funnel.models import Pace
from funnel.reading import array
from funnel.spans import BLOCKS, FIRST_MONDAY

_FIRST: Final = f"date '{FIRST_MONDAY}'"
WITHIN: Final = (7, 14, 30, 60, 90, 180, 365)  # the windows of conversion that are kept
BEYOND: Final = 9999  # went on after the longest of them
EXACT_DAYS: Final = 32  # shorter stays are counted by the day, longer ones in classes that grow by a twelfth


def _lengths() -> tuple[int, ...]:
    """The shortest length of each class of stays."""
    bounds = list(range(EXACT_DAYS + 1))
    while bounds[-1] < 366 * 30:
        bounds.append(bounds[-1] * 13 // 12)
    return tuple(bounds)


LENGTHS: Final = _lengths()

# dimension, from, to, entered, left, source, visitor, count
Step = tuple[int, int, int, int | None, int, int, bool, int]

_BOUNDS: Final = {
    "thresholds": "{" + ",".join(str(days + 1) for days in WITHIN) + "}",
    "windows": "{" + ",".join(str(days) for days in (*WITHIN, BEYOND)) + "}",
    "lengths": array(LENGTHS),
}
# `step` has dimension (of stage or health), from_stage, to_stage, entered_at, left_at, source_id, is_visitor and n.
FACTS: Final = f"""
    dated AS (
        SELECT *, (left_at AT TIME ZONE %(zone)s)::date - {_FIRST} AS left_on,
               (entered_at AT TIME ZONE %(zone)s)::date - {_FIRST} AS entered_on
          FROM step),
    fact AS (
        SELECT {Pace.MOVED} AS kind, left_on AS day, from_stage, to_stage, 0::smallint AS lag, source_id, is_visitor, n
          FROM dated WHERE dimension = {STAGE}
         UNION ALL
        SELECT {Pace.FARED}, left_on, from_stage, to_stage, 0::smallint, source_id, is_visitor, n
          FROM dated WHERE dimension = {HEALTH} AND NOT is_visitor
         UNION ALL
        SELECT {Pace.WENT_ON}, entered_on, from_stage, to_stage,
               (%(windows)s::smallint[])[1 + width_bucket(left_on - entered_on, %(thresholds)s::int[])],
               source_id, is_visitor, n
          FROM dated WHERE dimension = {STAGE} AND entered_on IS NOT NULL AND to_stage <> 0 AND NOT is_visitor
         UNION ALL
        SELECT {Pace.STAYED}, left_on, from_stage, 0::smallint,
               (%(lengths)s::smallint[])[width_bucket(left_on - entered_on, %(lengths)s::int[])],
               source_id, is_visitor, n
          FROM dated WHERE dimension = {STAGE} AND entered_at < left_at AND to_stage <> 0 AND NOT is_visitor)
"""  # noqa: S608  (numbers of ours)
_COUNTED: Final = f"""
    SELECT kind, level, at.source_id, block, from_stage, to_stage, lag, is_visitor, sum(n)
      FROM fact CROSS JOIN LATERAL (VALUES (fact.source_id, 0::smallint, day), (0::smallint, 0::smallint, day),
           (0::smallint, 1::smallint, day / {BLOCKS[1]}), (0::smallint, 2::smallint, day / {BLOCKS[2]}))
           AS at (source_id, level, block)
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(n) <> 0
"""  # noqa: S608
_STEPS_OF_BATCH: Final = """
    step AS (
        SELECT dimension, from_stage, to_stage, 'epoch'::timestamptz + entered * interval '1 microsecond' AS entered_at,
               'epoch'::timestamptz + left_ * interval '1 microsecond' AS left_at, source_id, is_visitor, n
          FROM unnest(%(dimension)s::smallint[], %(from)s::smallint[], %(to)s::smallint[], %(entered)s::bigint[],
                      %(left)s::bigint[], %(source)s::smallint[], %(visitor)s::boolean[], %(n)s::int[])
               AS step (dimension, from_stage, to_stage, entered, left_, source_id, is_visitor, n))
"""
STEPS_OF_MOVES: Final = f"""
    step AS (
        SELECT dimension, coalesce(from_value, 0::smallint) AS from_stage, coalesce(to_value, 0::smallint) AS to_stage,
               CASE WHEN from_value IS NOT NULL
                    THEN lag(occurred_at) OVER (PARTITION BY contact_id ORDER BY seq) END AS entered_at,
               occurred_at AS left_at, source_id, is_visitor, 1 AS n
          FROM moves WHERE dimension = {STAGE}
         UNION ALL
        SELECT dimension, coalesce(from_value, 0::smallint), coalesce(to_value, 0::smallint), NULL, occurred_at,
               source_id, is_visitor, 1
          FROM moves WHERE dimension = {HEALTH})
"""  # noqa: S608  (numbers of ours)
_LIVE_MOVES: Final = f"""
    moves AS (SELECT * FROM funnel_transition WHERE superseded_at IS NULL AND dimension IN ({STAGE}, {HEALTH}))
"""  # noqa: S608
KEY: Final = "kind, level, source_id, block, from_stage, to_stage, lag, is_visitor"
RECOUNT: Final = f"WITH {_LIVE_MOVES}, {STEPS_OF_MOVES}, {FACTS} {_COUNTED}"
_ADD: Final = f"""
    WITH {_STEPS_OF_BATCH}, {FACTS}
    INSERT INTO funnel_pacecount AS pace ({KEY}, n) {_COUNTED} ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
    ON CONFLICT ({KEY}) DO UPDATE SET n = pace.n + excluded.n
"""


def constants() -> dict[str, str]:
    """What the SQL of this module has to be given."""
    return {**_BOUNDS, "zone": settings.ORGANISATION_TIME_ZONE}


def count_steps(folded: Iterable[Folded]) -> None:
    """Add what new moves count for, take back what superseded ones did; in order of key, so that no ring waits."""
    columns = list(zip(*(step for one in folded if one.new or one.dead for step in steps_of(one)), strict=True))
    if columns:
        names = ("dimension", "from", "to", "entered", "left", "source", "visitor", "n")
        values = {name: array(column) for name, column in zip(names, columns, strict=True)}
        with connection.cursor() as cursor:
            cursor.execute(_ADD, values | constants())


def steps_of(one: Folded) -> Iterator[Step]:
    """The moves between stages and between healths that came (+1) and went (-1).

    One between stages tells when the stage that it left had been entered. What is dead of another member of the person
    was a path of its own, from its start.
    """
    yield from _steps(one.new, one.entered, 1)
    leaders = [live.entry for live in one.dead if live.contact == one.person.leader]
    yield from _steps(leaders, one.entered, -1)
    others: dict[int, list[Entry]] = {}
    for live in one.dead[len(leaders) :]:
        others.setdefault(live.contact, []).append(live.entry)
    for entries in others.values():
        yield from _steps(entries, None, -1)


def _steps(entries: Iterable[Entry], entered: int | None, n: int) -> Iterator[Step]:
    for entry in entries:
        if entry.dimension == HEALTH:
            yield _step(entry, None, n)
        elif entry.dimension == STAGE:
            yield _step(entry, entered, n)
            entered = None if entry.to_value is None else entry.at


def _step(entry: Entry, entered: int | None, n: int) -> Step:
    from_, to = entry.from_value or 0, entry.to_value or 0
    return entry.dimension, from_, to, entered, entry.at, entry.source, entry.is_visitor, n
