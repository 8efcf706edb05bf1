"""Companies: the list, the page of one, and making and changing them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from contacts.companies import companies_like, create_company, update_company
from contacts.company_merging import became
from contacts.models import Company, Contact, Task
from crm.desk.companies.cells import lines_drawn
from crm.desk.companies.forms import CompanyForm
from crm.desk.companies.listing import WHOSE, companies_asked, listing
from crm.desk.companies.page_cells import chips_drawn, mates_drawn, matrix_drawn, network_drawn, story_drawn
from crm.desk.companies.people import company_seen
from crm.desk.companies.showing import show
from crm.desk.doors import for_staff
from crm.desk.finding import number_said, there
from crm.desk.people.vocabulary import words
from crm.desk.places import page
from crm.desk.toasts import toast
from funnel.company_exporting import CONTENT_TYPE, FILE_NAME, export_companies
from staff.policy import Principal

PART = "companies"
MOST_FOUND = 8
MOST_TASKS = 6


@require_GET
@for_staff("contacts:read")
def company_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    shown = listing(request, principal, words())
    asked, here = shown.asked, reverse("desk:company-list")
    context = page(request) | {
        "asked": asked,
        "here": f"{here}?{asked.query()}",
        "query": asked.query(),
        "lines": shown.lines,
        "body": lines_drawn(shown.lines, may_choose=principal.may("contacts:write")),
        "found": shown.found,
        "narrowings": tuple((one, getattr(asked, one.name)) for one in shown.narrowings),
        "tabs": [(label, f"{here}?{asked.query(owner=key)}", key == asked.owner) for key, label in WHOSE.items()],
        "heads": {
            name: {"url": f"{here}?{asked.sorted_by(name, falls=name != 'name')}", "sort": asked.sort_of(name)}
            for name in ("name", "people", "heard_on", "created_at")
            if name in shown.orderings
        },
        "orders": tuple(shown.orderings),
        "may_write": principal.may("contacts:write"),
        "may_export": principal.may("contacts:export"),
        "may_merge": principal.may("contacts:merge"),
    }
    is_part = request.htmx and request.headers.get("HX-Target") == PART  # type: ignore[attr-defined]
    response = render(request, f"desk/companies/{'part' if is_part else 'list'}.html", context)
    if is_part:
        response.headers["HX-Push-Url"] = context["here"]
    return response


@require_safe
@for_staff("contacts:export")
def company_export(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """All that the list finds, as a file."""
    asked, companies = companies_asked(request.GET, principal, words())
    headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"', "Cache-Control": "private, no-store"}
    pieces = export_companies(by=principal, companies=companies, asked=dict(parse_qsl(asked.query())))
    return StreamingHttpResponse(pieces, content_type=CONTENT_TYPE, headers=headers)


@require_GET
@for_staff("contacts:read")
def company_page(request: HttpRequest, principal: Principal, company_id: int) -> HttpResponseBase:
    company = company_seen(principal, company_id)
    if company is None:
        return redirect("desk:company-page", there(became(principal, company_id)).pk)
    may_write = principal.may("contacts:write")
    shown = show(request, principal, company)
    context = page(request) | {
        "shown": shown,
        "mates": mates_drawn(shown.people, shown.stages, request, may_write=may_write),
        "matrix": matrix_drawn(shown.matrix),
        "network": network_drawn(shown.network, request, may_write=may_write),
        "stages": tuple(shown.stages),
        "chips": chips_drawn(shown.timeline.chips, request.path),
        "story": story_drawn(shown.timeline.entries),
        "company": company,
        "may_write": may_write,
        "may_merge": principal.may("contacts:merge"),
    }
    return render(request, "desk/companies/page.html", context)


@require_GET
@for_staff("contacts:read")
def company_tasks(request: HttpRequest, principal: Principal, company_id: int) -> HttpResponse:
    """What is to be done with its people, the first few: asked for beside the page, so that it never waits."""
    company = visible_company(principal, company_id)
    tasks = Task.objects.visible_to(principal).open().at(company.pk, timezone.localdate())
    found = list(tasks.select_related("contact__leader", "assignee").order_by("due_at", "pk")[: MOST_TASKS + 1])
    context = {"tasks": found[:MOST_TASKS], "has_more": len(found) > MOST_TASKS}
    return render(request, "desk/companies/tasks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("contacts:write")
def company_new(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    form = CompanyForm(request.POST or None, initial={"owner": principal.user, "name": request.GET.get("name", "")})
    if not form.is_valid():
        return _form(request, form, _("Add a company"))
    try:
        company = create_company(by=principal, **_fields(form))
    except ValidationError as error:
        return _refused(request, form, error, _("Add a company"))
    return toast(request, redirect("desk:company-page", company.pk), _("%s is added.") % company)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("contacts:write")
def company_edit(request: HttpRequest, principal: Principal, company_id: int) -> HttpResponseBase:
    company = visible_company(principal, company_id)
    form = CompanyForm(request.POST or None, initial=CompanyForm.said_of(company))
    title = _("Edit %s") % company
    if not form.is_valid():
        return _form(request, form, title, company)
    seen = form.cleaned_data["version"]
    try:
        update_company(
            company=company,
            by=principal,
            seen=frozenset({seen}) if seen is not None else None,
            **_fields(form, company.custom),
        )
    except ValidationError as error:
        return _refused(request, form, error, title, company)
    return toast(request, redirect("desk:company-page", company.pk), _("Saved."))


@require_GET
@for_staff("contacts:write")
def company_alike(request: HttpRequest, principal: Principal) -> HttpResponse:
    """Which company the one being typed may be already."""
    name = request.GET.get("name", "").strip().replace("\0", "")[:200]
    domains = [part.strip() for part in request.GET.get("domains", "")[:2000].replace("\0", "").split(",")]
    but = request.GET.get("but", "")
    alike = companies_like(by=principal, name=name, domains=[one for one in domains if one], but=number_said(but) or 0)
    return render(request, "desk/companies/alike.html", {"alike": alike})


@require_GET
@for_staff("contacts:write")
def company_find(request: HttpRequest, principal: Principal) -> HttpResponse:
    """People, and companies too where they are asked for, by the beginning of a word: options while one types."""
    typed = next((value for name in ("person", "whom") if (value := request.GET.get(name))), "").replace("\0", "")[:200]
    people = Contact.objects.visible_to(principal).listed().mentioning(typed).order_by("sort_key", "pk")
    companies = Company.objects.visible_to(principal).mentioning(typed).order_by("sort_key", "pk")
    context = {
        "people": people[:MOST_FOUND] if typed else [],
        "companies": companies[:MOST_FOUND] if typed and "whom" in request.GET else [],
    }
    return render(request, "desk/companies/found.html", context)


def visible_company(principal: Principal, company_id: int) -> Company:
    return there(company_seen(principal, company_id))


def _fields(form: CompanyForm, custom: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What was said, by column; `custom` is what the company has so far."""
    said = dict(form.cleaned_data)
    values = {**(custom or {}), **said["custom"]}
    said["custom"] = {key: value for key, value in values.items() if value is not None}
    said.pop("version")
    owner, team = said.pop("owner"), said.pop("team")
    return said | {"owner_id": owner.pk if owner else None, "team_id": team.pk if team else None}


def _refused(
    request: HttpRequest, form: CompanyForm, error: ValidationError, title: str, company: Company | None = None
) -> HttpResponse:
    if hasattr(error, "error_dict"):
        form.add_error(None, error)
    else:  # somebody else changed it meanwhile
        form.add_error(None, _("Somebody else changed this company meanwhile. Look at it again before you save."))
    return _form(request, form, title, company)


def _form(request: HttpRequest, form: CompanyForm, title: str, company: Company | None = None) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = page(request) | {"form": form, "title": title, "company": company}
    return render(request, "desk/companies/form.html", context, status=status)
