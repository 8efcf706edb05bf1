"""/api/v1/campaigns: what is done to reach people, by the keys that events carry; and the targets of a month."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from campaigns.models import Campaign
from campaigns.serializers import (
    CampaignBody,
    CampaignChanges,
    CampaignShape,
    TargetsBody,
    TargetsShape,
    shape_of,
    shape_of_targets,
)
from campaigns.services import archive_campaign, save_campaign, set_targets, targets_of
from campaigns.year import month_named
from contacts.messages import minor_units
from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.queries import refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters

TAG = _("Campaigns")


@operation(
    "campaigns:read",
    summary=_("List campaigns"),
    tag=TAG,
    answers={200: page_shape("CampaignPage", CampaignShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def campaign_list(request: Request) -> HttpResponse:
    """The newest first, also those that were put away. A key that only events name so far has no row here."""
    return listed(request, Campaign.objects.select_related("stage"), shape_of, default="-id")


@operation(
    "campaigns:write",
    summary=_("Add a campaign"),
    tag=TAG,
    takes=CampaignBody,
    example={"key": "spring", "name": "Spring", "question": "reach", "channel": "paid", "budget": "1200.00"},
    answers={201: CampaignShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def campaign_add(request: Request) -> HttpResponse:
    """The key stays for ever: events carry it."""
    return answer(shape_of(_saved(request, Campaign(), body_as(CampaignBody, request))), status=201)


@operation(
    "campaigns:read",
    summary=_("Read a campaign"),
    tag=TAG,
    answers={200: CampaignShape},
    problems=["invalid-query", "not-found"],
)
def campaign_detail(request: Request, key: str) -> HttpResponse:
    refuse_unknown_parameters(request._request, ())
    return answer(shape_of(get_object_or_404(Campaign, key=key)))


@operation(
    "campaigns:write",
    summary=_("Change a campaign"),
    tag=TAG,
    takes=CampaignChanges,
    answers={200: CampaignShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def campaign_change(request: Request, key: str) -> HttpResponse:
    """Change what the body names; `archived` puts it away, or takes it out again."""
    campaign = get_object_or_404(Campaign, key=key)
    return answer(shape_of(_saved(request, campaign, body_as(CampaignChanges, request))))


@transaction.atomic
def _saved(request: Request, campaign: Campaign, said: dict[str, Any]) -> Campaign:
    archived = said.pop("archived", None)
    if "budget" in said:
        currency = said.get("currency", campaign.currency)
        said["budget_minor"] = _minor(said.pop("budget"), currency)
    if said or campaign.pk is None:
        save_campaign(campaign=campaign, by=caller(request), **said)
    if archived is not None:
        archive_campaign(campaign=campaign, by=caller(request), archived=archived)
    return campaign


def _minor(amount: Decimal | None, currency: str) -> int | None:
    if amount is None:
        return None
    try:
        return minor_units(amount, currency)
    except ValueError as error:
        words = _("It has more digits than the currency, or is too much.")
        raise ValidationError({"budget": words}, code="invalid") from error


@operation(
    "figures:read",
    summary=_("Read the targets of a month"),
    tag=_("Targets"),
    answers={200: TargetsShape},
    problems=["invalid-query", "not-found"],
)
def target_list(request: Request, month: str) -> HttpResponse:
    """How many people are to come to each stage in the month (`2026-11`), in the order of the path."""
    refuse_unknown_parameters(request._request, ())
    first = _month(month)
    return answer(shape_of_targets(first, targets_of(first)))


@operation(
    "targets:write",
    summary=_("Set targets of a month"),
    tag=_("Targets"),
    takes=TargetsBody,
    answers={200: TargetsShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def target_change(request: Request, month: str) -> HttpResponse:
    """Null takes a target back; stages that are not named keep theirs. Answers all targets of the month."""
    first = _month(month)
    people = body_as(TargetsBody, request)["people"]
    return answer(shape_of_targets(first, set_targets(month=first, people=people, by=caller(request))))


def _month(text: str) -> date:
    first = month_named(text)
    if first is None:
        raise Http404
    return first
