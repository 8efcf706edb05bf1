"""Erasing a person: hidden at once, forgotten everywhere, and every count of the past stays."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from redis import Redis

from campaigns.models import Mail
from contacts.erasing import ALSO, erase_again, erase_contact, finish_erasures
from contacts.importing import import_file, read_mapping
from contacts.merging import merge_contacts
from contacts.models import Claim, Contact, Erasure, Event, Identity, Quarantine, SavedView, Task
from crm.models import WebhookDelivery, WebhookEndpoint
from funnel.advancing import advance_everything
from funnel.effects import run_due_effects
from funnel.models import Effect, Position, Transition
from rest.models import IdempotentAnswer
from staff.models import AuditRecord
from staff.policy import Principal
from tests.callers import Caller, make_caller
from tests.factories import make_contact, make_public_source, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]

# Planted through every door; nothing that holds one of these may be left.
CANARY = "zqcanary"
EMAIL, FORMER = f"{CANARY}@vogel.example", f"former.{CANARY}@vogel.example"
NAME = "Zqcanary Vogel"
PHONE = "+358409876512"
USER_ID, SHOP_ID, BROWSER = "7", f"{CANARY}-customer", f"{CANARY}-browser"
PEOPLE = """
[source]
key = "shop"

[contact]
external_id = "id"
email = "email"

