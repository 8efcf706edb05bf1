"""What holds for any playbook and any log."""

import json

from hypothesis import given, reject
from hypothesis import strategies as st

from funnel.fold import EndlessRules, Event, Move, State, fold, is_late, wake_at
from funnel.playbooks import Playbooks
from funnel.state import DAY
from tests.funnel.strategies import HORIZON, in_order, logs, moments, patient, playbooks, thorough

AFTERWARDS = (HORIZON + 100) * DAY


def written(state: State, moves: list[Move]) -> str:
    return json.dumps([state.memory(), [repr(move) for move in moves]])


def folded(log: list[Event], books: Playbooks, until: int, onto: State | None = None) -> tuple[State, list[Move]]:
    """The fold; an example whose time rules have no end (the check of playbooks refuses them) is left out."""
    try:
        return fold(onto or State.start(), log, books, until)
    except EndlessRules:
        reject()


def remembered(state: State) -> State:
    stored = State.remember(json.loads(json.dumps(state.memory())), state.stamp)
    assert stored is not None
    return stored


class Person:
    """Folds what arrives as a worker does: onto the memory, or all again when something comes late."""

    def __init__(self, books: Playbooks) -> None:
        self.books, self.now = books, 0
        self.log: list[Event] = []
        self.moves: list[Move] = []
        self.state = State.start()

    def learn(self, batch: list[Event], wait: int) -> None:
        self.now = max([self.now, *(event.at for event in batch)]) + wait
        self.log = in_order([*self.log, *batch])
        batch = in_order(batch)
        if batch and is_late(self.state, *batch[0][:3]):
            self.state, self.moves = folded(self.log, self.books, self.now)
        else:
            state = remembered(self.state) if self.state.stamp else self.state
            self.state, moves = folded(batch, self.books, self.now, onto=state)
            self.moves = self.moves + moves


@thorough
@given(playbooks(), logs(), st.data())
def test_any_order_of_arrival_and_any_split_give_the_same_state_and_moves(books, log, data):
    at_once = folded(log, books, AFTERWARDS)

    arrivals = data.draw(st.permutations(log))
    person = Person(books)
    while arrivals:
        size = data.draw(st.integers(1, 4))
        person.learn(arrivals[:size], data.draw(st.sampled_from([0, 0, 1, DAY // 2, 3 * DAY])))
        arrivals = arrivals[size:]
    person.learn([], AFTERWARDS - person.now)

    assert written(person.state, person.moves) == written(*at_once)


@thorough
@given(playbooks(), logs(), st.lists(moments(0, HORIZON + 30), max_size=5))
def test_folding_forward_in_parts_equals_folding_at_once(books, log, untils):
    at_once = folded(log, books, AFTERWARDS)

    state, moves = State.start(), []
    done = -1
    for until in [*sorted(untils), AFTERWARDS]:
        part = [event for event in log if done < event.at <= until]
        state, more = fold(remembered(state) if state.stamp else state, part, books, until)
        moves += more
        done = max(done, until)

    assert written(state, moves) == written(*at_once)


@thorough
@given(playbooks(), logs(), moments(0, HORIZON + 10))
def test_wake_at_is_the_very_moment_of_the_next_timer(books, log, now):
    walked = [event for event in log if event.at <= now]
    state, _ = folded(walked, books, now)
    try:
        wake = wake_at(state, books, now)
    except EndlessRules:
        reject()

    if wake is None:
        assert fold(state, [], books, AFTERWARDS)[1] == []
    else:
        assert wake > now
        assert fold(state, [], books, wake - 1)[1] == []
        assert {move.at for move in fold(state, [], books, wake)[1]} == {wake}


@patient
@given(playbooks(), logs(), moments(0, HORIZON))
def test_wake_at_can_be_asked_ahead_of_the_fold(books, log, now):
    state, _ = folded(log, books, log[-1].at if log else 0)
    try:
        ahead, _ = fold(state, [], books, max(now, state.last[0] if state.last else 0))
        assert wake_at(state, books, now) == wake_at(ahead, books, now)
    except EndlessRules:
        reject()


@patient
@given(playbooks(), logs())
def test_folding_leaves_its_argument_as_it_was(books, log):
    noon = HORIZON // 2 * DAY
    state, _ = folded([event for event in log if event.at <= noon], books, noon)
    before = json.dumps(state.memory())
    folded([event for event in log if event.at > noon], books, AFTERWARDS, onto=state)

    assert json.dumps(state.memory()) == before


@patient
@given(playbooks(), logs())
def test_the_memory_holds_no_day_that_all_windows_have_left(books, log):
    state, _ = folded(log, books, AFTERWARDS)

    for tally in state.memory()["tallies"].values():
        days = [day for day, _ in tally]
        assert days == sorted(set(days))
        assert len(days) <= 14  # a window of 12 days and its ends, or two for all time


@patient
@given(playbooks(), logs())
def test_moves_join_up_and_count_their_visits(books, log):
    _, moves = folded(log, books, AFTERWARDS)

    assert [move.at for move in moves] == sorted(move.at for move in moves)
    places = {"stage": None, "health": None, "standing": "open"}
    visits: dict = {}
    for move in moves:
        assert move.from_ == places[move.dimension] != move.to
        places[move.dimension] = move.to
        visits[move.dimension, move.to] = visits.get((move.dimension, move.to), 0) + 1
        assert move.visit == visits[move.dimension, move.to]


@patient
@given(playbooks(), logs())
def test_a_public_event_makes_no_customers(books, log):
    _, moves = folded(log, books, AFTERWARDS)

    public = {event.key for event in log if event.public}
    by_time = [move for move in moves if move.rule is not None and books.at(move.at).rules[move.rule].types is None]
    assert not [m for m in moves if m.to in ("hot", "gold") and m.cause_key in public and m not in by_time]


@thorough
@given(playbooks(), logs())
def test_only_the_first_event_and_those_of_types_that_a_playbook_names_change_anything(books, log):
    asked = [event for event in log if event is log[0] or event.type in books.types]
    noise = [event._replace(type="never_heard_of", key=bytes(16)) for event in log if event.at > log[0].at]
    noise = list({event.at: event for event in noise}.values())

    quiet, moves = folded(asked, books, AFTERWARDS)
    noisy, noisy_moves = folded(in_order([*log, *noise]), books, AFTERWARDS)

    assert noisy_moves == moves
    assert (noisy.stage, noisy.score, [*noisy.orders], noisy.latest) == (
        quiet.stage,
        quiet.score,
        [*quiet.orders],
        quiet.latest,
    )
