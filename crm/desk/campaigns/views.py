"""The pages of campaigns: parse, ask one service, answer."""

from collections.abc import Sequence
from http import HTTPStatus
from io import BytesIO
from typing import Any

import segno
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaigns.budgets import Budget, budget_of
from campaigns.costs import add_cost, withdraw_cost
from campaigns.figure_api import short_address
from campaigns.linking import make_link
from campaigns.looking import results_of, sheet_with_results
from campaigns.models import Campaign, Channel, Cost, Link, Question
from campaigns.outcome import Gates
from campaigns.reading import MOST_COSTS, NEWEST_COSTS, CostLine, campaign_of
from campaigns.services import archive_campaign, key_for, save_campaign
from crm.desk.campaigns.cells import budget_drawn, campaigns_drawn, costs_drawn, figures_drawn, links_drawn, moved_drawn
from crm.desk.campaigns.forms import CampaignForm, CostForm, LinkForm, planned_like
from crm.desk.campaigns.listing import headline, rows_of
from crm.desk.campaigns.people import ORDERED, REFUNDED, TOUCHED, behind, span
from crm.desk.campaigns.showing import Page
from crm.desk.campaigns.words import CHANNEL_ICONS, CHANNELS, QUESTIONS, WAYS
from crm.desk.doors import for_staff
from crm.desk.finding import as_file, number_said, table_named, there
from crm.desk.money import in_full
from crm.desk.places import page
from crm.desk.strategy.views import Wish
from crm.desk.toasts import toast
from funnel.pictures import Picture, path_in, sees_everyone
from staff.policy import Principal


@require_GET
@for_staff("campaigns:read")
def campaign_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    wish, put_away = Wish.of(request), request.GET.get("archived") == "1"
    rows = rows_of(principal, wish.days, wish.way, put_away=put_away)
    context = {
        "wish": wish,
        "rows": campaigns_drawn(rows, query=wish.tools()["query"], put_away=put_away),
        "headline": headline(rows, wish.days, everybody=sees_everyone(principal)) if rows and not put_away else "",
        "put_away": put_away,
        "may_plan": principal.may("campaigns:write"),
    }
    return render(request, "desk/campaign_list.html", page(request) | context | wish.tools())


@require_GET
@for_staff("campaigns:read")
def campaign_page(request: HttpRequest, principal: Principal, campaign_id: int) -> HttpResponse:
    wish, most = Wish.of(request), MOST_COSTS if request.GET.get("costs") == "all" else NEWEST_COSTS
    sheet, results = there(sheet_with_results(campaign_id, principal, days=wish.days, way=wish.way, most=most))
    campaign, costs = sheet.campaign, sheet.costs
    shown = Page(campaign, results, wish.way, days=wish.days, everybody=sees_everyone(principal))
    may_plan, query = principal.may("campaigns:write"), wish.query(view="")
    people_at = f"{reverse('desk:campaign-people', args=[campaign.pk])}?what=%s&{query}"
    context = {
        "wish": wish,
        "campaign": campaign,
        "shown": shown,
        "figures": figures_drawn(shown, people_at),
        "moved": moved_drawn(shown, people_at),
        "costs": costs_drawn(costs, campaign.currency, request, may_plan=may_plan),
        "costs_left": costs[0].of - len(costs) if costs else 0,
        "budget": budget_drawn(_budget(campaign, costs), campaign.currency),
        "links": links_drawn(sheet.links, campaign),
        "question": QUESTIONS[Question(campaign.question)],
        "channel": CHANNELS[Channel(campaign.channel)],
        "channel_icon": CHANNEL_ICONS[Channel(campaign.channel)],
        "is_running": campaign.is_running(timezone.localdate()),
        "may_plan": may_plan,
        "tables": list(shown.tables()) if wish.view else [],
        "way_name": WAYS[wish.way],
    }
    return render(request, "desk/campaign.html", page(request) | context | wish.tools())


@require_GET
@for_staff("campaigns:read")
def campaign_table(request: HttpRequest, principal: Principal, campaign_id: int, name: str) -> HttpResponse:
    """One of the tables as a file."""
    campaign = _campaign(campaign_id)
    shown = _shown(campaign, principal, Wish.of(request))
    return as_file(table_named(name, shown.tables()), f"{campaign.pk}-{name}-{shown.results.until}")


@require_GET
@for_staff("contacts:read")
def campaign_people(request: HttpRequest, principal: Principal, campaign_id: int) -> HttpResponse:
    """Whom a number counts, with why."""
    campaign, wish = _campaign(campaign_id), Wish.of(request)
    gates = Gates(path_in(Picture.now()))
    keys = {stage.key: str(stage) for stage in gates.path.stages}
    what, after = request.GET.get("what", TOUCHED), request.GET.get("after", "")
    if what not in {TOUCHED, ORDERED, REFUNDED, *keys}:
        raise Http404
    since, until = span(wish.days, timezone.localtime(timezone.now(), timezone.get_default_timezone()))
    found = behind(
        campaign,
        principal,
        gates,
        what,
        way=wish.way,
        since=since,
        until=until,
        after=number_said(after),
        names=dict(Campaign.objects.values_list("key", "name")),
    )
    titles = {TOUCHED: _("Touched for the first time"), ORDERED: _("Orders"), REFUNDED: _("Refunds")}
    shown = {"campaign": campaign, "found": found, "what": what, "query": wish.query(), "way_name": WAYS[wish.way]}
    title = f"{campaign}: {(titles | keys)[what]}"
    return render(request, "desk/campaigns/people.html", alone(request) | shown | {"title": title, "wish": wish})


