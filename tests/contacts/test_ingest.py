"""What becomes of messages: recorded once, for ever, for the right person."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from msgspec.structs import replace

from contacts.ingest import record_staff_event, retract_event
from contacts.messages import ContactRef
from contacts.models import Contact, Event, EventType, Identity, Pending, PendingReason, Quarantine
from contacts.results import Result, Status
from funnel.models import Stage
from tests.factories import (
    contact_of,
    event_of,
    make_contact,
    make_event,
    make_message,
    make_public_source,
    make_source,
    make_user,
    moment,
    record,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]


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

    visitor = contact_of(result)
    assert (visitor.is_known, visitor.leader_id, visitor.origin_source) == (False, visitor.pk, source)
    assert list(Identity.objects.values_list("contact_id", "kind", "namespace", "value")) == [
        (visitor.pk, "anonymous_id", source.key, "a1")
    ]


def test_an_unknown_address_is_a_new_person():
    [result] = record(make_source(), make_message("newsletter_subscribed", "aino@example.com"))

    person = contact_of(result)
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

    assert again == [replace(first[0], status=Status.DUPLICATE)]
    assert Event.objects.count() == 1


# --- Moments ----------------------------------------------------------------------------------------------------------

NOW = moment("2026-03-10 12:00")


def test_without_a_moment_it_happened_when_we_received_it():
    [result] = record(make_source(), make_message("page_viewed", "aino@example.com"))

    event = event_of(result)
    assert (event.occurred_at, event.stated_at) == (event.recorded_at, None)


@pytest.mark.parametrize(
    ("stated", "occurred", "kept"),
    [
        ("1900-01-01 00:00", "1900-01-01 00:00", None),
        ("2026-03-01 08:00", "2026-03-01 08:00", None),
        ("2026-03-10 12:00", "2026-03-10 12:00", None),
        ("2026-03-10 12:05", "2026-03-10 12:00", "2026-03-10 12:05"),
    ],
)
def test_a_trusted_source_is_believed_from_1900_until_just_now(stated, occurred, kept):
    message = make_message("page_viewed", "aino@example.com", occurred_at=moment(stated))

    [result] = record(make_source(), message, received_at=NOW)

    event = event_of(result)
    assert (event.occurred_at, event.stated_at) == (moment(occurred), kept and moment(kept))


@pytest.mark.parametrize(
    ("stated", "occurred"),
    [
        ("2026-03-09 11:59", "2026-03-09 12:00"),
        ("2026-03-09 12:00", "2026-03-09 12:00"),
        ("2020-01-01", "2026-03-09 12:00"),
    ],
)
def test_a_public_source_is_believed_about_the_last_day(stated, occurred):
    message = make_message("page_viewed", "aino@example.com", occurred_at=moment(stated))

    [result] = record(make_public_source(), message, received_at=NOW)

    assert event_of(result).occurred_at == moment(occurred)


def test_more_than_five_minutes_ahead_is_put_aside():
    ahead = make_message("page_viewed", "aino@example.com", occurred_at=moment("2026-03-10 12:06"))

    [result] = record(make_source(), ahead, received_at=NOW)

    assert (result.status, result.reason, result.pointer) == (Status.QUARANTINED, "in-the-future", "/occurred_at")
    assert Event.objects.count() == 0
    assert Quarantine.objects.get().reason == "in-the-future"


def test_the_error_of_a_senders_clock_is_taken_out():
    message = make_message(
        "page_viewed", "aino@example.com", occurred_at=moment("2026-03-10 14:58"), sent_at=moment("2026-03-10 15:00")
    )

    [result] = record(make_source(), message, received_at=NOW)

    event = event_of(result)
    assert (event.occurred_at, event.stated_at) == (moment("2026-03-10 11:58"), moment("2026-03-10 14:58"))


# --- Types ------------------------------------------------------------------------------------------------------------


def test_an_unknown_type_is_recorded_and_waits_to_be_named():
    source = make_source()

    results = record(source, *(make_message("webinar_watched", "aino@example.com") for _ in range(3)))

    kind = EventType.objects.get(key="webinar_watched")
    assert [result.status for result in results] == 3 * [Status.ACCEPTED]
    assert (kind.rank, kind.is_named, kind.first_source) == (1, False, source)


def test_a_source_may_bring_only_so_many_new_types():
    source = make_public_source()

    results = record(source, *(make_message(f"new_{n:03}", "aino@example.com") for n in range(103)))

    refused = [result for result in results if result.status == Status.QUARANTINED]
    assert [result.reason for result in refused] == 3 * ["too-many-types"]
    assert EventType.objects.filter(first_source=source).count() == 100


def test_a_stage_nobody_knows_cannot_be_set():
    stage = {"stage": "nirvana"}

    [result] = record(make_source(), make_message("stage_set", "aino@example.com", properties=stage))

    assert (result.status, result.reason, result.pointer) == (
        Status.QUARANTINED,
        "unknown-stage",
        "/properties/stage",
    )


def test_nobody_is_set_to_a_stage_that_has_been_archived():
    Stage.objects.filter(key="advocate").update(archived_at=NOW)

    [result] = record(make_source(), make_message("stage_set", "aino@example.com", properties={"stage": "advocate"}))

    assert (result.status, result.reason, result.pointer) == (
        Status.QUARANTINED,
        "archived-stage",
        "/properties/stage",
    )


# --- Staff, and taking back -------------------------------------------------------------------------------------------


def test_what_staff_decide_is_an_event_that_names_them():
    contact, user = make_contact(email="aino@example.com"), make_user()

    event = record_staff_event(contact=contact, type="stage_set", by=user, properties={"stage": "lead"})

    assert (event.contact, event.type.key, event.by, event.source.key) == (contact, "stage_set", user, "staff")
    assert event.properties == {"stage": "lead"}


def test_a_decision_that_cannot_be_meant_is_refused():
    with pytest.raises(ValidationError) as refusal:
        record_staff_event(contact=make_contact(), type="stage_set", by=make_user(), properties={"stage": "nirvana"})

    assert refusal.value.code == "unknown-stage"
    assert (Event.objects.count(), Quarantine.objects.count()) == (0, 0)


def test_a_retracted_event_stays_and_its_person_is_folded_from_the_start():
    event = make_event("page_viewed", "aino@example.com")
    Pending.objects.all().delete()

    retract_event(event=event)

    assert event.retracted_at is not None
    assert event.retracted_at > event.recorded_at
    assert list(Pending.objects.values_list("contact_id", "event_id", "reason")) == [
        (event.contact_id, None, PendingReason.RETRACTION)
    ]


def test_an_event_is_retracted_once():
    event = make_event("page_viewed", "aino@example.com")
    retract_event(event=event)

    with pytest.raises(ValidationError) as refusal:
        retract_event(event=event)

    assert refusal.value.code == "already_retracted"
