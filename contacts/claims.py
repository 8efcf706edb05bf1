"""What public sources claim, until somebody trusted confirms or refuses it."""

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from .ingest import take
from .messages import Message
from .models import Claim, Event
from .results import Status
from .settling import Terms
from .telling import why


def confirm_claim(claim: Claim, *, by: Principal | None) -> Event:
    """Let the claim be true: record it under its own key and body, as of when it was received.

    Without `by` it was confirmed by the person themselves, whose claim it is.
    """
    with transaction.atomic():
        _hold(claim)
        terms = Terms(claim.source, received_at=claim.received_at, confirmed=True)
        [result] = take(terms, [msgspec.convert(claim.body, Message)])
        if result.status not in (Status.ACCEPTED, Status.DUPLICATE):
            raise ValidationError(why(result), code=result.reason)
        Claim.objects.filter(pk=claim.pk).update(confirmed_at=Now(), event_id=result.event_id)
        if by:
            audit.record(by=by, action="claim_confirmed", kind="claim", row=claim.pk)
    claim.refresh_from_db()
    return Event.objects.get(key=claim.key)


def refuse_claim(claim: Claim, *, by: Principal) -> None:
    """Let the claim do nothing for ever; it stays to be read."""
    with transaction.atomic():
        _hold(claim)
        Claim.objects.filter(pk=claim.pk).update(refused_at=Now())
        audit.record(by=by, action="claim_refused", kind="claim", row=claim.pk)
    claim.refresh_from_db()


def _hold(claim: Claim) -> None:
    """Lock the claim; refused when somebody has decided it."""
    if not Claim.objects.open().select_for_update().filter(pk=claim.pk).exists():
        raise ValidationError(_("This claim has been decided already."), code="already_decided")
