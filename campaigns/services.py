"""Campaigns as staff and programs handle them."""

from typing import Any

from django.db import transaction

from campaigns.models import Campaign
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
