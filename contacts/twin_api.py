"""/api/v1/twins: who may be known twice, for programs."""

from collections.abc import Sequence

import msgspec
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.queries import invalid_query, parameter, refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, query_parameter

from .answering import visible_leader
from .api import CONTACTS
from .serializers import Body
from .twins import ALONG, Found, say_two, twins, unsay_two


class PairShape(msgspec.Struct):
    """Two people, the lower id first, and what they have in common: phone, name_and_company, name_and_domain or
    name_alone (and of one of them neither address nor number is known)."""

    contacts: list[int]
    names: list[str]
    by: str


class PairsShape(msgspec.Struct):
    """Some pairs; `after` is where to look further, empty when all was looked at."""

    results: list[PairShape]
    after: str


class TwinBody(Body):
    """Two people, and whether somebody says that they are two."""

    contacts = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), min_length=2, max_length=2
    )
    are_two = serializers.BooleanField(default=True)


@operation(
    "contacts:merge",
    summary=_("Who may be known twice"),
    tag=CONTACTS,
    answers={200: PairsShape},
    parameters=[
        query_parameter("along", _("`phone` or `name`: which of the two they have in common."), enum=ALONG),
        query_parameter("after", _("Where to look further: `after` of the answer before.")),
    ],
    problems=["invalid-query"],
)
def twin_list(request: Request) -> HttpResponse:
    """Pairs of people; put two together with `POST /api/v1/merges`, or say that they are two."""
    return answer(_shown(twins(caller(request), **pairs_asked(request, ALONG))))


@operation(
    "contacts:merge",
    summary=_("Say that two people are two"),
    tag=CONTACTS,
    takes=TwinBody,
    example={"contacts": [17, 23], "are_two": True},
    answers={204: None},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def twin_decide(request: Request) -> HttpResponse:
    """They are not shown as a pair any more; with `are_two` false that is taken back."""
    said = body_as(TwinBody, request)
    first, second = (visible_leader(request, one) for one in said["contacts"])
    (say_two if said["are_two"] else unsay_two)(by=caller(request), first=first, second=second)
    return HttpResponse(status=204)


def pairs_asked(request: Request, ways: Sequence[str]) -> dict[str, str]:
    """What the pairs an address asks for have in common, the first of these ways where it says nothing, and after what
    to look."""
    refuse_unknown_parameters(request, ("along", "after"))
    along = parameter(request, "along") or ways[0]
    if along not in ways:
        raise invalid_query("along", _("It is one of: %(names)s.") % {"names": ", ".join(ways)})
    return {"along": along, "after": parameter(request, "after") or ""}


def _shown(found: Found) -> PairsShape:
    pairs = [
        PairShape([one.pk for one in pair.people], [str(one) for one in pair.people], pair.by) for pair in found.pairs
    ]
    return PairsShape(pairs, found.after)
