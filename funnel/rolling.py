"""How people walk the path, counted as they move: what each batch of moves changes in the counts of `PaceCount`.

A move ends a stay; a superseded move takes its counts back. One piece of SQL says what a move counts for, whether it
comes from a batch, or from the whole table of transitions when everything is counted again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.db import connection

from funnel.circles import Brought, Counting, circles_of
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

# who made it, and then: dimension, from, to, entered, left, visitor, count
Step = tuple[Brought, int, int, int, int | None, int, bool, int]

_BOUNDS: Final = {
    "thresholds": "{" + ",".join(str(days + 1) for days in WITHIN) + "}",
    "windows": "{" + ",".join(str(days) for days in (*WITHIN, BEYOND)) + "}",
    "lengths": array(LENGTHS),
}
# `step` has dimension (of stage or health), from_stage, to_stage, entered_at, left_at, is_visitor, n and `{{whose}}`.
_FACTS: Final = f"""
    dated AS (
        SELECT *, (left_at AT TIME ZONE %(zone)s)::date - {_FIRST} AS left_on,
               (entered_at AT TIME ZONE %(zone)s)::date - {_FIRST} AS entered_on
          FROM step),
    fact AS (
        SELECT {Pace.MOVED} AS kind, left_on AS day, from_stage, to_stage, 0::smallint AS lag, {{whose}}, is_visitor, n
          FROM dated WHERE dimension = {STAGE}
         UNION ALL
        SELECT {Pace.FARED}, left_on, from_stage, to_stage, 0::smallint, {{whose}}, is_visitor, n
          FROM dated WHERE dimension = {HEALTH} AND NOT is_visitor
         UNION ALL
        SELECT {Pace.WENT_ON}, entered_on, from_stage, to_stage,
               (%(windows)s::smallint[])[1 + width_bucket(left_on - entered_on, %(thresholds)s::int[])],
               {{whose}}, is_visitor, n
          FROM dated WHERE dimension = {STAGE} AND entered_on IS NOT NULL AND to_stage <> 0 AND NOT is_visitor
         UNION ALL
        SELECT {Pace.STAYED}, left_on, from_stage, 0::smallint,
               (%(lengths)s::smallint[])[width_bucket(left_on - entered_on, %(lengths)s::int[])],
               {{whose}}, is_visitor, n
          FROM dated WHERE dimension = {STAGE} AND entered_at < left_at AND to_stage <> 0 AND NOT is_visitor)
"""  # noqa: S608  (numbers of ours)
FACTS: Final = _FACTS.format(whose="source_id")
# A step counts for `everybody` (0, or nothing where it does not), and in up to three circles.
_GIVEN_FACTS: Final = _FACTS.format(whose="everybody, hands, of_source, of_campaign")
_COUNTED: Final = f"""
    SELECT kind, level, at.whose, block, from_stage, to_stage, lag, is_visitor, sum(n)
      FROM fact CROSS JOIN LATERAL (VALUES
           (everybody, 0::smallint, day), (everybody, 1::smallint, day / {BLOCKS[1]}),
           (everybody, 2::smallint, day / {BLOCKS[2]}), (hands, 0::smallint, day),
           (hands, 1::smallint, day / {BLOCKS[1]}), (of_source, 0::smallint, day),
           (of_source, 1::smallint, day / {BLOCKS[1]}), (of_campaign, 0::smallint, day),
           (of_campaign, 1::smallint, day / {BLOCKS[1]})) AS at (whose, level, block)
     WHERE at.whose IS NOT NULL
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(n) <> 0
"""  # noqa: S608
_OF_BATCH: Final = """
    SELECT dimension, from_stage, to_stage, 'epoch'::timestamptz + entered * interval '1 microsecond' AS entered_at,
           'epoch'::timestamptz + left_ * interval '1 microsecond' AS left_at, 0 AS everybody, hands, of_source,
           of_campaign, is_visitor, n
      FROM unnest(%(dimension)s::smallint[], %(from)s::smallint[], %(to)s::smallint[], %(entered)s::bigint[],
                  %(left)s::bigint[], %(visitor)s::boolean[], %(n)s::int[], %(hands)s::int[], %(of_source)s::int[],
                  %(of_campaign)s::int[])
           AS step (dimension, from_stage, to_stage, entered, left_, is_visitor, n, hands, of_source, of_campaign)
"""
_OF_MOVES: Final = f"""
    SELECT dimension, coalesce(from_value, 0::smallint) AS from_stage, coalesce(to_value, 0::smallint) AS to_stage,
           CASE WHEN from_value IS NOT NULL
                THEN lag(occurred_at) OVER (PARTITION BY contact_id, hands ORDER BY seq) END AS entered_at,
           occurred_at AS left_at, everybody, hands, of_source, of_campaign, is_visitor, n
      FROM moves WHERE dimension = {STAGE}
     UNION ALL
    SELECT dimension, coalesce(from_value, 0::smallint), coalesce(to_value, 0::smallint), NULL, occurred_at,
           everybody, hands, of_source, of_campaign, is_visitor, n
      FROM moves WHERE dimension = {HEALTH}
"""  # noqa: S608  (numbers of ours)
_LIVE_MOVES: Final = f"""
    SELECT move.contact_id, move.seq, move.dimension, move.from_value, move.to_value, move.occurred_at, move.is_visitor,
           0 AS everybody, place.hands, of_source.id AS of_source, of_campaign.id AS of_campaign, 1 AS n
      FROM funnel_transition AS move
      JOIN funnel_position AS place ON place.contact_id = move.contact_id
      JOIN contacts_contact AS who ON who.id = move.contact_id
      LEFT JOIN funnel_circle AS of_source
        ON of_source.within_id = place.hands AND of_source.source_id = move.source_id AND of_source.campaign = ''
      LEFT JOIN funnel_circle AS of_campaign
        ON of_campaign.within_id = place.hands AND of_campaign.source_id = move.source_id
       AND of_campaign.campaign = nullif(who.origin_campaign, '')
     WHERE move.superseded_at IS NULL AND move.dimension IN ({STAGE}, {HEALTH})
