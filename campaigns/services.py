"""Campaigns as staff and programs handle them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from campaigns.models import MOST_PEOPLE, Campaign, Target
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
    campaign.save()
    audit.record(by=by, action=action, kind="campaign", row=campaign.pk, changed=sorted(changes))
    return campaign


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