[contact.attributes]
name = "name"
phone = "phone"
"""


def erase(contact_id: int) -> None:
    erase_contact(contact=Contact.objects.get(pk=contact_id), by=Principal())
    assert finish_erasures() == 0


def events(caller: Caller, *items: dict[str, Any]) -> list[str]:
    answer = caller.post("/api/v1/events", list(items))
    assert answer.status_code == 200, answer.content
    return [result["status"] for result in answer.json()["results"]]


def order(message_id: str, contact: dict[str, Any], **more: Any) -> dict[str, Any]:
    value = {"amount": "10.00", "currency": "EUR"}
    return {"message_id": message_id, "type": "order_completed", "contact": contact, "value": value, **more}


def plant(tmp_path: Path) -> int:
    """Somebody who came in through every door there is."""
    shop, page = make_caller(), make_caller(source=make_public_source("page"))
    webhook = WebhookEndpoint.objects.create(url="https://example.com/hook", secret="whsec_x")
    made = shop.post(
        "/api/v1/contacts",
        {"name": NAME, "email": FORMER, "phone": PHONE, "external_id": SHOP_ID, "title": f"{CANARY} chief"},
        idempotency_key="once",
    )
    number: int = made.json()["id"]
    shop.patch(f"/api/v1/contacts/{number}", {"email": EMAIL, "language": "fi"}, idempotency_key="again")
    note = {"message_id": f"{CANARY}-note", "type": "note_added", "contact": {"id": number}}
    bought = order(f"{CANARY}-order", {"email": EMAIL}, properties={"order_id": f"{CANARY}-1"})
    said = events(
        shop,
        note | {"properties": {"text": f"{CANARY} called"}},
        bought,
        bought | {"properties": {"order_id": f"{CANARY}-2"}},  # another body under the same id
        order("malformed", {"email": EMAIL, "user_id": 4}),
        order("of-nobody", {"user_id": USER_ID}, properties={"who": "short ids count where they are ids"}),
        order("too-early", {"user_id": USER_ID}, occurred_at="1700-01-01"),
        {"message_id": "link", "type": "attributes_changed", "contact": {"email": EMAIL, "user_id": USER_ID}},
    )
    assert said == ["accepted", "accepted", "duplicate_conflict", "quarantined", "accepted", "quarantined", "accepted"]
    shop.post("/api/v1/events", f'[{{"contact": {{"email": "{EMAIL}"'.encode())  # cut off on its way
    assert events(page, order(f"{CANARY}-claim", {"email": EMAIL})) == ["claim"]
    segment(shop, {"type": "identify", "userId": USER_ID, "anonymousId": BROWSER, "traits": {"name": NAME}})
    segment(shop, {"type": "track", "event": "", "anonymousId": BROWSER, "context": {"traits": {"phone": PHONE}}})
    file = tmp_path / "people.csv"
    file.write_text(f"id,email,name,phone\n{SHOP_ID},{EMAIL},{NAME},{PHONE}\n,not an address,{NAME},\n")
    assert import_file(path=file, mapping=read_mapping(PEOPLE.encode())).rejected == 1
    twin = make_contact(name=NAME, email=f"twin.{CANARY}@vogel.example")
    merge_contacts(first=Contact.objects.get(pk=number), second=twin, fields={"title": f"{CANARY} twin"})
    letter = {"address": EMAIL, "subject": f"Dear {CANARY}", "body": CANARY, "next_at": timezone.now()}
    Mail.objects.create(contact_id=number, **letter)
    Task.objects.create(contact_id=number, title=f"Call {CANARY}", due_at=timezone.now())
    SavedView.objects.create(owner=make_user(), name="Mine", words=EMAIL, filter={"all": [{"is": EMAIL}]})
    advance_everything()
    Effect.objects.update(due_at=timezone.now(), state="waiting")
    run_due_effects()
    assert WebhookDelivery.objects.filter(endpoint=webhook, body__contains=CANARY).exists()
    return number


def segment(caller: Caller, call: dict[str, Any]) -> None:
    answer = Client().generic(
        "POST", "/v1/batch", json.dumps({"batch": [call], "writeKey": caller.secret}), content_type="application/json"
    )
    assert answer.status_code == 200, answer.content


BYTES = 17  # the type of a column that holds bytes: as text it would show digits


def _as_text(column: str, is_bytes: bool) -> str:
    shown = f"encode(\"{column}\", 'escape')" if is_bytes else f'"{column}"::text'
    return f"coalesce({shown}, '')"


def found() -> dict[str, int]:
    """In how many rows of which table one of the canaries stands, whatever the column and however it is written."""
    words = (CANARY, "vogel", PHONE, PHONE[-8:])
    hits = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            names = connection.introspection.get_table_description(cursor, table)
            row = " || ' ' || ".join(_as_text(one.name, one.type_code == BYTES) for one in names)
            cursor.execute(
                f'SELECT count(*) FROM "{table}" WHERE lower({row}) LIKE ANY(%s)',
                [[f"%{word}%" for word in words]],
            )
            hits[table] = cursor.fetchone()[0]
    return {table: hit for table, hit in hits.items() if hit}


EVERYWHERE = {
    "campaigns_mail",
    "contacts_claim",
    "contacts_contact",
    "contacts_event",
    "contacts_identity",
    "contacts_importreject",
    "contacts_merge",
    "contacts_quarantine",
    "contacts_savedview",
    "contacts_task",
    "crm_webhookdelivery",
    "rest_idempotentanswer",
}


def test_nothing_is_left_of_somebody_who_came_in_through_every_door(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    number = plant(tmp_path)
    assert found().keys() >= EVERYWHERE

    erase(number)
    advance_everything()

    assert found() == {}
    assert CANARY not in caplog.text.casefold()
    with Redis.from_url(settings.REDIS_URL) as valkey:
        assert [key for key in valkey.scan_iter() if CANARY.encode() in valkey.dump(key)] == []
    assert not Position.objects.exclude(memory=None).filter(contact__leader=number).exists()
    assert not Effect.objects.filter(state="waiting").exists()
    assert Mail.objects.get().state == "cancelled"


def test_what_counts_stays_and_a_repetition_is_still_one(tmp_path):
    number = plant(tmp_path)
    log = Event.objects.filter(contact__leader=number).order_by("pk")
    before = list(log.values_list("key", "type", "occurred_at", "recorded_at", "value_minor", "digest"))
    moves = Transition.objects.filter(contact=number).order_by("pk")
    known = list(moves.values_list("dimension", "from_value", "to_value", "occurred_at", "recorded_at"))

    erase(number)

    assert list(log.values_list("key", "type", "occurred_at", "recorded_at", "value_minor", "digest")) == before
    assert (
        list(moves.values_list("dimension", "from_value", "to_value", "occurred_at", "recorded_at"))[: len(known)]
        == known
    )
    people = Contact.objects.count()
    again = order(f"{CANARY}-order", {"email": EMAIL}, properties={"order_id": f"{CANARY}-1"})
    assert events(make_caller(), again) == ["duplicate"]
    assert Contact.objects.count() == people


def test_somebody_with_the_same_address_later_is_somebody_new():
    shop = make_caller()
    number = shop.post("/api/v1/contacts", {"email": EMAIL}).json()["id"]
    erase(number)

    assert events(shop, order("new", {"email": EMAIL})) == ["accepted"]

    assert Event.objects.get(message_id="new").contact_id not in {number, None}
    assert events(shop, order("old", {"id": number})) == ["quarantined"]


def test_what_others_said_and_what_is_said_of_others_stays():
    shop = make_caller()
    number = shop.post("/api/v1/contacts", {"name": "Anna Aalto", "email": "a@b.fi"}).json()["id"]
    shop.post("/api/v1/contacts", {"name": "Anna Berg", "email": "anna@b.fi"}, idempotency_key="berg")
    events(shop, order("early", {"email": "anna@b.fi"}, occurred_at="1700-01-01"))

    erase(number)

    assert bytes(Quarantine.objects.get().raw).count(b"anna@b.fi") == 1
    assert IdempotentAnswer.objects.get().status == 201
    assert Contact.objects.listed().get().name == "Anna Berg"
    assert Identity.objects.get().value == "anna@b.fi"


def test_what_a_stranger_nests_without_end_keeps_nobody_from_being_forgotten():
    stranger = make_caller(source=make_public_source())
    contact = make_contact(email=EMAIL)
    assert stranger.post("/api/v1/events", f'{"[" * 90_000}"{EMAIL}"{"]" * 90_000}'.encode()).status_code == 400
    assert len(Quarantine.objects.get().raw) > 180_000

    erase(contact.pk)

    assert bytes(Quarantine.objects.get().raw) == b""


def test_the_repetition_of_a_request_is_told_that_they_are_gone():
    shop = make_caller()
    body = {"name": NAME, "email": EMAIL}
    number = shop.post("/api/v1/contacts", body, idempotency_key="k").json()["id"]
    erase(number)

    answer = shop.post("/api/v1/contacts", body, idempotency_key="k")

    assert (answer.status_code, answer.json()["title"]) == (410, "The person was erased.")


def test_erasing_over_the_api_hides_the_person_at_once(django_capture_on_commit_callbacks):
    shop = make_caller()
    number = shop.post("/api/v1/contacts", {"name": NAME}).json()["id"]
    advance_everything()

    with django_capture_on_commit_callbacks(execute=True):
        answer = shop.send("DELETE", f"/api/v1/contacts/{number}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert shop.get(f"/api/v1/contacts/{number}").status_code == 404
    assert shop.send("DELETE", f"/api/v1/contacts/{number}").status_code == 404
    assert Erasure.objects.get().done_at is not None
    record = AuditRecord.objects.get(action="contact_erased")
    assert (record.object_kind, record.object_id, record.api_key, record.detail) == ("contact", number, shop.key, {})


def test_a_key_that_may_only_write_may_not_erase():
    number = make_caller().post("/api/v1/contacts", {"name": NAME}).json()["id"]

    answer = make_caller("contacts:read", "contacts:write").send("DELETE", f"/api/v1/contacts/{number}")

    assert (answer.status_code, Contact.objects.get().name) == (403, NAME)


def test_the_command_asks_before_it_erases(capsys, django_capture_on_commit_callbacks):
    contact = make_contact(name=NAME)
    with pytest.raises(CommandError, match="--yes"):
        call_command("erase_contact", str(contact.pk))

    with django_capture_on_commit_callbacks(execute=True):
        call_command("erase_contact", str(contact.pk), "--yes")

    assert finish_erasures() == 0
    assert Contact.objects.get().name == ""
    with pytest.raises(CommandError, match="no such contact"):
        call_command("erase_contact", str(contact.pk), "--yes")


def test_nobody_who_is_not_hidden_is_redacted():
    shop = make_caller()
    events(shop, order("one", {"email": EMAIL}, properties={"order_id": "1"}))

    with connection.cursor() as cursor:
        cursor.execute("SELECT redact_log(ARRAY(SELECT id FROM contacts_contact))")
        cursor.execute("SELECT redact_moves(ARRAY(SELECT id FROM contacts_contact))")

    assert Event.objects.get().message_id == "one"


def test_whom_a_backup_brings_back_is_erased_again_and_nobody_who_has_their_number_by_now(
    settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.STATE = tmp_path
    gone, other = make_contact(email="anna@example.com"), make_contact(email="bert@example.com")
    with django_capture_on_commit_callbacks(execute=True):
        for one in (gone, other):
            erase_contact(contact=one, by=Principal())
    Erasure.objects.all().delete()  # as a backup of the day before has it
    Contact.objects.update(erased_at=None)
    Contact.objects.filter(pk=other.pk).update(created_at=Now())  # another database, with people of its own

    assert (erase_again(), erase_again()) == (1, 0)
    assert list(Contact.objects.filter(erased_at=None)) == [other]
    assert (tmp_path / "erased").stat().st_mode & 0o077 == 0


# Whatever speaks of a contact, and who empties it: a new table has to be thought of here.
KNOWN = {
    "campaigns": {"mail.contact", "submission.contact", "credit.contact"},
    "contacts": {
        "claim.contact", "contact.leader", "erasure.contact", "event.contact", "identity.contact", "membership.contact",
        "merge.newer", "merge.older", "task.contact", "claim.event", "quarantine.event", "notice.contact",
        "answerclock.contact", "answerclock.question", "answerclock.last_question", "answerclock.answer",
        "notthere.contact", "namemark.contact", "placeaside.contact", "notthesame.first", "notthesame.second",
        "tie.contact",
    },
    "crm": {"webhookdelivery.effect", "assignment.contact", "assignment.event"},
    "funnel": {"effect.contact", "position.contact", "transition.contact", "backtestperson.contact"},
}  # fmt: skip


def test_every_table_that_speaks_of_a_contact_is_known_to_erasure():
    persons = {Contact, Event, Claim, Effect, Transition}
    speaking: dict[str, set[str]] = {label: set() for label in KNOWN}
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if field.related_model in persons:
                speaking.setdefault(model._meta.app_label, set()).add(f"{model._meta.model_name}.{field.name}")

    assert speaking == KNOWN


def test_an_erasure_that_fails_holds_up_nobody_elses(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = make_contact(name=NAME), make_contact(name=NAME)

    def stumble(members: Sequence[int]) -> None:
        if first.pk in members:
            raise ValueError(NAME)

    monkeypatch.setattr("contacts.erasing.ALSO", [*ALSO, stumble])
    for contact in (first, second):
        erase_contact(contact=contact, by=Principal())
    with caplog.at_level(logging.ERROR):
        assert finish_erasures() == 0  # nobody is waited for
    told = [record.getMessage() for record in caplog.records if record.name == "contacts.erasing"]
    assert told == [f"erasure {Erasure.objects.get(contact=first).pk} failed: ValueError"]
    assert list(Erasure.objects.unfinished().values_list("contact", flat=True)) == [first.pk]
    monkeypatch.undo()
    assert finish_erasures() == 0
    assert not Erasure.objects.unfinished().exists()
