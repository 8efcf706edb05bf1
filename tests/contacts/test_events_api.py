"""The log and what stands around it, over REST."""

from typing import Any

import pytest

from contacts.event_api import visible_events
from contacts.ingest import retract_event
from contacts.messages import ContactRef
from contacts.models import Claim, Contact, Event, Identity, Quarantine
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.callers import Caller, make_caller
from tests.factories import (
    event_of,
    make_contact,
    make_event,
    make_message,
    make_public_source,
    make_source,
    make_user,
    record,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]

ORDER: dict[str, Any] = {
    "message_id": "m1",
    "type": "order_completed",
    "occurred_at": "2026-03-01T12:00:00Z",
    "contact": {"email": "aino@example.com"},
    "value": {"amount": "12.50", "currency": "EUR"},
    "campaign": "spring",
    "properties": {"order_id": "7"},
}


@pytest.fixture
def caller() -> Caller:
    return make_caller()


def ids(answer: Any) -> list[int]:
    return [row["id"] for row in answer.json()["results"]]


def test_what_was_posted_can_be_read(caller):
    [result] = caller.post("/api/v1/events", ORDER).json()["results"]

    event = caller.get(f"/api/v1/events/{result['event_id']}").json()
    recorded_at = event.pop("recorded_at")
    contact = result["contact_id"]
    assert recorded_at.endswith("Z")
    assert event == {
        "id": result["event_id"],
        "type": "order_completed",
        "source": "shop",
        "contact": contact,
        "person": contact,
        "occurred_at": "2026-03-01T12:00:00Z",
        "stated_at": None,
        "retracted_at": None,
        "value": {"amount": "12.50", "currency": "EUR"},
        "campaign": "spring",
        "message_id": "m1",
        "by": None,
        "properties": {"order_id": "7"},
    }


def test_events_are_listed_in_pages_newest_first(caller):
    source = make_source()
    results = record(source, *(make_message("page_viewed", "aino@example.com") for _ in range(5)))
    newest = sorted((event_of(result).pk for result in results), reverse=True)

    first = caller.get("/api/v1/events?limit=3")
    second = caller.client.get(first.json()["next"], headers={"Authorization": f"Bearer {caller.secret}"})

    assert ids(first) + ids(second) == newest
    assert second.json()["next"] is None


def test_events_are_found_by_what_they_are(caller):
    aino, ville = make_contact(email="aino@example.com"), make_contact(email="ville@example.com")
    web, shop = make_source("web"), make_source("till")
    viewed = make_event("page_viewed", aino, source=web, campaign="spring")
    bought = make_event("order_completed", aino, source=shop)
    other = make_event("page_viewed", ville, source=shop)
    retract_event(event=other)

    def found(query: str) -> list[int]:
        return ids(caller.get(f"/api/v1/events?{query}"))

    assert found(f"contact={aino.pk}") == [bought.pk, viewed.pk]
    assert found("type=page_viewed") == [other.pk, viewed.pk]
    assert found("type__in=page_viewed,order_completed&source=web") == [viewed.pk]
    assert found("source__not=web") == [other.pk, bought.pk]
    assert found("campaign=spring") == [viewed.pk]
    assert found("standing=false") == [other.pk]
    assert found("recorded_at__lt=2020-01-01") == []
    assert found(f"occurred_at__gte=2020-01-01&contact__in={aino.pk},{ville.pk}") == [other.pk, bought.pk, viewed.pk]
    assert found("type=nothing_like_it") == []


@pytest.mark.parametrize("query", ["stage=lead", "limit=1000000000", "occurred_at__gte=then", "contact=x", "cursor=x"])
def test_a_filter_that_does_not_filter_is_refused(caller, query):
    answer = caller.get(f"/api/v1/events?{query}")

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_the_events_of_a_person_are_those_of_all_their_contacts(caller):
    source = make_source()
    [one] = record(source, make_message("page_viewed", ContactRef(anonymous_id="a1")))
    [two] = record(source, make_message("page_viewed", ContactRef(user_id="u1")))

    merge = caller.post("/api/v1/merges", {"first": one.contact_id, "second": two.contact_id})

    assert merge.status_code == 201
    for contact in (one.contact_id, two.contact_id):
        assert ids(caller.get(f"/api/v1/events?contact={contact}")) == [two.event_id, one.event_id]
    assert caller.get(f"/api/v1/events/{two.event_id}").json()["person"] == one.contact_id


def test_sales_see_the_events_of_whom_they_see():
    mine, theirs = make_contact(owner=make_user()), make_contact(owner=make_user())
    own = make_event("page_viewed", mine)
    make_event("page_viewed", theirs)

    assert list(visible_events(Principal(user=mine.owner))) == [own]
    assert visible_events(Principal(user=make_user(role=Role.MANAGER))).count() == 2


def test_an_event_is_retracted_once_and_on_record(caller):
    event = make_event("page_viewed", "aino@example.com")

    answers = [caller.post(f"/api/v1/events/{event.pk}/retract") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 422]
    assert answers[0].json()["retracted_at"] is not None
    assert AuditRecord.objects.filter(action="event_retracted", object_id=event.pk).count() == 1


