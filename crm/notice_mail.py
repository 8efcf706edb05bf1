"""What the bell tells, by mail too, to whoever wants that: reminders of tasks, and what cannot wait until they look.

All that is new to somebody at one moment is one mail. What they read at the bell meanwhile, or did, is left out.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.models import Notice, NoticeKind
from crm.desk.today.bell import address_of, told_of
from crm.models import NoticeMail, StaffMailState
from crm.staff_mail import LEASE_S, became, handed_to, in_their_words, letter_to
from staff.models import User
from staff.sending import may_send

logger = logging.getLogger(__name__)

NEWS: Final = (
    *(NoticeKind.GIVEN, NoticeKind.TO_ANSWER, NoticeKind.TASK),
    *(NoticeKind.OVERDUE, NoticeKind.LATE, NoticeKind.NOBODY_FREE),
)
WANTED: Final = Q(kind=NoticeKind.REMINDER, user__wants_reminder_mail=True) | Q(
    kind__in=NEWS, user__wants_notice_mail=True
)
FRESH: Final = timedelta(hours=2)  # what is older than this is no news by mail
KEPT_FOR: Final = timedelta(days=1)  # while the mail server is away
AT_ONCE: Final = 500
IN_ONE: Final = 20
_WAITS: Final = (StaffMailState.QUEUED, StaffMailState.RETRY)


def send_notice_mails() -> int:
    """Send what is new to whom it goes; return how many mails were handed over or given up."""
    if not may_send():
        return 0
    _plan()
    lapsed = NoticeMail.objects.filter(state=StaffMailState.SENDING, lease_until__lt=Now())
    words = _("Whoever sent it vanished before saying what became of it.")
    lapsed.update(state=StaffMailState.UNCERTAIN, lease_until=None, reason=words)
    sent = 0
    while may_send() and (mails := _claim()):
        _send(mails)
        sent += 1
    return sent


def _plan() -> None:
    """A row for each notice that is to go out; the same row, whoever makes it."""
    new = Notice.objects.unread().filter(WANTED, at__gte=Now() - FRESH, mail=None)
    there = new.filter(user__is_active=True, user__is_away=False).order_by("pk")
    rows = [NoticeMail(notice_id=pk, user_id=user) for pk, user in there.values_list("pk", "user")[:AT_ONCE]]
    NoticeMail.objects.bulk_create(rows, ignore_conflicts=True)


def _claim() -> list[NoticeMail]:
    """All that one of them is to be told now."""
    due = NoticeMail.objects.filter(state__in=_WAITS, next_at__lte=Now()).order_by("next_at", "pk")
    with transaction.atomic():
        first = due.select_for_update(skip_locked=True, no_key=True).first()
        if first is None:
            return []
        locked = due.filter(user=first.user_id).select_for_update(skip_locked=True, no_key=True)
        mails = NoticeMail.objects.filter(pk__in=[mail.pk for mail in locked[:IN_ONE]])
        lease = timezone.now() + timedelta(seconds=LEASE_S)
        claim = uuid4()
        mails.update(state=StaffMailState.SENDING, claim=claim, lease_until=lease, attempts=F("attempts") + 1)
        return list(NoticeMail.objects.filter(claim=claim).select_related("user", "notice").order_by("pk"))


def _send(mails: Sequence[NoticeMail]) -> None:
    user = mails[0].user
    letter = letter_of(user, mails)
    if letter is None:
        _finish(mails, state=StaffMailState.NOTHING)
        return
    until = max(mail.notice.at for mail in mails) + KEPT_FOR
    attempts, handed = max(mail.attempts for mail in mails), handed_to(user, letter)
    _finish(mails, **became(attempts, handed, now=timezone.now(), until=until))


def _finish(mails: Sequence[NoticeMail], **result: object) -> None:
    """Write down what became of it, unless it was given up meanwhile."""
    ours = NoticeMail.objects.filter(claim=mails[0].claim)
    if ours.update(lease_until=None, **result) < len(mails):
        logger.warning("notice mail finished by somebody who has not claimed it", extra={"mail": mails[0].pk})


def letter_of(user: User, mails: Sequence[NoticeMail]) -> EmailMessage | None:
    """What is still new of it, in the user's language and time; nothing when nothing is."""
    asked = (
        Notice.objects.of(user)
        .unread()
        .filter(mail__in=[mail.pk for mail in mails])
        .exclude(task__done_at__isnull=False)
    )
    notices = list(asked.select_related("contact", "task", "by", "job").order_by("pk"))
    if not notices or not user.is_active:
        return None
    with in_their_words(user):
        lines = [{"text": told_of(one).text, "address": _site(address_of(one))} for one in notices]
        n = len(lines)
        subject = lines[0]["text"] if n == 1 else ngettext("%(n)s notice", "%(n)s notices", n) % {"n": n}
        context = {"lines": lines, "settings": _site(reverse("desk:settings"))}
        body = render_to_string("desk/today/notices.txt", context)
    return letter_to(user, " ".join(subject.split()), body, key=f"notice.{mails[0].pk}.{user.pk}")


def _site(path: str) -> str:
    return settings.SITE_URL.rstrip("/") + path
