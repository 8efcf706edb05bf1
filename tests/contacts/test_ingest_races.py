"""Many connections say the same at the same moment, and it is recorded once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection, connections

from contacts.messages import ContactRef
from contacts.models import Claim, Contact, Event, Identity, Pending
from contacts.results import Result, Status
from tests.factories import make_message, make_public_source, make_source, record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("path")]

Answer = TypeVar("Answer")


def at_once(count: int, work: Callable[[int], Answer]) -> list[Answer]:
    together = Barrier(count)

    def one(number: int) -> Answer:
        together.wait()
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def statuses(answers: list[list[Result]]) -> Counter[Status]:
    return Counter(result.status for answer in answers for result in answer)


@pytest.mark.parametrize("kind", ["page_viewed", "attributes_changed"])
def test_one_message_over_sixteen_connections_is_recorded_once(kind):
    source = make_source()
    message = make_message(kind, ContactRef(email="aino@example.com", anonymous_id="a1"), properties={"name": "Aino"})

    answers = at_once(16, lambda _: record(source, message))

    assert statuses(answers) == {Status.ACCEPTED: 1, Status.DUPLICATE: 15}
    assert (Event.objects.count(), Contact.objects.count(), Identity.objects.count()) == (1, 1, 2)
    assert Pending.objects.filter(event_id__isnull=False).count() == 1


def test_a_claim_over_sixteen_connections_is_kept_once():
    source = make_public_source()
    message = make_message("order_completed", "aino@example.com")

    answers = at_once(16, lambda _: record(source, message))

    assert statuses(answers) == {Status.CLAIM: 1, Status.DUPLICATE: 15}
    assert (Claim.objects.count(), Contact.objects.count()) == (1, 1)


def test_whoever_is_met_at_once_by_many_is_made_once():
    source = make_source()

    answers = at_once(
        12, lambda number: record(source, *(make_message("page_viewed", f"p{n}@example.com") for n in range(8)))
    )

    assert statuses(answers) == {Status.ACCEPTED: 96}
    assert (Contact.objects.count(), Identity.objects.count(), Event.objects.count()) == (8, 8, 96)
    assert {result.contact_id for answer in answers for result in answer} == set(
        Contact.objects.values_list("pk", flat=True)
    )


def test_the_same_batch_turned_round_never_waits_in_a_ring():
    source = make_source()
    messages = [make_message("page_viewed", ContactRef(user_id=f"u{n}", anonymous_id=f"a{n}")) for n in range(40)]

    answers = at_once(8, lambda number: record(source, *(messages if number % 2 else messages[::-1])))

    assert statuses(answers) == {Status.ACCEPTED: 40, Status.DUPLICATE: 280}
    assert (Contact.objects.count(), Event.objects.count()) == (40, 40)


def test_names_linked_in_rings_at_once_make_one_person():
    source = make_source()
    rings = [ContactRef(user_id=f"u{n}", email=f"p{(n + 1) % 6}@example.com") for n in range(6)]
    pairs = [ContactRef(user_id=f"u{n}", email=f"p{n}@example.com") for n in range(6)]
    refs = rings + pairs

    answers = at_once(12, lambda number: record(source, make_message("attributes_changed", refs[number])))

    assert statuses(answers) == {Status.ACCEPTED: 12}
    assert set(Contact.objects.values_list("leader_id", flat=True)) == {Contact.objects.order_by("pk")[0].pk}


def test_a_connection_that_lost_its_plan_records_all_the_same():
    """As behind a pooler that swaps sessions."""
    source = make_source()
    [first] = record(source, make_message("page_viewed", "aino@example.com"))
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    results = record(source, *(make_message("page_viewed", "aino@example.com") for _ in range(2)))

    assert [(result.status, result.contact_id) for result in results] == 2 * [(Status.ACCEPTED, first.contact_id)]