def test_what_is_not_there_is_not_found(caller):
    for path in ("events/9", "quarantine/9"):
        assert caller.get(f"/api/v1/{path}").status_code == 404
    for path in ("events/9/retract", "claims/9/confirm", "quarantine/9/replay", "merges/9/cut", "identities/9/unlink"):
        assert caller.post(f"/api/v1/{path}").status_code == 404


def test_a_public_key_learns_nothing_and_decides_nothing():
    make_contact(email="aino@example.com")
    event = make_event("page_viewed", "aino@example.com")
    public = make_caller(source=make_public_source())

    [result] = public.post("/api/v1/events", {**ORDER, "type": "page_viewed", "value": None}).json()["results"]

    assert result == {"status": "accepted", "message_id": "m1"}
    assert public.get("/api/v1/events").status_code == 403
    assert public.post(f"/api/v1/events/{event.pk}/retract").status_code == 403
    event.refresh_from_db()
    assert event.retracted_at is None


def test_claims_are_listed_confirmed_and_refused(caller):
    source = make_public_source("page")
    record(source, *(make_message("order_completed", "aino@example.com", properties={"n": n}) for n in range(2)))
    first, second = Claim.objects.order_by("pk")

    confirmed = caller.post(f"/api/v1/claims/{first.pk}/confirm").json()
    refused = caller.post(f"/api/v1/claims/{second.pk}/refuse").json()

    assert (confirmed["state"], confirmed["event"]) == ("confirmed", Event.objects.get().pk)
    assert (refused["state"], refused["event"]) == ("refused", None)
    assert ids(caller.get("/api/v1/claims?state=confirmed&source=page")) == [first.pk]
    assert ids(caller.get("/api/v1/claims?state=open")) == []
    assert caller.post(f"/api/v1/claims/{first.pk}/refuse").status_code == 422


def test_the_quarantine_is_listed_and_replayed(caller):
    future = {**ORDER, "type": "stage_set", "properties": {"stage": "nirvana"}}
    caller.post("/api/v1/events", [future, {}])
    second, first = caller.get("/api/v1/quarantine?waiting=true").json()["results"]

    again = caller.post(f"/api/v1/quarantine/{first['id']}/replay").json()

    assert (first["reason"], first["message_id"], second["reason"]) == ("unknown-stage", "m1", "missing-message-id")
    assert (again["status"], again["reason"]) == ("quarantined", "unknown-stage")
    assert caller.get(f"/api/v1/quarantine/{first['id']}").json()["attempts"] == 1
    assert Quarantine.objects.count() == 2


def test_a_held_event_is_let_go_to_be_folded_again(caller):
    event = make_event("page_viewed", "aino@example.com")
    held = Quarantine.objects.create(source=event.source, event=event, reason="poison")

    answer = caller.post(f"/api/v1/quarantine/{held.pk}/replay").json()

    held.refresh_from_db()
    assert (answer["status"], answer["event"], held.replayed_at is not None) == ("released", event.pk, True)


def test_merges_are_listed_and_cut(caller):
    first, second = make_contact(), make_contact()
    merge = caller.post("/api/v1/merges", {"first": first.pk, "second": second.pk, "fields": {"name": "Aino"}}).json()

    again = caller.post("/api/v1/merges", {"first": second.pk, "second": first.pk})
    cut = caller.post(f"/api/v1/merges/{merge['id']}/cut").json()

    assert (merge["older"], merge["newer"], merge["leader"], merge["fields"]) == (
        first.pk,
        second.pk,
        first.pk,
        {"name": "Aino"},
    )
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "already_one")
    assert cut["cut_at"] is not None
    assert ids(caller.get(f"/api/v1/merges?contact={second.pk}&live=false")) == [merge["id"]]
    assert set(Contact.objects.values_list("pk", "leader_id")) == {(first.pk, first.pk), (second.pk, second.pk)}


def test_identities_are_listed_linked_and_unlinked(caller):
    contact = make_contact(email="aino@example.com")
    said = {"contact": contact.pk, "kind": "email", "value": "Aino@Work.Example"}

    linked = caller.post("/api/v1/identities", said)
    taken = caller.post("/api/v1/identities", {**said, "contact": make_contact().pk})
    contact.refresh_from_db()
    emails = contact.emails
    gone = caller.post(f"/api/v1/identities/{linked.json()['id']}/unlink")
    contact.refresh_from_db()

    assert (linked.status_code, linked.json()["value"], emails) == (
        201,
        "aino@work.example",
        ["aino@example.com", "aino@work.example"],
    )
    assert (taken.status_code, taken.json()["errors"][0]["code"]) == (422, "identity_taken")
    assert (gone.status_code, contact.emails) == (200, ["aino@example.com"])
    assert ids(caller.get(f"/api/v1/identities?contact={contact.pk}&live=true")) == [
        Identity.objects.live().get(contact=contact).pk
    ]


def test_sources_and_types_are_listed(caller):
    caller.post("/api/v1/events", {**ORDER, "type": "webinar_watched"})

    sources = caller.get("/api/v1/sources").json()["results"]
    unnamed = caller.get("/api/v1/event-types?is_named=false").json()["results"]

    trust = {"shop": "trusted", "staff": "trusted", "our-letters": "trusted"}
    assert {source["key"]: source["trust"] for source in sources} == trust
    assert [(kind["key"], kind["first_source"]) for kind in unnamed] == [("webinar_watched", "shop")]
