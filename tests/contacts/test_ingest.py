"""What becomes of messages: recorded once, for ever, for the right person."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.messages import ContactRef
from contacts.models import Contact, Event, Identity, Pending, Quarantine
from contacts.results import Result, Status
from tests.factories import make_contact, make_message, make_public_source, make_source, record

pytestmark = pytest.mark.django_db


def test_a_message_about_somebody_we_know_is_recorded_for_them_with_a_mark():
    contact = make_contact(email="aino@example.com")
    source = make_source()

    [result] = record(source, make_message("page_viewed", "aino@example.com", message_id="m1"))

    event = Event.objects.get()
    assert result == Result(status=Status.ACCEPTED, message_id="m1", event_id=event.pk, contact_id=contact.pk)
    assert (event.contact, event.type.key, event.source, event.message_id) == (contact, "page_viewed", source, "m1")
    assert list(Pending.objects.values_list("contact_id", "event_id", "reason")) == [(contact.pk, event.pk, 0)]


def test_an_unknown_anonymous_id_is_a_new_visitor():
    source = make_public_source()

    [result] = record(source, make_message("page_viewed", ContactRef(anonymous_id="a1")))

    visitor = Contact.objects.get(pk=result.contact_id)
    assert (visitor.is_known, visitor.leader_id, visitor.origin_source) == (False, visitor.pk, source)
    assert list(Identity.objects.values_list("contact_id", "kind", "namespace", "value")) == [
        (visitor.pk, "anonymous_id", source.key, "a1")
    ]


def test_an_unknown_address_is_a_new_person():
    [result] = record(make_source(), make_message("newsletter_subscribed", "aino@example.com"))

    person = Contact.objects.get(pk=result.contact_id)
    assert (person.is_known, person.emails, person.sort_key) == (True, ["aino@example.com"], "aino@example.com")


def test_one_batch_may_make_many_people_and_speak_of_them_again():
    source = make_source()
    messages = [make_message("page_viewed", ContactRef(anonymous_id=f"a{n % 7}")) for n in range(50)]

    results = record(source, *messages)

    assert [result.status for result in results] == 50 * [Status.ACCEPTED]
    assert Contact.objects.count() == 7
    assert [result.contact_id for result in results[:7]] == [result.contact_id for result in results[7:14]]


def test_the_same_message_sent_twice_is_recorded_once():
    source = make_source()
    message = make_message("page_viewed", "aino@example.com", message_id="m1")

    [first], [second] = record(source, message), record(source, message)

    assert (first.status, second.status) == (Status.ACCEPTED, Status.DUPLICATE)
    assert (second.event_id, second.contact_id) == (first.event_id, first.contact_id)
    assert Event.objects.count() == Pending.objects.count() == 1


def test_the_same_message_twice_in_one_batch_is_recorded_once():
    message = make_message("page_viewed", "aino@example.com")

    results = record(make_source(), message, message)

    assert [result.status for result in results] == [Status.ACCEPTED, Status.DUPLICATE]
    assert Event.objects.count() == 1


def test_another_message_under_a_known_id_is_a_conflict_and_both_are_kept():
    source = make_source()
    first = make_message("page_viewed", "aino@example.com", message_id="m1")
    other = make_message("ad_clicked", "aino@example.com", message_id="m1")

    results = [*record(source, first), *record(source, other), *record(source, first, other)]

    assert [result.status for result in results] == [
        Status.ACCEPTED,
        Status.DUPLICATE_CONFLICT,
        Status.DUPLICATE,
        Status.DUPLICATE_CONFLICT,
    ]
    assert Event.objects.get().type.key == "page_viewed"
    assert list(Quarantine.objects.values_list("reason", "message_id")) == 2 * [("duplicate-conflict", "m1")]


def test_the_same_id_from_two_sources_is_two_messages():
    results = [
        *record(make_source(), make_message("page_viewed", "aino@example.com", message_id="m1")),
        *record(make_source(), make_message("page_viewed", "aino@example.com", message_id="m1")),
    ]

    assert [result.status for result in results] == 2 * [Status.ACCEPTED]


@pytest.mark.parametrize("gap", [timedelta(hours=1), timedelta(hours=25), timedelta(days=8), timedelta(days=400)])
def test_a_message_sent_again_after_any_time_is_a_duplicate(gap):
    source = make_source()
    now = timezone.now()
    message = make_message("page_viewed", "aino@example.com")
    first = record(source, message, received_at=now - gap)

    again = record(source, message, received_at=now)

    assert [*first, *again] == [first[0], Result(**{**_fields(first[0]), "status": Status.DUPLICATE})]


def _fields(result: Result) -> dict[str, object]:
    return {name: getattr(result, name) for name in result.__struct_fields__}
