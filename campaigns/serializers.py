"""What the addresses of campaigns answer (Structs) and take (serializers)."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from campaigns.models import MOST_PEOPLE, Campaign, Channel, Target


class CampaignShape(msgspec.Struct):
    """Events name a campaign by its `key`, the utm_campaign of its links."""

    key: str
    name: str
    channel: str
    starts_on: date | None
    ends_on: date | None
    owner: int | None


class TargetShape(msgspec.Struct):
    """So many `people` are to come to the stage in the month."""

    stage: str
    people: int


class TargetsShape(msgspec.Struct):
    month: str
    targets: list[TargetShape]


class TargetsBody(serializers.Serializer[Any]):
    """`people` by the key of a stage; null takes the target back. Stages that are not named keep theirs."""

    people = serializers.DictField(child=serializers.IntegerField(min_value=1, max_value=MOST_PEOPLE, allow_null=True))


class CampaignChanges(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False)
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)


class CampaignBody(CampaignChanges):
    key = serializers.CharField(max_length=80)
    name = serializers.CharField(max_length=120)

    def validate_key(self, key: str) -> str:
        if Campaign.objects.filter(key=key).exists():
            raise serializers.ValidationError(_("There is a campaign with this key already."), code="unique")
        return key


def shape_of(campaign: Campaign) -> CampaignShape:
    return CampaignShape(
        key=campaign.key,
        name=campaign.name,
        channel=campaign.channel,
        starts_on=campaign.starts_on,
        ends_on=campaign.ends_on,
        owner=campaign.owner_id,
    )


def shape_of_targets(month: date, targets: Iterable[Target]) -> TargetsShape:
    return TargetsShape(f"{month:%Y-%m}", [TargetShape(target.stage.key, target.people) for target in targets])
