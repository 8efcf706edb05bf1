"""The rooms of the intake, and what waits in each."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.desk.intake.waiting import MOST_COUNTED, waiting
from crm.desk.places import page
from staff.policy import Principal


def shown(
    request: HttpRequest, principal: Principal, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    waits = waiting(principal)
    rooms = [
        {"url": reverse(view), "label": label, "n": waits.get(view, 0), "is_current": view == context.get("room")}
        for view, label, scope in (
            ("desk:intake", _("Connect"), "events:read"),
            ("desk:claims", _("Claims"), "contacts:read"),
            ("desk:quarantine", _("Quarantine"), "intake:manage"),
            ("desk:types", _("Unknown types"), "intake:manage"),
            ("desk:webhooks", _("Webhooks"), "webhooks:manage"),
        )
        if principal.may(scope)
    ]
    whole = page(request) | {"rooms": rooms, "waits": waits, "most": MOST_COUNTED, "may": may(principal)} | context
    return render(request, f"desk/intake/{template}", whole, status=status)


def may(principal: Principal) -> dict[str, bool]:
    return {
        "manage": principal.may("intake:manage"),
        "decide": principal.may("contacts:write"),
    }
