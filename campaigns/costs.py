"""Costs as staff and programs write them down and take them back."""

from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Cost
from staff import audit
from staff.policy import Principal

LONGEST: Final = 3660  # days
_OURS: Final = {"file", "line", "by", "withdrawn_at", "withdrawn_by"}  # nobody types these


@transaction.atomic
def add_cost(
    *, campaign: Campaign, by: Principal, sum_minor: int, first_on: date, last_on: date | None = None, note: str = ""
) -> Cost:
    """So much was spent on a day, or over some; what cannot be raises ValidationError."""
    last_on = last_on or first_on
    cost = Cost(
        campaign=campaign, first_on=first_on, last_on=last_on, sum_minor=sum_minor, note=note.strip(), by=by.user
    )
    if (last_on - first_on).days >= LONGEST:
        raise ValidationError({"last_on": _("A cost is of ten years at most.")}, code="too_long")
    cost.clean_fields(exclude=_OURS)
    cost.validate_constraints()
    cost.save()
    spent = {"sum_minor": sum_minor, "currency": campaign.currency}
    audit.record(by=by, action="cost_added", kind="campaign", row=campaign.pk, cost=cost.pk, **spent)
    return cost


@transaction.atomic
def withdraw_cost(*, cost: Cost, by: Principal) -> None:
    """Take a cost back. What was known of it until now stays known."""
    taken = Cost.objects.standing().filter(pk=cost.pk).update(withdrawn_at=Now(), withdrawn_by=by.user)
    if not taken:
        raise ValidationError(_("This cost was taken back already."), code="already_withdrawn")
    audit.record(by=by, action="cost_withdrawn", kind="campaign", row=cost.campaign_id, cost=cost.pk)
