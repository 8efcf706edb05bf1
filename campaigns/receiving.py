"""A form somebody sent: what comes of it in the log, the letter that asks whether the address is theirs, the file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from secrets import token_urlsafe
from typing import Any, Final

import msgspec
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from campaigns.mailing import write_confirmation
from campaigns.models import Form, Site, Submission
from campaigns.questions import Answers
from contacts.claims import confirm_claim
from contacts.consents import EMAIL, MARKETING, refused_since
from contacts.ingest import record_events, take
from contacts.messages import ContactRef, Message, event_key
from contacts.models import Claim, Contact
from contacts.results import Result
from contacts.settling import Terms

ENDPOINT: Final = "form"
# One letter to an address that somebody typed: a form is no way to write to strangers again and again.
BETWEEN_LETTERS: Final = timedelta(hours=1)
CONFIRM_WITHIN: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Visit:
    """How somebody came to the form: what the address of its page said."""

    campaign: str = ""
    properties: tuple[tuple[str, str], ...] = ()  # the other UTM fields, click ids, the page they came from
    site: Site | None = None  # whose tracking script met them before,
    anonymous_id: str = ""  # under this name


def receive(*, form: Form, answers: Answers, agreed: bool, nonce: str, visit: Visit) -> Submission:
    """Record what somebody sent; the same page sent twice with the same answers counts once.

    The events are committed first: whoever dies in between is asked again by the same page, and adds what is missing.
    """
    base = _name_of(nonce, answers, agreed)
    if visit.site and visit.anonymous_id:
        _join_browser(visit, answers.email, base)
    results = take(Terms(form.source, endpoint=ENDPOINT), list(messages_of(form, answers, agreed, base, visit)))
    with transaction.atomic():
        submission, is_new = Submission.objects.get_or_create(
            form=form,
            nonce=base,
            defaults={"token": token_urlsafe(16), "email": answers.email, "contact_id": _whom(results)},
        )
        if is_new:
            note(form, "sent")
            _ask_for_confirmation(form, submission)
    return submission


def confirm(submission: Submission) -> bool:
    """The address is theirs: what the form claimed of them is true. False when it was confirmed before.

    Raises ValidationError when it is too late.
    """
    form = submission.form
    with transaction.atomic():
        held = Submission.objects.select_for_update().get(pk=submission.pk)
        if held.confirmed_at:
            return False
        if too_late := why_too_late(held):
            raise ValidationError(too_late, code="expired")
        keys = [event_key(form.source.key, f"{held.nonce}.{part}") for part in ("details", "consent")]
        for claim in Claim.objects.open().filter(key__in=keys).select_related("source").order_by("pk"):
            confirm_claim(claim, by=None)
        Submission.objects.filter(pk=held.pk).update(confirmed_at=Now())
        note(form, "confirmed")
    return True


def why_too_late(submission: Submission) -> str:
    """In words, where its link has expired; else nothing."""
    if timezone.now() - submission.sent_at <= CONFIRM_WITHIN:
        return ""
    return _("This link has expired. Fill in the form once more.")


def note_download(submission: Submission) -> None:
    """They took the file: once a day is enough to know."""
    form = submission.form
    message = Message(
        message_id=f"{submission.nonce}.file.{timezone.localdate().isoformat()}",
        type="content_downloaded",
        contact=ContactRef(email=submission.email),
        campaign=form.campaign.key if form.campaign else None,
        properties={"kind": "guide", "file": form.handout.name, "form": form.name},
    )
    record_events(source=form.source, messages=[message])


def note(form: Form, what: str) -> None:
    """Count for today that the form was `shown`, `sent` or `left_out`, or its letter `confirmed`."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS[what], {"form": form.pk, "day": timezone.localdate()})


