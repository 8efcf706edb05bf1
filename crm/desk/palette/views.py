"""Find or do: one page that finds anybody, goes anywhere and does anything; the palette shows its middle part."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from crm.desk.doors import for_staff
from crm.desk.finding import numbers_said
from crm.desk.palette.answering import answer
from crm.desk.palette.doing import deeds_anywhere
from crm.desk.places import page
from staff.policy import Principal

_RECENT = 6


@for_staff("contacts:read")
def find(request: HttpRequest, principal: Principal) -> HttpResponse:
    typed = " ".join(request.GET.get("q", "").split())[:100]
    here, recent = _ids(request, "here")[:1], _ids(request, "recent")[:_RECENT]
    context = {"typed": typed, "groups": answer(typed, by=principal, here=here, recent=recent)}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "desk/palette/found.html", context)
    return render(request, "desk/palette/page.html", page(request) | context)


@for_staff("contacts:read")
def keys(request: HttpRequest, principal: Principal) -> HttpResponse:
    deeds = [deed for deed in deeds_anywhere(principal) if deed.keys]
    return render(request, "desk/palette/keys.html", page(request) | {"title": _("Keys"), "deeds": deeds})


def _ids(request: HttpRequest, name: str) -> list[int]:
    return numbers_said(request.GET.get(name, "").split(","))
