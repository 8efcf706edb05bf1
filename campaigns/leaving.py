"""The link in a letter by which its reader ends our letters, or takes back what else they agreed to.

It names the letter and is signed: whoever has it had the letter. Opening it does nothing, for programs that read mail
open every link; only sending the page does, or the button that a mail program shows (RFC 8058).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from campaigns.gate import last_asked
from campaigns.models import Mail
from contacts.catalogue import LETTERS_SOURCE
from contacts.consents import EMAIL, MARKETING, Consent, consents_of
from contacts.ingest import record_events
from contacts.messages import ContactRef, Message
from contacts.models import Contact, Source

_SIGNER: Final = signing.Signer(salt="polku.leave", sep=".")


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the reader of a letter may end: letters at all, and by other channels what they agreed to."""

    letters: bool
    others: tuple[Consent, ...]


def leave_url(mail: Mail) -> str:
    return settings.SITE_URL + reverse("leave", args=[_SIGNER.sign(str(mail.pk))])


def mail_of(token: str) -> Mail | None:
    """The letter that bears this link, unless its reader has been erased since."""
    try:
        number = int(_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    found = Mail.objects.select_related("contact__leader", "author").filter(pk=number).exclude(address="")
    return found.filter(contact__leader__erased_at=None).first()


def agreed_by(mail: Mail) -> Agreed:
    """What still holds for whoever the letter went to."""
    members = _members(mail)
    consents = consents_of(members)
    others = tuple(one for one in consents if one.given and one.channel != EMAIL)
    return Agreed(bool(_open_purposes(consents, last_asked(members))), others)


def end_letters(mail: Mail) -> None:
    """No letter goes to them from this commit on, until they ask for one; said again, it changes nothing."""
    with transaction.atomic():
        members = _members(mail)
        for purpose in _open_purposes(consents_of(members), last_asked(members)):
            _record(mail, "unsubscribed", EMAIL, purpose)


def take_back_consent(mail: Mail, *, channel: str, purpose: str) -> None:
    """What they agreed to by another channel ends; anything else changes nothing."""
    with transaction.atomic():
        for one in agreed_by(mail).others:
            if (one.channel, one.purpose) == (channel, purpose):
                _record(mail, "consent_withdrawn", channel, purpose)


def _open_purposes(consents: list[Consent], asked_at: datetime | None) -> list[str]:
    """The purposes for which they may still be written to by e-mail, as far as their own word goes."""
    said = {one.purpose: one for one in consents if one.channel == EMAIL}
    return [purpose for purpose in {MARKETING: None, **said} if not _is_over(said.get(purpose), asked_at)]


def _is_over(consent: Consent | None, asked_at: datetime | None) -> bool:
    return consent is not None and not consent.given and (asked_at is None or asked_at < consent.at)


def _record(mail: Mail, kind: str, channel: str, purpose: str) -> None:
    message = Message(
        message_id=f"mail-{mail.pk}-{kind}-{uuid4().hex[:12]}",
        type=kind,
        contact=ContactRef(id=mail.contact_id),
        properties={"channel": channel, "purpose": purpose, "mail": mail.pk, "evidence": f"{mail.subject} #{mail.pk}"},
    )
    record_events(source=Source.objects.get(key=LETTERS_SOURCE), messages=[message])


def _members(mail: Mail) -> list[int]:
    return list(Contact.objects.led_by([mail.contact.leader_id]).values_list("pk", flat=True))
