"""Two workers, an intake and a merge at the same time: nothing is lost, doubled or waited for in a ring."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection, connections, transaction

from contacts.merging import merge_contacts
from contacts.models import Contact, Pending
from funnel.advancing import advance_everything, advance_pending
from funnel.models import Position, StageCount, Transition
from funnel.rebuilding import check_people, check_rollups, ranges
from tests.funnel.worlds import NOON, days, happened, install, path_of, person, stage_of

pytestmark = pytest.mark.django_db(transaction=True)

PURCHASE: dict[str, Any] = {"value_minor": 1200, "currency": "EUR"}


@pytest.fixture(autouse=True)
def _installed(transactional_db: None) -> None:
    install()


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool
        for closing in [pool.submit(close_later) for _ in range(2)]:
            closing.result()


def close_later() -> None:
    sleep(0.05)  # so that each thread of the pool takes one
    connections.close_all()


@contextmanager
def held(tables: str) -> Iterator[None]:
    """A batch that begins within comes to a stop where it would write to one of these tables."""
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")
            yield
            cursor.execute("ROLLBACK")
    finally:
        holder.close()


def rollups_held() -> AbstractContextManager[None]:
    """A batch that begins within comes to a stop before its roll-ups, with everything but the commit behind it."""
    return held("funnel_pacecount, funnel_stagecount")


def stopped_at(table: str, start: Callable[[], Future[int]]) -> Future[int]:
    """Start a batch and return it once it waits."""
    batch = start()
    until = monotonic() + 10
    while monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass", [table])
            if cursor.fetchone():
                return batch
        assert not batch.done()
        sleep(0.01)
    raise AssertionError(f"the batch did not come to {table}")


def stopped_at_rollups(start: Callable[[], Future[int]]) -> Future[int]:
    return stopped_at("funnel_pacecount", start)


def nothing_differs() -> bool:
    return not any(found.differences for found in check_people(ranges())) and check_rollups() == []


def drain(_: int) -> int:
    folded = 0
    while Pending.objects.exists():
        folded += advance_pending(limit=7)
    return folded


def test_two_workers_share_the_marks_of_the_same_people(workers):
    contacts = [person() for _ in range(40)]
    for day in range(3):
        for contact in contacts:
            happened(contact, "page_viewed", NOON + days(day))
    for contact in contacts[::2]:
        happened(contact, "order_completed", NOON + days(1), **PURCHASE)

    folds = list(workers.map(drain, range(2)))

    assert min(folds) > 0
    assert {stage_of(contact) for contact in contacts[::2]} == {"customer"}
    assert {stage_of(contact) for contact in contacts[1::2]} == {"retargeting"}
    assert sum(StageCount.objects.values_list("n", flat=True)) == 40
    assert nothing_differs()


def test_a_person_in_another_workers_hand_is_left_without_waiting(workers):
    anna, bert = person(), person()
    happened(anna, "page_viewed", NOON)
    advance_everything()
    happened(anna, "form_submitted", NOON + days(1))
    happened(bert, "page_viewed", NOON)
    advance_everything()
    happened(anna, "order_completed", NOON + days(2), **PURCHASE)

    with rollups_held():
        batch = stopped_at_rollups(lambda: workers.submit(advance_pending))
        happened(anna, "feedback_given", NOON + days(3), properties={"score": 10})
        assert advance_pending() == 0
    assert batch.result() == 1

    assert stage_of(anna) == "customer"
    assert advance_pending() == 1
    assert stage_of(anna) == "advocate"


def test_a_mark_set_while_its_person_is_folded_brings_the_person_back(workers):
    anna = person()
    happened(anna, "page_viewed", NOON)
    Position.objects.create(contact=anna)

    with rollups_held():
        batch = stopped_at_rollups(lambda: workers.submit(advance_pending))
        happened(anna, "order_completed", NOON + days(1), **PURCHASE)
    batch.result()

    assert (stage_of(anna), Pending.objects.count()) == ("prospecting", 1)
    advance_pending()
    assert stage_of(anna) == "customer"


def test_a_fold_that_knew_nothing_of_a_merge_is_put_right_by_its_marks(workers):
    anna, anni = person(), person()
    happened(anna, "page_viewed", NOON)
    advance_everything()
    happened(anni, "order_completed", NOON + days(1), **PURCHASE)
    Position.objects.create(contact=anni)

    with rollups_held():
        batch = stopped_at_rollups(lambda: workers.submit(advance_pending))
        merge_contacts(first=anna, second=anni)
    assert batch.result() == 1

    assert path_of(anni) == [(None, "prospecting"), ("prospecting", "customer")]
    advance_everything()
    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "customer")]
    assert (path_of(anni), stage_of(anni)) == ([], None)
    assert nothing_differs()


def test_a_merge_after_a_batch_has_read_who_belongs_together_keeps_its_marks(workers):
    anna, anni = person(), person()
    happened(anna, "page_viewed", NOON)
    happened(anni, "order_completed", NOON + days(1), **PURCHASE)
    advance_everything()
    happened(anna, "page_viewed", NOON + days(2))
    happened(anni, "page_viewed", NOON + days(2))

    with held("funnel_attempt"):
        batch = stopped_at("funnel_attempt", lambda: workers.submit(advance_pending))
        merge_contacts(first=anna, second=anni)
    assert batch.result() == 2

    advance_everything()
    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "customer")]
    assert (path_of(anni), stage_of(anni)) == ([], None)
    assert nothing_differs()


def test_events_and_merges_pour_in_while_two_workers_fold(workers):
    contacts = [person() for _ in range(30)]
    flowing = [workers.submit(pour, contacts), workers.submit(drain_for, 2.0)]
    while not flowing[0].done():
        advance_pending(limit=5)
    merges = [(contacts[n], contacts[n + 1]) for n in range(0, 30, 3)]
    for first, second in merges:
        merge_contacts(first=first, second=second)
        advance_pending(limit=5)
    assert flowing[0].result() == 90
    flowing[1].result()

    advance_everything()

    assert Contact.objects.leaders().count() == 20
    assert nothing_differs()


def pour(contacts: list[Contact]) -> int:
    for day in range(3):
        for contact in contacts:
            with transaction.atomic():
                happened(contact, ("page_viewed", "form_submitted", "order_completed")[day], NOON - days(day))
    return 3 * len(contacts)


def drain_for(seconds: float) -> None:
    until = monotonic() + seconds
    while monotonic() < until:
        advance_pending(limit=9)


def test_transitions_of_a_place_are_never_doubled(workers):
    anna = person()
    for day in range(20):
        happened(anna, "page_viewed", NOON + days(day))

    list(workers.map(drain, range(2)))

    live = Transition.objects.live().filter(contact=anna).order_by("seq")
    assert list(live.values_list("seq", flat=True)) == [0, 1]