_COUNT: Final = """
INSERT INTO campaigns_formday (form_id, day, shown, sent, left_out, confirmed)
VALUES (%(form)s, %(day)s, {shown}, {sent}, {left_out}, {confirmed})
ON CONFLICT (form_id, day) DO UPDATE SET {what} = campaigns_formday.{what} + 1
"""
_COUNTED: Final = ("shown", "sent", "left_out", "confirmed")
_COUNTS: Final = {what: _COUNT.format(what=what, **{one: int(one == what) for one in _COUNTED}) for what in _COUNTED}


def _name_of(nonce: str, answers: Answers, agreed: bool) -> str:
    """Answers that were changed before the page was sent again are another message."""
    said = msgspec.json.encode([answers, agreed], order="sorted")
    return f"{nonce}.{blake2b(said, digest_size=8).hexdigest()}"


def _join_browser(visit: Visit, email: str, base: str) -> None:
    """The visitor whom the tracking script of a site knows has this address, unless somebody else has it."""
    assert visit.site
    message = Message(
        message_id=f"form.{base}.browser",
        type="attributes_changed",
        contact=ContactRef(email=email, anonymous_id=visit.anonymous_id),
        campaign=visit.campaign or None,
    )
    take(Terms(visit.site.source, endpoint=ENDPOINT), [message])


def messages_of(form: Form, answers: Answers, agreed: bool, base: str, visit: Visit) -> Iterator[Message]:
    """Who they are, what they sent, what they agreed to; in this order, so that somebody new has a name at once."""
    ref = ContactRef(email=answers.email)
    campaign = visit.campaign or (form.campaign.key if form.campaign else None)
    if answers.details:
        yield Message(
            message_id=f"{base}.details", type="attributes_changed", contact=ref, campaign=campaign,
            properties=answers.details,
        )  # fmt: skip
    sent: dict[str, Any] = {"form": form.name, **dict(visit.properties)}
    if answers.text:
        sent["text"] = answers.text
    if answers.said:
        sent["answers"] = answers.said
    yield Message(message_id=f"{base}.sent", type=form.deed, contact=ref, campaign=campaign, properties=sent)
    wording = form.wording
    if agreed and wording:
        yield Message(
            message_id=f"{base}.consent", type="consent_given", contact=ref, campaign=campaign,
            properties={
                "channel": EMAIL, "purpose": MARKETING, "basis": "consent", "wording": wording.text,
                "wording_version": wording.number, "evidence": f"{form.name} #{form.pk}",
            },
        )  # fmt: skip


def _whom(results: Sequence[Result]) -> int | None:
    return next((result.contact_id for result in results if result.contact_id), None)


def _ask_for_confirmation(form: Form, submission: Submission) -> None:
    contact = submission.contact
    if not form.confirms_address or contact is None:
        return
    lately = timezone.now() - BETWEEN_LETTERS
    asked = Submission.objects.filter(form=form, email=submission.email, sent_at__gt=lately).exclude(mail=None)
    if asked.exclude(pk=submission.pk).exists():
        return
    members = list(Contact.objects.led_by([contact.leader_id]).values_list("pk", flat=True))
    with translation.override(form.language):
        subject = _("Is this your address? %(form)s") % {"form": form.title}
        body = _question(submission, said_no=refused_since(members) is not None)
    mail = write_confirmation(contact_id=contact.pk, address=submission.email, subject=subject, body=body)
    Submission.objects.filter(pk=submission.pk).update(mail=mail)


def _question(submission: Submission, *, said_no: bool) -> str:
    question = _(
        "Somebody filled in our form “%(form)s” with this address.\n\n"
        "If it was you, confirm it here, within %(days)d days:\n%(link)s\n\n"
        "If it was not you, do nothing: then nothing comes of it."
    ) % {"form": submission.form.title, "link": confirmation_url(submission), "days": CONFIRM_WITHIN.days}
    if not said_no:
        return question
    holds = _(
        "You told us to send you no more letters, and that holds. This question is the only one: if you do not "
        "answer it, no form of ours writes to you again."
    )
    return f"{question}\n\n{holds}"


def confirmation_url(submission: Submission) -> str:
    return settings.SITE_URL.rstrip("/") + reverse("form-confirm", args=[submission.token])
