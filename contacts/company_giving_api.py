"""/api/v1/companies/give: several companies given an owner or a team at once, and that taken back."""

import msgspec
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY

from .company_api import COMPANIES
from .company_giving import MOST_AT_ONCE, give_companies, givings_of, take_back_giving
from .models import Company, CompanyGiving
from .serializers import Body


class GivingShape(msgspec.Struct):
    """How many companies it changed; `id` takes it back."""

    id: int
    changed: int


class GivingBody(Body):
    """The companies, and whose they are to be: null is nobody's."""

    companies = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=MOST_AT_ONCE
    )
    owner = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, allow_null=True)
    team = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, allow_null=True)


@operation(
    "contacts:write",
    summary=_("Give several companies an owner or a team"),
    tag=COMPANIES,
    takes=GivingBody,
    example={"companies": [3, 8], "owner": 2},
    answers={200: GivingShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def company_give(request: Request) -> HttpResponse:
    """Those one may see of them; their people keep their owners. Name `owner`, `team`, or both."""
    said, by = body_as(GivingBody, request), caller(request)
    companies = Company.objects.visible_to(by).filter(pk__in=said["companies"])
    to = {f"{name}_id": said[name] for name in ("owner", "team") if name in said}
    giving = give_companies(companies=companies, to=to, by=by)
    return answer(GivingShape(giving.pk, len(giving.before)))


@operation(
    "contacts:write",
    summary=_("Take back whose several companies are"),
    tag=COMPANIES,
    answers={200: GivingShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=("not-found", "invalid-value"),
)
def company_giving_undo(request: Request, giving_id: int) -> HttpResponse:
    """Each has again whose it was, but for those that somebody gave away since. Only whoever gave takes back."""
    by = caller(request)
    giving: CompanyGiving = get_object_or_404(givings_of(by), pk=giving_id)
    return answer(GivingShape(giving.pk, take_back_giving(giving=giving, by=by)))
