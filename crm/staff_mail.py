"""Mail of ours to a member of staff: in their language and time, and what becomes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation

from campaigns.handing import Handed, Outcome, hand_over
from crm.models import StaffMailState
from staff.models import User

LEASE_S: Final = 120
FIRST_PAUSE_S: Final = 60
LONGEST_PAUSE_S: Final = 1800


@contextmanager
def in_their_words(user: User) -> Iterator[None]:
    with translation.override(user.language or settings.LANGUAGE_CODE), timezone.override(zone_of(user)):
        yield


def letter_to(user: User, subject: str, body: str, *, key: str) -> EmailMessage:
    """`key` names it for ever: whoever hands it over twice by mistake hands over the same letter."""
    letter, sender = EmailMessage(), _sender()
    letter["From"] = Address("Polku", addr_spec=sender)
    letter["To"] = Address(addr_spec=user.email)
    letter["Subject"] = subject
    letter["Date"] = format_datetime(timezone.now())
    letter["Message-ID"] = f"<{key}@{sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(body)
    return letter


def handed_to(user: User, letter: EmailMessage) -> Handed:
    return hand_over(letter, sender=_sender(), recipient=user.email)


def became(attempts: int, handed: Handed, *, now: datetime, until: datetime) -> dict[str, Any]:
    """What its row says after an attempt; a server that is away is asked again and again, until then."""
    match handed.outcome:
        case Outcome.TAKEN:
            return {"state": StaffMailState.SENT, "sent_at": timezone.now()}
        case Outcome.UNKNOWN:
            return {"state": StaffMailState.UNCERTAIN, "reason": handed.words}
        case Outcome.NOT_NOW if (next_at := now + _pause(attempts)) < until:
            return {"state": StaffMailState.RETRY, "reason": handed.words, "next_at": next_at}
    return {"state": StaffMailState.FAILED, "reason": handed.words}


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=min(FIRST_PAUSE_S * 3 ** min(attempts - 1, 5), LONGEST_PAUSE_S))


def zone_of(user: User) -> ZoneInfo:
    return ZoneInfo(user.time_zone or settings.TIME_ZONE)


def _sender() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
