"""The rooms of the intake, and what waits in each."""

from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from contacts.models import Claim, Contact, EventType, Quarantine
from crm.desk.places import page
from staff.policy import Principal, sees_every_row

MOST_COUNTED = 1000


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


def waiting(principal: Principal) -> dict[str, int]:
    """What waits in each room, up to a thousand, in one statement."""
    counted = {
        "desk:claims": claims_seen(principal).order_by(),
        "desk:quarantine": Quarantine.objects.waiting(),
        "desk:types": unknown_types(),
    }
    parts, values = [], []
    for rows in counted.values():
        query, its = rows.values("pk")[:MOST_COUNTED].query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({query}) one)")  # noqa: S608  (made by Django)
        values += its
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        return dict(zip(counted, cursor.fetchone(), strict=True))


def claims_seen(principal: Principal) -> Any:
    if sees_every_row(principal):
        return Claim.objects.open()
    people = Contact.objects.visible_to(principal)
    return Claim.objects.open().filter(contact__leader__in=people)


def unknown_types() -> Any:
    return EventType.objects.filter(is_named=False, first_source__isnull=False)
