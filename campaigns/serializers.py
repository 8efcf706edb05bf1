"""What the addresses of campaigns answer (Structs) and take (serializers)."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from campaigns.models import MOST_PEOPLE, Campaign, Channel, Question, Target
from contacts.event_api import MoneyShape
from contacts.messages import major_units
from contacts.models import SavedView, Shared
from funnel.models import Stage
from staff.models import User


class CampaignShape(msgspec.Struct):
    """Events name a campaign by its `key`, the utm_campaign of its links; `stage` is the step it works for."""

    key: str
    name: str
    question: str
    stage: str | None
    channel: str
    audience: str
    view: int | None
    value_proposition: str
    tactic: str
    starts_on: date | None
    ends_on: date | None
    owner: int | None
    budget: MoneyShape | None
    currency: str
    archived: bool


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
    question = serializers.ChoiceField(choices=Question.choices, required=False)
    stage = serializers.SlugRelatedField("key", queryset=Stage.objects.all(), required=False, allow_null=True)
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    audience = serializers.CharField(max_length=500, required=False, allow_blank=True)
    view = serializers.PrimaryKeyRelatedField(
        queryset=SavedView.objects.filter(shared=Shared.EVERYBODY), required=False, allow_null=True
    )
    value_proposition = serializers.CharField(max_length=500, required=False, allow_blank=True)
    tactic = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)
    owner = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True), required=False, allow_null=True
    )
    budget = serializers.DecimalField(
        max_digits=15, decimal_places=4, min_value=0, required=False, allow_null=True, help_text=_("In `currency`.")
    )
    currency = serializers.CharField(min_length=3, max_length=3, required=False)
    archived = serializers.BooleanField(required=False)

    def validate_currency(self, currency: str) -> str:
        return currency.upper()


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
        question=campaign.question,
        stage=campaign.stage.key if campaign.stage else None,
        channel=campaign.channel,
        audience=campaign.audience,
        view=campaign.view_id,
        value_proposition=campaign.value_proposition,
        tactic=campaign.tactic,
        starts_on=campaign.starts_on,
        ends_on=campaign.ends_on,
        owner=campaign.owner_id,
        budget=money(campaign.budget_minor, campaign.currency),
        currency=campaign.currency,
        archived=campaign.archived_at is not None,
    )


def money(minor: int | None, currency: str) -> MoneyShape | None:
    return None if minor is None else MoneyShape(str(major_units(minor, currency)), currency)


def shape_of_targets(month: date, targets: Iterable[Target]) -> TargetsShape:
    return TargetsShape(f"{month:%Y-%m}", [TargetShape(target.stage.key, target.people) for target in targets])
