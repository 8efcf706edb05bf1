"""/api/v1/company-merges and /company-twins: two companies that turn out to be one, for programs."""

from datetime import datetime
from typing import Any

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters, query_parameter

from .company_api import COMPANIES, visible_company
from .company_merging import cut_company_merge, merge_companies
from .company_twins import ALONG, company_twins, say_two_companies, unsay_two_companies
from .models import Company, CompanyMerge
from .serializers import Body
from .twin_api import pairs_asked


class CompanyMergeShape(msgspec.Struct):
    """`gone` is `kept`, since `recorded_at`, until `cut_at`. `fields` are the details it changed: what each was, and
    what it is; `domains` and so many `places` and `ties` came from the one that is gone."""

    id: int
    kept: int
    gone: int
    recorded_at: datetime
    cut_at: datetime | None
    by: int | None
    domains: list[str]
    places: int
    ties: int
    fields: dict[str, list[Any]]


class CompanyPairShape(msgspec.Struct):
    """Two companies, the lower id first, and the name or domain they have in common."""

    companies: list[int]
    names: list[str]
    common: str


class CompanyPairsShape(msgspec.Struct):
    """Some pairs; `after` is where to look further, empty when all was looked at."""

    results: list[CompanyPairShape]
    after: str


class CompanyMergeBody(Body):
    kept = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    gone = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    take = serializers.ListField(
        child=serializers.CharField(max_length=60),
        required=False,
        max_length=100,
        help_text=_("The details that are to be as they are of `gone`, such as `name` or `custom.size`."),
    )
    keep = serializers.ListField(
        child=serializers.CharField(max_length=60),
        required=False,
        max_length=100,
        help_text=_("The details that are to be as they are of `kept`, also where it has none."),
    )


class CompanyTwinBody(Body):
    """Two companies, and whether somebody says that they are two."""

    companies = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), min_length=2, max_length=2
    )
    are_two = serializers.BooleanField(default=True)


@operation(
    "contacts:read",
    summary=_("List merges of companies"),
    tag=COMPANIES,
    answers={200: page_shape("CompanyMergePage", CompanyMergeShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def company_merge_list(request: Request) -> HttpResponse:
    """Which companies are or were one, those cut too; of companies one may see."""
    return listed(request, _merges(request), _show, default="-id")


@operation(
    "contacts:merge",
    summary=_("Merge two companies"),
    tag=COMPANIES,
    takes=CompanyMergeBody,
    example={"kept": 3, "gone": 8, "take": ["country"]},
    answers={201: CompanyMergeShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found", "conflict"),
)
def company_merge_create(request: Request) -> HttpResponse:
    """People with their roles, ties and domains of `gone` follow to `kept`, and with the people what they bought, what
    happened and what is to be done. Refused (`already_one`) when they are one already."""
    said = body_as(CompanyMergeBody, request)
    merge = merge_companies(
        kept=visible_company(request, said["kept"]),
        gone=visible_company(request, said["gone"]),
        take=said.get("take", ()),
        keep=said.get("keep", ()),
        by=caller(request),
    )
    return answer(_show(merge), status=201)


@operation(
    "contacts:merge",
    summary=_("Cut a merge of companies"),
    tag=COMPANIES,
    answers={200: CompanyMergeShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=("not-found", "invalid-value", "conflict"),
)
def company_merge_cut(request: Request, merge_id: int) -> HttpResponse:
    """Each has again what was around it; what came since stays with the kept one. Refused when another company took one
    of the domains meanwhile."""
    merge = get_object_or_404(_merges(request), pk=merge_id)
    cut_company_merge(merge=merge, by=caller(request))
    merge.refresh_from_db()
    return answer(_show(merge))


@operation(
    "contacts:merge",
    summary=_("Which companies may be known twice"),
    tag=COMPANIES,
    answers={200: CompanyPairsShape},
    parameters=[
        query_parameter("along", _("`name` or `domain`: which of the two they have in common."), enum=ALONG),
        query_parameter("after", _("Where to look further: `after` of the answer before.")),
    ],
    problems=["invalid-query"],
)
def company_twin_list(request: Request) -> HttpResponse:
    """Pairs of companies whose name is the same but for its form and punctuation, or whose domain lies below that of
    the other."""
    found = company_twins(caller(request), **pairs_asked(request, ALONG))
    pairs = [
        CompanyPairShape([one.first.pk, one.second.pk], [one.first.name, one.second.name], one.common)
        for one in found.pairs
    ]
    return answer(CompanyPairsShape(pairs, found.after))


@operation(
    "contacts:merge",
    summary=_("Say that two companies are two"),
    tag=COMPANIES,
    takes=CompanyTwinBody,
    example={"companies": [3, 8], "are_two": True},
    answers={204: None},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found", "conflict"),
)
def company_twin_decide(request: Request) -> HttpResponse:
    """They are not shown as a pair any more; with `are_two` false that is taken back."""
    said = body_as(CompanyTwinBody, request)
    first, second = (visible_company(request, one) for one in said["companies"])
    (say_two_companies if said["are_two"] else unsay_two_companies)(by=caller(request), first=first, second=second)
    return HttpResponse(status=204)


def _merges(request: Request) -> QuerySet[CompanyMerge]:
    return CompanyMerge.objects.filter(kept__in=Company.objects.visible_to(caller(request)))


def _show(merge: CompanyMerge) -> CompanyMergeShape:
    return CompanyMergeShape(
        id=merge.pk,
        kept=merge.kept_id,
        gone=merge.gone_id,
        recorded_at=merge.recorded_at,
        cut_at=merge.cut_at,
        by=merge.by_id,
        domains=merge.domains,
        places=len(merge.places),
        ties=len(merge.ties),
        fields=merge.fields,
    )
