"""What the fold remembers comes back from its text as it was."""

from hypothesis import given, reject

from funnel.fold import EndlessRules, Event, Move, State, fold
from funnel.playbooks import Playbooks
from funnel.remembering import remembered, stamp_of, written
from tests.funnel import strategies as random


def folded(state: State, log: list[Event], books: Playbooks, until: int) -> tuple[State, list[Move]]:
    """The fold; an example whose time rules have no end (the check of playbooks refuses them) is left out."""
    try:
        return fold(state, log, books, until)
    except EndlessRules:
        reject()


@given(random.playbooks(), random.logs(), random.moments())
def test_a_state_comes_back_from_its_text(playbooks, log, until):
    state, _ = folded(State.start(), random.in_order(log), playbooks, until)

    text = written(state).decode()

    assert stamp_of(text) == playbooks.stamp
    assert remembered(text, playbooks.stamp) == state


@given(random.playbooks(), random.logs(), random.moments(), random.moments())
def test_going_on_from_the_text_is_going_on(playbooks, log, first, second):
    until, later = sorted([first, second])
    state, _ = folded(State.start(), random.in_order(log), playbooks, until)

    back = remembered(written(state).decode(), playbooks.stamp)

    rest = [event for event in random.in_order(log) if event.at > until]
    assert back is not None
    assert folded(back, rest, playbooks, later) == folded(state, rest, playbooks, later)


def test_what_others_wrote_is_not_remembered():
    assert remembered('["2-other","lead"]', "1-ours") is None
    assert remembered('["1-ours","lead"]', "1-ours") is None
    assert remembered('{"stamp": "1-ours"}', "1-ours") is None
    assert remembered(None, "1-ours") is None
    assert remembered("", "1-ours") is None
