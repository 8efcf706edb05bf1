"""Details edited in place: what one changed is recorded; what others changed meanwhile is shown, never lost."""

from typing import Any

import pytest
from django.test import Client

from contacts.models import Contact, CustomField, Event
from contacts.services import NewContact, create_contact, update_contact
from staff.models import Role, User
from staff.policy import Principal
from tests.desk.scenes import at_desk
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def aino(by: User) -> Contact:
    details = {"name": "Aino Korhonen", "email": "aino@example.com", "title": "HR manager", "country": "FI"}
    return create_contact(by=Principal(user=by), new=NewContact(details))


def form_of(client: Client, contact: Contact) -> dict[str, Any]:
    """What the browser would send back unchanged."""
    form = client.get(f"/contacts/{contact.pk}/edit", headers={"HX-Request": "true"}).context["editing"]
    return {form.add_prefix(name): form.get_initial_for_field(form.fields[name], name) or "" for name in form.fields}


def test_only_what_was_changed_is_recorded():
    client, user = at_desk(Role.SALES)
    CustomField.objects.create(of="contact", key="seats", label="Seats", kind="number")
    contact = aino(user)
    said = form_of(client, contact) | {
        "who-title": "HR director",
        "who-emails": "aino@example.com\r\naino.k@example.com",
        "who-phones": "+358 40 1234567",
        "who-country": "Ruotsi",
        "who-own-seats": "12",
    }

    answer = client.post(f"/contacts/{contact.pk}/edit", said)

    contact.refresh_from_db()
    event = Event.objects.filter(type__key="attributes_changed").latest("pk")
    assert answer.status_code == 302
    assert event.properties == {
        "title": "HR director",
        "emails": ["aino@example.com", "aino.k@example.com"],
        "phones": ["+358401234567"],
        "country": "SE",
        "seats": 12,
    }
    assert (contact.title, contact.country, contact.custom) == ("HR director", "SE", {"seats": 12})


def test_an_edit_can_be_undone():
    client, user = at_desk()
    contact = aino(user)

    page = client.post(f"/contacts/{contact.pk}/edit", form_of(client, contact) | {"who-title": ""}, follow=True)
    [token] = [str(one.extra_tags) for one in page.context["messages"]]
    client.post("/undo", {"token": token})

    contact.refresh_from_db()
    assert contact.title == "HR manager"


def test_the_same_field_changed_by_two_shows_both_and_keeps_what_was_typed():
    client, user = at_desk()
    contact = aino(user)
    said = form_of(client, contact) | {"who-title": "HR director"}
    update_contact(contact=contact, by=Principal(user=user), attributes={"title": "CEO"})

    answer = client.post(f"/contacts/{contact.pk}/edit", said)

    assert answer.status_code == 422
    assert "On record now: CEO" in answer.text
    form = answer.context["editing"]
    assert form["title"].value() == "HR director"
    again = {form.add_prefix(name): form[name].value() or "" for name in form.fields}
    assert client.post(f"/contacts/{contact.pk}/edit", again).status_code == 302
    contact.refresh_from_db()
    assert contact.title == "HR director"


def test_different_fields_changed_by_two_are_both_kept():
    client, user = at_desk()
    contact = aino(user)
    said = form_of(client, contact) | {"who-title": "HR director"}
    update_contact(contact=contact, by=Principal(user=user), attributes={"country": "SE"})

    client.post(f"/contacts/{contact.pk}/edit", said)

    contact.refresh_from_db()
    assert (contact.title, contact.country) == ("HR director", "SE")


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("emails", "no address", "Write one e-mail address a line"),
        ("phones", "12", "Write one number a line"),
        ("country", "Atlantis", "Write a country"),
        ("language", "xx-nothing", "Write a language"),
        ("time_zone", "Here", "Write a time zone"),
    ],
)
def test_what_cannot_be_says_what_to_write(field, typed, words):
    client, user = at_desk()
    contact = aino(user)

    answer = client.post(f"/contacts/{contact.pk}/edit", form_of(client, contact) | {f"who-{field}": typed})

    assert (answer.status_code, words in answer.text, typed in answer.text) == (422, True, True)
    assert Event.objects.count() == 1


def test_an_address_of_somebody_else_is_refused_at_its_field():
    client, user = at_desk()
    contact = aino(user)
    create_contact(by=Principal(user=user), new=NewContact({"name": "Petri", "email": "petri@example.com"}))

    said = form_of(client, contact) | {"who-emails": "aino@example.com\r\npetri@example.com"}
    answer = client.post(f"/contacts/{contact.pk}/edit", said)

    assert answer.status_code == 422
    assert list(answer.context["editing"].errors) == ["emails"]


def test_saving_without_a_change_records_nothing():
    client, user = at_desk()
    contact = aino(user)

    assert client.post(f"/contacts/{contact.pk}/edit", form_of(client, contact)).status_code == 302
    assert Event.objects.count() == 1
