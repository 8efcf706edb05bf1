"""The rooms of the settings, and a page of one of them."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.desk.places import page
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Room:
    view: str
    label: Promise
    scope: str = "contacts:read"


ROOMS = (
    Room("desk:settings", _("Your account")),
    Room("desk:roles", _("Who may do what")),
    Room("desk:staff", _("Staff"), "staff:manage"),
    Room("desk:teams", _("Teams"), "staff:manage"),
    Room("desk:fields", _("Fields"), "fields:manage"),
    Room("desk:hours", _("Hours and goals"), "hours:manage"),
    Room("desk:assignment", _("New leads"), "hours:manage"),
    Room("desk:mail", _("Mail"), "staff:manage"),
    Room("desk:trail", _("Audit trail"), "audit:read"),
)


def shown(
    request: HttpRequest, principal: Principal, template: str, context: dict[str, Any], form: Form | None = None
) -> HttpResponse:
    """A page of the settings; 422 when its form was sent and is wrong."""
    rooms = [
        {"url": url, "label": room.label, "is_current": _is_here(request.path, url)}
        for room in ROOMS
        if principal.may(room.scope)
        for url in [reverse(room.view)]
    ]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form and form.errors else HTTPStatus.OK
    return render(request, f"desk/house/{template}", page(request) | {"rooms": rooms} | context, status=status)


def _is_here(path: str, url: str) -> bool:
    """A room holds the pages under its address; the first, under which all others lie, only itself."""
    return path == url or (url != reverse("desk:settings") and path.startswith(f"{url}/"))
