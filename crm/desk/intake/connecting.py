"""Connecting a program: sources and keys, what to paste, and the first event arriving while one looks on."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.connecting import OURS, add_key, add_source, keys_of_programs, rotate_key
from contacts.models import Source, Trust
from crm.desk.doors import for_staff
from crm.desk.finding import number_said
from crm.desk.intake.cells import arrivals_drawn, programs_drawn
from crm.desk.intake.forms import KeyForm, SourceForm
from crm.desk.intake.live import WORDS, Arrival, arrivals, ids_of_programs, programs
from crm.desk.intake.rooms import shown
from crm.desk.intake.snippets import snippets
from crm.desk.toasts import toast
from staff.keys import revoke_key
from staff.models import ApiKey
from staff.policy import PUBLIC_SCOPES, Principal

LIKE_A_KEY = "YOUR_KEY"


@require_GET
@for_staff("events:read")
def intake(request: HttpRequest, principal: Principal) -> HttpResponse:
    sources, may_manage = programs(), principal.may("intake:manage")
    context = {
        "room": "desk:intake",
        "sources": programs_drawn(sources, may_manage=may_manage),
        **_live(request, principal, [one.id for one in sources]),
    }
    return shown(request, principal, "intake.html", context)


@require_GET
@for_staff("events:read")
def intake_live(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The list alone, asked for again and again; nothing when nothing came since."""
    number = number_said(request.GET.get("source", ""))
    source = None if number is None else get_object_or_404(_outside(), pk=number)
    live = _live(request, principal, [source.pk] if source else ids_of_programs(), source)
    if request.GET.get("seen", "") == live["seen"]:
        return HttpResponse(status=204)
    return render(request, "desk/intake/live.html", live)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("intake:manage")
def source_new(request: HttpRequest, principal: Principal) -> HttpResponse:
    form = SourceForm(request.POST or None)
    if form.is_valid():
        try:
            source = add_source(name=form.cleaned_data["name"], trust=form.cleaned_data["trust"], by=principal)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            scopes = PUBLIC_SCOPES if source.trust == Trust.PUBLIC else {"events:write"}
            key, secret = add_key(source=source, by=principal, scopes=scopes)
            return _connected(request, principal, source, key, secret)
    status = 422 if form.is_bound else 200
    return shown(request, principal, "source_new.html", {"room": "desk:intake", "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("intake:manage")
def source_page(request: HttpRequest, principal: Principal, source_id: int) -> HttpResponse:
    """A source with its keys; sending the form makes one more."""
    source = get_object_or_404(_outside(), pk=source_id)
    form = KeyForm(principal, source, request.POST or None)
    if form.is_valid():
        try:
            key, secret = add_key(source=source, by=principal, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _connected(request, principal, source, key, secret)
    context = _source_context(request, principal, source, LIKE_A_KEY) | {"form": form}
    return shown(request, principal, "source.html", context, status=422 if form.is_bound else 200)


@require_POST
@for_staff("intake:manage")
def key_deed(request: HttpRequest, principal: Principal, key_id: int, deed: str) -> HttpResponseBase:
    key = get_object_or_404(ApiKey, pk=key_id)
    source = get_object_or_404(_outside(), key=key.source)
    back = redirect("desk:source-page", source.pk)
    try:
        match deed:
            case "rotate":
                new, secret = rotate_key(key=key, by=principal)
                return _connected(request, principal, source, new, secret)
            case "revoke":
                revoke_key(key, by=principal)
                words = _("The key %(prefix)s… opens nothing any more.") % {"prefix": key.prefix}
                return toast(request, back, words)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    raise Http404


def seen_of(found: Sequence[Arrival]) -> str:
    """What tells a list from the one before: its newest line."""
    return f"{len(found)}.{found[0].at.timestamp()}" if found else "0"


def _outside() -> Any:
    return Source.objects.exclude(kind__in=OURS)


def _connected(request: HttpRequest, principal: Principal, source: Source, key: ApiKey, secret: str) -> HttpResponse:
    """The secret, this once, in everything there is to paste; and the first event, as soon as it comes."""
    context = _source_context(request, principal, source, secret) | {"key": key, "secret": secret}
    return shown(request, principal, "connected.html", context)


def _source_context(request: HttpRequest, principal: Principal, source: Source, key: str) -> dict[str, Any]:
    address = request.build_absolute_uri("/").rstrip("/")
    return {
        "room": "desk:intake",
        "keys": keys_of_programs(source),
        "snippets": snippets(address=address, key=key, is_public=source.is_public),
        "address": address,
        "rate_limit": settings.API_RATE_LIMIT,
        **_live(request, principal, [source.pk], source),
    }


def _live(
    request: HttpRequest, principal: Principal, source_ids: Sequence[int], source: Source | None = None
) -> dict[str, Any]:
    """What came in last, of some sources or of the one whose page it is; of one result where the address says so."""
    asked = request.GET.get("result", "")
    result = asked if asked in WORDS else ""
    found = arrivals(principal, source_ids, result)
    drawn = arrivals_drawn(found, of_one=source is not None, may_manage=principal.may("intake:manage"))
    results = [(key, capfirst(str(word))) for key, word in WORDS.items()]
    return {"arrivals": drawn, "source": source, "seen": seen_of(found), "result": result, "results": results}
