"""Network ties of a company: saying them, ending them, and taking that back."""

from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from contacts.models import Company, Tie, TieKind
from contacts.network import add_tie, drop_tie, end_tie, resume_tie, visible_ties
from crm.desk.companies.forms import TieForm
from crm.desk.companies.views import visible_company
from crm.desk.doors import for_staff
from crm.desk.places import page
from crm.desk.toasts import done, toast
from staff.policy import Principal


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("contacts:write")
def tie_new(request: HttpRequest, principal: Principal, company_id: int) -> HttpResponseBase:
    company = visible_company(principal, company_id)
    form = TieForm(principal, company, request.POST or None)
    if not form.is_valid():
        return _form(request, form, company)
    try:
        tie = _said(company, form, principal)
    except ValidationError as error:
        form.add_error("whom", error.messages)
        return _form(request, form, company)
    undo = reverse("desk:tie-deed", args=[tie.pk, "drop"])
    return toast(request, redirect("desk:company-page", company.pk), _("The tie is kept."), undo=undo)


def _said(company: Company, form: TieForm, by: Principal) -> Tie:
    said = form.cleaned_data
    if said["kind"] == "owned":
        return add_tie(company=said["company"], kind=TieKind.OWNER, other=company, since=said["since"], by=by)
    return add_tie(
        company=company,
        kind=said["kind"],
        other=said["company"],
        contact=said["contact"],
        since=said["since"],
        by=by,
    )


@require_POST
@for_staff("contacts:write")
def tie_deed(request: HttpRequest, principal: Principal, tie_id: int, deed: str) -> HttpResponseBase:
    tie = get_object_or_404(Tie.objects.filter(*visible_ties(principal)), pk=tie_id)
    answer: HttpResponseBase = (
        done() if request.htmx else redirect("desk:company-page", tie.company_id)  # type: ignore[attr-defined]
    )
    try:
        match deed:
            case "end":
                end_tie(tie=tie, by=principal, on=timezone.localdate())
                undo = reverse("desk:tie-deed", args=[tie.pk, "resume"])
                return toast(request, answer, _("The tie has ended."), undo=undo)
            case "resume":
                resume_tie(tie=tie, by=principal)
                return toast(request, answer, _("The tie goes on."))
            case "drop":
                drop_tie(tie=tie, by=principal)
                return toast(request, answer, _("The tie is gone."))
    except ValidationError as error:
        return toast(request, answer, " ".join(error.messages), tone="refused")
    raise Http404


def _form(request: HttpRequest, form: TieForm, company: Company) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = page(request) | {"form": form, "title": _("Who is around %s?") % company, "company": company}
    return render(request, "desk/companies/tie.html", context, status=status)
