"""The mail of the morning: to whoever wants one, at half past seven of their own time on working days, at most once.

Its row is claimed before it is handed over; whoever dies in between leaves a lease behind, and then nobody sends it
again, for it may have arrived.
"""

import logging
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.desk.today.came import FURTHEST, came
from crm.desk.today.doing import tasks_of
from crm.desk.today.headline import headline
from crm.desk.today.inbox import sum_of, told
from crm.models import Look, MorningMail, StaffMailState
from crm.staff_mail import LEASE_S, became, handed_to, in_their_words, letter_to, zone_of
from staff.hours import Calendars
from staff.models import User
from staff.policy import Principal
from staff.sending import may_send

logger = logging.getLogger(__name__)

HALF_PAST_SEVEN: Final = time(7, 30)
UNTIL: Final = time(12)  # who was not reached by noon is spared
FEW: Final = 10


def send_morning_mails(at: datetime | None = None) -> int:
    """Make the rows of this morning, and send what is due; return how many were handed over or given up."""
    if not may_send():
        return 0
    now = at or timezone.now()
    _plan(now)
    lapsed = MorningMail.objects.filter(state=StaffMailState.SENDING, lease_until__lt=Now())
    words = _("Whoever sent it vanished before saying what became of it.")
    lapsed.update(state=StaffMailState.UNCERTAIN, lease_until=None, reason=words)
    sent = 0
    while may_send() and (mail := _claim()) is not None:
        _send(mail, now)
        sent += 1
    return sent


def _plan(now: datetime) -> None:
    """A row for each who is to get one now; the same row, whoever makes it."""
    calendars = Calendars.read()
    rows = []
    for user in User.objects.filter(is_active=True, wants_morning_mail=True, is_away=False):
        local = now.astimezone(zone_of(user))
        is_time = HALF_PAST_SEVEN <= local.time() < UNTIL
        if is_time and calendars.of(user.team_id).work.is_workday(local.date()):
            rows.append(MorningMail(user=user, day=local.date()))
    MorningMail.objects.bulk_create(rows, ignore_conflicts=True)


def _claim() -> MorningMail | None:
    due = MorningMail.objects.filter(
        state__in=[StaffMailState.QUEUED, StaffMailState.RETRY], next_at__lte=Now()
    ).order_by("next_at")
    with transaction.atomic():
        mail = due.select_for_update(skip_locked=True, no_key=True).first()
        if mail is None:
            return None
        mail.state, mail.claim = StaffMailState.SENDING, uuid4()
        mail.lease_until, mail.attempts = timezone.now() + timedelta(seconds=LEASE_S), mail.attempts + 1
        mail.save(update_fields=["state", "claim", "lease_until", "attempts"])
        return mail


def _send(mail: MorningMail, now: datetime) -> None:
    noon = datetime.combine(mail.day, UNTIL, zone_of(mail.user))
    if now >= noon:  # it waited for the server, or while nothing was sent
        _finish(mail, state=StaffMailState.FAILED if mail.reason else StaffMailState.NOTHING)
        return
    letter = letter_of(mail)
    if letter is None:
        _finish(mail, state=StaffMailState.NOTHING)
        return
    _finish(mail, **became(mail.attempts, handed_to(mail.user, letter), now=now, until=noon))


def _finish(mail: MorningMail, **result: object) -> None:
    """Write down what became of it, unless it was given up meanwhile and somebody else has it."""
    ours = MorningMail.objects.filter(pk=mail.pk, claim=mail.claim)
    if not ours.update(lease_until=None, **result):
        logger.warning("morning mail finished by somebody who has not claimed it", extra={"mail": mail.pk})


def letter_of(mail: MorningMail) -> EmailMessage | None:
    """What the day brings, in the user's language and time; nothing when it brings nothing."""
    user = mail.user
    with in_their_words(user):
        told = _told(user)
    if told is None:
        return None
    subject, body = told
    return letter_to(user, subject, body, key=f"morning.{user.pk}.{mail.day:%Y%m%d}")


def _told(user: User) -> tuple[str, str] | None:
    principal, now = Principal(user=user), timezone.now()
    seen = Look.objects.filter(user=user).values_list("at", flat=True).first()
    since = max(seen or now - timedelta(days=1), now - FURTHEST)
    waiting, tasks, new = sum_of(principal, "mine"), tasks_of(principal), came(principal, since, mine=True)
    if not (waiting.n or tasks.n or new.leads or new.recalls):
        return None
    context = {
        "user": user,
        "headline": headline(waiting, tasks, new, now),
        "waiting": told(waiting.first[:FEW]),
        "tasks": tasks,
        "came": new,
        "address": settings.SITE_URL.rstrip("/") + reverse("desk:today"),
        "settings": settings.SITE_URL.rstrip("/") + reverse("desk:settings"),
    }
    return str(context["headline"]), render_to_string("desk/today/morning.txt", context)
