"""/api/v1: what campaigns cost, the links to them, what came of them, and the three questions side by side."""

from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from campaigns.cost_files import apply_file, foresee, keep_file
from campaigns.costs import add_cost, withdraw_cost
from campaigns.figure_shapes import (
    CostBody,
    CostFileBody,
    CostFileShape,
    CostShape,
    LinkBody,
    LinkShape,
    ResultsShape,
    StrategyShape,
    show_cost,
    show_link,
    show_outcome,
    show_plan,
    show_strategy,
)
from campaigns.linking import make_link
from campaigns.looking import results_of
from campaigns.models import Campaign, Cost, Link, Way
from campaigns.strategy import PERIODS, strategy
from contacts.messages import minor_units
from funnel.api.figures import PICTURE_PARAMETERS
from funnel.pacing import Whose
from funnel.parameters import PICTURE, one_of, picture
from funnel.pictures import Picture, sees_everyone
from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.queries import parameter, refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters, query_parameter

TAG = _("Campaigns")
WAYS: Final = {"first": Way.FIRST, "last": Way.LAST}
_NAMES: Final = ("days", "way", *PICTURE)
_PARAMETERS: Final = [
    query_parameter("days", _("The period are so many days, today the last."), enum=[str(one) for one in PERIODS]),
    query_parameter("way", _("Credited to the first or to the last touch; the last unless said."), enum=list(WAYS)),
    *PICTURE_PARAMETERS,
]


@operation(
    "campaigns:read",
    summary=_("List the costs of a campaign"),
    tag=TAG,
    answers={200: page_shape("CostPage", CostShape)},
    parameters=paging_parameters("id"),
    problems=(*LIST_PROBLEMS, "not-found"),
)
def cost_list(request: Request, key: str) -> HttpResponse:
    """The newest first, also those that were taken back (`withdrawn_at`)."""
    costs = Cost.objects.filter(campaign=get_object_or_404(Campaign, key=key)).select_related("campaign")
    return listed(request, costs, show_cost, default="-id")


@operation(
    "campaigns:write",
    summary=_("Write down a cost"),
    tag=TAG,
    takes=CostBody,
    example={"first_on": "2026-11-01", "last_on": "2026-11-30", "amount": "250.00", "note": "Stand at the fair"},
    answers={201: CostShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def cost_add(request: Request, key: str) -> HttpResponse:
    """Over several days a sum is shared out exactly: the first k of n days together have floor(sum x k / n)."""
    campaign = get_object_or_404(Campaign, key=key)
    said = body_as(CostBody, request)
    said["sum_minor"] = _minor(said.pop("amount"), campaign.currency)
    return answer(show_cost(add_cost(campaign=campaign, by=caller(request), **said)), status=201)


def _minor(amount: Decimal, currency: str) -> int:
    try:
        return minor_units(amount, currency)
    except ValueError as error:
        words = _("It has more digits than the currency, or is too much.")
        raise ValidationError({"amount": words}, code="invalid") from error


@operation(
    "campaigns:write",
    summary=_("Take back a cost"),
    tag=TAG,
    answers={200: CostShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=("not-found", "invalid-value"),
)
def cost_withdraw(request: Request, cost_id: int) -> HttpResponse:
    """It stands no more; what was known of it until now stays known. A wrong cost is taken back and written anew."""
    cost = get_object_or_404(Cost.objects.select_related("campaign"), pk=cost_id)
    withdraw_cost(cost=cost, by=caller(request))
    cost.refresh_from_db()
    return answer(show_cost(cost))


@operation(
    "campaigns:write",
    summary=_("Read costs from a file of an ad platform"),
    tag=TAG,
    takes=CostFileBody,
    example={"name": "october.csv", "text": "Day,Campaign,Currency code,Cost\n2026-10-01,Spring,EUR,12.50\n"},
    answers={200: CostFileShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def cost_file(request: Request) -> HttpResponse:
    """What the file would do; with `"dry_run": false` it is done. The same file twice changes nothing."""
    said = body_as(CostFileBody, request)
    meaning = said.get("meaning", {})
    if said["dry_run"]:
        return answer(show_plan(foresee(text=said["text"], meaning=meaning), file=None))
    file = keep_file(name=said["name"], text=said["text"], by=caller(request))
    return answer(show_plan(apply_file(file=file, meaning=meaning, by=caller(request)), file=file.pk))


@operation(
    "campaigns:read",
    summary=_("List the links of a campaign"),
    tag=TAG,
    answers={200: page_shape("LinkPage", LinkShape)},
    parameters=paging_parameters("id"),
    problems=(*LIST_PROBLEMS, "not-found"),
)
def link_list(request: Request, key: str) -> HttpResponse:
    """The newest first, each with how often it was opened by people, and by machines."""
    links = Link.objects.filter(campaign=get_object_or_404(Campaign, key=key)).select_related("campaign")
    counted = links.annotate(clicks=Sum("days__clicks", default=0), left_out=Sum("days__left_out", default=0))
    return listed(request, counted, _shown, default="-id")


def _shown(link: Any) -> LinkShape:
    return show_link(link, short_address(link.token), link.clicks, link.left_out)


def short_address(token: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{reverse('link', args=[token])}"


@operation(
    "campaigns:write",
    summary=_("Make a link"),
    tag=TAG,
    takes=LinkBody,
    example={"url": "https://example.com/offer", "source": "newsletter", "medium": "email"},
    answers={201: LinkShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def link_add(request: Request, key: str) -> HttpResponse:
    """A short link of ours that leads to `url` with the campaign's UTM fields. The same again is the same link."""
    campaign = get_object_or_404(Campaign, key=key)
    link = make_link(campaign=campaign, by=caller(request), **body_as(LinkBody, request))
    return answer(show_link(link, short_address(link.token)), status=201)


@operation(
    "figures:read",
    summary=_("What came of a campaign"),
    tag=TAG,
    answers={200: ResultsShape},
    parameters=_PARAMETERS,
    problems=("invalid-query", "not-found"),
)
def campaign_results(request: Request, key: str) -> HttpResponse:
    """People touched and moved, cost per lead and customer, revenue and ROI, in a period and in the one before."""
    campaign = get_object_or_404(Campaign, key=key)
    days, way, seen = _asked(request)
    found = results_of(campaign, seen, caller(request), days=days)
    everybody = sees_everyone(caller(request))
    now, before = (show_outcome(one, with_cost=everybody) for one in (found.now[way], found.before[way]))
    return answer(ResultsShape(campaign.key, way.name.lower(), seen.live, found.since, found.until, now, before))


@operation(
    "figures:read",
    summary=_("The three questions side by side"),
    tag=TAG,
    answers={200: StrategyShape},
    parameters=_PARAMETERS,
    problems=("invalid-query",),
)
def strategy_read(request: Request) -> HttpResponse:
    """How many strangers were met, friends made and customers won, at what cost, by which campaigns, and the gaps."""
    days, way, seen = _asked(request)
    return answer(show_strategy(strategy(seen, Whose(caller(request)), days=days, way=way), live=seen.live))


def _asked(request: Request) -> tuple[int, Way, Picture]:
    plain = request._request
    refuse_unknown_parameters(plain, _NAMES)
    days = one_of(plain, "days", {str(one): one for one in PERIODS}) or 30
    way = one_of(plain, "way", WAYS) or Way.LAST
    seen = picture(plain) if any(parameter(plain, name) for name in PICTURE) else Picture.now()
    return days, way, seen
