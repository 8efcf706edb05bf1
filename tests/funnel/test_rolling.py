"""The counts of how people walk equal a plain recount of their moves, whatever was rewritten."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from funnel.advancing import advance_everything
from funnel.freezing import freeze_person
from funnel.metrics import HEALTH, STAGE, Row, paths
from funnel.models import Circle, Pace, PaceCount
from funnel.rebuilding import check_rollups, recount_rollups
from funnel.rolling import BEYOND, LENGTHS, WITHIN
from funnel.spans import BLOCKS
from tests.funnel.rewritings import all_rows
from tests.funnel.test_figures_of_worlds import Life
from tests.funnel.worlds import days, happened, install, person

pytestmark = pytest.mark.django_db

Key = tuple[Any, ...]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _installed() -> None:
    install()


def stored() -> Counter[Key]:
    """Of everybody (0) and of each source."""
    fields = ("kind", "level", "whose", "block", "from_stage", "to_stage", "lag", "is_visitor", "n")
    sources = Circle.objects.filter(within__isnull=False, campaign="").values_list("pk", "source_id")
    told_of = {0: 0} | dict(sources)
    counts: Counter[Key] = Counter()
    for kind, level, whose, *rest, n in PaceCount.objects.filter(whose__in=told_of).values_list(*fields):
        counts[kind, level, told_of[whose], *rest] += n
    return Counter({key: n for key, n in counts.items() if n})


def recounted() -> Counter[Key]:
    """By the words of docs/figures.md, over plain rows."""
    counts: Counter[Key] = Counter()
    live = [row for row in all_rows() if row.superseded_at is None]
    for path in paths(live).values():
        steps = [row for row in path if row.dimension == STAGE]
        for row in path:
            if row.dimension == HEALTH and not row.is_visitor:
                add(counts, Pace.FARED, day_of(row.occurred_at), row, row.from_value or 0, row.to_value or 0, 0)
        for row in steps:
            add(counts, Pace.MOVED, day_of(row.occurred_at), row, row.from_value or 0, row.to_value or 0, 0)
        for entry, leaving in pairwise(steps):
            if leaving.to_value is None or leaving.is_visitor or entry.to_value is None:
                continue
            came, left = day_of(entry.occurred_at), day_of(leaving.occurred_at)
            within = next((window for window in WITHIN if left - came <= window), BEYOND)
            add(counts, Pace.WENT_ON, came, leaving, entry.to_value, leaving.to_value, within)
            if entry.occurred_at < leaving.occurred_at:
                length = max(bound for bound in LENGTHS if bound <= left - came)
                add(counts, Pace.STAYED, left, leaving, entry.to_value, 0, length)
    return counts


def add(counts: Counter[Key], kind: int, day: int, row: Row, from_: int, to: int, lag: int) -> None:
    for level, size in enumerate(BLOCKS[:2]):
        counts[int(kind), level, row.source, day // size, from_, to, lag, row.is_visitor] += 1
    for level, size in enumerate(BLOCKS):
        counts[int(kind), level, 0, day // size, from_, to, lag, row.is_visitor] += 1


def day_of(moment: datetime) -> int:
    return (timezone.localtime(moment).date() - date(1800, 1, 6)).days


@pytest.mark.parametrize("seed", range(6))
def test_the_counts_equal_a_plain_recount_after_late_events_merges_cuts_refunds_and_publications(seed):
    life = Life(100 + seed)
    for _ in range(4):
        life.go_on(15)
        assert stored() == recounted()

    assert len(recounted()) > 20
    assert check_rollups() == []


def test_counting_everything_again_changes_nothing():
    Life(7).go_on(50)
    before = stored()

    recount_rollups()

    assert stored() == before != Counter()


def test_a_late_event_moves_the_counts_to_where_they_belong():
    anna = person()
    happened(anna, "content_downloaded", NOON)
    happened(anna, "order_completed", NOON + days(20), value_minor=1200, currency="EUR")
    advance_everything()
    went_on = PaceCount.objects.filter(kind=Pace.WENT_ON, level=0, whose=0).exclude(n=0).exclude(lag=7)
    assert [(row.block, row.lag) for row in went_on] == [(day_of(NOON), 30)]

    happened(anna, "form_submitted", NOON - days(50))
    advance_everything()

    assert [(row.block, row.lag) for row in went_on.all()] == [(day_of(NOON - days(50)), 90)]
    assert stored() == recounted()


def test_a_stay_that_erasure_ends_is_no_stay():
    anna = person()
    happened(anna, "content_downloaded", NOON)
    advance_everything()

    freeze_person(contact=anna)

    assert not PaceCount.objects.filter(kind=Pace.STAYED).exclude(n=0).exists()
    assert stored() == recounted()


def test_the_day_is_that_of_the_organisation():
    late_evening = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)  # half past midnight in Helsinki
    happened(person(), "page_viewed", late_evening)
    advance_everything()

    assert PaceCount.objects.get(level=0, whose=0).block == (date(2026, 3, 3) - date(1800, 1, 6)).days


def test_visitors_are_counted_apart_and_only_by_their_moves():
    happened(person(known=False), "page_viewed", NOON)
    happened(person(), "page_viewed", NOON + timedelta(hours=1))
    advance_everything()

    moved = PaceCount.objects.filter(level=0, whose=0)
    assert sorted(moved.values_list("kind", "is_visitor", "n")) == [(0, False, 1), (0, True, 1)]
