"""Writing down what a batch of people comes out as: in bulk, by binary COPY, roll-ups last and in order of key."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from struct import Struct
from typing import Final, NamedTuple

import msgspec
from django.db import connection

from funnel.circles import Brought, circles_of
from funnel.claiming import Person, Stored
from funnel.folding import AS_BEFORE, HEALTHS, STANDINGS, Entry, Folded
from funnel.models import Standing
from funnel.reading import Names, array
from funnel.remembering import written
from funnel.rolling import count_steps

Y2K: Final = 946_684_800_000_000  # where PostgreSQL counts microseconds from
NOTHING_AT: Final = -(1 << 63) + Y2K  # -infinity, for a moment that is not
OPEN, NOT_NOW = int(Standing.OPEN), int(Standing.NOT_NOW)
NO_EVENT: Final = 0

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"


def write_moves(folded: Sequence[Folded]) -> None:
    """Supersede what came out differently, add what is new."""
    _supersede(folded)
    _insert_transitions(folded)


# --- Transitions

_SUPERSEDE = """
    UPDATE funnel_transition SET superseded_at = 'epoch'::timestamptz + dead.stamp * interval '1 microsecond'
      FROM unnest(%s::bigint[], %s::bigint[]) AS dead (id, stamp) WHERE funnel_transition.id = dead.id
"""
_COPY_TRANSITIONS = """
    COPY funnel_transition (contact_id, occurred_at, recorded_at, cause_id, seq, visit, version, rule, dimension,
        from_value, to_value, source_id, is_visitor, evidence) FROM STDIN BINARY
"""
_TRANSITION = Struct(">h iq iq iq iq ii ii ih ih ih")
_TRANSITION_WITHOUT_CAUSE = Struct(">h iq iq iq i ii ii ih ih ih")
_FIELDS_OF_TRANSITION = 14
_NULL = b"\xff\xff\xff\xff"


def _supersede(folded: Iterable[Folded]) -> None:
    dead = [(live.id, one.person.stamp) for one in folded for live in one.dead]
    if dead:
        with connection.cursor() as cursor:
            cursor.execute(_SUPERSEDE, [array(id_ for id_, _ in dead), array(stamp for _, stamp in dead)])


def _insert_transitions(folded: Iterable[Folded]) -> None:
    rows = [
        _transition(one.person.leader, place, entry, one.person.stamp)
        for one in folded
        for place, entry in enumerate(one.new, start=one.begins)
    ]
    if rows:
        _copy(_COPY_TRANSITIONS, rows)


def _transition(contact: int, place: int, entry: Entry, stamp: int) -> bytes:
    dimension, from_, to, at, rule, version, cause, visit, evidence, source, is_visitor = entry
    rest = (4, place, 4, visit, 2, version, 2, rule, 2, dimension)
    head = (_FIELDS_OF_TRANSITION, 8, contact, 8, at - Y2K, 8, stamp - Y2K)
    fixed = (
        _TRANSITION_WITHOUT_CAUSE.pack(*head, -1, *rest) if cause is None else _TRANSITION.pack(*head, 8, cause, *rest)
    )
    return b"".join(
        (
            fixed,
            _small(from_),
            _small(to),
            _small(source),
            b"\0\0\0\1\1" if is_visitor else b"\0\0\0\1\0",
            _NULL if evidence is None else _json(evidence),
        )
    )


def _small(number: int | None) -> bytes:
    return _NULL if number is None else b"\0\0\0\2" + number.to_bytes(2, signed=True)


def _json(text: bytes) -> bytes:
    return (len(text) + 1).to_bytes(4) + b"\1" + text


# --- Positions

_STAGING = """
    CREATE TEMPORARY TABLE IF NOT EXISTS folded (
        contact_id bigint, stage_id smallint, entered_at timestamptz, health smallint, standing smallint,
        recall_at timestamptz, score bigint, score_day int, score_rank float8, last_event_at timestamptz,
        wake_at timestamptz, stamp timestamptz, moves int, is_visitor boolean, source_id smallint, hands int,
        cause_id bigint, worth text, memory text, place text
    ) ON COMMIT DELETE ROWS
