"""Two companies side by side that may be one: what differs, what will follow, and the way back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from contacts.companies import companies_like
from contacts.company_merging import OWN, cut_company_merge, merge_companies, merges_into
from contacts.company_twins import company_twins, say_two_companies, unsay_two_companies
from contacts.models import Company, CompanyMerge, CustomField, Joining, Membership, Tie
from contacts.naming_anew import AT_ONCE
from crm.desk.companies.listing import LONGEST_WORDS
from crm.desk.companies.views import visible_company
from crm.desk.doors import for_staff
from crm.desk.own_fields import told
from crm.desk.pairing import Pairing
from crm.desk.people.vocabulary import words
from crm.desk.places import page
from crm.desk.toasts import done, toast
from crm.templatetags.companies import country_name
from staff.policy import Principal

MOST_SHOWN: Final = 20
_DETAILS: Final = {
    "name": gettext_lazy("Name"),
    "country": gettext_lazy("Country"),
    "owner_id": gettext_lazy("Owner"),
    "team_id": gettext_lazy("Team"),
    "joining": gettext_lazy("What a new address at these domains does"),
    "external_id": gettext_lazy("Id in another system"),
}


@dataclass(frozen=True, slots=True)
class Detail:
    """A detail of two companies, as it is read of each, and whose holds unless somebody chooses otherwise."""

    name: str
    label: Any
    shown: tuple[str, str]

    @property
    def differs(self) -> bool:
        return self.shown[0] != self.shown[1]

    @property
    def first_wins(self) -> bool:
        return bool(self.shown[0])


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a company now, by how many."""

    people: int
    ties: int


@for_staff("contacts:merge")
def company_merge(request: HttpRequest, principal: Principal, company_id: int) -> HttpResponse:
    """Which company this one may be the same as."""
    company = visible_company(principal, company_id)
    typed = request.GET.get("q", "").strip().replace("\0", "")[:LONGEST_WORDS]
    others = Company.objects.visible_to(principal).exclude(pk=company.pk)
    alike = companies_like(by=principal, name=company.name, domains=company.domains, but=company.pk)
    found = others.mentioning(typed).order_by("sort_key", "pk")[:MOST_SHOWN] if typed else ()
    context = {
        "title": _("Merge with another company"),
        "company": company,
        "typed": typed,
        "found": list(found) if typed else [one.company for one in alike],
    }
    return render(request, "desk/companies/merge_whom.html", page(request) | context)


@for_staff("contacts:merge")
def company_merge_with(request: HttpRequest, principal: Principal, company_id: int, other_id: int) -> HttpResponseBase:
    """Both beside each other; sending it makes them one: that of which more people are known."""
    pair = [visible_company(principal, one) for one in (company_id, other_id)]
    around = {one.pk: _around(one) for one in pair}
    kept, gone = sorted(pair, key=lambda one: (-around[one.pk].people, one.pk))
    if kept == gone:
        words_ = _("These two are one company already.")
        return toast(request, redirect("desk:company-page", kept.pk), words_, tone="refused")
    details = list(_details(kept, gone))
    if request.method != "POST":
        return _beside(request, kept, gone, details, around)
    keep, take = ([one.name for one in details if request.POST.get(f"f.{one.name}") == whose] for whose in "01")
    try:
        merge = merge_companies(kept=kept, gone=gone, by=principal, take=take, keep=keep)
    except ValidationError as error:
        return _beside(request, kept, gone, details, around, " ".join(error.messages))
    said = _("%(kept)s and %(gone)s are one company now.") % {"kept": kept, "gone": gone}
    if len(merge.places) > AT_ONCE:
        said += " " + _("A search finds all its people by its name in about a minute.")
    undo = reverse("desk:company-merge-cut", args=[merge.pk])
    return toast(request, redirect("desk:company-page", kept.pk), said, undo=undo)


