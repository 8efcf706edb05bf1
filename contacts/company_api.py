"""Companies, and who works there, for programs."""

from typing import Final

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from rest.answers import answer
from rest.edits import seen_versions
from rest.endpoints import caller, operation
from rest.pages import PARAMETERS, page
from rest.queries import refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, IF_MATCH, LIST_PROBLEMS, paging_parameters
from staff.models import ApiKey
from staff.policy import Principal, sees_every_row

from . import shapes
from .answering import SINCE, TREE, WORDS, filter_parameters, filtered, one_row, valid, visible_leader
from .companies import create_company, join_company, update_company, update_membership
from .company_filtering import company_filters
from .company_merging import became
from .filtering import MEMBERSHIP_FILTERS
from .models import Company, CompanyQuerySet, Contact, Membership
from .serializers import CompanyBody, MembershipBody, NewMembershipBody

COMPANIES = _("Companies")
COMPANY_FILTERS: Final = company_filters(Principal(key=ApiKey()))  # every field there is, to be described

_ORDERINGS: Final = {
    "created_at": ("created_at", "id"),
    "updated_at": ("updated_at", "id"),
    "name": ("sort_key", "id"),
}
_OF_EVERYBODY: Final = {"people": ("people", "id"), "heard_on": ("heard_on", "id")}


@operation(
    "contacts:read",
    summary=_("List and find companies"),
    tag=COMPANIES,
    answers={200: shapes.COMPANY_PAGE},
    parameters=[
        WORDS,
        SINCE,
        *filter_parameters(COMPANY_FILTERS),
        TREE,
        *paging_parameters(*_ORDERINGS, *_OF_EVERYBODY),
    ],
    problems=LIST_PROBLEMS,
)
def company_list(request: Request) -> HttpResponse:
    """Companies, newest first. All conditions must hold. By `people` and `heard_on`, which are counted of everybody
    within seconds after a change, they are sorted and filtered for those who see everybody. By `stage`, `health` and
    `somebody` a company is found if one of the people with a place there now, of those one may see, is such."""
    companies, orderings = companies_asked(request, *PARAMETERS), _ORDERINGS
    if sees_every_row(caller(request)):
        orderings = _ORDERINGS | _OF_EVERYBODY
    asked = request._request
    found = page(asked, shapes.company_rows(companies), orderings=orderings, default="-created_at")
    return answer(found.showing(shapes.show_companies(found.rows, caller(request))))


@operation(
    "contacts:write",
    summary=_("Create a company"),
    tag=COMPANIES,
    takes=CompanyBody,
    example={"name": "Acme Oy", "domains": ["acme.fi"], "country": "FI"},
    answers={201: shapes.CompanyShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "conflict"),
)
def company_create(request: Request) -> HttpResponse:
    """Create a company. When another has its external id or one of its domains, the answer is 409."""
    body = valid(CompanyBody(data=request.data))
    company = create_company(by=caller(request), **body.columns({}))
    return _one_company(request, company.pk, status=201)


@operation(
    "contacts:read",
    summary=_("Read a company"),
    tag=COMPANIES,
    answers={200: shapes.CompanyShape},
    problems=("not-found",),
)
def company_detail(request: Request, company_id: int) -> HttpResponse:
    """A company. The id of one that was merged into another answers with the other, whose `id` it then has."""
    return _one_company(request, company_id)


@operation(
    "contacts:write",
    summary=_("Change a company"),
    tag=COMPANIES,
    takes=CompanyBody(partial=True),
    example={"country": "SE"},
    answers={200: shapes.CompanyShape},
    parameters=[IF_MATCH, IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found", "conflict", "stale-edit"),
)
def company_update(request: Request, company_id: int) -> HttpResponse:
    """Change the fields named in the body."""
    company = visible_company(request, company_id)
    fields = valid(CompanyBody(data=request.data, partial=True)).columns(company.custom)
    update_company(company=company, by=caller(request), seen=seen_versions(request._request), **fields)
    return _one_company(request, company_id)


@operation(
    "contacts:read",
    summary=_("List places in companies"),
    tag=COMPANIES,
    answers={200: shapes.MEMBERSHIP_PAGE},
    parameters=[*filter_parameters(MEMBERSHIP_FILTERS), *paging_parameters("id")],
    problems=LIST_PROBLEMS,
)
def membership_list(request: Request) -> HttpResponse:
    """Who is or was in which company, of the contacts one may see; former places too."""
    asked = request._request
    refuse_unknown_parameters(asked, (*PARAMETERS, *MEMBERSHIP_FILTERS.parameters()))
    people = Contact.objects.visible_to(caller(request)).filter(erased_at=None)
    places = Membership.objects.filter(contact__leader__in=people)
    places = places.filter(MEMBERSHIP_FILTERS.from_parameters(asked.GET.dict()).q())
    found = page(asked, places, orderings={"id": ("id",)}, default="-id")
    return answer(found.showing([shapes.show_membership(place) for place in found.rows]))


@operation(
    "contacts:write",
    summary=_("Give somebody a place in a company"),
    tag=COMPANIES,
    takes=NewMembershipBody,
    example={"contact": 17, "company": 3, "role": "decision_maker", "since": "2026-01-01"},
    answers={201: shapes.MembershipShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "conflict"),
)
def membership_create(request: Request) -> HttpResponse:
    """A contact has at most one present place in a company; a former one has `until`."""
    said = dict(valid(NewMembershipBody(data=request.data)).validated_data)
    contact_id, company_id = said.pop("contact"), said.pop("company")
    visible_leader(request, contact_id)
    membership = join_company(
        contact=Contact.objects.get(pk=contact_id),
        company=visible_company(request, company_id),
        by=caller(request),
        **said,
    )
    return answer(shapes.show_membership(membership), status=201)


@operation(
    "contacts:write",
    summary=_("Change or end a place in a company"),
    tag=COMPANIES,
    takes=MembershipBody,
    example={"until": "2026-06-30"},
    answers={200: shapes.MembershipShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found", "conflict"),
)
def membership_update(request: Request, membership_id: int) -> HttpResponse:
    """Change the role, the title or the time; a date in `until` ends it, null takes it up again."""
    membership = visible_membership(request, membership_id)
    fields = valid(MembershipBody(data=request.data)).validated_data
    return answer(shapes.show_membership(update_membership(membership=membership, by=caller(request), **fields)))


def companies_asked(request: Request, *also: str) -> CompanyQuerySet:
    """Those that the address asks for, of those one may see; it may name what is in `also` too."""
    by, asked = caller(request), request._request
    filters = company_filters(by)
    refuse_unknown_parameters(asked, (*also, "q", "filter", "updated_since", *filters.parameters()))
    return filtered(asked, Company.objects.visible_to(by), filters, by)


def visible_membership(request: Request, membership_id: int) -> Membership:
    people = Contact.objects.visible_to(caller(request)).filter(erased_at=None)
    return get_object_or_404(Membership, pk=membership_id, contact__leader__in=people)


def visible_company(request: Request, company_id: int) -> Company:
    """Of one that turned out to be another, the other."""
    by = caller(request)
    company = Company.objects.visible_to(by).filter(pk=company_id).first() or became(by, company_id)
    if company is None:
        raise Http404
    return company


def _one_company(request: Request, company_id: int, status: int = 200) -> HttpResponse:
    found = visible_company(request, company_id).pk
    companies = Company.objects.visible_to(caller(request)).filter(pk=found)
    return one_row(request, shapes.show_companies(list(shapes.company_rows(companies)), caller(request)), status)