"""
_POSITION = Struct(">h iq ih iq ih ih iq iq ii id iq iq iq ii i? ih ii iq i")
_FIELDS_OF_POSITION = 20
_UPDATE_POSITIONS = f"""
    UPDATE funnel_position AS p
       SET stage_id = nullif(f.stage_id, 0), entered_at = nullif(f.entered_at, '-infinity'),
           health = nullif(f.health, 0), standing = f.standing, recall_at = nullif(f.recall_at, '-infinity'),
           score = f.score, score_day = f.score_day, score_rank = f.score_rank,
           last_event_at = CASE WHEN f.last_event_at = 'infinity' THEN p.last_event_at
                                ELSE nullif(f.last_event_at, '-infinity') END,
           wake_at = nullif(f.wake_at, '-infinity'), folded_until = f.stamp, known_at = f.stamp, moves = f.moves,
           is_visitor = f.is_visitor, source_id = f.source_id, hands = f.hands, attempts = 0, attempted_at = NULL,
           cause_id = CASE WHEN f.cause_id = {AS_BEFORE} THEN p.cause_id ELSE nullif(f.cause_id, {NO_EVENT}) END,
           worth = nullif(f.worth, '')::jsonb, memory = nullif(f.memory, '')
      FROM pg_temp.folded AS f WHERE p.ctid = f.place::tid AND p.contact_id = f.contact_id
"""  # noqa: S608  (numbers of ours)

StageKey = tuple[int, int, int, int, bool]


@dataclass(slots=True)
class Changes:
    """By how much the number of people in each place changes, and what their kept orders come to."""

    people: Counter[tuple[StageKey, Brought]] = field(default_factory=Counter)
    worth: dict[tuple[*StageKey, str], list[int]] = field(default_factory=dict)  # [people, minor units]

    def add(self, key: StageKey, brought: Brought, worth: dict[str, int] | None, n: int) -> None:
        self.people[key, brought] += n
        if worth:
            for currency, value in worth.items():
                changed = self.worth.setdefault((*key, currency), [0, 0])
                changed[0] += n
                changed[1] += n * value


def write_positions(folded: Iterable[Folded], names: Names) -> Changes:
    """Write the positions; answer what changes in the roll-ups."""
    rows: list[bytes] = []
    changes = Changes()
    for one in folded:
        leader, *others = one.person.positions
        values = values_of(one, names)
        rows.append(_packed(values, leader.place))
        if values.stage is not None:
            key = (values.stage, values.health or 0, values.standing, values.source, values.is_visitor)
            campaign = one.person.campaigns.get(leader.contact, "")
            changes.add(key, Brought(values.hands, values.source, campaign), values.worth, 1)
        _count_out(changes, one.person, leader)
        for other in others:
            if other.stage is not None or other.moves or other.memory:
                rows.append(_packed(cleared(other.contact, one.person), other.place))
                _count_out(changes, one.person, other)
    with connection.cursor() as cursor:
        cursor.execute(_STAGING)
        cursor.execute("DELETE FROM pg_temp.folded")  # of an earlier batch in the same transaction
        _copy("COPY pg_temp.folded FROM STDIN BINARY", rows)
        cursor.execute(_UPDATE_POSITIONS)
        if cursor.rowcount != len(rows):
            raise RuntimeError(f"{len(rows)} positions were in hand, {cursor.rowcount} were where they had been locked")
    return changes


def _count_out(changes: Changes, person: Person, stored: Stored) -> None:
    if stored.stage is not None and stored.source is not None:
        key = (stored.stage, stored.health, stored.standing, stored.source, stored.is_visitor)
        worth = msgspec.json.decode(stored.worth) if stored.worth else None
        brought = Brought(stored.hands, stored.source, person.campaigns.get(stored.contact, ""))
        changes.add(key, brought, worth, -1)


class Values(NamedTuple):
    """What a position's row is to hold; moments in microseconds since 1970."""

    contact: int
    stage: int | None
    entered_at: int | None
    health: int | None
    standing: int
    recall_at: int | None
    score: int
    score_day: int
    score_rank: float
    last_event_at: int | None
    wake_at: int | None
    stamp: int
    moves: int
    is_visitor: bool
    source: int
    hands: int
    cause: int | None
    worth: dict[str, int] | None
    memory: bytes | None


def values_of(one: Folded, names: Names) -> Values:
    person, state = one.person, one.state
    stage = names.stage_ids[state.stage]
    if stage is None:
        return cleared(person.leader, person)
    standing = STANDINGS[state.standing] or OPEN
    return Values(  # by place: by name it takes twice as long
        person.leader,
        stage,
        state.entered,
        HEALTHS[state.health],
        standing,
        state.recall.due if state.recall and standing == NOT_NOW else None,
        state.score,
        state.score_day,
        one.rank,
        one.last_event_at,
        one.wake_at,
        person.stamp,
        one.begins + len(one.new),
        person.is_visitor,
        person.source,
        person.hands,
        one.cause,
        state.orders.worth(),
        written(state),
    )


def cleared(contact: int, person: Person) -> Values:
    """Nobody stands there: not the leader of the person, or without a standing event."""
    nowhere = (None, None, None, OPEN, None, 0, 0, 0.0, None, None)
    return Values(contact, *nowhere, person.stamp, 0, person.is_visitor, person.source, person.hands, None, None, None)


