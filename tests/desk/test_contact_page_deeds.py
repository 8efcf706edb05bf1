"""What one does from the page of a person: each deed is an event, a task or a letter, and can be undone."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from campaigns.models import Mail, MailState
from contacts.models import Contact, Event, Task
from contacts.tasking import add_task
from crm.desk.person.deeds import DEEDS
from funnel.advancing import advance_everything
from funnel.models import Standing
from staff.models import Role
from staff.policy import Principal
from tests.desk.scenes import ago, at_desk, buyer
from tests.factories import make_team, make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def do(client: Client, contact: Contact, deed: str, **said: Any) -> Any:
    return client.post(f"/contacts/{contact.pk}/do/{deed}", said, follow=True)


def last_event(contact: Contact) -> tuple[str, dict[str, Any], int | None]:
    event = Event.objects.filter(contact=contact).select_related("type").latest("pk")
    return event.type.key, event.properties, event.by_id


@pytest.mark.parametrize(
    ("deed", "said", "type_", "properties"),
    [
        ("note", {"text": "Met at the fair"}, "note_added", {"text": "Met at the fair"}),
        ("call", {"outcome": "answered", "minutes": "12"}, "call_held", {"outcome": "answered", "minutes": 12}),
        ("call", {"outcome": "no_answer"}, "call_tried", {"outcome": "no_answer"}),
        ("call", {"outcome": "call_back"}, "call_held", {"outcome": "call_back"}),
        ("meeting", {"text": "A demo", "place": "Tampere"}, "meeting_held", {"text": "A demo", "place": "Tampere"}),
        ("later", {"until": "2099-03-01"}, "postponed", {"until": "2099-03-01"}),
        ("close", {"reason": "no_need"}, "disqualified", {"reason": "no_need"}),
        ("reopen", {"reason": "They called"}, "reopened", {"reason": "They called"}),
        ("move", {"stage": "lead", "reason": "Asked at the fair"}, "stage_set", {"stage": "lead"}),
        (
            "consent",
            {
                "given": "given",
                "channel": "email",
                "purpose": "marketing",
                "basis": "consent",
                "wording": "3",
                "evidence": "on the phone",
            },
            "consent_given",
            {
                "channel": "email",
                "purpose": "marketing",
                "basis": "consent",
                "wording": "3",
                "evidence": "on the phone",
            },
        ),
        (
            "consent",
            {"given": "withdrawn", "channel": "phone", "purpose": "marketing", "evidence": "by mail"},
            "consent_withdrawn",
            {"channel": "phone", "purpose": "marketing", "evidence": "by mail"},
        ),
    ],
)
def test_each_deed_is_an_event_in_the_name_of_whoever_did_it(deed, said, type_, properties):
    client, user = at_desk(Role.SALES)
    aino = person(name="Aino")
    happened(aino, "ad_clicked", ago(3))
    advance_everything()

    answer = do(client, aino, deed, **said)

    key, kept, by_id = last_event(aino)
    assert answer.redirect_chain == [(f"/contacts/{aino.pk}", 302)]
    assert (key, by_id) == (type_, user.pk)
    assert {name: kept[name] for name in properties} == properties
    assert "Z</span>" in answer.text  # the toast can be undone


def test_a_customer_who_is_closed_had_a_relationship_that_ended():
    client, _user = at_desk()
    aino = buyer(ago(9), name="Aino")
    advance_everything()

    do(client, aino, "close", reason="competitor", text="They went to Acme")

    assert last_event(aino)[:2] == ("relationship_ended", {"reason": "competitor", "text": "They went to Acme"})
    advance_everything()
    page = client.get(f"/contacts/{aino.pk}")
    assert page.context["met"].position.standing == Standing.CLOSED
    assert [deed.key for deed in page.context["met"].deeds if deed.key in ("close", "reopen", "move", "later")] == [
        "reopen"
    ]


def test_an_owner_is_given_and_the_same_owner_again_records_nothing():
    client, user = at_desk()
    aino = person(name="Aino")

    for _time in range(2):
        do(client, aino, "owner", owner=user.pk)

    aino.refresh_from_db()
    assert aino.owner == user
    assert Event.objects.filter(type__key="owner_changed").count() == 1


def test_a_task_is_made_ticked_off_and_taken_up_again():
    client, user = at_desk()
    aino = person(name="Aino")
    tomorrow = timezone.localdate() + timedelta(days=1)

    do(client, aino, "task", title="Call", kind="call", due=tomorrow, at_time="12:00", remind="60", assignee=user.pk)

    task = Task.objects.get()
    local = timezone.localtime(task.due_at)
    assert (task.title, task.kind, local.date(), local.hour) == ("Call", "call", tomorrow, 12)
    assert task.remind_at == task.due_at - timedelta(hours=1)
    client.post(f"/tasks/{task.pk}/done")
    assert Task.objects.get().done_by == user
    client.post(f"/tasks/{task.pk}/reopen")
    assert Task.objects.get().done_at is None
    client.post(f"/tasks/{task.pk}/drop")
    assert not Task.objects.exists()


def test_what_is_to_follow_a_talk_is_a_task_and_both_are_undone_together():
    client, user = at_desk()
    aino = person(name="Aino")

    address = f"/contacts/{aino.pk}/do/call"
    answer = client.post(address, {"outcome": "no_answer", "then": "7"})

    [task] = Task.objects.all()
    due = timezone.localtime(task.due_at)
    assert (task.contact, task.title, task.kind, task.assignee) == (aino, "Call again", "call", user)
    assert (due.hour, due.weekday() < 5, (due.date() - timezone.localdate()).days in (7, 8, 9)) == (9, True, True)
    assert last_event(aino) == ("call_tried", {"outcome": "no_answer"}, user.pk)
    [said] = get_messages(answer.wsgi_request)
    client.post("/undo", {"token": said.extra_tags})
    assert (Task.objects.count(), Event.objects.standing().filter(contact=aino).count()) == (0, 0)


def test_a_task_is_changed_afterwards_and_as_it_was_again():
    client, user = at_desk()
    aino, other = person(name="Aino"), make_user(role=Role.MANAGER)
    due = timezone.now().replace(microsecond=7) + timedelta(days=3)
    task = add_task(
        contact=aino, by=Principal(user=user), title="Call", due_at=due, remind_at=due - timedelta(minutes=40),
        repeat="P5W",
    )  # fmt: skip
    Task.objects.update(reminded_at=timezone.now())

    form = client.get(f"/tasks/{task.pk}/change").context["form"]
    said = {name: form[name].value() for name in form.fields}
    assert (said["remind"], said["repeat"]) == ("40", "P5W")  # no choice of ours, and not lost
    said |= {"due": said["due"].isoformat(), "at_time": said["at_time"].strftime("%H:%M")}

    def now():
        one = Task.objects.get()
        return one.title, one.due_at, one.remind_at, one.repeat, one.assignee, one.reminded_at is not None

    before = now()
    assert "Nothing was changed" in client.post(f"/tasks/{task.pk}/change", said, follow=True).text
    assert now() == before
    changed = {"title": "Call again", "at_time": "14:30", "remind": "1440", "repeat": "", "assignee": other.pk}
    answer = client.post(f"/tasks/{task.pk}/change", said | changed)
    at = timezone.localtime(due).replace(hour=14, minute=30, second=0, microsecond=0)
    assert now() == ("Call again", at, at - timedelta(days=1), "", other, False)
    [told] = client.get(answer["Location"]).context["messages"]
    client.post(told.extra_tags)
    assert now()[:5] == before[:5]
    assert "cannot be undone any more" in client.post(told.extra_tags.replace("was=", "was=x"), follow=True).text
    for wrong in ({"title": " "}, {"due": "0001-01-01"}):
        assert client.post(f"/tasks/{task.pk}/change", said | wrong).status_code == 422


def test_what_cannot_be_taken_says_why_and_keeps_what_was_typed():
    client, _user = at_desk()
    aino = person(name="Aino")

    answers = {
        deed: do(client, aino, deed, **said)
        for deed, said in {
            "note": {"text": " "},
            "meeting": {"text": "Typed with care", "at": "2099-01-01T10:00"},
            "later": {"until": "2020-01-01", "reason": "Typed with care"},
            "task": {"title": "Typed with care", "kind": "sing", "due": "tomorrow"},
            "call": {"text": "Typed with care"},
            "consent": {"given": "given", "channel": "email", "purpose": "marketing", "wording": "Typed with care"},
        }.items()
    }

    assert {answer.status_code for answer in answers.values()} == {422}
    assert [deed for deed, answer in answers.items() if "Typed with care" not in answer.text] == ["note"]
    assert not Event.objects.exists()
    assert not Task.objects.exists()


def test_a_move_that_is_refused_says_why_in_the_composer():
    client, _user = at_desk()
    aino = buyer(ago(2), name="Aino")
    advance_everything()

    answer = do(client, aino, "move", stage="customer", reason="Typed with care")

    assert answer.status_code == 422
    assert "stands in Customer already" in answer.text
    assert "Typed with care" in answer.text


def test_a_letter_is_written_and_taken_back():
    client, user = at_desk()
    aino = buyer(ago(2), name="Aino", emails=["aino@example.com"])

    do(client, aino, "write", to="aino@example.com", subject="Hei", body="Kiitos")

    mail = Mail.objects.get()
    assert (mail.address, mail.subject, mail.body, mail.author) == ("aino@example.com", "Hei", "Kiitos", user)
    client.post(f"/mails/{mail.pk}/take-back")
    mail.refresh_from_db()
    assert mail.state == MailState.CANCELLED


def test_a_letter_the_gate_refuses_stays_typed_with_the_reason_and_the_way_out():
    client, _user = at_desk()
    stranger = person(name="Aino", emails=["aino@example.com"])

    answer = do(client, stranger, "write", to="aino@example.com", subject="Hei", body="Typed with care")

    assert answer.status_code == 422
    assert "Nothing on record allows writing to them" in answer.text
    assert "Record a permission" in answer.text
    assert "Typed with care" in answer.text
    assert not Mail.objects.exists()


def test_one_takes_back_what_one_recorded_oneself_and_nothing_else():
    client, _user = at_desk()
    aino = person(name="Aino")
    foreign = happened(aino, "page_viewed", ago(1))
    do(client, aino, "note", text="Wrong person")
    own = Event.objects.get(type__key="note_added")

    answers = [
        client.post(f"/contacts/{aino.pk}/events/{event.pk}/retract").status_code for event in (own, own, foreign)
    ]

    own.refresh_from_db()
    foreign.refresh_from_db()
    assert answers == [302, 302, 404]
    assert (own.retracted_at is None, foreign.retracted_at is None) == (False, True)


@pytest.mark.parametrize("deed", sorted(DEEDS))
def test_who_may_only_look_and_who_does_not_see_somebody_can_do_nothing(deed):
    reader, _user = at_desk(Role.READ_ONLY)
    seller, _seller = at_desk(Role.SALES, team=make_team())
    elses = person(name="Aino", owner=make_user(), emails=["aino@example.com"])

    answers = [do(client, elses, deed, text="x", outcome="answered").status_code for client in (reader, seller)]

    assert answers == [403, 404]
    assert not Event.objects.exists()


def test_who_may_only_look_is_offered_nothing_to_do():
    client, _user = at_desk(Role.READ_ONLY)
    aino = buyer(ago(2), name="Aino")

    page = client.get(f"/contacts/{aino.pk}")

    assert page.context["composer"].deeds == []
    assert "<textarea" not in page.text


def test_the_composer_alone_is_what_htmx_gets_and_the_page_open_at_it_what_others_get():
    client, _user = at_desk()
    aino = person(name="Aino")

    part = client.get(f"/contacts/{aino.pk}/do/call", headers={"HX-Request": "true"})
    page = client.get(f"/contacts/{aino.pk}/do/call")

    assert part.text.lstrip().startswith('<section class="composer')
    assert page.headers["Location"] == f"/contacts/{aino.pk}?do=call#composer"
    assert client.get(f"/contacts/{aino.pk}?do=call").context["composer"].deed.key == "call"
    assert client.get(f"/contacts/{aino.pk}/do/sing").status_code == 404
