"""Who works in a company: giving a place, changing and ending it, and taking in those whom their address proposes."""

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Any, Final

from django.core import signing
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from contacts.companies import (
    drop_membership,
    join_company,
    join_people,
    say_not_there,
    unsay_not_there,
    update_membership,
)
from contacts.models import Company, Contact, Membership
from crm.desk.companies.forms import NewPlaceForm, PlaceForm
from crm.desk.companies.showing import proposed_to
from crm.desk.companies.views import visible_company
from crm.desk.doors import for_staff
from crm.desk.finding import numbers_said
from crm.desk.places import page
from crm.desk.toasts import done, toast
from crm.desk.undoing import sealed, unsealed
from staff.policy import Principal

_FIELDS: Final = ("role", "title", "since", "until")


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("contacts:write")
def place_new(request: HttpRequest, principal: Principal, company_id: int) -> HttpResponseBase:
    company = visible_company(principal, company_id)
    form = NewPlaceForm(principal, request.POST or None)
    title = _("Add somebody to %s") % company
    if not form.is_valid():
        return _form(request, form, title, company)
    said = dict(form.cleaned_data)
    contact = said.pop("person")
    try:
        place = join_company(contact=contact, company=company, by=principal, **said)
    except ValidationError as error:
        form.add_error("person", error.messages)
        return _form(request, form, title, company)
    words = _("%(who)s has a place in %(company)s.") % {"who": contact, "company": company}
    return toast(request, redirect("desk:company-page", company.pk), words, undo=_undo(place, "drop"))


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("contacts:write")
def place_change(request: HttpRequest, principal: Principal, membership_id: int) -> HttpResponseBase:
    place = _visible_place(principal, membership_id)
    form = PlaceForm(request.POST or None, initial={name: getattr(place, name) for name in _FIELDS})
    title = _("%(who)s at %(company)s") % {"who": place.contact.leader, "company": place.company}
    if not form.is_valid():
        return _form(request, form, title, place.company, place)
    was = _undo(place, "restore")
    try:
        update_membership(membership=place, by=principal, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error.messages)
        return _form(request, form, title, place.company, place)
    return toast(request, redirect("desk:company-page", place.company_id), _("Saved."), undo=was)


@require_POST
@for_staff("contacts:write")
def place_deed(request: HttpRequest, principal: Principal, membership_id: int, deed: str) -> HttpResponseBase:
    """End a place today; or undo: as it was before, or as if it had never been."""
    place = _visible_place(principal, membership_id)
    answer = _back(request, place.company_id)
    who = {"who": place.contact.leader, "company": place.company}
    try:
        match deed:
            case "end":
                undo = _undo(place, "restore")
                today = timezone.localdate()
                begins_later = place.since is not None and place.since > today
                update_membership(membership=place, by=principal, until=place.since if begins_later else today)
                return toast(request, answer, _("%(who)s works at %(company)s until today.") % who, undo=undo)
            case "restore":
                update_membership(membership=place, by=principal, **_was(request, place))
                return toast(request, answer, _("As it was before: %(who)s at %(company)s.") % who)
            case "drop":
                drop_membership(membership=place, by=principal)
                return toast(request, answer, _("%(who)s has no place in %(company)s any more.") % who)
    except ValidationError as error:
        return toast(request, answer, " ".join(error.messages), tone="refused")
    raise Http404


# --- Those whom their address proposes --------------------------------------------------------------------------------


@require_POST
@for_staff("contacts:write")
def proposed_deed(request: HttpRequest, principal: Principal, company_id: int, deed: str) -> HttpResponseBase:
    """Take in somebody proposed, or everybody; or say that they are not there. And the undo of each."""
    company = visible_company(principal, company_id)
    answer = _back(request, company.pk)
    match deed:
        case "join":
            return _join(request, principal, company, answer)
        case "unjoin":
            places = Membership.objects.filter(pk__in=_signed(request, company, deed), company=company)
            for place in places.filter(contact__leader__in=Contact.objects.visible_to(principal)):
                drop_membership(membership=place, by=principal)
            return toast(request, answer, _("They are proposed again."))
        case "decline":
            whom = numbers_said(request.POST.getlist("contact"))
            say_not_there(company=company, contact_ids=whom, by=principal)
            words = _("Not proposed for %(company)s any more.") % {"company": company}
            return toast(request, answer, words, undo=_proposed_undo(company, "propose", whom))
        case "propose":
            unsay_not_there(company=company, contact_ids=_signed(request, company, deed), by=principal)
            return toast(request, answer, _("They are proposed again."))
    raise Http404


def _join(request: HttpRequest, principal: Principal, company: Company, answer: HttpResponseBase) -> HttpResponseBase:
    asked = numbers_said(request.POST.getlist("contact"))
    proposed = proposed_to(principal, company)
    made = join_people(
        company=company, contact_ids=[one for one in proposed if not asked or one in asked], by=principal
    )
    if not made:
        return toast(request, answer, _("Nobody is proposed any more."))
    said = ngettext("%(n)s person has a place in %(company)s.", "%(n)s people have a place in %(company)s.", len(made))
    words = said % {"n": len(made), "company": company}
    return toast(request, answer, words, undo=_proposed_undo(company, "unjoin", made))


def _proposed_undo(company: Company, deed: str, ids: list[int]) -> str:
    was = sealed(f"{deed} {company.pk}", ids)
    return f"{reverse('desk:company-proposed', args=[company.pk, deed])}?was={was}"


def _signed(request: HttpRequest, company: Company, deed: str) -> list[int]:
    try:
        ids: list[int] = unsealed(f"{deed} {company.pk}", request.GET.get("was", ""))
    except signing.BadSignature:
        raise Http404 from None
    return ids


# --- Undo -------------------------------------------------------------------------------------------------------------


def _undo(place: Membership, deed: str) -> str:
    """The address that takes a deed back; it bears what the place was before."""
    address = reverse("desk:place-deed", args=[place.pk, deed])
    if deed == "drop":
        return address
    was = {name: _plain(getattr(place, name)) for name in _FIELDS}
    return f"{address}?was={sealed(f'place {place.pk}', was)}"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _was(request: HttpRequest, place: Membership) -> Mapping[str, Any]:
    try:
        was = unsealed(f"place {place.pk}", request.GET.get("was", ""))
    except signing.BadSignature:
        raise Http404 from None
    dates = {name: date.fromisoformat(was[name]) if was[name] else None for name in ("since", "until")}
    found: dict[str, Any] = was | dates
    return found


# --- Around -----------------------------------------------------------------------------------------------------------


def _visible_place(principal: Principal, membership_id: int) -> Membership:
    people = Contact.objects.visible_to(principal).filter(erased_at=None)
    places = Membership.objects.filter(contact__leader__in=people, company__in=Company.objects.visible_to(principal))
    return get_object_or_404(places.select_related("contact__leader", "company"), pk=membership_id)


def _back(request: HttpRequest, company_id: int) -> HttpResponseBase:
    if request.htmx:  # type: ignore[attr-defined]
        return done()
    return redirect("desk:company-page", company_id)


def _form(
    request: HttpRequest, form: PlaceForm, title: str, company: Company, place: Membership | None = None
) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = page(request) | {"form": form, "title": title, "company": company, "place": place}
    return render(request, "desk/companies/place.html", context, status=status)