def _packed(values: Values, place: str) -> bytes:
    (contact, stage, entered_at, health, standing, recall_at, score, score_day, score_rank) = values[:9]
    (last_event_at, wake_at, stamp, moves, is_visitor, source, hands, cause, worth, memory) = values[9:]
    if last_event_at is None:
        last_event_at = NOTHING_AT if stage is None else AS_BEFORE + Y2K
    said, memory = msgspec.json.encode(worth) if worth else b"", memory or b""
    return (
        _POSITION.pack(
            *(_FIELDS_OF_POSITION, 8, contact, 2, stage or 0),
            *(8, (NOTHING_AT if entered_at is None else entered_at) - Y2K, 2, health or 0, 2, standing),
            *(8, (NOTHING_AT if recall_at is None else recall_at) - Y2K, 8, score, 4, score_day, 8, score_rank),
            *(8, last_event_at - Y2K, 8, (NOTHING_AT if wake_at is None else wake_at) - Y2K),
            *(8, stamp - Y2K, 4, moves, 1, is_visitor, 2, source, 4, hands, 8, cause or NO_EVENT, len(said)),
        )
        + said
        + len(memory).to_bytes(4)
        + memory
        + len(place).to_bytes(4)
        + place.encode()
    )


def _copy(statement: str, rows: Iterable[bytes]) -> None:
    with connection.cursor() as cursor:
        cursor.copy_expert(statement, BytesIO(b"".join((_HEADER, *rows, _TRAILER))))


# --- Roll-ups

_COUNT_STAGES = """
    INSERT INTO funnel_stagecount AS now (stage_id, health, standing, source_id, is_visitor, n)
    SELECT * FROM unnest(%s::smallint[], %s::smallint[], %s::smallint[], %s::smallint[], %s::boolean[], %s::bigint[])
     ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (stage_id, health, standing, source_id, is_visitor) DO UPDATE SET n = now.n + excluded.n
"""
_COUNT_CIRCLES = """
    INSERT INTO funnel_circlecount AS now (circle_id, stage_id, health, standing, source_id, is_visitor, n)
    SELECT * FROM unnest(%s::int[], %s::smallint[], %s::smallint[], %s::smallint[], %s::smallint[], %s::boolean[],
                         %s::bigint[])
     ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (circle_id, stage_id, health, standing, source_id, is_visitor) DO UPDATE SET n = now.n + excluded.n
"""
_COUNT_WORTH = """
    INSERT INTO funnel_stageworth AS now (stage_id, health, standing, source_id, is_visitor, currency, n, value_minor)
    SELECT * FROM unnest(%s::smallint[], %s::smallint[], %s::smallint[], %s::smallint[], %s::boolean[], %s::text[],
                         %s::bigint[], %s::bigint[])
     ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (stage_id, health, standing, source_id, is_visitor, currency)
    DO UPDATE SET n = now.n + excluded.n, value_minor = now.value_minor + excluded.value_minor
"""


# What packages to the left keep of each batch, by the same rule.
ALSO: Final[list[Callable[[Sequence[Folded]], None]]] = []


def count(folded: Sequence[Folded], changes: Changes) -> None:
    """The roll-ups, last and in order of key: two workers then never wait for each other in a ring."""
    count_steps(folded)
    _count_places(changes.people)
    _count_worth(changes)
    for also in ALSO:
        also(folded)


def _count_places(changes: Counter[tuple[StageKey, Brought]]) -> None:
    stages: Counter[tuple[int, ...]] = Counter()
    circles: Counter[tuple[int, ...]] = Counter()
    counting = circles_of(brought for (_key, brought), n in changes.items() if n)
    for (key, brought), n in changes.items():
        if n:
            hands, _of_source, of_campaign = counting[brought]
            stages[key] += n
            circles[hands, *key] += n
            if of_campaign is not None:
                circles[of_campaign, *key] += n
    _add_to(_COUNT_STAGES, stages)
    _add_to(_COUNT_CIRCLES, circles)


def _add_to(statement: str, changes: Counter[tuple[int, ...]]) -> None:
    columns = list(zip(*((*map(int, key), n) for key, n in changes.items() if n), strict=True))
    if columns:
        with connection.cursor() as cursor:
            cursor.execute(statement, [array(column) for column in columns])


def _count_worth(changes: Changes) -> None:
    rows = [(*key[:4], int(key[4]), key[5], *changed) for key, changed in changes.worth.items() if any(changed)]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_WORTH, [array(column) for column in zip(*rows, strict=True)])
