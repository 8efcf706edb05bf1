"""Saved views on the desk: keep what is asked for under a name, change it, share it, delete it."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contacts.models import SavedView, Shared
from contacts.viewing import SHARING, change_view, delete_view, save_view
from crm.desk.doors import for_staff
from crm.desk.people.asked import EVERYONE, NEWEST, Asked, asked_by
from crm.desk.people.cells import USUAL
from crm.desk.people.counting import VIEW_BOUND, count_views
from crm.desk.people.vocabulary import words
from crm.desk.places import page
from crm.desk.toasts import toast
from staff.policy import Principal

MOST_VIEWS: Final = 50


@for_staff("contacts:read")
def view_new(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    asked = _asked(request.POST.get("asked") if request.method == "POST" else request.GET.urlencode())
    if request.method != "POST":
        return _form(request, principal, {"asked": asked.query(view="")})
    try:
        view = save_view(by=principal, **_said(request), **_content(asked))
    except ValidationError as error:
        return _form(request, principal, {"asked": asked.query(view="")}, error)
    return toast(request, redirect(_address(view)), _("“%s” is kept.") % view.name)


@for_staff("contacts:read")
def view_change(request: HttpRequest, principal: Principal, view_id: int) -> HttpResponseBase:
    view = _own(principal, view_id)
    if request.method != "POST":
        return _form(request, principal, {"view": view})
    if "delete" in request.POST:
        delete_view(by=principal, view=view)
        return toast(request, redirect("desk:contact-everyone"), _("“%s” is deleted.") % view.name)
    try:
        change_view(by=principal, view=view, **_said(request))
    except ValidationError as error:
        return _form(request, principal, {"view": view}, error)
    return toast(request, redirect(_address(view)), _("“%s” is kept.") % view.name)


@require_GET
@for_staff("contacts:read")
def view_counts(request: HttpRequest, principal: Principal) -> HttpResponse:
    """How many each view finds: asked for beside the list, so that it never waits."""
    kept, finds = [], []
    for view in SavedView.objects.visible_to(principal).order_by("pk")[:MOST_VIEWS]:
        try:
            finds.append(asked_by(view.filter, view.words, principal))
        except (ValidationError, ValueError):  # it speaks of what is gone
            continue
        kept.append(view.pk)
    counts = count_views(finds) if finds else []
    shown = [(pk, f"{min(n, VIEW_BOUND)}{'+' if n > VIEW_BOUND else ''}") for pk, n in zip(kept, counts, strict=False)]
    return render(request, "desk/people/view_counts.html", {"counts": shown})


@require_POST
@for_staff("contacts:read")
def view_save(request: HttpRequest, principal: Principal, view_id: int) -> HttpResponseBase:
    """Keep what is asked for now as the view."""
    view = _own(principal, view_id)
    change_view(by=principal, view=view, **_content(_asked(request.POST.get("asked"))))
    return toast(request, redirect(_address(view)), _("“%s” is kept.") % view.name)


def _own(principal: Principal, view_id: int) -> SavedView:
    return get_object_or_404(SavedView.objects.editable_by(principal), pk=view_id)


def _asked(query: str | None) -> Asked:
    try:
        return Asked.of(QueryDict(query or ""), words())
    except ValidationError as error:
        raise Http404 from error


def _content(asked: Asked) -> dict[str, Any]:
    return {
        "filter": asked.document,
        "words": asked.q,
        "ordering": "" if asked.ordering == NEWEST else asked.ordering,
        "columns": [] if asked.columns == USUAL else list(asked.columns),
    }


def _said(request: HttpRequest) -> dict[str, Any]:
    said = request.POST
    return {
        "name": said.get("name", ""),
        "shared": said.get("shared", Shared.NOBODY),
        "is_default": "is_default" in said,
    }


@for_staff("contacts:read")
def view_open(request: HttpRequest, principal: Principal, view_id: int) -> HttpResponseBase:
    """Lead to the list as the view shows it; a page of its own, so that a drawer over the list leads there as well."""
    if not SavedView.objects.visible_to(principal).filter(pk=view_id).exists():
        raise Http404
    return redirect(f"{reverse('desk:contact-list')}?view={view_id}")


@for_staff("contacts:read")
def everyone(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    return redirect(f"{reverse('desk:contact-list')}?view={EVERYONE}")


def _address(view: SavedView) -> str:
    return reverse("desk:view-open", args=[view.pk])


def _form(
    request: HttpRequest, principal: Principal, about: dict[str, object], error: ValidationError | None = None
) -> HttpResponse:
    errors = {name: " ".join(its) for name, its in error.message_dict.items()} if error else {}
    view = about.get("view")
    kept = {name: getattr(view, name, "") for name in ("name", "shared", "is_default")}
    said = {"shared": Shared.NOBODY, **kept} if request.method != "POST" else _said(request)
    context = page(request) | {
        "view": None,
        "title": _("Edit view") if view else _("Save as a view"),
        "choices": Shared.choices if principal.may(SHARING) else Shared.choices[:1],
        "has_team": bool(principal.user and principal.user.team_id),
        "said": said,
        "errors": errors,
        **about,
    }
    return render(request, "desk/people/view_form.html", context, status=422 if errors else 200)
