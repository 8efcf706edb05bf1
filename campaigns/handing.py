"""Handing one letter to a mail server, and knowing what became of it: taken, not now, never, or nobody can tell."""

import logging
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from enum import Enum
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage as DjangoMessage
from django.core.mail import get_connection

logger = logging.getLogger(__name__)

SMTP_BACKEND: Final = "django.core.mail.backends.smtp.EmailBackend"


class Outcome(Enum):
    TAKEN = "taken"
    NOT_NOW = "not now"  # it surely was not taken; another time it may be
    NEVER = "never"
    UNKNOWN = "unknown"  # the line was lost after the letter was on it


@dataclass(frozen=True, slots=True)
class Handed:
    outcome: Outcome
    words: str = ""  # of the server


def hand_over(letter: EmailMessage, *, sender: str, recipient: str) -> Handed:
    """Give the letter to the server that is set up; without one it is kept as a file."""
    if settings.EMAIL_BACKEND != SMTP_BACKEND:
        return _keep(letter, recipient)
    try:
        text = _text_of(letter)
    except Exception as error:  # it cannot be put into lines today, nor tomorrow
        logger.exception("a letter could not be rendered")
        return Handed(Outcome.NEVER, f"{type(error).__name__}: {error}"[:200])
    try:
        server = _connected()
    except smtplib.SMTPAuthenticationError as error:
        return Handed(Outcome.NOT_NOW, _said(error.smtp_code, error.smtp_error))
    except (OSError, smtplib.SMTPException) as error:
        return Handed(Outcome.NOT_NOW, str(error)[:200])
    try:
        return _converse(server, text, sender, recipient)
    finally:
        _leave(server)


def _connected() -> smtplib.SMTP:
    kind = smtplib.SMTP_SSL if getattr(settings, "EMAIL_USE_SSL", False) else smtplib.SMTP
    server = kind(settings.EMAIL_HOST, settings.EMAIL_PORT or 0, timeout=settings.EMAIL_TIMEOUT)
    try:
        if getattr(settings, "EMAIL_USE_TLS", False):
            server.starttls(context=ssl.create_default_context())
        if settings.EMAIL_HOST_USER:
            server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
        server.ehlo_or_helo_if_needed()
    except BaseException:
        _leave(server)
        raise
    return server


def _converse(server: smtplib.SMTP, text: bytes, sender: str, recipient: str) -> Handed:
    """Until the letter itself is on the line, whatever goes wrong means that it was not taken."""
    try:
        for code, words in _envelope(server, sender, recipient):
            if code >= 400:
                return Handed(_refused(code), _said(code, words))
    except UnicodeError as error:  # an address that a server knows no letters for
        return Handed(Outcome.NEVER, str(error)[:200])
    except (OSError, smtplib.SMTPException) as error:
        return Handed(Outcome.NOT_NOW, str(error)[:200])
    try:
        server.send(text + b".\r\n")
        code, words = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return Handed(Outcome.UNKNOWN, str(error)[:200])
    if code < 400:
        return Handed(Outcome.TAKEN, _said(code, words))
    return Handed(_refused(code), _said(code, words))


def _envelope(server: smtplib.SMTP, sender: str, recipient: str):  # type: ignore[no-untyped-def]
    yield server.mail(sender)
    yield server.rcpt(recipient)
    yield server.docmd("DATA")


def _text_of(letter: EmailMessage) -> bytes:
    """As it goes over the line, but for the dot that ends it."""
    text = letter.as_bytes(policy=SMTP)
    lines: bytes = smtplib._quote_periods(text)  # type: ignore[attr-defined]
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _refused(code: int) -> Outcome:
    return Outcome.NEVER if code >= 500 else Outcome.NOT_NOW


def _said(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {text}"[:200]


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


def _keep(letter: EmailMessage, recipient: str) -> Handed:
    kept = DjangoMessage(
        subject=letter["Subject"],
        body=letter.get_content(),
        from_email=letter["From"],
        to=[recipient],
        reply_to=[letter["Reply-To"]] if letter["Reply-To"] else None,
        headers={"Message-ID": letter["Message-ID"], "Date": letter["Date"]},
    )
    try:
        get_connection().send_messages([kept])
    except OSError as error:
        return Handed(Outcome.NOT_NOW, str(error)[:200])
    return Handed(Outcome.TAKEN)
