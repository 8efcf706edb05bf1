"""/api/v1/webhooks: who hears of moves, and what became of each message."""

from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from crm.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from crm.webhooks import services
from crm.webhooks.telling import error_told
from funnel.models import Dimension
from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.pages import PARAMETERS, page
from rest.queries import invalid_query, parameter, refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters, query_parameter

TAG = "Webhooks"
SCOPE = "webhooks:manage"
DIMENSIONS = {dimension.name.lower(): dimension.value for dimension in Dimension}


class EndpointShape(msgspec.Struct, omit_defaults=True):
    """`secret` is shown once: when it is made or rotated."""

    id: int
    url: str
    description: str
    dimensions: list[str]
    enabled: bool
    disabled_reason: str
    failing_since: datetime | None
    created_at: datetime
    both_sign: bool  # the secret before is not retired yet
    secret: str = ""


class TryShape(msgspec.Struct):
    at: datetime
    status: int | None
    error: str
    duration_ms: int


class DeliveryShape(msgspec.Struct):
    id: int
    endpoint: int
    message_id: str
    state: str
    attempts: int
    due_at: datetime
    created_at: datetime
    delivered_at: datetime | None
    tries: list[TryShape]
    body: msgspec.Raw


class EndpointList(msgspec.Struct):
    results: list[EndpointShape]


class EndpointBody(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=500)
    description = serializers.CharField(max_length=120, required=False, allow_blank=True)
    dimensions = serializers.ListField(child=serializers.ChoiceField(choices=list(DIMENSIONS)), required=False)


class EndpointChanges(EndpointBody):
    url = serializers.CharField(max_length=500, required=False)
    enabled = serializers.BooleanField(required=False)


@operation(SCOPE, summary=_("Webhook endpoints"), tag=TAG, answers={200: EndpointList}, problems=["invalid-query"])
def endpoint_list(request: Request) -> HttpResponse:
    """All endpoints, switched-off ones too."""
    refuse_unknown_parameters(request._request, ())
    return answer(EndpointList([_shape(one) for one in WebhookEndpoint.objects.order_by("pk")]))


