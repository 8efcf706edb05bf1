"""What campaigns are credited with equals a plain recount, whatever comes late, is taken back, joined or parted."""

import pytest

from campaigns.crediting import check_credits, recount_credits
from tests.campaigns.lives import TouchedLife, days_of, kept, kept_days, recounted
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _installed() -> None:
    install()


@pytest.mark.parametrize("seed", range(3))
def test_credits_kept_with_each_fold_equal_a_recount_of_events_and_moves(seed):
    life = TouchedLife(seed)
    for _ in range(4):
        life.go_on(15)
        assert kept() == recounted()
        assert kept_days() == days_of(recounted())

    assert len(recounted()) > 15
    assert check_credits() == []


def test_crediting_everything_again_changes_nothing():
    TouchedLife(7).go_on(40)
    before = kept(), kept_days()

    recount_credits()

    assert (kept(), kept_days()) == before
    assert before[1]
