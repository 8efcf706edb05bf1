"""Campaigns as staff and programs handle them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from campaigns.models import MOST_PEOPLE, Campaign, Cost, Target
from contacts.messages import currencies
from funnel.models import Stage
from staff import audit
from staff.policy import Principal


@transaction.atomic
def save_campaign(*, campaign: Campaign, by: Principal, **changes: Any) -> Campaign:
    """Make a campaign, or change one; what cannot be raises ValidationError."""
    for name, value in changes.items():
        setattr(campaign, name, value)
    action = "campaign_added" if campaign.pk is None else "campaign_changed"
    campaign.full_clean()
    _check_currency(campaign)
    campaign.save()
    audit.record(by=by, action=action, kind="campaign", row=campaign.pk, changed=sorted(changes))
    return campaign


def _check_currency(campaign: Campaign) -> None:
    """Its costs are in its currency: it stays when there are any."""
    if campaign.currency not in currencies():
        raise ValidationError({"currency": _("A code of three letters, such as EUR.")}, code="invalid")
    if campaign.pk is None or not Cost.objects.standing().filter(campaign=campaign).exists():
        return
    if Campaign.objects.get(pk=campaign.pk).currency != campaign.currency:
        words = _("There are costs in another currency: take them back first.")
        raise ValidationError({"currency": words}, code="has_costs")


@transaction.atomic
def archive_campaign(*, campaign: Campaign, by: Principal, archived: bool = True) -> Campaign:
    """Put a campaign away, or take it out again. What it brought about stays counted."""
    if archived != (campaign.archived_at is not None):
        campaign.archived_at = timezone.now() if archived else None
        campaign.save(update_fields=["archived_at"])
        action = "campaign_archived" if archived else "campaign_restored"
        audit.record(by=by, action=action, kind="campaign", row=campaign.pk)
    return campaign


def key_for(name: str) -> str:
    """A key made of a name, that no campaign has yet."""
    stem = slugify(name)[:70] or "campaign"
    taken = set(Campaign.objects.filter(key__startswith=stem).values_list("key", flat=True))
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return stem if stem not in taken else next(key for key in numbered if key not in taken)


@transaction.atomic
def set_targets(*, month: date, people: Mapping[str, int | None], by: Principal) -> list[Target]:
    """How many people are to come to these stages (by key) in the month; nothing takes a target back.

    Stages that are not named keep theirs. Returns all targets of the month.
    """
    month = month.replace(day=1)
    stages = {stage.key: stage for stage in Stage.objects.select_for_update().order_by("pk")}
    unknown = sorted(set(people) - set(stages))
    if unknown:
        raise ValidationError(_("There is no stage “%(key)s”."), code="unknown_stage", params={"key": unknown[0]})
    for key, number in people.items():
        if number is None:
            Target.objects.filter(stage=stages[key], month=month).delete()
        elif not 1 <= number <= MOST_PEOPLE:
            raise ValidationError(
                _("A target is of 1 to %(most)s people."), code="out_of_range", params={"most": MOST_PEOPLE}
            )
        else:
            Target.objects.update_or_create(stage=stages[key], month=month, defaults={"people": number})
    audit.record(by=by, action="targets_set", kind="target", row=None, month=month.isoformat(), people=dict(people))
    return targets_of(month)


def targets_of(month: date) -> list[Target]:
    """In the order of the path."""
    return list(Target.objects.filter(month=month.replace(day=1)).select_related("stage").order_by("stage__order"))