@operation(
    SCOPE,
    summary=_("Add a webhook endpoint"),
    tag=TAG,
    takes=EndpointBody,
    answers={201: EndpointShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def endpoint_add(request: Request) -> HttpResponse:
    """From now on each move is sent there, signed (Standard Webhooks). The secret is in this answer and in no other."""
    endpoint = services.add_endpoint(by=caller(request), **_body(request, EndpointBody))
    return answer(_shape(endpoint, secret=endpoint.secret), status=201)


@operation(
    SCOPE,
    summary=_("A webhook endpoint"),
    tag=TAG,
    answers={200: EndpointShape},
    problems=["invalid-query", "not-found"],
)
def endpoint_detail(request: Request, endpoint_id: int) -> HttpResponse:
    refuse_unknown_parameters(request._request, ())
    return answer(_shape(_endpoint(endpoint_id)))


@operation(
    SCOPE,
    summary=_("Change a webhook endpoint"),
    tag=TAG,
    takes=EndpointChanges,
    answers={200: EndpointShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def endpoint_change(request: Request, endpoint_id: int) -> HttpResponse:
    """With `enabled` an endpoint is switched off and on; on again, it gets what waited."""
    changes = _body(request, EndpointChanges)
    return answer(_shape(services.change_endpoint(endpoint=_endpoint(endpoint_id), by=caller(request), **changes)))


@operation(
    SCOPE,
    summary=_("Rotate the secret"),
    tag=TAG,
    answers={200: EndpointShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=["not-found"],
)
def endpoint_rotate(request: Request, endpoint_id: int) -> HttpResponse:
    """Both secrets, the new and the old one, sign until the old one is retired, or the next rotation."""
    endpoint = services.rotate_secret(endpoint=_endpoint(endpoint_id), by=caller(request))
    return answer(_shape(endpoint, secret=endpoint.secret))


@operation(
    SCOPE,
    summary=_("Retire the old secret"),
    tag=TAG,
    answers={200: EndpointShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=["not-found", "invalid-value"],
)
def endpoint_retire(request: Request, endpoint_id: int) -> HttpResponse:
    """From now on only the new secret signs."""
    return answer(_shape(services.retire_secret(endpoint=_endpoint(endpoint_id), by=caller(request))))


@operation(
    SCOPE,
    summary=_("Send a test message"),
    tag=TAG,
    answers={202: DeliveryShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=["not-found", "invalid-value"],
)
def endpoint_test(request: Request, endpoint_id: int) -> HttpResponse:
    """A message of type `polku.test`, by the same way as all others."""
    delivery = services.send_test(endpoint=_endpoint(endpoint_id), by=caller(request))
    return answer(_delivery_shape(delivery), status=202)


@operation(
    SCOPE,
    summary=_("Deliveries"),
    tag=TAG,
    answers={200: page_shape("DeliveryPage", DeliveryShape)},
    parameters=[
        query_parameter("endpoint", _("only of this endpoint"), int),
        query_parameter("state", _("only in this state"), enum=DeliveryState.values),
        *paging_parameters("id"),
    ],
    problems=LIST_PROBLEMS,
)
def delivery_list(request: Request) -> HttpResponse:
    """The newest first, each with all its tries."""
    refuse_unknown_parameters(request._request, {"endpoint", "state", *PARAMETERS})
    rows = WebhookDelivery.objects.filter(_filter(request)).prefetch_related("tries")
    shown = page(request._request, rows, orderings={"id": ("id",)}, default="-id")
    return answer(shown.showing([_delivery_shape(one) for one in shown.rows]))


@operation(
    SCOPE,
    summary=_("Send a delivery again"),
    tag=TAG,
    answers={202: DeliveryShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=["not-found", "invalid-value"],
)
def delivery_replay(request: Request, delivery_id: int) -> HttpResponse:
    """From the first try on, under the same message id."""
    delivery = get_object_or_404(WebhookDelivery.objects.select_related("endpoint"), pk=delivery_id)
    return answer(_delivery_shape(services.replay_delivery(delivery=delivery, by=caller(request))), status=202)


def _endpoint(endpoint_id: int) -> WebhookEndpoint:
    return get_object_or_404(WebhookEndpoint, pk=endpoint_id)


def _body(request: Request, serializer: type[EndpointBody]) -> dict[str, Any]:
    values = body_as(serializer, request)
    if "dimensions" in values:
        values["dimensions"] = sorted({DIMENSIONS[name] for name in values["dimensions"]})
    return values


def _filter(request: Request) -> Q:
    asked, state = parameter(request._request, "endpoint"), parameter(request._request, "state")
    if asked is not None and not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        raise invalid_query("endpoint", _("It is the number of an endpoint."))
    if state is not None and state not in DeliveryState.values:
        raise invalid_query("state", _("Allowed are: %s.") % ", ".join(DeliveryState.values))
    return (Q(endpoint=int(asked)) if asked else Q()) & (Q(state=state) if state else Q())


def _shape(endpoint: WebhookEndpoint, *, secret: str = "") -> EndpointShape:
    return EndpointShape(
        id=endpoint.pk,
        url=endpoint.url,
        description=endpoint.description,
        dimensions=[Dimension(one).name.lower() for one in endpoint.dimensions],
        enabled=endpoint.disabled_at is None,
        disabled_reason=endpoint.disabled_reason,
        failing_since=endpoint.failing_since,
        created_at=endpoint.created_at,
        both_sign=bool(endpoint.previous_secret),
        secret=secret,
    )


def _delivery_shape(delivery: WebhookDelivery) -> DeliveryShape:
    tries = sorted(delivery.tries.all(), key=lambda one: one.pk)
    return DeliveryShape(
        id=delivery.pk,
        endpoint=delivery.endpoint_id,
        message_id=delivery.message_id,
        state=delivery.state,
        attempts=delivery.attempts,
        due_at=delivery.due_at,
        created_at=delivery.created_at,
        delivered_at=delivery.delivered_at,
        tries=[TryShape(one.at, one.status, error_told(one.status, one.error), one.duration_ms) for one in tries],
        body=msgspec.Raw(delivery.body.encode()),
    )
