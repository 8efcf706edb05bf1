"""One's open tasks as a calendar at a secret address, and mail of what the bell tells."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from contacts.models import Notice, NoticeKind, Task
from contacts.noticing import mark_read, notify
from contacts.tasking import add_task, finish_task
from contacts.watching import remind_of_tasks
from crm.models import CalendarFeed, NoticeMail
from crm.notice_mail import send_notice_mails
from staff.models import AuditRecord, Role, User
from staff.policy import Principal
from tests.campaigns.mail_server import mail_server
from tests.desk.scenes import at_desk
from tests.factories import make_team, make_user
from tests.funnel.worlds import install, person

pytestmark = pytest.mark.django_db
DUE = datetime(2027, 3, 29, 6, 0, tzinfo=UTC)  # 9:00 in Helsinki, a day after the clocks went forward


@pytest.fixture(autouse=True)
def _ground() -> None:
    install()


def address(client: Client) -> str:
    shown = client.post("/settings/calendar").text
    found = re.search(r"/calendar/[\w-]+\.ics", shown)
    assert found
    return found[0]


def test_a_calendar_holds_ones_open_tasks_as_programs_read_them():
    client, user = at_desk()
    by = Principal(user=user)
    who = person(name="Aino; Järvinen, Oy")
    remind_at = DUE - timedelta(minutes=15)
    task = add_task(contact=who, by=by, title="Call\nback, about " + "työ " * 20, due_at=DUE, remind_at=remind_at)
    done = add_task(contact=who, by=by, title="Done", due_at=DUE)
    finish_task(task=done, by=by)
    add_task(contact=who, by=by, title="Another's", due_at=DUE, assignee=make_user())

    answer = Client().get(address(client))
    lines = answer.content.decode().split("\r\n")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert max(len(line.encode()) for line in lines) <= 75
    whole = answer.content.decode().replace("\r\n ", "").split("\r\n")
    assert [line for line in whole if line.startswith(("BEGIN", "DTSTART", "DTEND", "TRIGGER", "UID"))] == [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", f"UID:task-{task.pk}@localhost", "DTSTART:20270329T060000Z",
        "DTEND:20270329T063000Z", "BEGIN:VALARM", "TRIGGER;VALUE=DATE-TIME:20270329T054500Z",
    ]  # fmt: skip
    Task.objects.update(created_at=timezone.now() - timedelta(days=3))
    [stamp] = re.findall(r"DTSTAMP:(\w+)", Client().get(address(client)).text)
    assert timezone.now() - datetime.strptime(f"{stamp}+0000", "%Y%m%dT%H%M%SZ%z") < timedelta(minutes=5)
    [summary] = [line for line in whole if line.startswith("SUMMARY")]
    assert summary == f"SUMMARY:Call back\\, about {'työ ' * 20}".rstrip() + "\\, Aino\\; Järvinen\\, Oy"


def test_another_address_or_taking_it_back_closes_the_one_before():
    client, user = at_desk()
    first = address(client)
    second = address(client)
    opened = [Client().get(one).status_code for one in (first, second)]
    client.post("/settings/calendar/drop")

    assert opened == [404, 200]
    assert Client().get(second).status_code == 404
    assert not CalendarFeed.objects.exists()
    deeds = AuditRecord.objects.filter(user=user).values_list("action", flat=True).order_by("pk")
    assert list(deeds)[-3:] == ["calendar_made", "calendar_made", "calendar_dropped"]


def test_a_calendar_shows_only_whom_its_user_sees_now_and_nothing_when_they_left():
    client, user = at_desk(Role.SALES)
    who = person(name="Aino", owner=user)
    add_task(contact=who, by=Principal(user=user), title="Call", due_at=DUE)
    feed = address(client)
    before = "SUMMARY:Call" in Client().get(feed).text
    who.owner = make_user(team=make_team())
    who.save()
    after = "SUMMARY:Call" in Client().get(feed).text
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert (before, after, Client().get(feed).status_code) == (True, False, 404)


# --- Mail of what the bell tells --------------------------------------------------------------------------------------


def reminded(user: User, title: str = "Call back") -> Task:
    now = timezone.now()
    by = Principal(user=user)
    task = add_task(contact=person(name="Aino"), by=by, title=title, due_at=now + timedelta(hours=1), remind_at=now)
    remind_of_tasks()
    return task


def letters(settings: Any) -> list[Any]:
    with mail_server(settings) as server:
        send_notice_mails()
        send_notice_mails()
    return [message_from_bytes(sent, policy=default) for sent in server.letters]


def test_a_reminder_goes_out_once_by_mail_to_whom_wants_it(settings):
    wants, _does_not = make_user(wants_reminder_mail=True), reminded(make_user())
    reminded(wants)

    [letter] = letters(settings)

    assert (letter["To"], letter["Subject"]) == (wants.email, "Reminder: Call back, Aino")
    assert "/settings" in letter.get_content()
    assert list(NoticeMail.objects.values_list("user", "state")) == [(wants.pk, "sent")]


def test_all_that_is_new_at_one_moment_is_one_mail_and_what_was_read_or_done_is_left_out(settings):
    user = make_user(role=Role.ADMIN, wants_reminder_mail=True, wants_notice_mail=True)
    finish_task(task=reminded(user, "Done meanwhile"), by=Principal(user=user))
    aino, onni = person(name="Aino"), person(name="Onni")
    notify([user], NoticeKind.GIVEN, "given:1", contact_id=aino.pk)
    notify([user], NoticeKind.OVERDUE, "overdue:1", contact_id=onni.pk)
    notify([user], NoticeKind.LATE, "late:1", contact_id=onni.pk)
    mark_read(user, [Notice.objects.get(key="late:1").pk])

    [letter] = letters(settings)

    assert letter["Subject"] == "2 notices"
    said = [line for line in letter.get_content().splitlines() if "Aino" in line or "Onni" in line]
    assert said == ["Aino is a new lead, and yours.", "Onni has waited longer than the goal."]


@pytest.mark.parametrize("changed", [{"is_away": True}, {"is_active": False}, {"wants_notice_mail": False}])
def test_nobody_who_is_away_or_left_or_does_not_want_it_gets_mail(settings, changed):
    user = make_user(**({"wants_notice_mail": True} | changed))
    aino = person(name="Aino")
    User.objects.filter(pk=user.pk).update(is_active=True)
    user.is_active = True
    notify([user], NoticeKind.GIVEN, "given:1", contact_id=aino.pk)
    User.objects.filter(pk=user.pk).update(**changed)

    assert letters(settings) == []


def test_a_mail_server_that_is_away_for_hours_loses_nothing_and_gets_nothing_twice(settings):
    reminded(make_user(wants_reminder_mail=True))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 5

    def tried(times: int) -> list[Any]:
        for _try in range(times):
            send_notice_mails()
            NoticeMail.objects.update(next_at=timezone.now() - timedelta(seconds=1))
        return list(NoticeMail.objects.values_list("state", "attempts"))

    assert tried(8) == [("retry", 8)]
    assert [letter["Subject"] for letter in letters(settings)] == ["Reminder: Call back, Aino"]
    assert tried(1) == [("sent", 9)]

    reminded(make_user(wants_reminder_mail=True), "Long ago")
    tried(1)
    Notice.objects.update(at=timezone.now() - timedelta(days=1, minutes=1))
    settings.EMAIL_PORT = 1
    assert tried(1) == [("sent", 9), ("failed", 2)]


def test_old_news_is_not_sent_and_a_worker_that_died_leaves_its_mail_uncertain(settings):
    user = make_user(wants_notice_mail=True)
    aino = person(name="Aino")
    for key in ("old", "died"):
        notify([user], NoticeKind.GIVEN, key, contact_id=aino.pk)
    notices = Notice.objects
    notices.filter(key="old").update(at=timezone.now() - timedelta(hours=3))
    lapsed = timezone.now() - timedelta(seconds=1)
    NoticeMail.objects.create(notice=notices.get(key="died"), user=user, state="sending", lease_until=lapsed)

    send_notice_mails()

    assert (list(NoticeMail.objects.values_list("state", flat=True)), mail.outbox) == (["uncertain"], [])
