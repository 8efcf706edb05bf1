"""From people in hand to what is to be written about them. Reads the log, writes nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import msgspec
from django.conf import settings
from django.db import connection

from contacts.models import PendingReason
from funnel import ward
from funnel.claiming import Person
from funnel.fold import Move, State, go_on, is_late, rank_score
from funnel.models import RULE_START, Dimension, Health, HoldReason, Standing
from funnel.playbooks import Playbooks
from funnel.reading import Names, array, named_events, standing_events
from funnel.remembering import remembered, stamp_of

DIMENSIONS = {dimension.name.lower(): int(dimension) for dimension in Dimension}
Values = dict[str | None, int | None]
HEALTHS: Values = {None: None} | {health.name.lower(): int(health) for health in Health}
STANDINGS: Values = {None: None} | {standing.name.lower(): int(standing) for standing in Standing}

# Marks of these reasons change history as a whole: what they set off is held until somebody lets it go.
HOLDING: dict[int, str] = {
    PendingReason.RETRACTION: HoldReason.RETRACTION.value,
    PendingReason.MERGE: HoldReason.MERGE.value,
    PendingReason.CUT: HoldReason.CUT.value,
    PendingReason.PUBLICATION: HoldReason.PUBLICATION.value,
    PendingReason.REBUILD: HoldReason.REBUILD.value,
    PendingReason.IMPORT: HoldReason.IMPORT.value,
}
AT_ONCE = 20_000  # events of whole logs that are in memory together, about
ENOUGH = 200_000  # events of whole logs in one transaction, about; who is left comes in the next one

AS_BEFORE = (1 << 63) - 1  # what stands in the row already

# How long the trial of a fold may take: a thousand times what it does take.
TRIAL_S = 2.0
TRIAL_S_PER_EVENT = 0.001


class Entry(NamedTuple):
    """A transition but for its person, place and dates of being known."""

    dimension: int
    from_value: int | None
    to_value: int | None
    at: int
    rule: int
    version: int
    cause: int | None
    visit: int
    evidence: bytes | None
    source: int
    is_visitor: bool


class Live(NamedTuple):
    """A transition that is live in the table."""

    id: int
    contact: int
    seq: int
    entry: Entry


@dataclass(slots=True)
class Folded:
    """What is to be written about one person."""

    person: Person
    state: State
    begins: int  # the place of the first new transition
    new: list[Entry]
    dead: list[Live]
    last_event_at: int | None  # None: it brought no event
    wake_at: int | None
    rank: float
    hold_reason: str  # of what the new transitions set off
    entered: int | None  # when the stage before the new transitions had been entered
    cause: int | None  # the event behind the last move of stage; AS_BEFORE where that is the one before
    since: int | None  # what was before this moment is as it was; None: anything may be otherwise


@dataclass(slots=True)
class Failed:
    """A person whom the fold could not take."""

    person: Person
    error: Exception


def fold_people(
    people: Sequence[Person], playbooks: Playbooks, names: Names
) -> tuple[list[Folded], list[Failed], list[Person]]:
    """Fold everybody onto what their position remembers or, where that will not do, from the start.

    The last of the three are those for whom there was no room any more: they were not folded.
    """
    onward = [person for person in people if _goes_on(person, playbooks)]
    _read_marked(onward, playbooks)
    folded: list[Folded] = []
    failed: list[Failed] = []
    left: list[Person] = []
    anew = [person for person in people if not _goes_on(person, playbooks)] if len(onward) < len(people) else []
    for person in _survivors(onward, partial(_onward, playbooks=playbooks, names=names), failed, left):
        try:
            result = _onward(person, playbooks, names)
        except Exception as error:  # whatever an event does to a rule, the others go on
            failed.append(Failed(person, error))
            continue
        if result is None:
            anew.append(person)
        else:
            folded.append(result)
    left += _fold_anew(anew, playbooks, names, folded, failed)
    return folded, failed, left


def _fold_anew(
    people: Sequence[Person], playbooks: Playbooks, names: Names, folded: list[Folded], failed: list[Failed]
) -> list[Person]:
    """From the start, a few people at a time; return those who were left when it was enough."""
    start, size, events = 0, 200, 0
    left: list[Person] = []
    while start < len(people) and events < ENOUGH:
        some = people[start : start + size]
        live = _read_all(some, playbooks)
        events += sum(len(person.events) for person in some)
        for person in _survivors(some, partial(_anew, live=live, playbooks=playbooks, names=names), failed, left):
            try:
                folded.append(_anew(person, live, playbooks, names))
            except Exception as error:
                failed.append(Failed(person, error))
        for person in some:
            person.events = person.events[-1:]  # the last one tells when it was
        start += size
        size = max(1, AT_ONCE * start // (events or 1))
    return [*left, *people[start:]]


def _survivors(
    people: Sequence[Person], fold: Callable[[Person], object], failed: list[Failed], left: list[Person]
) -> Sequence[Person]:
    """Those who may be folded here: on whom a process may have died is tried in the ward before."""
    suspects = [person for person in people if person.attempts]
    if not suspects:
        return people
    most_s: float = settings.STUCK_S / 3
    trials = [
        ward.Trial(partial(fold, person), min(TRIAL_S + TRIAL_S_PER_EVENT * len(person.events), most_s))
        for person in suspects
    ]
    deadly, tried = ward.deadly_ones(trials, most_s)
    failed += [Failed(suspects[place], death) for place, death in deadly.items()]
    left += suspects[tried:]
    apart = {suspects[place].leader for place in (*deadly, *range(tried, len(suspects)))}
    return [person for person in people if person.leader not in apart]


def _goes_on(person: Person, playbooks: Playbooks) -> bool:
    """Whether what the position remembers may be gone on from; else the person is folded from the start."""
    leader = person.positions[0]
    if leader.memory is None or leader.is_visitor != person.is_visitor or leader.source != person.source:
        return False
    for mark in person.marks:
        if mark.event is None:
            return False
    if len(person.positions) > 1 and any(other.moves for other in person.positions[1:]):
        return False
    return stamp_of(leader.memory) == playbooks.stamp


def _read_marked(people: Iterable[Person], playbooks: Playbooks) -> None:
    owners = {mark.event: person for person in people for mark in person.marks if mark.event is not None}
    for has_campaign, event in named_events(list(owners), playbooks):
        person = owners[event.id]
        person.give(event)
        if has_campaign:
            person.is_touched = True
    for person in owners.values():
        if len(person.events) > 1:
            person.events.sort()


def _read_all(people: Iterable[Person], playbooks: Playbooks) -> dict[int, list[Live]]:
    """Give everybody all their events; answer the transitions that are live so far, by leader."""
    people = list(people)
    owners = {position.contact: person for person in people for position in person.positions}
    for person in people:
        person.events.clear()
    for contact, event in standing_events(list(owners), playbooks):
        owners[contact].give(event)
    for person in people:
        person.events.sort()
    live: dict[int, list[Live]] = {person.leader: [] for person in people}
    for transition in live_transitions(list(owners)):
        live[owners[transition.contact].leader].append(transition)
    return live


def _onward(person: Person, playbooks: Playbooks, names: Names) -> Folded | None:
    """None: what is remembered will not do."""
    state = remembered(person.positions[0].memory, playbooks.stamp)
    if state is None or (person.events and is_late(state, *person.events[0][:3])):
        return None
    entered, last = state.entered, state.last
    state, moves, wake_at = go_on(state, person.events, playbooks, person.stamp)
    entries = [entry_of(move, person, names) for move in moves] if moves else []
    began = person.events[0].at if person.events else person.stamp
    if moves and moves[0].at < began:
        began = moves[0].at
    since = None if last and began <= last[0] else began  # another event of this very moment may have been there
    cause = _cause_of(entries, AS_BEFORE) if entries else AS_BEFORE
    return _result(person, state, wake_at, playbooks, person.positions[0].moves, entries, [], "", entered, cause, since)


def _anew(person: Person, live: dict[int, list[Live]], playbooks: Playbooks, names: Names) -> Folded:
    """What comes out as it did before stays; the rest of the known history is replaced from there on."""
    state, moves, wake_at = go_on(State.start(), person.events, playbooks, person.stamp)
    entries = [entry_of(move, person, names) for move in moves]
    before, kept = live[person.leader], 0
    for transition, entry in zip(before, entries, strict=False):
        if (transition.contact, transition.seq, transition.entry) != (person.leader, kept, entry):
            break
        kept += 1
    otherwise = HoldReason.PUBLICATION.value if _was_folded_otherwise(person, playbooks) else ""
    entered = next((entry.at for entry in reversed(entries[:kept]) if entry.dimension == Dimension.STAGE), None)
    cause = _cause_of(entries, None)
    return _result(
        person, state, wake_at, playbooks, kept, entries[kept:], before[kept:], otherwise, entered, cause, None
    )


def _cause_of(entries: Sequence[Entry], otherwise: int | None) -> int | None:
    return next((entry.cause for entry in reversed(entries) if entry.dimension == Dimension.STAGE), otherwise)


def _result(
    person: Person,
    state: State,
    wake_at: int | None,
    playbooks: Playbooks,
    begins: int,
    new: list[Entry],
    dead: list[Live],
    otherwise: str,
    entered: int | None,
    cause: int | None,
    since: int | None,
) -> Folded:
    return Folded(
        person,
        state,
        begins,
        new,
        dead,
        person.events[-1].at if person.events else None,
        wake_at,
        rank_score(state, playbooks, person.stamp),
        _hold_reason(person) or otherwise,
        entered,
        cause,
        since,
    )


def _hold_reason(person: Person) -> str:
    for mark in person.marks:
        if mark.reason in HOLDING:
            return HOLDING[mark.reason]
    return ""


def _was_folded_otherwise(person: Person, playbooks: Playbooks) -> bool:
    memory = person.positions[0].memory
    return memory is not None and stamp_of(memory) != playbooks.stamp


class About(Protocol):
    """What a transition says of its person besides the move."""

    @property
    def source(self) -> int: ...
    @property
    def is_visitor(self) -> bool: ...


def entry_of(move: Move, person: About, names: Names) -> Entry:
    dimension, from_, to, at, rule, _, version, _, cause, evidence, visit = move
    values = names.stage_ids if dimension == "stage" else HEALTHS if dimension == "health" else STANDINGS
    return Entry(
        DIMENSIONS[dimension],
        values[from_],
        values[to],
        at,
        RULE_START if rule is None else rule,
        version,
        cause,
        visit,
        msgspec.json.encode(evidence) if evidence else None,
        person.source,
        person.is_visitor,
    )


_LIVE = """
    SELECT id, contact_id, seq, dimension, from_value, to_value, (extract(epoch FROM occurred_at) * 1000000)::bigint,
           rule, version, cause_id, visit, evidence::text, source_id, is_visitor
      FROM funnel_transition WHERE contact_id = ANY(%s::bigint[]) AND superseded_at IS NULL ORDER BY contact_id, seq
"""


def live_transitions(contacts: Sequence[int]) -> list[Live]:
    """In order of contact and place, so that a leader's come before those of the other members."""
    with connection.cursor() as cursor:
        cursor.execute(_LIVE, [array(contacts)])
        rows = cursor.fetchall()
    return [
        Live(number, contact, seq, Entry(dimension, from_, to, at, rule, version, cause, visit, _same(said), *about))
        for number, contact, seq, dimension, from_, to, at, rule, version, cause, visit, said, *about in rows
    ]


def _same(evidence: str | None) -> bytes | None:
    return None if evidence is None else msgspec.json.encode(msgspec.json.decode(evidence))
