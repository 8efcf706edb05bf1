"""The page of the path: parse, ask one service, answer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from crm.desk.doors import for_staff
from crm.desk.path.walking import PERIODS, walk
from crm.desk.places import page
from staff.policy import Principal

DEFAULT_DAYS = 30


@for_staff("figures:read")
def path(request: HttpRequest, principal: Principal) -> HttpResponse:
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdecimal() and int(asked) in PERIODS else DEFAULT_DAYS
    shown = {"walk": walk(principal, days), "periods": PERIODS}
    return render(request, "desk/path.html", page(request) | shown)
