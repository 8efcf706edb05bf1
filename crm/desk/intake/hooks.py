"""Webhooks at the desk: who hears of moves, what became of each message, trying and sending again."""

import json
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.desk.doors import for_staff
from crm.desk.finding import newest_first, number_said
from crm.desk.intake.cells import Try, deliveries_drawn
from crm.desk.intake.forms import WebhookForm
from crm.desk.intake.rooms import shown
from crm.desk.toasts import toast
from crm.models import DeliveryState, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from crm.webhooks.services import (
    add_endpoint,
    change_endpoint,
    replay_delivery,
    retire_secret,
    rotate_secret,
    send_test,
)
from funnel.effects import held_effects, release_effects
from funnel.models import Dimension
from staff.policy import Principal

SCOPE = "webhooks:manage"
DIMENSIONS = {Dimension.STAGE.value: "stage", Dimension.HEALTH.value: "health", Dimension.STANDING.value: "standing"}


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff(SCOPE)
def webhooks(request: HttpRequest, principal: Principal) -> HttpResponse:
    form = WebhookForm(request.POST or None)
    if form.is_valid():
        try:
            endpoint = add_endpoint(by=principal, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("url", error.messages)
        else:
            return _endpoint(request, principal, endpoint, secret=endpoint.secret)
    endpoints = list(WebhookEndpoint.objects.order_by("pk"))
    context = {"room": "desk:webhooks", "endpoints": endpoints, "form": form, "held": held_effects()}
    return shown(request, principal, "webhooks.html", context, status=422 if form.is_bound else 200)


@require_GET
@for_staff(SCOPE)
def webhook_page(request: HttpRequest, principal: Principal, endpoint_id: int) -> HttpResponse:
    return _endpoint(request, principal, get_object_or_404(WebhookEndpoint, pk=endpoint_id))


@require_POST
@for_staff(SCOPE)
def webhook_deed(request: HttpRequest, principal: Principal, endpoint_id: int, deed: str) -> HttpResponseBase:
    endpoint = get_object_or_404(WebhookEndpoint, pk=endpoint_id)
    back = redirect("desk:webhook-page", endpoint.pk)
    try:
        match deed:
            case "test":
                send_test(endpoint=endpoint, by=principal)
                return toast(request, back, _("A message of type polku.test is on its way."))
            case "rotate":
                rotated = rotate_secret(endpoint=endpoint, by=principal)
                return _endpoint(request, principal, rotated, secret=rotated.secret)
            case "retire":
                retire_secret(endpoint=endpoint, by=principal)
                return toast(request, back, _("Only the new secret signs now."))
            case "off" | "on":
                change_endpoint(endpoint=endpoint, by=principal, enabled=deed == "on")
                return toast(
                    request, back, _("It hears of moves again.") if deed == "on" else _("It hears nothing now.")
                )
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    raise Http404


@require_POST
@for_staff(SCOPE)
def held_release(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "")
    released = release_effects(by=principal, kind=kind, reason=reason)
    words = ngettext("%(n)s goes now.", "%(n)s go now.", released) % {"n": released}
    return toast(request, redirect("desk:webhooks"), words)


@require_POST
@for_staff(SCOPE)
def delivery_replay(request: HttpRequest, principal: Principal, delivery_id: int) -> HttpResponseBase:
    delivery = get_object_or_404(WebhookDelivery.objects.select_related("endpoint"), pk=delivery_id)
    back = redirect("desk:webhook-page", delivery.endpoint_id)
    try:
        replay_delivery(delivery=delivery, by=principal)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return toast(request, back, _("It is sent again, under the same id."))


def _endpoint(
    request: HttpRequest, principal: Principal, endpoint: WebhookEndpoint, *, secret: str = ""
) -> HttpResponse:
    state = request.GET.get("state", "")
    state = state if state in DeliveryState.values else ""
    rows = endpoint.deliveries.filter(state=state) if state else endpoint.deliveries.all()
    found = newest_first(request, rows.values("id", "state", "message_id", "created_at", "due_at"))
    heard = [DIMENSIONS[one] for one in endpoint.dimensions if one in DIMENSIONS]
    lines = deliveries_drawn(found.rows, _tries([row["id"] for row in found.rows]), request)
    context = {"room": "desk:webhooks", "endpoint": endpoint, "secret": secret, "heard": heard}
    context |= {"found": found, "lines": lines, "state": state, "states": DeliveryState.choices}
    context |= _opened(request, endpoint)
    return shown(request, principal, "webhook.html", context)


def _opened(request: HttpRequest, endpoint: WebhookEndpoint) -> dict[str, Any]:
    """The message that the address opens, as it is sent."""
    number = number_said(request.GET.get("delivery", ""))
    if number is None:
        return {}
    delivery = get_object_or_404(endpoint.deliveries, pk=number)
    body = json.dumps(json.loads(delivery.body), ensure_ascii=False, indent=2) if delivery.body else ""
    return {"delivery": delivery, "body": body, "attempts": _tries([delivery.pk]).get(delivery.pk, [])}


def _tries(delivery_ids: Sequence[int]) -> dict[int, list[Try]]:
    """Of each of these deliveries, in turn."""
    rows = WebhookAttempt.objects.filter(delivery__in=delivery_ids).order_by("pk")
    found: dict[int, list[Try]] = {}
    for delivery, at, status, error, took in rows.values_list("delivery", "at", "status", "error", "duration_ms"):
        found.setdefault(delivery, []).append(Try(at, status, error, took))
    return found