"""  # noqa: S608  (numbers of ours)
# All that counts of those who came into other hands: once less for the ones, once more for the others.
_MOVES_OF_HANDED: Final = f"""
    SELECT contact_id, seq, dimension, from_value, to_value, occurred_at, is_visitor, NULL::int AS everybody,
           hands, of_source, of_campaign, n
      FROM unnest(%(handed)s::bigint[], %(handed_n)s::int[], %(handed_hands)s::int[], %(handed_source)s::int[],
                  %(handed_campaign)s::int[]) AS one (contact, n, hands, of_source, of_campaign)
      JOIN funnel_transition ON contact_id = one.contact
     WHERE superseded_at IS NULL AND dimension IN ({STAGE}, {HEALTH})
"""  # noqa: S608  (numbers of ours)
KEY: Final = "kind, level, whose, block, from_stage, to_stage, lag, is_visitor"
RECOUNT: Final = f"WITH moves AS ({_LIVE_MOVES}), step AS ({_OF_MOVES}), {_GIVEN_FACTS} {_COUNTED}"
_ADD: Final = f"""
    WITH {{given}}, {_GIVEN_FACTS}
    INSERT INTO funnel_pacecount AS pace ({KEY}, n) {_COUNTED} ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
    ON CONFLICT ({KEY}) DO UPDATE SET n = pace.n + excluded.n
"""
_ADD_STEPS: Final = _ADD.format(given=f"step AS ({_OF_BATCH})")
_HANDED_OVER: Final = f"moves AS ({_MOVES_OF_HANDED}), step AS ({_OF_BATCH} UNION ALL {_OF_MOVES})"
_ADD_STEPS_AND_HAND_OVER: Final = _ADD.format(given=_HANDED_OVER)


def constants() -> dict[str, str]:
    """What the SQL of this module has to be given."""
    return {**_BOUNDS, "zone": settings.ORGANISATION_TIME_ZONE}


def count_steps(folded: Iterable[Folded]) -> None:
    """Add what new moves count for, take back what superseded ones did, and hand over what counts of those who came
    into other hands; in order of key, so that no ring waits."""
    steps: list[Step] = []
    handed: list[tuple[Brought, int, int]] = []  # whom, and -1 or 1
    for one in folded:
        if one.new or one.dead:
            steps += steps_of(one)
        leader = one.person.positions[0]
        if leader.moves and leader.hands != one.person.hands:
            now = Brought(one.person.hands, one.person.source, one.person.campaigns.get(leader.contact, ""))
            handed += [(now._replace(hands=leader.hands), leader.contact, -1), (now, leader.contact, 1)]
    if steps or handed:
        circles = circles_of(row[0] for rows in (steps, handed) for row in rows)
        values = _columns(_STEP, steps, circles) | (_columns(_HANDED, handed, circles) if handed else {})
        with connection.cursor() as cursor:
            cursor.execute(_ADD_STEPS_AND_HAND_OVER if handed else _ADD_STEPS, values | constants())


_STEP: Final = (
    *("dimension", "from", "to", "entered", "left", "visitor", "n"),
    *("hands", "of_source", "of_campaign"),
)
_HANDED: Final = ("handed", "handed_n", "handed_hands", "handed_source", "handed_campaign")


def _columns(
    names: Sequence[str], rows: Sequence[tuple[Any, ...]], circles: Mapping[Brought, Counting]
) -> dict[str, str]:
    """Rows begin with who they are of, and end with the circles that these count in."""
    if not rows:
        return {name: array(()) for name in names}
    brought, *columns = zip(*rows, strict=True)
    columns += zip(*(circles[one] for one in brought), strict=True)
    return {name: array(column) for name, column in zip(names, columns, strict=True)}


def steps_of(one: Folded) -> Iterator[Step]:
    """The moves between stages and between healths that came (+1) and went (-1), in the hands they are counted in.

    One between stages tells when the stage that it left had been entered. What is dead of another member of the person
    was a path of its own, from its start.
    """
    person, leader = one.person, one.person.positions[0]
    hands = leader.hands if leader.moves else person.hands
    campaign = person.campaigns.get(person.leader, "")
    yield from _steps(one.new, one.entered, hands, campaign, 1)
    leaders = [live.entry for live in one.dead if live.contact == person.leader]
    yield from _steps(leaders, one.entered, hands, campaign, -1)
    others: dict[int, list[Entry]] = {}
    for live in one.dead[len(leaders) :]:
        others.setdefault(live.contact, []).append(live.entry)
    for position in person.positions[1:]:
        campaign = person.campaigns.get(position.contact, "")
        yield from _steps(others.get(position.contact, ()), None, position.hands, campaign, -1)


def _steps(entries: Iterable[Entry], entered: int | None, hands: int, campaign: str, n: int) -> Iterator[Step]:
    for entry in entries:
        if entry.dimension == HEALTH:
            yield _step(entry, None, hands, campaign, n)
        elif entry.dimension == STAGE:
            yield _step(entry, entered, hands, campaign, n)
            entered = None if entry.to_value is None else entry.at


def _step(entry: Entry, entered: int | None, hands: int, campaign: str, n: int) -> Step:
    brought = Brought(hands, entry.source, campaign)
    return brought, entry.dimension, entry.from_value or 0, entry.to_value or 0, entered, entry.at, entry.is_visitor, n
