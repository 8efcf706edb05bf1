"""Several companies of the list given an owner or a team at once, or two of them put together."""

from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.company_giving import give_companies, givings_of, take_back_giving
from contacts.models import Company, CompanyQuerySet
from crm.desk.companies.listing import companies_asked
from crm.desk.doors import for_staff
from crm.desk.finding import number_said, numbers_said
from crm.desk.people.vocabulary import words
from crm.desk.places import page
from crm.desk.toasts import done, toast
from crm.templatetags.polku import figure
from staff.policy import Principal

NOBODY: Final = "none"
COUNTED: Final = 10_000


@require_GET
@for_staff("contacts:read")
def company_count(request: HttpRequest, principal: Principal) -> HttpResponse:
    """How many the list finds: asked for beside it, so that it never waits."""
    asked, companies = companies_asked(request.GET, principal, words())
    found = companies.order_by()[: COUNTED + 1].count()
    context = {"asked": asked, "total": min(found, COUNTED), "is_more": found > COUNTED}
    return render(request, "desk/companies/count.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("contacts:write")
def company_give(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """The form, with how many it is about; sending it gives them."""
    said = request.POST if request.method == "POST" else request.GET
    if request.method != "POST":
        return _form(request, principal, said)
    try:
        giving = give_companies(companies=_chosen(said, principal), to=_to(said), by=principal)
    except ValidationError as error:
        return _form(request, principal, said, error)
    n = len(giving.before)
    told = ngettext("%(n)s company is given.", "%(n)s companies are given.", n) % {"n": figure(n)}
    undo = reverse("desk:company-given-back", args=[giving.pk]) if n else None
    back = f"{reverse('desk:company-list')}?{_asked_of(said, principal)}"
    return toast(request, redirect(back), told, undo=undo)


@require_POST
@for_staff("contacts:write")
def company_given_back(request: HttpRequest, principal: Principal, giving_id: int) -> HttpResponseBase:
    giving = get_object_or_404(givings_of(principal), pk=giving_id)
    back: HttpResponseBase = done() if request.htmx else redirect("desk:company-list")  # type: ignore[attr-defined]
    try:
        n = take_back_giving(giving=giving, by=principal)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    said = ngettext("%(n)s company is as it was.", "%(n)s companies are as they were.", n) % {"n": figure(n)}
    if left := len(giving.before) - n:
        more = ngettext("%(n)s was given away since and stays.", "%(n)s were given away since and stay.", left) % {
            "n": figure(left)
        }
        said = f"{said} {more}"
    return toast(request, back, said)


@require_GET
@for_staff("contacts:merge")
def merge_chosen(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """The two that were chosen in the list."""
    ids = numbers_said(request.GET.getlist("id"))
    if len(ids) != 2:
        return toast(request, redirect("desk:company-list"), _("Choose two companies to merge."), tone="refused")
    return redirect("desk:company-merge-with", *ids)


def _chosen(said: QueryDict, principal: Principal) -> CompanyQuerySet:
    """Chosen one by one, or all that the list finds."""
    if "all" in said:
        return companies_asked(said, principal, words())[1]
    return Company.objects.visible_to(principal).filter(pk__in=numbers_said(said.getlist("id")))


def _asked_of(said: QueryDict, principal: Principal) -> str:
    return companies_asked(said, principal, words())[0].query()


def _to(said: QueryDict) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name in ("owner", "team"):
        value = said.get(f"p.{name}", "")
        if value == NOBODY:
            found[f"{name}_id"] = None
        elif (number := number_said(value)) is not None:
            found[f"{name}_id"] = number
    return found


def _form(
    request: HttpRequest, principal: Principal, said: QueryDict, error: ValidationError | None = None
) -> HttpResponse:
    known = words().all
    chosen = _chosen(said, principal).order_by()
    context: dict[str, Any] = page(request) | {
        "title": _("Give them an owner"),
        "number": chosen.count(),
        "is_all": "all" in said,
        "ids": [] if "all" in said else numbers_said(said.getlist("id")),
        "asked": [(name, value) for name, value in QueryDict(_asked_of(said, principal)).items()],
        "users": [one for one in known.users if one.is_active],
        "teams": known.teams,
        "said": {name: said.get(f"p.{name}", "") for name in ("owner", "team")},
        "error": " ".join(error.messages) if error else "",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "desk/companies/give.html", context, status=status)
