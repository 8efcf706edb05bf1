"""What waits for a person: claims of public sources, what could not be used, and types nobody named yet."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.claims import confirm_claim, refuse_claim
from contacts.models import Quarantine
from contacts.naming import may_be_meant, name_type
from contacts.replay_jobs import replay_all
from contacts.replaying import DONE, is_mendable, replay
from crm.desk.doors import for_staff
from crm.desk.finding import newest_first
from crm.desk.intake.cells import SHOWN_OF_KEPT, claims_drawn, quarantine_drawn, types_drawn
from crm.desk.intake.forms import Known, TypeForm
from crm.desk.intake.rooms import shown
from crm.desk.intake.waiting import claims_said, claims_seen, reasons, unknown_types
from crm.desk.people.bulk import begun
from crm.desk.toasts import toast
from rest.telling import told
from staff.policy import Principal

MOST_RAW = 32_768


# --- Claims -----------------------------------------------------------------------------------------------------------


@require_GET
@for_staff("contacts:read")
def claims(request: HttpRequest, principal: Principal) -> HttpResponse:
    found = newest_first(request, claims_seen(principal).values("id"))
    said = claims_said([row["id"] for row in found.rows])
    lines = claims_drawn(said, request, may_decide=principal.may("contacts:write"))
    return shown(request, principal, "claims.html", {"room": "desk:claims", "lines": lines, "found": found})


@require_POST
@for_staff("contacts:write")
def claim_deed(request: HttpRequest, principal: Principal, claim_id: int, deed: str) -> HttpResponseBase:
    claim = get_object_or_404(claims_seen(principal).select_related("type", "contact__leader"), pk=claim_id)
    back = redirect("desk:claims")
    said = {"what": claim.type, "who": claim.contact.leader}
    try:
        match deed:
            case "confirm":
                confirm_claim(claim, by=principal)
                return toast(request, back, _("%(what)s of %(who)s is recorded.") % said)
            case "refuse":
                refuse_claim(claim, by=principal)
                return toast(request, back, _("%(what)s of %(who)s does nothing.") % said)
    except ValidationError as error:
        return toast(request, back, " ".join(error.messages), tone="refused")
    raise Http404


# --- Quarantine -------------------------------------------------------------------------------------------------------


@require_GET
@for_staff("intake:manage")
def quarantine(request: HttpRequest, principal: Principal) -> HttpResponse:
    """What waits, by reason; and the messages, or those of one reason."""
    reason = request.GET.get("reason", "")
    rows = Quarantine.objects.waiting().values(*SHOWN_OF_KEPT)
    found = newest_first(request, rows.filter(reason=reason) if reason else rows)
    context = {
        "room": "desk:quarantine",
        "reasons": reasons(),
        "reason": reason,
        "found": found,
        "lines": quarantine_drawn(found.rows),
    }
    return shown(request, principal, "quarantine.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("intake:manage")
def quarantine_page(request: HttpRequest, principal: Principal, quarantine_id: int) -> HttpResponseBase:
    """A message as it came; sent back, mended or not, it is tried again as of the moment it came in."""
    kept = get_object_or_404(Quarantine.objects.select_related("source", "event__type"), pk=quarantine_id)
    raw = bytes(kept.raw).decode(errors="replace")
    if request.method != "POST":
        return _kept(request, principal, kept, _laid_out(raw))
    typed = request.POST.get("raw", "").replace("\r\n", "\n")
    mended = None if not is_mendable(kept) or typed in {raw, _laid_out(raw)} else typed[:MOST_RAW]
    try:
        result = replay(kept, by=principal, mended=None if mended is None else mended.encode())
    except ValidationError as error:
        return toast(request, redirect("desk:quarantine"), " ".join(error.messages), tone="refused")
    if result is None:
        return toast(request, redirect("desk:quarantine"), _("Let go: it is worked out again."))
    if result.status in DONE:
        return toast(request, redirect("desk:quarantine"), _("The message is recorded."))
    said = {"reason": result.reason, "pointer": result.pointer, "detail": told(result.detail, result.values)}
    return _kept(request, principal, kept, typed, said, status=422)


@require_POST
@for_staff("intake:manage")
def quarantine_replay(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """All that waits with one reason, as a job."""
    try:
        job = replay_all(by=principal, reason=request.POST.get("reason", ""))
    except ValidationError as error:
        return toast(request, redirect("desk:quarantine"), " ".join(error.messages), tone="refused")
    return begun(request, job, "/intake/quarantine")


def _laid_out(raw: str) -> str:
    """JSON with a line for each of its parts; anything else as it came."""
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return raw


def _kept(
    request: HttpRequest, principal: Principal, kept: Quarantine, raw: str, said: Any = None, *, status: int = 200
) -> HttpResponse:
    context = {"room": "desk:quarantine", "kept": kept, "raw": raw, "said": said, "is_mendable": is_mendable(kept)}
    return shown(request, principal, "kept.html", context, status=status)


# --- Types ------------------------------------------------------------------------------------------------------------


@require_GET
@for_staff("intake:manage")
def types(request: HttpRequest, principal: Principal) -> HttpResponse:
    return _types(request, principal)


@require_POST
@for_staff("intake:manage")
def type_name(request: HttpRequest, principal: Principal, type_id: int) -> HttpResponseBase:
    kind = get_object_or_404(unknown_types(), pk=type_id)
    form = TypeForm.of(kind, _known(), request.POST)
    if form.is_valid():
        try:
            named = name_type(kind=kind, by=principal, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            words = _("%(key)s is called %(name)s now.") % {"key": kind.key, "name": named}
            return toast(request, redirect("desk:types"), words)
    return _types(request, principal, form, kind.pk)


def _known() -> Known:
    return Known(sorted(may_be_meant(), key=str))


def _types(request: HttpRequest, principal: Principal, form: TypeForm | None = None, at: int = 0) -> HttpResponse:
    found = newest_first(request, unknown_types().values("id", "key", "rank", "created_at", "first_source__name"))
    lines = types_drawn(found.rows, request, form.known if form else _known(), form, at)
    context = {"room": "desk:types", "lines": lines, "found": found}
    return shown(request, principal, "types.html", context, status=422 if form else 200)
