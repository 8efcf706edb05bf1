"""Somebody's open tasks as a calendar (iCalendar, RFC 5545), at a secret address that they make and take back."""

import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import Task, TaskKind
from crm.models import CalendarFeed
from crm.staff_mail import in_their_words
from staff import audit
from staff.models import User
from staff.policy import Principal

AT_MOST: Final = 500
LASTS: Final = timedelta(minutes=30)  # a task has a moment and no length; a calendar shows half an hour
OCTETS: Final = 75  # of a line
_LONGEST_TOKEN: Final = 100


def feed_of(user: User) -> CalendarFeed | None:
    return CalendarFeed.objects.filter(user=user).first()


def make_feed(*, by: Principal) -> str:
    """Another secret address for whoever asks; return its token, which cannot be had again."""
    assert by.user
    token = secrets.token_urlsafe(32)
    said = {"digest": _digest(token), "made_at": timezone.now(), "read_on": None}
    with transaction.atomic():
        CalendarFeed.objects.update_or_create(user=by.user, defaults=said)
        audit.record(by=by, action="calendar_made", kind="user", row=by.user.pk)
    return token


def drop_feed(*, by: Principal) -> None:
    """What was made opens nothing any more."""
    assert by.user
    with transaction.atomic():
        if CalendarFeed.objects.filter(user=by.user).delete()[0]:
            audit.record(by=by, action="calendar_dropped", kind="user", row=by.user.pk)


def calendar_of(token: str) -> str | None:
    """The calendar behind a token; nothing where there is none, or its user may not sign in any more."""
    if len(token) > _LONGEST_TOKEN:
        return None
    feeds = CalendarFeed.objects.filter(digest=_digest(token), user__is_active=True)
    feed = feeds.select_related("user__team").first()
    if feed is None:
        return None
    today = timezone.localdate()
    CalendarFeed.objects.filter(pk=feed.pk).exclude(read_on=today).update(read_on=today)
    tasks = Task.objects.visible_to(Principal(user=feed.user)).open().for_user(feed.user).order_by("due_at", "pk")
    with in_their_words(feed.user):
        return _written(_calendar(list(tasks.select_related("contact__leader")[:AT_MOST])))


def _calendar(tasks: Iterable[Task]) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Polku//Tasks//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH")
    yield f"X-WR-CALNAME:{_text(_('Polku: tasks'))}"
    yield from ("REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H")
    now = timezone.now()
    for task in tasks:
        yield from _event(task, now)
    yield "END:VCALENDAR"


def _event(task: Task, now: datetime) -> Iterator[str]:
    """DTSTAMP is when this calendar was written: by it a reader knows that what it has is older."""
    site = settings.SITE_URL.rstrip("/")
    page = site + reverse("desk:contact-page", args=[task.contact.leader_id])
    yield "BEGIN:VEVENT"
    yield f"UID:task-{task.pk}@{site.partition('://')[2].partition(':')[0].partition('/')[0]}"
    yield f"DTSTAMP:{_moment(now)}"
    yield f"DTSTART:{_moment(task.due_at)}"
    yield f"DTEND:{_moment(task.due_at + LASTS)}"
    yield f"SUMMARY:{_text(f'{task.title}, {task.contact.leader}')}"
    yield f"DESCRIPTION:{_text(page)}"
    yield f"URL:{page}"
    yield f"TRANSP:{'OPAQUE' if task.kind == TaskKind.MEETING else 'TRANSPARENT'}"
    if task.remind_at:
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_text(task.title)}")
        yield from (f"TRIGGER;VALUE=DATE-TIME:{_moment(task.remind_at)}", "END:VALARM")
    yield "END:VEVENT"


def _written(lines: Iterable[str]) -> str:
    """Lines of no more than OCTETS, and none of them broken within a character."""
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _folded(line: str) -> Iterator[str]:
    part, length = "", 0
    for letter in line:
        octets = len(letter.encode())
        if length + octets > OCTETS:
            yield part
            part, length = " ", 1
        part, length = part + letter, length + octets
    yield part


def _text(words: str) -> str:
    """Without what ends a value or a line; other signs that nobody sees are left out."""
    said = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return "".join(letter for letter in said if letter.isprintable())


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
