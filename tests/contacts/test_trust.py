"""A public key is read by anybody: it may tell us things, and decide nothing about people we know."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.claims import confirm_claim, refuse_claim
from contacts.messages import CLAIMED_TYPES, ContactRef
from contacts.models import Claim, Contact, Event, Identity, Merge
from contacts.results import Status
from staff.policy import Principal
from tests.factories import (
    contact_of,
    make_contact,
    make_message,
    make_public_source,
    make_source,
    make_user,
    record,
    undone,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]


def facts(contact: Contact) -> object:
    """All that nobody untrusted may change."""
    contact.refresh_from_db()
    fields = ("name", "emails", "phones", "title", "owner_id", "team_id", "country", "custom", "leader_id", "is_known")
    identities = contact.identities.order_by("pk").values_list("kind", "namespace", "value", "unlinked_at")
    return [getattr(contact, field) for field in fields], list(identities)


@pytest.mark.parametrize("kind", sorted(CLAIMED_TYPES))
def test_what_a_public_source_may_not_decide_is_a_claim(kind):
    contact = make_contact(email="aino@example.com")
    before = facts(contact)

    [result] = record(make_public_source(), make_message(kind, "aino@example.com", properties={"stage": "customer"}))

    assert (result.status, result.contact_id) == (Status.CLAIM, contact.pk)
    assert (Event.objects.count(), Claim.objects.count(), facts(contact)) == (0, 1, before)


def test_details_of_somebody_known_are_a_claim():
    contact = make_contact(email="aino@example.com", name="Aino")
    before = facts(contact)

    [result] = record(
        make_public_source(), make_message("attributes_changed", "aino@example.com", properties={"name": "Mallory"})
    )

    assert (result.status, facts(contact)) == (Status.CLAIM, before)


def test_details_that_are_known_leave_nothing_to_decide():
    known = {"name": "Aino Aalto", "phone": "+358401234567"}
    record(make_source(), make_message("attributes_changed", "aino@example.com", properties=known))
    public = make_public_source()

    same = record(public, make_message("attributes_changed", "aino@example.com", properties={"name": " Aino  Aalto"}))
    other = record(public, make_message("attributes_changed", "aino@example.com", properties=known | {"title": "CEO"}))

    assert [one.status for one in [*same, *other]] == [Status.CLAIM, Status.CLAIM]
    assert [claim.body["properties"] for claim in Claim.objects.open()] == [known | {"title": "CEO"}]


def test_a_visitor_may_say_who_they_are():
    source = make_public_source()
    [seen] = record(source, make_message("page_viewed", ContactRef(anonymous_id="a1")))

    [said] = record(
        source,
        make_message(
            "attributes_changed",
            ContactRef(anonymous_id="a1", email="aino@example.com"),
            properties={"name": "Aino", "email": "aino@example.com"},
        ),
    )

    contact = Contact.objects.get()
    assert (said.status, said.contact_id) == (Status.ACCEPTED, seen.contact_id)
    assert (contact.name, contact.emails, contact.is_known) == ("Aino", ["aino@example.com"], True)


def test_a_form_with_the_address_of_somebody_known_counts_for_them_and_changes_nothing():
    contact = make_contact(email="aino@example.com")
    source = make_public_source()
    record(source, make_message("page_viewed", ContactRef(anonymous_id="a1")))
    before = facts(contact)

    [result] = record(source, make_message("quote_requested", ContactRef(anonymous_id="a1", email="aino@example.com")))

    assert (result.status, result.contact_id) == (Status.ACCEPTED, contact.pk)
    assert (facts(contact), Merge.objects.count()) == (before, 0)


def test_a_form_with_a_new_address_from_the_browser_of_somebody_known_is_somebody_new():
    source = make_public_source()
    [aino] = record(source, make_message("form_submitted", ContactRef(anonymous_id="a1", email="aino@example.com")))

    [ville] = record(source, make_message("form_submitted", ContactRef(anonymous_id="a1", email="ville@example.com")))

    assert aino.contact_id != ville.contact_id
    assert list(Identity.objects.order_by("contact", "value").values_list("contact_id", "value")) == [
        (aino.contact_id, "a1"),
        (aino.contact_id, "aino@example.com"),
        (ville.contact_id, "ville@example.com"),
    ]


def test_a_public_source_may_bring_a_visitor_to_whom_it_knows_by_its_own_name():
    source = make_public_source()
    [person] = record(source, make_message("page_viewed", ContactRef(anonymous_id="a1", user_id="u1")))
    [visitor] = record(source, make_message("page_viewed", ContactRef(anonymous_id="a2")))

    record(source, make_message("page_viewed", ContactRef(anonymous_id="a2", user_id="u1")))

    assert contact_of(visitor).leader_id == person.contact_id
    assert Merge.objects.get().source == source


def test_a_public_source_never_links_two_known_people():
    source = make_public_source()
    record(source, make_message("form_submitted", ContactRef(user_id="u1", anonymous_id="a1")))
    record(source, make_message("form_submitted", ContactRef(user_id="u2", anonymous_id="a2")))
    make_contact(email="aino@example.com")

    record(
        source,
        make_message("attributes_changed", ContactRef(user_id="u1", anonymous_id="a2", email="aino@example.com")),
        make_message("page_viewed", ContactRef(user_id="u2", anonymous_id="a1")),
    )

    assert Merge.objects.count() == 0


def test_a_public_source_cannot_name_people_by_our_ids():
    contact = make_contact()

    [result] = record(make_public_source(), make_message("page_viewed", contact))

    assert (result.status, result.reason) == (Status.QUARANTINED, "id-not-allowed")


@pytest.mark.parametrize("name", ["owner", "team", "fit"])
def test_a_public_source_cannot_say_whose_a_visitor_is(name):
    user = make_user()

    [result] = record(
        make_public_source(),
        make_message("attributes_changed", ContactRef(anonymous_id="a1"), properties={name: user.pk}),
    )

    assert (result.status, result.reason, result.pointer) == (
        Status.QUARANTINED,
        "not-allowed",
        f"/properties/{name}",
    )


def test_a_trusted_source_merges_a_visitor_into_a_person_and_identifying_two_people():
    source = make_source()
    [visitor] = record(source, make_message("page_viewed", ContactRef(anonymous_id="a1")))
    [aino] = record(source, make_message("page_viewed", ContactRef(user_id="u1")))
    [other] = record(source, make_message("newsletter_subscribed", "aino@example.com"))

    record(source, make_message("page_viewed", ContactRef(anonymous_id="a1", user_id="u1")))
    record(source, make_message("page_viewed", ContactRef(user_id="u1", email="aino@example.com")))
    known_apart = contact_of(other).leader_id
    record(source, make_message("attributes_changed", ContactRef(user_id="u1", email="aino@example.com")))

    leaders = Contact.objects.order_by("pk").values_list("leader_id", flat=True)
    assert (known_apart, list(leaders)) == (other.contact_id, 3 * [visitor.contact_id])
    assert aino.contact_id


def test_a_confirmed_claim_is_the_event_it_would_have_been():
    contact = make_contact(email="aino@example.com")
    source = make_public_source()
    message = make_message("order_completed", "aino@example.com", value_minor=1250, currency="EUR")
    record(source, message)
    claim = Claim.objects.get()

    event = confirm_claim(claim, by=None)

    assert (event.contact, event.source, event.message_id, event.value_minor) == (
        contact,
        source,
        message.message_id,
        1250,
    )
    assert (event.key, event.digest, event.occurred_at) == (claim.key, claim.digest, claim.received_at)
    assert (claim.event_id, claim.confirmed_at is not None) == (event.pk, True)
    assert record(source, message)[0].status == Status.DUPLICATE


def test_a_confirmed_change_changes_the_person():
    contact = make_contact(email="aino@example.com")
    record(
        make_public_source(), make_message("attributes_changed", "aino@example.com", properties={"title": "Engineer"})
    )

    confirm_claim(Claim.objects.get(), by=None)

    contact.refresh_from_db()
    assert contact.title == "Engineer"


def test_a_claim_is_decided_once():
    record(make_public_source(), make_message("order_completed", "aino@example.com"))
    claim = Claim.objects.get()
    refuse_claim(claim, by=Principal(user=make_user()))

    with pytest.raises(ValidationError) as refusal:
        confirm_claim(claim, by=None)

    assert (refusal.value.code, Event.objects.count()) == ("already_decided", 0)


def test_a_claim_sent_again_is_a_duplicate_and_under_another_body_a_conflict():
    source = make_public_source()
    claim = make_message("order_completed", "aino@example.com", message_id="m1")
    other = make_message("page_viewed", "aino@example.com", message_id="m1")

    results = [*record(source, claim), *record(source, claim), *record(source, other)]

    assert [result.status for result in results] == [Status.CLAIM, Status.DUPLICATE, Status.DUPLICATE_CONFLICT]


# --- An attacker with the public key of a page ------------------------------------------------------------------------

TYPES = ["page_viewed", "form_submitted", "attributes_changed", "contact_created", "owner_changed", "order_completed"]
refs = st.builds(
    ContactRef,
    email=st.sampled_from([None, "aino@example.com", "ville@example.com", "new@example.com"]),
    user_id=st.sampled_from([None, "u1", "u2", "shop-1"]),
    anonymous_id=st.sampled_from([None, "a1", "a2"]),
    external_id=st.sampled_from([None, "crm-7"]),
).filter(lambda ref: ref != ContactRef())
properties = st.dictionaries(
    st.sampled_from(["name", "email", "emails", "phone", "owner", "title", "stage"]),
    st.sampled_from(["Mallory", "aino@example.com", "ville@example.com", "+358401234567", None, 1, ["x@example.com"]]),
    max_size=3,
)
attacks = st.lists(st.builds(make_message, st.sampled_from(TYPES), refs, properties=properties), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(attacks)
def test_whatever_a_public_key_sends_people_stay_who_they_are(messages):
    with undone():
        shop, page = make_source(), make_public_source()
        record(shop, make_message("contact_created", "aino@example.com", properties={"name": "Aino"}))
        record(shop, make_message("page_viewed", ContactRef(email="ville@example.com", user_id="shop-1")))
        people = list(Contact.objects.order_by("pk"))
        before = [facts(person) for person in people]

        results = [result for message in messages for result in record(page, message)]

        assert [facts(person) for person in people] == before
        assert {result.status for result in results} <= {Status.ACCEPTED, Status.CLAIM, Status.QUARANTINED}
        assert not Event.objects.filter(source=page, type__key__in=CLAIMED_TYPES).exists()
