"""Letters to one person: written here, let through by the gate, handed over at most once, recorded in the log.

Each is claimed in a transaction of its own that asks the gate again; only then it is handed over. Whoever dies between
leaves a lease behind, and when that lapses the letter is uncertain: nobody sends it again but a person.
"""

import hmac
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns.gate import CONFIRMATION, may_write
from campaigns.handing import Handed, Outcome, hand_over
from campaigns.leaving import leave_url
from campaigns.models import Mail, MailQuerySet, MailState
from contacts.catalogue import STAFF_SOURCE
from contacts.ingest import record_events
from contacts.messages import ContactRef, Message
from contacts.models import Contact, Source
from staff import audit
from staff.policy import Principal
from staff.sending import may_send

logger = logging.getLogger(__name__)

GRACE_S: Final = 15  # between writing and sending: time to take it back
LEASE_S: Final = 120
MOST_ATTEMPTS: Final = 6
FIRST_PAUSE_S: Final = 60
STUCK: Final = (MailState.FAILED, MailState.UNCERTAIN, MailState.REFUSED)  # a person may have it sent again


def write_mail(*, contact: Contact, by: Principal, address: str, subject: str, body: str) -> Mail:
    """Put a letter on its way; refused (`not_allowed`) with the reason when the gate says no."""
    with transaction.atomic():
        leader = Contact.objects.get(pk=contact.leader_id)
        decision = may_write(leader, address)
        if not decision.may:
            raise ValidationError(decision.sentence, code="not_allowed", params={"ground": decision.ground.value})
        mail = Mail.objects.create(
            contact=leader,
            address=address,
            subject=" ".join(subject.split()),
            body=body.replace("\r\n", "\n").strip(),
            author=by.user,
            ground=decision.ground,
            next_at=_clock() + timedelta(seconds=GRACE_S),
        )
        audit.record(by=by, action="mail_written", kind="mail", row=mail.pk, contact=leader.pk)
    mail.refresh_from_db()
    return mail


def write_confirmation(*, contact_id: int, address: str, subject: str, body: str) -> Mail:
    """Put a letter on its way that asks whether the address is theirs; the gate is asked when it goes."""
    return Mail.objects.create(
        contact_id=contact_id,
        address=address,
        subject=" ".join(subject.split())[:200],
        body=body,
        purpose=CONFIRMATION,
        next_at=_clock(),
    )


def take_back_mail(*, mail: Mail, by: Principal) -> Mail:
    """Keep a letter from going out; refused once it is on its way."""
    waiting = Mail.objects.filter(pk=mail.pk, state__in=[MailState.QUEUED, MailState.RETRY])
    with transaction.atomic():
        if not waiting.update(state=MailState.CANCELLED):
            raise ValidationError(_("It is on its way already."), code="on_its_way")
        audit.record(by=by, action="mail_taken_back", kind="mail", row=mail.pk)
    mail.refresh_from_db()
    return mail


def send_mail_again(*, mail: Mail, by: Principal) -> Mail:
    """Put a letter that is STUCK on its way once more, if the gate lets it; refused with the reason when it does not.

    It stays the same letter with the same Message-ID, so that whoever has it already shows it once.
    """
    with transaction.atomic():
        decision = may_write(Contact.objects.get(pk=_leader_id(mail)), mail.address, purpose=mail.purpose)
        if not decision.may:
            raise ValidationError(decision.sentence, code="not_allowed", params={"ground": decision.ground.value})
        anew = {"attempts": 0, "claim": None, "lease_until": None, "reason": "", "ground": decision.ground}
        next_at = _clock() + timedelta(seconds=GRACE_S)
        stuck = Mail.objects.filter(pk=mail.pk, state__in=STUCK)
        if not stuck.update(state=MailState.QUEUED, next_at=next_at, **anew):
            raise ValidationError(_("It went out, or is on its way already."), code="on_its_way")
        audit.record(by=by, action="mail_sent_again", kind="mail", row=mail.pk, contact=mail.contact_id)
    mail.refresh_from_db()
    return mail


def send_mails(*, limit: int = 50) -> int:
    """Send what is due, one after another, unless sending is paused; return how many were handed over or given up."""
    give_up_lapsed()
    sent = 0
    while sent < limit and may_send() and (mail := claim_mail()) is not None:
        finish_mail(mail, _handed(mail))
        sent += 1
    return sent


def _handed(mail: Mail) -> Handed:
    """What no letter can be made of, such as an address that mail has no writing for, never goes: the next ones do."""
    try:
        letter = letter_of(mail)
    except (ValueError, MessageError) as error:
        return Handed(Outcome.NEVER, _("No letter can be made of it: %(fault)s") % {"fault": str(error)[:120]})
    return hand_over(letter, sender=_sender(), recipient=mail.address)


