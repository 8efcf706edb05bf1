"""A small API to try the manners of every API on."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request

from contacts.models import EventType
from rest.access import admit
from rest.answers import answer
from rest.endpoints import endpoint, operation
from rest.pages import PARAMETERS, page
from rest.problems import Problem, json_view, require_method
from rest.queries import refuse_unknown_parameters
from staff.models import Team

ORDERINGS = {"rank": ("rank", "id"), "id": ("id",)}


@operation("contacts:read", summary="Types", tag="Types", answers={})
def type_list(request: Request) -> HttpResponse:
    refuse_unknown_parameters(request._request, PARAMETERS)
    types = page(request._request, EventType.objects.all(), orderings=ORDERINGS, default="id")
    return answer(types.showing([row.key for row in types.rows]))


@operation("contacts:write", summary="Teams", tag="Teams", answers={})
def team_create(request: Request) -> HttpResponse:
    body: Any = request.data
    if body.get("fail") == "late":
        Team.objects.create(name="half done")
        raise RuntimeError("never foreseen")
    if body.get("fail") == "refused":
        raise ValidationError({"name": ValidationError("Not this one.", code="odd")})
    team = Team.objects.create(name=body["name"])
    return answer({"id": team.pk, "name": team.name}, status=201, headers={"ETag": '"1"', "Location": f"/{team.pk}"})


@operation("contacts:read", summary="Errors", tag="Errors", answers={})
def error_raise(request: Request, kind: str) -> HttpResponse:
    raise Problem(kind)


@json_view
def plain(request: HttpRequest) -> HttpResponse:
    require_method(request, "GET")
    principal = admit(request, "events:read")
    if request.GET.get("fail"):
        raise RuntimeError("never foreseen")
    return answer({"source": principal.key and principal.key.source})


urlpatterns = [
    path("api/types", endpoint(GET=type_list)),
    path("api/teams", endpoint(POST=team_create)),
    path("api/errors/<kind>", endpoint(GET=error_raise)),
    path("api/plain", plain),
]

handler404 = "crm.errors.not_found"
