"""A calendar of one's tasks for other programs: its secret address made and taken back, and what it answers."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.calendars import calendar_of, drop_feed, make_feed
from crm.desk.doors import for_staff
from crm.desk.house.rooms import shown
from crm.desk.toasts import toast
from staff.policy import Principal


@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """For whoever has the address: there is no other door."""
    written = calendar_of(token)
    if written is None:
        raise Http404
    answer = HttpResponse(written, content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = 'inline; filename="polku.ics"'
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


@require_POST
@for_staff("contacts:read")
def calendar_make(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The address is shown this once."""
    link = settings.SITE_URL.rstrip("/") + reverse("calendar", args=[make_feed(by=principal)])
    answer = shown(request, principal, "calendar.html", {"link": link})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@require_POST
@for_staff("contacts:read")
def calendar_drop(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    drop_feed(by=principal)
    return toast(request, redirect("desk:settings"), _("The address opens nothing any more."))
