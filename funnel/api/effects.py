"""/api/v1/effects: what moves would have set off outside, and was held."""

from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from funnel.effects import held_effects, release_effects
from funnel.models import HoldReason
from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.queries import refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY

TAG = "Webhooks"
SCOPE = "webhooks:manage"


class HeldShape(msgspec.Struct):
    """`number` effects of a kind, held for one reason, the oldest since `since`."""

    kind: str
    reason: str
    number: int
    since: datetime


class HeldList(msgspec.Struct):
    results: list[HeldShape]


class ReleasedShape(msgspec.Struct):
    released: int


class ReleaseBody(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=20)
    reason = serializers.ChoiceField(choices=HoldReason.choices)


@operation(SCOPE, summary=_("What is held back"), tag=TAG, answers={200: HeldList}, problems=["invalid-query"])
def held_list(request: Request) -> HttpResponse:
    """Webhooks and assignments that moves would have set off, had they been news, by kind and reason."""
    refuse_unknown_parameters(request._request, ())
    return answer(HeldList([HeldShape(one.kind, one.reason, one.number, one.since) for one in held_effects()]))


@operation(
    SCOPE,
    summary=_("Let go what is held back"),
    tag=TAG,
    takes=ReleaseBody,
    answers={200: ReleasedShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def release(request: Request) -> HttpResponse:
    """All of one kind and reason. Each goes out only if its entry still stands."""
    return answer(ReleasedShape(release_effects(by=caller(request), **body_as(ReleaseBody, request))))
