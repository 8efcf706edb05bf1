"""The fold that spares a copy answers as the pure one does."""

from hypothesis import given

from funnel.fold import State, fold, go_on, wake_at
from tests.funnel import strategies as random


@given(random.playbooks(), random.logs(), random.moments())
def test_going_on_is_folding_and_asking_for_the_next_timer(playbooks, log, until):
    log = random.in_order(log)
    state, moves = fold(State.start(), log, playbooks, until)

    assert go_on(State.start(), log, playbooks, until) == (state, moves, wake_at(state, playbooks, until))