@for_staff("campaigns:write")
def campaign_new(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """Made anew, or, with `like`, planned as another one was."""
    asked: dict[str, Any] = {name: request.GET[name] for name in ("question", "stage") if request.GET.get(name)}
    like = number_said(request.GET.get("like", ""))
    campaign = Campaign(owner=principal.user)
    if like is not None:
        asked = planned_like(_campaign(like), timezone.localdate())
    form = CampaignForm(campaign, request.POST or None, initial=asked)
    if form.is_valid():
        campaign.key = key_for(form.cleaned_data["name"])
        if _tried(form, lambda: save_campaign(campaign=campaign, by=principal, **form.changes())):
            said = _("%(name)s is planned. Its key is %(key)s.") % {"name": campaign, "key": campaign.key}
            return toast(request, redirect("desk:campaign", campaign.pk), said)
    return _asked(request, "form.html", _("New campaign"), form, like=like)


@for_staff("campaigns:write")
def campaign_edit(request: HttpRequest, principal: Principal, campaign_id: int) -> HttpResponseBase:
    campaign = _campaign(campaign_id)
    form = CampaignForm(campaign, request.POST or None)
    if form.is_valid() and _tried(form, lambda: save_campaign(campaign=campaign, by=principal, **form.changes())):
        return toast(request, redirect("desk:campaign", campaign.pk), _("%(name)s: saved.") % {"name": campaign})
    return _asked(request, "form.html", _("Edit campaign"), form, campaign=campaign)


@require_POST
@for_staff("campaigns:write")
def campaign_archive(request: HttpRequest, principal: Principal, campaign_id: int) -> HttpResponseBase:
    """Put it away, or take it out again: whichever it is not."""
    campaign = _campaign(campaign_id)
    is_away = campaign.archived_at is None
    archive_campaign(campaign=campaign, by=principal, archived=is_away)
    words = _("%(name)s is put away. What it brought about stays.") if is_away else _("%(name)s is in use again.")
    undo = request.path if is_away else None
    return toast(request, redirect("desk:campaign", campaign.pk), words % {"name": campaign}, undo=undo)


@for_staff("campaigns:write")
def cost_new(request: HttpRequest, principal: Principal, campaign_id: int) -> HttpResponseBase:
    campaign = _campaign(campaign_id)
    form = CostForm(campaign.currency, request.POST or None)
    if form.is_valid() and _tried(form, lambda: add_cost(campaign=campaign, by=principal, **form.changes())):
        said = _("%(sum)s is written down.") % {"sum": in_full(form.cleaned_data["sum"], campaign.currency)}
        return toast(request, redirect("desk:campaign", campaign.pk), said)
    return _asked(request, "form.html", _("Write down a cost"), form, campaign=campaign)


@require_POST
@for_staff("campaigns:write")
def cost_withdraw(request: HttpRequest, principal: Principal, cost_id: int) -> HttpResponseBase:
    cost = get_object_or_404(Cost.objects.select_related("campaign"), pk=cost_id)
    back = redirect("desk:campaign", cost.campaign_id)
    try:
        withdraw_cost(cost=cost, by=principal)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return toast(request, back, _("The cost is taken back."))


@for_staff("campaigns:write")
def link_new(request: HttpRequest, principal: Principal, campaign_id: int) -> HttpResponseBase:
    campaign = _campaign(campaign_id)
    form = LinkForm(request.POST or None)
    if form.is_valid() and _tried(form, lambda: make_link(campaign=campaign, by=principal, **form.cleaned_data)):
        return toast(request, redirect("desk:campaign", campaign.pk), _("The link is made. Copy it from the page."))
    return _asked(request, "form.html", _("Make a link"), form, campaign=campaign)


@require_GET
@for_staff("campaigns:read")
def link_code(request: HttpRequest, principal: Principal, link_id: int) -> HttpResponse:
    """The short link as a QR code, to be printed: it can lose a quarter of itself and still be read."""
    link = get_object_or_404(Link, pk=link_id)
    drawn = BytesIO()
    segno.make(short_address(link.token), error="q", micro=False).save(drawn, kind="svg", scale=8, border=4)
    answer = HttpResponse(drawn.getvalue(), content_type="image/svg+xml")
    answer.headers["Content-Disposition"] = f'inline; filename="polku-{link.token}.svg"'
    return answer


def alone(request: HttpRequest) -> dict[str, Any]:
    """A drawer opened as a page of its own needs what every page does."""
    return {} if request.htmx else page(request)  # type: ignore[attr-defined]


def _campaign(campaign_id: int) -> Campaign:
    return there(campaign_of(campaign_id))


def _budget(campaign: Campaign, costs: Sequence[CostLine]) -> Budget | None:
    spent = costs[0].total if costs else 0
    return budget_of(campaign.budget_minor, spent, campaign.starts_on, campaign.ends_on, timezone.localdate())


def _shown(campaign: Campaign, principal: Principal, wish: Wish) -> Page:
    results = results_of(campaign, Picture.now(), principal, days=wish.days, way=wish.way)
    return Page(campaign, results, wish.way, days=wish.days, everybody=sees_everyone(principal))


def _tried(form: Form, deed: Any) -> bool:
    """Whether the service did it; what it refuses stands at the field it is about."""
    try:
        deed()
    except ValidationError as error:
        fields = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, messages in fields.items():
            own = {"sum_minor": "sum", "budget_minor": "budget"}.get(name, name)
            for message in messages:
                form.add_error(own if own in form.fields else None, message)
        return False
    return True


def _asked(request: HttpRequest, template: str, title: str, form: Form, **context: Any) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    shown = alone(request) | {"title": title, "form": form} | context
    return render(request, f"desk/campaigns/{template}", shown, status=status)