def claim_mail() -> Mail | None:
    """Take the next letter in hand, if the gate still lets it through; those it does not are refused on the way."""
    while True:
        with transaction.atomic():
            mail = Mail.objects.due().order_by("next_at").select_for_update(skip_locked=True, no_key=True).first()
            if mail is None:
                return None
            leader = Contact.objects.get(pk=_leader_id(mail))
            if mail.purpose == CONFIRMATION:
                _ask_alone(leader)
            claimed_at = _clock()  # before the gate reads: what was withdrawn until now is seen
            decision = may_write(leader, mail.address, purpose=mail.purpose)
            if not decision.may:
                Mail.objects.filter(pk=mail.pk).update(
                    state=MailState.REFUSED, ground=decision.ground, reason=decision.sentence
                )
                continue
            mail.state, mail.ground, mail.claim = MailState.SENDING, decision.ground, uuid4()
            mail.claimed_at, mail.lease_until = claimed_at, claimed_at + timedelta(seconds=LEASE_S)
            mail.attempts, mail.message_id = mail.attempts + 1, message_id_of(mail)
            fields = ("state", "ground", "claim", "claimed_at", "lease_until", "attempts", "message_id")
            mail.save(update_fields=fields)
            return mail


_ALONE: Final = "SELECT pg_advisory_xact_lock('campaigns_submission'::regclass::int, %s)"


def _ask_alone(leader: Contact) -> None:
    """Until we commit, no other worker decides whether to ask this person too: the gate counts what was asked."""
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [leader.pk % (1 << 31)])


def finish_mail(mail: Mail, handed: Handed) -> None:
    """Write down what became of a letter in hand, and in the log that it was sent."""
    with transaction.atomic():
        if not _in_hand(mail.pk, mail.claim).update(**_after(mail, handed)):
            logger.warning("mail finished by somebody who has not claimed it", extra={"mail": mail.pk})
            return
        if handed.outcome is Outcome.TAKEN:
            _record_sent(mail)


def give_up_lapsed() -> int:
    """Letters whose sender vanished may have arrived: nobody can tell, so nobody sends them again."""
    words = _("Whoever sent it vanished before saying what became of it.")
    return Mail.objects.lapsed().update(state=MailState.UNCERTAIN, reason=words)


def message_id_of(mail: Mail) -> str:
    """The same for the same letter, however often it is tried."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"mail {mail.pk}".encode(), "sha256").hex()[:24]
    return f"<{mail.pk}.{digest}@{_sender().rpartition('@')[2]}>"


def letter_of(mail: Mail) -> EmailMessage:
    """From our address in the name of whoever wrote it; answers go to them. At its foot our letters can be ended."""
    letter = EmailMessage()
    author = mail.author
    letter["From"] = Address(
        str(author) if author and author.name else parseaddr(settings.DEFAULT_FROM_EMAIL)[0], addr_spec=_sender()
    )
    letter["To"] = Address(addr_spec=mail.address)
    if author:
        letter["Reply-To"] = Address(author.name, addr_spec=author.email)
    letter["Subject"] = mail.subject
    letter["Message-ID"] = mail.message_id or message_id_of(mail)
    letter["Date"] = format_datetime(mail.claimed_at or _clock())
    leave = leave_url(mail)
    letter["List-Unsubscribe"] = f"<{leave}>"
    letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    letter.set_content(f"{mail.body}\n\n-- \n{_foot(mail)}\n{leave}\n")
    return letter


def _foot(mail: Mail) -> str:
    """In the language of whoever gets it; where we do not know it, of whoever wrote it."""
    told = (mail.contact.leader.language[:2], mail.author.language if mail.author else "")
    language = next((one for one in told if one in dict(settings.LANGUAGES)), settings.LANGUAGE_CODE)
    with translation.override(language):
        return _("No more letters from us? Say so here:")


def unfinished_mails(contact_ids: Sequence[int]) -> list[Mail]:
    """The letters to a person that did not simply arrive, the newest first."""
    mails = Mail.objects.filter(contact_id__in=contact_ids).exclude(state__in=[MailState.SENT, MailState.CANCELLED])
    return list(mails.order_by("-pk")[:10])


def _after(mail: Mail, handed: Handed) -> dict[str, object]:
    match handed.outcome:
        case Outcome.TAKEN:
            return {"state": MailState.SENT, "sent_at": _clock(), "reason": "", "lease_until": None}
        case Outcome.UNKNOWN:
            return {"state": MailState.UNCERTAIN, "reason": handed.words, "lease_until": None}
        case Outcome.NOT_NOW if mail.attempts < MOST_ATTEMPTS:
            pause = timedelta(seconds=FIRST_PAUSE_S * 4 ** (mail.attempts - 1))
            return {"state": MailState.RETRY, "reason": handed.words, "next_at": _clock() + pause}
    return {"state": MailState.FAILED, "reason": handed.words, "lease_until": None}


def _record_sent(mail: Mail) -> None:
    said = Message(
        message_id=f"mail-{mail.pk}",
        type="email_sent",
        contact=ContactRef(id=mail.contact_id),
        properties={"subject": mail.subject, "mail": mail.pk, "to": mail.address},
        by_id=mail.author_id,
    )
    record_events(source=Source.objects.get(key=STAFF_SOURCE), messages=[said])


def _in_hand(mail_id: int, claim: UUID | None) -> MailQuerySet:
    """Also one that was given up meanwhile: who sent it knows what became of it."""
    return Mail.objects.filter(pk=mail_id, claim=claim, state__in=[MailState.SENDING, MailState.UNCERTAIN])


def _leader_id(mail: Mail) -> int:
    return Contact.objects.values_list("leader_id", flat=True).get(pk=mail.contact_id)


def _sender() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def _clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [moment] = cursor.fetchone()
    return moment  # type: ignore[no-any-return]