@require_GET
@for_staff("contacts:read")
def company_merges(request: HttpRequest, principal: Principal, company_id: int) -> HttpResponse:
    """Which companies turned out to be this one, for the side of its page."""
    company = visible_company(principal, company_id)
    merges = list(merges_into(company)[:MOST_SHOWN])
    context = {"merges": merges, "may_merge": principal.may("contacts:merge")}
    return render(request, "desk/companies/merges.html", context)


@require_POST
@for_staff("contacts:merge")
def merge_cut(request: HttpRequest, principal: Principal, merge_id: int) -> HttpResponseBase:
    seen = CompanyMerge.objects.filter(kept__in=Company.objects.visible_to(principal))
    merge = get_object_or_404(seen.select_related("gone"), pk=merge_id)
    back: HttpResponseBase = redirect("desk:company-page", merge.kept_id)
    if request.htmx:  # type: ignore[attr-defined]
        back = done()
    try:
        cut_company_merge(merge=merge, by=principal)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return toast(request, back, _("%s is a company of its own again.") % merge.gone)


# --- Pairs ------------------------------------------------------------------------------------------------------------


_PAIRS: Final = Pairing(
    listed_at="desk:company-twins",
    decided_at="desk:company-twin-deed",
    template="desk/companies/twins.html",
    along={"name": gettext_lazy("The same name"), "domain": gettext_lazy("A domain below the other's")},
    find=company_twins,
    apart=say_two_companies,
    together=unsay_two_companies,
)


@require_GET
@for_staff("contacts:merge")
def twin_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    return _PAIRS.shown(request, principal)


@require_POST
@for_staff("contacts:merge")
def twin_deed(
    request: HttpRequest, principal: Principal, company_id: int, other_id: int, deed: str
) -> HttpResponseBase:
    two = visible_company(principal, company_id), visible_company(principal, other_id)
    return _PAIRS.decided(request, principal, two, deed)


# --- Around -----------------------------------------------------------------------------------------------------------


def _beside(
    request: HttpRequest,
    kept: Company,
    gone: Company,
    details: Sequence[Detail],
    around: dict[int, Around],
    error: str = "",
) -> HttpResponse:
    context = page(request) | {
        "title": _("Are they one company?"),
        "kept": kept,
        "gone": gone,
        "pair": (kept, gone),
        "around": (around[kept.pk], around[gone.pk]),
        "in_both": _in_both(kept, gone),
        "differing": [one for one in details if one.differs],
        "same": [one for one in details if not one.differs and one.shown[0]],
        "domains": list(dict.fromkeys((*kept.domains, *gone.domains))),
        "error": error,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "desk/companies/merge.html", context, status=status)


def _around(company: Company) -> Around:
    places = Membership.objects.on(timezone.localdate()).filter(company=company, contact__leader__erased_at=None)
    people = places.aggregate(n=Count("contact__leader", distinct=True))["n"]
    return Around(people, Tie.objects.current().filter(Q(company=company) | Q(other=company)).count())


def _in_both(kept: Company, gone: Company) -> int:
    """How many have a place in either."""
    here = Membership.objects.current().filter(company=kept, contact__leader__erased_at=None)
    there = Membership.objects.current().filter(company=gone, contact__leader__in=here.values("contact__leader"))
    return there.values("contact__leader").distinct().count()


def _details(kept: Company, gone: Company) -> Iterator[Detail]:
    for name, label in _DETAILS.items():
        yield Detail(name, label, (_read(kept, name), _read(gone, name)))
    for field in CustomField.objects.filter(of="company").order_by("pk"):
        values = [one.custom.get(field.key) for one in (kept, gone)]
        first, second = ("" if value is None else told(value) for value in values)
        yield Detail(f"{OWN}{field.key}", field.label, (first, second))


def _read(company: Company, name: str) -> str:
    value = getattr(company, name)
    if not value:
        return ""
    match name:
        case "country":
            return country_name(value)
        case "joining":
            return str(Joining(value).label)
        case "owner_id" | "team_id":
            named = (words().users if name == "owner_id" else words().teams).get(value)
            return named.name if named else f"#{value}"
    return str(value)
