"""The fold that spares a copy answers as the pure one does."""

from hypothesis import given, reject

from funnel.fold import EndlessRules, State, fold, go_on, wake_at
from tests.funnel import strategies as random


@given(random.playbooks(), random.logs(), random.moments())
def test_going_on_is_folding_and_asking_for_the_next_timer(playbooks, log, until):
    log = random.in_order(log)
    try:
        state, moves = fold(State.start(), log, playbooks, until)
    except EndlessRules:  # the check of playbooks refuses them
        reject()

    assert go_on(State.start(), log, playbooks, until) == (state, moves, wake_at(state, playbooks, until))
