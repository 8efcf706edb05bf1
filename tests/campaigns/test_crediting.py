"""What campaigns are credited with equals a plain recount, whatever comes late, is taken back, joined or parted."""

import time
from collections import Counter

import pytest

from campaigns.crediting import check_credits, recount_credits
from campaigns.models import Kind, Way
from campaigns.results import Line, credited
from funnel.pictures import Picture
from funnel.spans import Days
from staff.models import ApiKey, Role
from staff.policy import Principal
from tests.campaigns.lives import Day, TouchedLife, days_of, kept, kept_days, recounted
from tests.factories import make_user
from tests.funnel.test_figures_of_worlds import SETTLED_AFTER
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db


PROGRAM = Principal(key=ApiKey(scopes=["figures:read"]))
ALWAYS = [Days(0, 200_000)]
WAYS = (Way.FIRST, Way.LAST)


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


def lines_of(credited_: Counter[Day], way: Way) -> set[Line]:
    """The lines that these credits come to, over all days."""
    n: Counter[tuple[object, ...]] = Counter()
    value: Counter[tuple[object, ...]] = Counter()
    for (_who, kind, _at, first, last, _fat, _lat, from_, to, minor, currency, visitor), times in credited_.items():
        key = (0, first if way is Way.FIRST else last, kind, from_, to, currency, visitor)
        n[key] += times
        value[key] += times * minor
    return {Line._make((*key, n[key], value[key])) for key in n}


@pytest.mark.parametrize("seed", range(2))
def test_an_earlier_picture_equals_a_recount_and_stays_whatever_happens_later(seed):
    life = TouchedLife(20 + seed)
    life.go_on(45)
    time.sleep(SETTLED_AFTER)
    pairs = life.pairs(4)
    seen = [credited(Picture(*pair, pair[1]), PROGRAM, ALWAYS, way) for pair in pairs for way in WAYS]
    expected = [lines_of(recounted(as_of=a, known_on=k), way) for a, k in pairs for way in WAYS]
    assert [set(lines) for lines in seen] == expected
    assert any(line.kind == Kind.MOVED for lines in seen for line in lines)

    life.go_on(20)

    again = [credited(Picture(*pair, pair[1]), PROGRAM, ALWAYS, way) for pair in pairs for way in WAYS]
    assert list(map(sorted, again)) == list(map(sorted, seen))


def test_the_counts_the_credits_of_whom_one_sees_and_the_past_of_now_say_the_same():
    TouchedLife(31).go_on(45)
    time.sleep(SETTLED_AFTER)
    settled = Picture.taken(known_on=Picture.taken().settled_at)
    by_index = Principal(user=make_user(role=Role.SALES))  # nobody owns anybody here: sales see everybody
    for way in WAYS:
        lines = set(credited(Picture.now(), PROGRAM, ALWAYS, way))
        assert lines == lines_of(recounted(), way)
        assert lines == set(credited(Picture.now(), by_index, ALWAYS, way))
        assert lines == set(credited(settled, PROGRAM, ALWAYS, way))


def test_days_and_weeks_that_follow_each_other_are_credited_as_each_by_itself():
    TouchedLife(32).go_on(45)
    blocks = [day[2] for day in kept_days() if day[1] == 0]
    first, last = min(blocks), max(blocks)
    apart = [Days(first, last), Days(first - 40, first - 1)]
    for each in (1, 7):
        parts = [Days(day, min(day + each - 1, last)) for day in range(first, last + 1, each)]
        spans = [*apart, *parts, Days(last - 3, last), Days(last - 2, last)]
        for way in WAYS:
            lines = credited(Picture.now(), PROGRAM, spans, way)
            alone = [credited(Picture.now(), PROGRAM, [span], way) for span in spans]
            assert sorted(lines) == sorted(
                line._replace(place=place) for place, found in enumerate(alone) for line in found
            )
            assert len({line.place for line in lines}) > 10
