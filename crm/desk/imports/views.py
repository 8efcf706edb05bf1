"""Bringing people in from a file: parse, call one service, answer."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_POST

from contacts.importing.keeping import too_large
from contacts.importing.preparing import bring_file, choose
from contacts.importing.reporting import reject_lines
from contacts.importing.steering import (
    check_import,
    drop_draft,
    resume_import,
    start_import_of,
    stop_import,
    undo_import,
)
from contacts.importing.undoing import changed_since
from contacts.models import Import, ImportState
from crm.desk.doors import for_staff
from crm.desk.finding import newest_first
from crm.desk.imports.cells import SHOWN, runs_drawn
from crm.desk.imports.choosing import choices_said
from crm.desk.imports.showing import context_of
from crm.desk.places import page
from crm.desk.toasts import toast
from staff.policy import Principal

SCOPE: Final = "contacts:import"
ENVELOPE: Final = 1_000_000  # of a form around the file


@csrf_exempt  # looked at only after the size, for reading the token reads the whole upload
@for_staff(SCOPE)
def import_list(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """The files that came in; sending one begins another."""
    if request.method != "POST":
        return _list(request, principal)
    if int(request.headers.get("Content-Length") or 0) > settings.IMPORT_LARGEST + ENVELOPE:
        return _list(request, principal, " ".join(too_large().messages))
    request.upload_handlers = [TemporaryFileUploadHandler(request)]
    return _take(request, principal)


@csrf_protect
def _take(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return _list(request, principal, _("Choose a file first."))
    pieces: Iterator[bytes] = iter(file.chunks())
    try:
        run = bring_file(by=principal, name=file.name or "", pieces=pieces, sheet=request.POST.get("sheet", ""))
    except ValidationError as error:
        return _list(request, principal, " ".join(error.messages))
    return redirect("desk:import-page", run.pk)


def _list(request: HttpRequest, principal: Principal, error: str = "") -> HttpResponse:
    runs = Import.objects.visible_to(principal).select_related("started_by").only(*SHOWN)
    found = newest_first(request, runs)
    context = {
        "found": found,
        "lines": runs_drawn(found.rows),
        "error": error,
        "limit": settings.IMPORT_LARGEST // 1_000_000,
    }
    return render(request, "desk/imports/list.html", page(request) | context, status=422 if error else 200)


@require_GET
@for_staff(SCOPE)
def import_page(request: HttpRequest, principal: Principal, import_id: int) -> HttpResponse:
    """Where an import stands: what its columns mean, how far it is, what came of it."""
    return _page(request, _own(principal, import_id))


def _page(request: HttpRequest, run: Import, error: str = "") -> HttpResponse:
    context = context_of(run) | {"error": error}
    template = "desk/imports/part.html" if request.headers.get("HX-Target") == "import" else "desk/imports/page.html"
    status = 422 if error else 200
    return render(
        request, template, context if template.endswith("part.html") else page(request) | context, status=status
    )


@require_POST
@for_staff(SCOPE)
def import_choices(request: HttpRequest, principal: Principal, import_id: int) -> HttpResponseBase:
    """What the columns mean; then perhaps the deed whose button was pressed."""
    run = _own(principal, import_id)
    sheet = run.choices.get("sheet")
    try:
        choose(by=principal, run=run, said=choices_said(request.POST))
        seen = run.choices.get("sheet") == sheet  # of another sheet nobody has seen the columns yet
        if seen and (deed := _READY.get(request.POST.get("deed", ""))):
            deed(by=principal, run=run)
    except ValidationError as error:
        run.refresh_from_db()
        return _page(request, run, " ".join(error.messages))
    if request.headers.get("HX-Target") == "import":
        return _page(request, run)
    return redirect("desk:import-page", run.pk)


_READY: Final[dict[str, Callable[..., None]]] = {"check": check_import, "start": start_import_of}
_DEEDS: Final[dict[str, Callable[..., None]]] = {"stop": stop_import, "resume": resume_import, "drop": drop_draft}


@require_POST
@for_staff(SCOPE)
def import_deed(request: HttpRequest, principal: Principal, import_id: int, deed: str) -> HttpResponseBase:
    """Stop it, go on, or forget a file that was not brought in."""
    run = _own(principal, import_id)
    if deed not in _DEEDS:
        raise Http404
    back = redirect("desk:import-list") if deed == "drop" else redirect("desk:import-page", run.pk)
    try:
        _DEEDS[deed](by=principal, run=run)
    except ValidationError as error:
        return toast(request, redirect("desk:import-page", run.pk), " ".join(error.messages), tone="refused")
    return back


@for_staff(SCOPE)
def import_undo(request: HttpRequest, principal: Principal, import_id: int) -> HttpResponseBase:
    """Whom somebody changed since, before anything is taken back."""
    run = _own(principal, import_id)
    if request.method == "POST":
        try:
            undo_import(by=principal, run=run, also_changed="also_changed" in request.POST)
        except ValidationError as error:
            return toast(request, redirect("desk:import-page", run.pk), " ".join(error.messages), tone="refused")
        return redirect("desk:import-page", run.pk)
    may = run.state in {ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED} or run.left_alone
    context: dict[str, Any] = {
        "run": run,
        "changed": changed_since(run),
        "may_undo": may,
        "title": _("Undo the import"),
    }
    return render(request, "desk/imports/undo.html", page(request) | context)


@require_GET
@for_staff(SCOPE)
def import_rejects(request: HttpRequest, principal: Principal, import_id: int) -> HttpResponseBase:
    """The refused rows as a file to mend and bring again."""
    run = _own(principal, import_id)
    headers = {"Content-Disposition": f'attachment; filename="refused-{run.pk}.csv"'}
    return StreamingHttpResponse(reject_lines(run), content_type="text/csv; charset=utf-8", headers=headers)


def _own(principal: Principal, import_id: int) -> Import:
    runs = Import.objects.visible_to(principal).select_related("source", "started_by")
    return get_object_or_404(runs, pk=import_id)
