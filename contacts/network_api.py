"""What stands around a company, for programs: its ties, and whom their address proposes as its people."""

from datetime import date

import msgspec
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters

from .answering import visible_leader
from .companies import drop_membership, join_people, say_not_there
from .company_api import COMPANIES, visible_company, visible_membership
from .domains import proposed_people
from .models import Company, Contact, Tie, TieKind
from .network import add_tie, drop_tie, end_tie, network_of, resume_tie, visible_ties
from .serializers import Body, RowId


class TieShape(msgspec.Struct):
    """`other` (a company) or `contact` (a person) is a partner, a competitor or an owner of `company`."""

    id: int
    company: int
    kind: str
    other: int | None
    contact: int | None
    since: date | None
    until: date | None


class NeighbourShape(msgspec.Struct):
    """What a company or a person is to the company asked about: partner, competitor, owner or owned; of people also
    former_employee and future_employee. `works_at` is the company where a former one is now."""

    kind: str
    company: int | None
    contact: int | None
    name: str
    since: date | None
    until: date | None
    tie: int | None
    membership: int | None
    works_at: int | None


class NetworkShape(msgspec.Struct):
    """What is now first, then what was."""

    results: list[NeighbourShape]


class ProposedShape(msgspec.Struct):
    """Somebody with an address of the company who has no place in it."""

    id: int
    name: str
    emails: list[str]


class DecidedShape(msgspec.Struct):
    """The places that were given, and of how many it is known now that they are not there."""

    memberships: list[int]
    not_there: int


class TieBody(Body):
    decided_by_us = frozenset({"id", "until"})

    company = RowId(lambda pk: Company.objects.filter(pk=pk).exists(), _("The id of a company."))
    kind = serializers.ChoiceField(choices=TieKind.choices)
    other = RowId(lambda pk: Company.objects.filter(pk=pk).exists(), _("The id of the other company."), required=False)
    contact = RowId(
        lambda pk: Contact.objects.filter(pk=pk, erased_at=None).exists(), _("The id of a person."), required=False
    )
    since = serializers.DateField(required=False, allow_null=True)


class TieEnd(Body):
    until = serializers.DateField(allow_null=True)


class ProposedBody(Body):
    join = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=100, required=False)
    not_there = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=100, required=False)


@operation(
    "contacts:read",
    summary=_("The network of a company"),
    tag=COMPANIES,
    answers={200: NetworkShape},
    problems=("not-found",),
)
def company_network(request: Request, company_id: int) -> HttpResponse:
    """Partners, competitors, owners and what it owns, whichever end the tie was said from; who worked there and where
    they are now, and who will. Only companies and people one may see."""
    company = visible_company(request, company_id)
    found = network_of(caller(request), company, today=timezone.localdate())
    return answer(
        NetworkShape(
            [
                NeighbourShape(
                    kind=one.kind,
                    company=one.company.pk if one.company else None,
                    contact=one.contact.pk if one.contact else None,
                    name=str(one.company or one.contact),
                    since=one.since,
                    until=one.until,
                    tie=one.tie.pk if one.tie else None,
                    membership=one.membership.pk if one.membership else None,
                    works_at=one.elsewhere.pk if one.elsewhere else None,
                )
                for one in found
            ]
        )
    )


@operation(
    "contacts:read",
    summary=_("List ties of companies"),
    tag=COMPANIES,
    answers={200: page_shape("TiePage", TieShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def tie_list(request: Request) -> HttpResponse:
    """All ties both ends of which one may see, those that ended too."""
    return listed(request, Tie.objects.filter(*visible_ties(caller(request))), _show, default="-id")


@operation(
    "contacts:write",
    summary=_("Say a tie of a company"),
    tag=COMPANIES,
    takes=TieBody,
    example={"company": 3, "kind": "partner", "other": 8},
    answers={201: TieShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found", "conflict"),
)
def tie_create(request: Request) -> HttpResponse:
    """Name `other` or `contact`, one of them. Partners and competitors are so from both ends: it is said once."""
    said = body_as(TieBody, request)
    other, contact = said.pop("other", None), said.pop("contact", None)
    tie = add_tie(
        company=visible_company(request, said.pop("company")),
        other=visible_company(request, other) if other else None,
        contact=visible_leader(request, contact) if contact else None,
        by=caller(request),
        **said,
    )
    return answer(_show(tie), status=201)


@operation(
    "contacts:write",
    summary=_("End a tie of a company"),
    tag=COMPANIES,
    takes=TieEnd,
    example={"until": "2026-06-30"},
    answers={200: TieShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found", "conflict"),
)
def tie_update(request: Request, tie_id: int) -> HttpResponse:
    """A date in `until` ends it, null takes it up again."""
    tie, by = _tie(request, tie_id), caller(request)
    until = body_as(TieEnd, request)["until"]
    return answer(_show(end_tie(tie=tie, by=by, on=until) if until else resume_tie(tie=tie, by=by)))


@operation(
    "contacts:write", summary=_("Drop a tie of a company"), tag=COMPANIES, answers={204: None}, problems=("not-found",)
)
def tie_delete(request: Request, tie_id: int) -> HttpResponse:
    """It was never so."""
    drop_tie(tie=_tie(request, tie_id), by=caller(request))
    return HttpResponse(status=204)


@operation(
    "contacts:write",
    summary=_("Drop a place in a company"),
    tag=COMPANIES,
    answers={204: None},
    problems=("not-found",),
)
def membership_delete(request: Request, membership_id: int) -> HttpResponse:
    """They never had it. A place that was and is over has a date in `until`."""
    drop_membership(membership=visible_membership(request, membership_id), by=caller(request))
    return HttpResponse(status=204)


@operation(
    "contacts:read",
    summary=_("List whom their address proposes as people of a company"),
    tag=COMPANIES,
    answers={200: page_shape("ProposedPage", ProposedShape)},
    parameters=paging_parameters("id"),
    problems=(*LIST_PROBLEMS, "not-found"),
)
def proposed_list(request: Request, company_id: int) -> HttpResponse:
    """They have an address at a domain of the company's own (never one of a free mail service), no place in it, and
    nobody said that they are not there. Nobody, where `joining` of the company is `nothing`."""
    people = proposed_people(caller(request), visible_company(request, company_id))
    return listed(request, people, lambda one: ProposedShape(one.pk, str(one), one.emails))


@operation(
    "contacts:write",
    summary=_("Decide about proposed people of a company"),
    tag=COMPANIES,
    takes=ProposedBody,
    example={"join": [17, 18], "not_there": [19]},
    answers={200: DecidedShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def proposed_decide(request: Request, company_id: int) -> HttpResponse:
    """Whoever is named in `join` gets a place; whoever is named in `not_there` is not proposed again."""
    company, said, by = visible_company(request, company_id), body_as(ProposedBody, request), caller(request)
    made = join_people(company=company, contact_ids=said.get("join", []), by=by)
    gone = say_not_there(company=company, contact_ids=said.get("not_there", []), by=by)
    return answer(DecidedShape(made, gone))


def _tie(request: Request, tie_id: int) -> Tie:
    return get_object_or_404(Tie.objects.filter(*visible_ties(caller(request))), pk=tie_id)


def _show(tie: Tie) -> TieShape:
    return TieShape(tie.pk, tie.company_id, tie.kind, tie.other_id, tie.contact_id, tie.since, tie.until)
