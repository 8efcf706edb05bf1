"""What waits while nothing is sent, and dropping it before sending is taken up again."""

from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from campaigns.models import Mail, MailState
from crm.models import DeliveryState, MorningMail, NoticeMail, StaffMailState, WebhookDelivery
from funnel.models import Effect, EffectState
from staff import audit
from staff.policy import Principal
from staff.sending import resume_sending

COUNTED_TO: Final = 10_000
DROPPED: Final = "dropped"  # why an effect is held


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many letters and webhook deliveries wait; counted to COUNTED_TO."""

    letters: int
    deliveries: int


def waiting() -> Waiting:
    return Waiting(_count(_letters()), _count(_deliveries()) + _count(_effects()))


@transaction.atomic
def take_up_sending(*, by: Principal, drop: bool = False) -> None:
    """Let it go out again; with `drop` without what waits now.

    Dropped letters are cancelled, and dropped webhooks can be replayed one by one.
    """
    if drop:
        letters = _letters().update(state=MailState.CANCELLED)
        for mails in (MorningMail.objects, NoticeMail.objects):
            mails.filter(state__in=_TO_STAFF).update(state=StaffMailState.NOTHING)
        deliveries = _deliveries().update(state=DeliveryState.FAILED, last_error=DROPPED)
        deliveries += _effects().update(state=EffectState.HELD, hold_reason=DROPPED)
        audit.record(by=by, action="waiting_dropped", kind="sending", letters=letters, deliveries=deliveries)
    resume_sending(by=by)


_TO_STAFF: Final = (StaffMailState.QUEUED, StaffMailState.RETRY)


def _letters() -> QuerySet[Mail]:
    return Mail.objects.filter(state__in=[MailState.QUEUED, MailState.RETRY])


def _deliveries() -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(state=DeliveryState.WAITING)


def _effects() -> QuerySet[Effect]:
    """Those of whom no delivery was made yet."""
    return Effect.objects.filter(state=EffectState.WAITING)


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:COUNTED_TO].count()
