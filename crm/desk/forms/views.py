"""Forms: built here, shared as a link or a frame, and what they bring."""

from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.building import (
    SAFE_KINDS,
    add_site,
    close_form,
    close_site,
    give_file,
    open_form,
    put_away_form,
    save_form,
    take_file_back,
)
from campaigns.models import Campaign, Deed, Form, Site
from campaigns.questions import KINDS
from campaigns.sent import answers_of, export_sent, own_words
from campaigns.views import rows_of
from crm.desk.doors import for_staff
from crm.desk.finding import number_said, there
from crm.desk.forms.cells import forms_drawn, newest_drawn, strips_of, table_drawn
from crm.desk.forms.drafting import Draft, after, another, begun, draft_in, draft_of, values_of
from crm.desk.forms.figures import PERIODS, lately, over
from crm.desk.forms.reading import Sheet, senders_of, sheet_of
from crm.desk.places import page
from crm.desk.strategy.views import PERIOD_LABELS
from crm.desk.toasts import toast
from staff.policy import Principal

SCOPE: Final = "forms:write"


@require_safe
@for_staff("contacts:read")
def form_list(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    forms = Form.objects.in_use().select_related("campaign").only("name", "deed", "opened_at", "campaign__name")
    shown = list(forms.order_by("name", "pk"))
    lines = forms_drawn(shown, lately([form.pk for form in shown]))
    context = {"lines": lines, "deeds": Deed.choices, "may_write": principal.may(SCOPE), "tab": "forms"}
    return render(request, "desk/forms/list.html", page(request) | context)


@for_staff(SCOPE)
def form_new(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """The builder, with what a form of this kind begins with; it is one when it is saved."""
    deed, like = request.GET.get("deed", Deed.FORM), request.GET.get("like")
    other = None if like is None else _form(there(number_said(like)))
    if request.method == "POST":
        return _built(request, principal, Form(), other)
    if other:
        return _builder(request, principal, Form(), another(draft_of(other)), other=other)
    if deed not in Deed.values:
        raise Http404
    language = request.LANGUAGE_CODE if request.LANGUAGE_CODE in dict(settings.LANGUAGES) else "en"
    return _builder(request, principal, Form(), begun(Deed(deed), language))


@for_staff(SCOPE)
def form_edit(request: HttpRequest, principal: Principal, form_id: int) -> HttpResponseBase:
    form = _form(form_id)
    if request.method == "POST":
        return _built(request, principal, form)
    return _builder(request, principal, form, draft_of(form))


@require_POST
@for_staff(SCOPE)
def form_preview(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """How what is being built would look."""
    return render(request, "desk/forms/preview.html", _preview(draft_in(request.POST.dict())))


def _built(request: HttpRequest, principal: Principal, form: Form, other: Form | None = None) -> HttpResponseBase:
    draft = draft_in(request.POST.dict())
    do = request.POST.get("do", "save")
    if do != "save":
        return _builder(request, principal, form, after(draft, do), other=other)
    seen = draft.seen if form.pk else None
    try:
        values = values_of(draft) | ({"file_of": other} if other else {})
        save_form(form=form, by=principal, questions=draft.questions, asked=draft.asked, seen=seen, **values)
    except ValidationError as error:
        faults = error.message_dict if hasattr(error, "error_dict") else {"all": error.messages}
        return _builder(request, principal, form, draft, faults, other)
    return toast(request, redirect("desk:form-page", form.pk), _("Saved."))


def _builder(
    request: HttpRequest,
    principal: Principal,
    form: Form,
    draft: Draft,
    faults: dict[str, list[str]] | None = None,
    other: Form | None = None,
) -> HttpResponse:
    """`other` is the form that a new one is made like."""
    new = reverse("desk:form-new") + (f"?like={other.pk}" if other else "")
    context = {
        "form": form if form.pk else None,
        "draft": draft,
        "faults": faults or {},
        "deeds": Deed.choices,
        "languages": settings.LANGUAGES,
        "campaigns": Campaign.objects.in_use().order_by("name"),
        "kinds": [(kind.value, label) for kind, label in KINDS.items()],
        "action": reverse("desk:form-edit", args=[form.pk]) if form.pk else new,
    } | _preview(draft)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    template = "builder" if request.htmx else "edit"  # type: ignore[attr-defined]
    return render(request, f"desk/forms/{template}.html", page(request) | context, status=status)


def _preview(draft: Draft) -> dict[str, Any]:
    return {"draft": draft, "rows": rows_of(draft.questions, {}, {}), "wording": draft.asked}


@for_staff("contacts:read")
def form_page(request: HttpRequest, principal: Principal, form_id: int) -> HttpResponseBase:
    """One form: how it does, who sent it, how to share it."""
    form = there(sheet_of(form_id))
    asked = number_said(request.GET.get("days", ""))
    period = over(form.pk, asked if asked in PERIODS else PERIODS[0])
    share = settings.SITE_URL + reverse("form-page", args=[form.token])
    title = form.title.replace("&", "&amp;").replace('"', "&quot;")
    context = {
        "form": form,
        "period": period,
        "periods": [(PERIOD_LABELS[days], f"?days={days}", days == period.days) for days in PERIODS],
        "strips": strips_of(period),
        "table": table_drawn(period, confirms=form.confirms_address),
        "newest": _newest(principal, form),
        "may_export": principal.may("contacts:export"),
        "share": share,
        "snippet": _SNIPPET.format(url=f"{share}/framed", title=title, high=_high(form)),
        "may_write": principal.may(SCOPE),
        "handout": form.handout,
        "accepts": ",".join(SAFE_KINDS),
    }
    return render(request, "desk/forms/form.html", page(request) | context)


def _newest(principal: Principal, form: Sheet) -> SafeString:
    found = senders_of(principal, form.pk)
    answers = answers_of(form.source, [one.nonce for one in found])
    words = {nonce: own_words(said) for nonce, said in answers.items()}
    return newest_drawn(found, words, confirms=form.confirms_address)


@require_safe
@for_staff("contacts:export")
def form_sent(request: HttpRequest, principal: Principal, form_id: int) -> HttpResponseBase:
    """All that was sent by it, as a file."""
    form = _form(form_id)
    headers = {
        "Content-Disposition": f'attachment; filename="form-{form.pk}.csv"',
        "Cache-Control": "private, no-store",
    }
    lines = export_sent(by=principal, form=form)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


_SNIPPET: Final = (
    '<iframe src="{url}" title="{title}" width="100%" height="{high}" frameborder="0" loading="lazy"></iframe>'
)


def _high(form: Sheet) -> int:
    """About as high as the form is, in pixels, so that it needs no scroll bar of its own."""
    heights = {"long": 150, "yes_no": 46}
    rows = sum(heights.get(one["kind"], 82) + (20 if one.get("help") else 0) for one in form.fields)
    return 150 + rows + 18 * (len(form.lead) // 60 + 1) + (80 if form.wording else 0)


@require_POST
@for_staff(SCOPE)
def form_deed(request: HttpRequest, principal: Principal, form_id: int, deed: str) -> HttpResponseBase:
    form = _form(form_id)
    back = redirect("desk:form-page", form.pk)
    match deed:
        case "open":
            open_form(form=form, by=principal)
            return toast(request, back, _("%(name)s is open: whoever has the link can fill it in.") % {"name": form})
        case "close":
            close_form(form=form, by=principal)
            return toast(request, back, _("%(name)s is closed.") % {"name": form})
        case "put-away":
            put_away_form(form=form, by=principal)
            return toast(request, redirect("desk:forms"), _("%(name)s was put away.") % {"name": form})
        case "file":
            return _given(request, principal, form)
        case "no-file":
            take_file_back(form=form, by=principal)
            return toast(request, back, _("The form gives no file any more."))
    raise Http404


def _given(request: HttpRequest, principal: Principal, form: Form) -> HttpResponseBase:
    back = redirect("desk:form-page", form.pk)
    upload = request.FILES.get("file")
    if upload is None:
        return toast(request, back, _("Choose a file first."), tone="refused")
    try:
        given = give_file(
            form=form, by=principal, name=upload.name or "file", kind=upload.content_type or "", body=upload.read()
        )
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    return toast(request, back, _("Whoever sends the form gets %(file)s.") % {"file": given.name})


@for_staff(SCOPE)
def site_list(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """The tracking script: which websites bear it, and what to paste."""
    name, fault = request.POST.get("name", ""), ""
    if request.method == "POST":
        try:
            site = add_site(name=name, by=principal)
        except ValidationError as error:
            fault = " ".join(error.messages)
        else:
            words = _("Paste the line into every page of %(name)s.") % {"name": site}
            return toast(request, redirect("desk:sites"), words)
    sites = Site.objects.select_related("source", "key").order_by("name", "pk")
    context = {"sites": sites, "home": settings.SITE_URL, "name": name, "fault": fault, "tab": "sites"}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    return render(request, "desk/forms/sites.html", page(request) | context | {"may_write": True}, status=status)


@require_POST
@for_staff(SCOPE)
def site_close(request: HttpRequest, principal: Principal, site_id: int) -> HttpResponseBase:
    site = get_object_or_404(Site, pk=site_id)
    close_site(site=site, by=principal)
    return toast(request, redirect("desk:sites"), _("Nothing is taken from %(name)s any more.") % {"name": site})


def _form(form_id: int) -> Form:
    found = Form.objects.in_use().select_related("campaign", "source").prefetch_related("wordings")
    return get_object_or_404(found, pk=form_id)
