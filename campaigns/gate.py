"""The one gate of every send: on what lawful ground somebody may be written to, or why not."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Submission
from contacts.consents import CORRESPONDENCE, EMAIL, Consent, consents_of, refused_since
from contacts.models import Contact, Event
from funnel.models import Position, Standing


class Ground(StrEnum):
    """Why somebody may be written to, or may not: kept with each mail."""

    CONSENT = "consent"
    CONTRACT = "contract"
    REQUEST = "request"
    LEGITIMATE_INTEREST = "legitimate_interest"
    # refusals
    ERASED = "erased"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    UNSUBSCRIBED = "unsubscribed"
    NOT_THEIRS = "not_their_address"
    NO_BASIS = "no_basis"
    UNANSWERED = "unanswered"


# What somebody does who wants to hear from us: whoever asks is answered.
ASKING: Final = (
    *("message_received", "quote_requested", "support_requested", "complaint_made", "form_submitted"),
    *("content_downloaded", "call_held", "meeting_held"),
)
BUYING: Final = ("order_completed",)


@dataclass(frozen=True, slots=True)
class Decision:
    """`since`: the moment of what it stands on."""

    may: bool
    ground: Ground
    sentence: str
    since: datetime | None = None


# A letter that only asks whether an address is theirs: whoever typed it into a form asked for it. Anybody may type it
# again and again, so unanswered ones come to an end; whoever said no to our letters is asked once.
CONFIRMATION: Final = "confirmation"
MOST_UNANSWERED: Final = 3
LATELY: Final = timedelta(days=30)


def may_write(leader: Contact, address: str, *, purpose: str = CORRESPONDENCE) -> Decision:
    """Whether one may write to this address of the person, and on what ground, as everything committed says now."""
    if leader.erased_at:
        return _no(Ground.ERASED, _("This person was erased; nothing may be sent."))
    if address.lower() not in {email.lower() for email in leader.emails}:
        return _no(Ground.NOT_THEIRS, _("This is not an address of this person any more."))
    members = list(Contact.objects.led_by([leader.pk]).values_list("pk", flat=True))
    if purpose == CONFIRMATION:
        return _may_ask(members)
    if Position.objects.filter(contact=leader, standing=Standing.CLOSED).exists():
        return _no(Ground.CLOSED, _("The relationship is closed. Reopen it before you write."))
    consents = {(one.channel, one.purpose): one for one in consents_of(members)}
    asked_at = last_asked(members)
    refusal = _refusal(consents.get((EMAIL, purpose)), consents, asked_at)
    return refusal or _ground(consents.get((EMAIL, purpose)), asked_at, _last(members, BUYING))


def _may_ask(members: Collection[int]) -> Decision:
    refused_at = refused_since(members)
    asked = Submission.objects.unanswered().filter(mail__contact_id__in=members)
    if refused_at and asked.filter(mail__claimed_at__gt=refused_at).exists():
        words = _("They unsubscribed from e-mail, were asked once since, and did not answer. A form asks them no more.")
        return _no(Ground.UNSUBSCRIBED, words, refused_at)
    if asked.filter(mail__claimed_at__gt=timezone.now() - LATELY).count() >= MOST_UNANSWERED:
        words = _("Several letters asked of late whether this address is theirs, and none was answered.")
        return _no(Ground.UNANSWERED, words)
    return Decision(True, Ground.REQUEST, _("A form was filled in with this address."))


def _refusal(
    consent: Consent | None, consents: dict[tuple[str, str], Consent], asked_at: datetime | None
) -> Decision | None:
    if consent and not consent.given:
        words = _("They withdrew their permission to be written to by e-mail. Record a new one before you write.")
        return _no(Ground.WITHDRAWN, words, consent.at)
    if consent:
        return None
    gone = [one for one in consents.values() if one.channel == EMAIL and not one.given]
    last = max(gone, key=lambda one: one.at, default=None)
    if last and (asked_at is None or asked_at < last.at):
        words = _("They unsubscribed from e-mail and have not been in touch since. Record a permission, or call.")
        return _no(Ground.UNSUBSCRIBED, words, last.at)
    return None


def _ground(consent: Consent | None, asked_at: datetime | None, bought_at: datetime | None) -> Decision:
    if consent:
        known = consent.basis in {Ground.CONSENT, Ground.CONTRACT, Ground.LEGITIMATE_INTEREST}
        ground = Ground(consent.basis) if known else Ground.CONSENT
        return Decision(True, ground, _("There is a permission on record."), consent.at)
    if bought_at:
        return Decision(True, Ground.CONTRACT, _("They bought from us."), bought_at)
    if asked_at:
        return Decision(True, Ground.REQUEST, _("They have been in touch with us."), asked_at)
    words = _(
        "Nothing on record allows writing to them: no permission, no order, and they never asked. Record one first."
    )
    return _no(Ground.NO_BASIS, words)


def last_asked(members: Collection[int]) -> datetime | None:
    """When they last wanted to hear from us."""
    return _last(members, ASKING)


def _last(members: Collection[int], types: Collection[str]) -> datetime | None:
    events = Event.objects.standing().filter(contact_id__in=members, type__key__in=types)
    return events.order_by("-occurred_at").values_list("occurred_at", flat=True).first()


def _no(ground: Ground, sentence: str, since: datetime | None = None) -> Decision:
    return Decision(False, ground, sentence, since)
