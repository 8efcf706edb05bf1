"""The audit trail as a page: who did what, when, and what was before."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from crm.desk.doors import for_staff
from crm.desk.finding import newest_first, number_said
from crm.desk.house.deeds import NAMES
from crm.desk.house.details import details_of, rows_in
from crm.desk.house.rooms import shown
from crm.desk.house.things import Things
from staff.models import AuditRecord, User
from staff.policy import Principal


@require_GET
@for_staff("audit:read")
def trail(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The newest first; narrowed by who did it, or by what was done."""
    records = AuditRecord.objects.select_related("user", "api_key")
    who, action = request.GET.get("who", ""), request.GET.get("action", "")
    if (user := number_said(who)) is not None:
        records = records.filter(user=user)
    if action in NAMES:
        records = records.filter(action=action)
    found = newest_first(request, records)
    things = Things(row for record in found.rows for row in rows_in(record))
    context = {
        "records": [_line(record, things) for record in found.rows],
        "pages": found,
        "who": who,
        "action": action,
        "staff": User.objects.order_by("name"),
        "actions": sorted(NAMES.items(), key=lambda one: str(one[1])),
    }
    return shown(request, principal, "trail.html", context)


def _line(record: AuditRecord, things: Things) -> dict[str, Any]:
    return {
        "record": record,
        "name": NAMES.get(record.action, record.action.replace("_", " ")),
        "who": record.user or record.api_key or "",
        "of": things.of(record.object_kind, record.object_id) if record.object_kind else None,
        "is_self": record.object_kind == "user" and record.object_id == record.user_id,
        "details": details_of(record, things),
    }
