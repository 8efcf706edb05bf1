"""Toasts and undo: what is said after a deed, and how it is taken back."""

import json
import time
from typing import Any

import pytest
from django.test import Client

from contacts.catalogue import install_catalogue
from contacts.ingest import record_staff_event
from contacts.models import Event
from crm.desk.undoing import undo_token
from funnel.services import install_path
from staff.models import AuditRecord, Role, Team
from staff.policy import Principal
from tests.desk.scenes import at_desk
from tests.factories import make_user
from tests.funnel.worlds import person

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def path():
    install_catalogue()
    install_path()


def heard(response: Any) -> dict[str, Any]:
    return json.loads(response.headers["HX-Trigger"])


def noted(user: Any, **fields: Any) -> Event:
    return record_staff_event(contact=person(**fields), type="note_added", by=user, properties={"text": "hello"})


def test_undo_retracts_what_one_recorded_and_says_so():
    client, user = at_desk(Role.SALES)
    notes = [noted(user), noted(user)]

    answer = client.post("/undo", {"token": undo_token(Principal(user=user), [one.pk for one in notes])}, headers=HTMX)

    assert answer.status_code == 204
    assert heard(answer) == {
        "done": {},
        "toasts": {"all": [{"text": "Undone for 2.", "undo": "", "tone": "plain"}]},
    }
    assert Event.objects.standing().filter(type__key="note_added").count() == 0
    trail = AuditRecord.objects.get(action="undone")
    assert (trail.user, trail.detail) == (user, {"events": [one.pk for one in notes]})


def test_undoing_twice_is_refused_with_a_sentence():
    client, user = at_desk(Role.SALES)
    token = undo_token(Principal(user=user), [noted(user).pk])
    client.post("/undo", {"token": token}, headers=HTMX)

    answer = client.post("/undo", {"token": token}, headers=HTMX)

    assert heard(answer)["toasts"] == {"all": [{"text": "This was undone already.", "undo": "", "tone": "refused"}]}


def test_without_script_undo_leads_back_and_the_page_says_it():
    client, user = at_desk(Role.SALES)
    token = undo_token(Principal(user=user), [noted(user).pk])

    page = client.post("/undo", {"token": token}, headers={"Referer": "http://testserver/contacts"}, follow=True)

    assert page.redirect_chain == [("http://testserver/contacts", 302)]
    assert "Undone." in page.text
    assert "Undone." not in client.get("/contacts").text


@pytest.mark.parametrize("who", ["another", "nobody's", "forged", "out of sight"])
def test_a_token_that_is_not_ones_own_finds_nothing(who: str):
    client, user = at_desk(Role.SALES)
    owner = make_user("other@example.com", role=Role.SALES, team=Team.objects.create(name="North"))
    event = noted(user, owner=owner) if who == "out of sight" else noted(owner if who == "nobody's" else user)
    token = undo_token(Principal(user=owner if who == "another" else user), [event.pk])

    answer = client.post("/undo", {"token": "x" + token if who == "forged" else token})

    assert answer.status_code == 404
    assert Event.objects.standing().filter(pk=event.pk).exists()


def test_a_day_later_it_is_too_late(monkeypatch: pytest.MonkeyPatch):
    client, user = at_desk(Role.SALES)
    event = noted(user)
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: 1_000_000_000.0)
        token = undo_token(Principal(user=user), [event.pk])

    answer = client.post("/undo", {"token": token}, headers=HTMX)

    assert heard(answer)["toasts"]["all"][0]["text"] == "This can be undone for a day only."
    assert Event.objects.standing().filter(pk=event.pk).exists()


def test_who_may_only_read_undoes_nothing():
    client, user = at_desk(Role.READ_ONLY)

    assert client.post("/undo", {"token": undo_token(Principal(user=user), [noted(user).pk])}).status_code == 403


def test_a_part_of_a_page_hears_that_nobody_is_signed_in():
    answer = Client().get("/contacts", headers=HTMX)

    assert (answer.status_code, answer.content) == (401, b"")


def test_a_part_of_a_page_with_an_old_token_is_given_a_new_one():
    client = Client(enforce_csrf_checks=True)
    user = make_user("new@example.com", role=Role.SALES)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")

    answer = client.post("/theme", {"theme": "dark", "csrfmiddlewaretoken": "old"}, headers=HTMX)

    assert answer.status_code == 403
    fresh = answer.headers["X-Fresh-Token"]
    again = client.post("/theme", {"theme": "dark"}, headers=HTMX | {"X-CSRFToken": fresh})
    assert again.status_code == 302


def test_a_redirect_that_answers_a_drawer_closes_it():
    client, _user = at_desk()

    answer = client.post("/theme", {"theme": "dark", "next": "/contacts"}, headers=HTMX | {"HX-Target": "drawer-body"})

    assert (answer.status_code, heard(answer)) == (204, {"done": {"to": "/contacts"}})


def test_a_part_that_is_not_there_is_said_in_a_toast():
    client, _user = at_desk()

    answer = client.get("/contacts/999999", headers=HTMX)

    assert answer.status_code == 404
    assert heard(answer)["toasts"]["all"] == [
        {"text": "There is no such page, or it is not yours to see.", "tone": "refused"}
    ]


@pytest.mark.parametrize(("chosen", "shown"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')])
def test_a_chosen_theme_stays(chosen: str, shown: str):
    client, _user = at_desk()
    client.post("/theme", {"theme": chosen})

    assert shown in client.get("/").text
    client.post("/theme", {"theme": "system"})
    assert "data-theme" not in client.get("/").text


def test_the_way_back_from_a_theme_is_one_of_ours():
    client, _user = at_desk()

    assert client.post("/theme", {"theme": "dark", "next": "https://evil.example/"}).headers["Location"] == "/"
