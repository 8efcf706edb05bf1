"""The bell: how many new notices there are, the list, and that they were read."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contacts.models import Notice
from contacts.noticing import mark_read
from crm.desk.doors import for_staff
from crm.desk.places import page
from crm.desk.toasts import done, trigger
from crm.desk.today.bell import address_of, notices, unread
from staff.policy import Principal


@require_GET
@for_staff("contacts:read")
def bell(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The bell alone, asked for again and again."""
    assert principal.user
    where = "top" if request.GET.get("where") == "top" else "rail"
    return render(request, "desk/today/bell.html", {"unread": unread(principal.user), "where": where})


@require_GET
@for_staff("contacts:read")
def notice_list(request: HttpRequest, principal: Principal) -> HttpResponse:
    assert principal.user
    alone = {} if request.htmx else page(request)  # type: ignore[attr-defined]
    context = {"title": _("Notices"), "notices": notices(principal.user), "unread": unread(principal.user)}
    return render(request, "desk/today/notices.html", alone | context)


@require_POST
@for_staff("contacts:read")
def notice_open(request: HttpRequest, principal: Principal, notice_id: int) -> HttpResponseBase:
    """Read one, and go where it leads."""
    assert principal.user
    notice = get_object_or_404(Notice.objects.of(principal.user), pk=notice_id)
    mark_read(principal.user, [notice.pk])
    return redirect(address_of(notice))


@require_POST
@for_staff("contacts:read")
def notices_read(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    assert principal.user
    mark_read(principal.user)
    answer = done() if request.htmx else redirect("desk:notices")  # type: ignore[attr-defined]
    trigger(answer, {"bell": {}})
    return answer
