"""Imports for programs: a file comes as the body of a request; what its columns mean is proposed, chosen, tried, begun,
stopped and undone by the same services as on the desk."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from rest.answers import answer
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.queries import parameter, refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters, query_parameter

from .answering import valid
from .importing import preparing, steering
from .importing.mapping import MOST_SKIPPED
from .importing.reading import BLOCK, COLUMN_LIMIT
from .importing.reporting import foreseen_told, reject_lines
from .importing.undoing import changed_since
from .models import Import
from .serializers import Body

IMPORTS: Final = _("Imports")
STATE_PROBLEMS: Final = ("not-found", "invalid-value")


class ImportShape(msgspec.Struct):
    """An import. While it is a draft, `choices` say what its columns are to mean, and `foreseen` what a dry run found;
    once begun, the five counts always add up to `rows_read`."""

    id: int
    file_name: str
    state: str
    columns: list[str]
    choices: dict[str, Any]
    foreseen: dict[str, Any] | None
    permille: int
    rows_read: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    rejected: int
    undone: int
    left_alone: int
    failure: str
    uploaded_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class ChangedShape(msgspec.Struct):
    """People of an import whom somebody changed since; the first fifty."""

    contacts: list[int]
    has_more: bool


class ChoicesBody(Body):
    """What the columns mean and how the file is read; only what is given changes."""

    columns = serializers.ListField(
        child=serializers.CharField(max_length=80, allow_blank=True),
        required=False,
        max_length=COLUMN_LIMIT,
        help_text=_("For each column its field, or an empty text: email, name, first_name, ..., custom:KEY, new:KIND."),
    )
    lenient = serializers.ListField(child=serializers.BooleanField(), required=False, max_length=COLUMN_LIMIT)
    sheet = serializers.CharField(
        max_length=255,
        required=False,
        help_text=_("Another sheet of the workbook, one of `choices.sheets`: what its columns mean is proposed anew."),
    )
    encoding = serializers.CharField(max_length=30, required=False)
    delimiter = serializers.CharField(max_length=1, required=False, trim_whitespace=False)
    header = serializers.BooleanField(required=False)
    skip = serializers.IntegerField(
        min_value=0, max_value=MOST_SKIPPED, required=False, help_text=_("Rows above the names of the columns.")
    )
    decimal = serializers.ChoiceField(choices=[".", ","], required=False)
    dates = serializers.ChoiceField(choices=["dmy", "mdy", "ymd"], required=False)
    zone = serializers.CharField(max_length=60, required=False)
    phone_country = serializers.CharField(max_length=2, required=False, allow_blank=True)
    duplicates = serializers.ChoiceField(choices=["overwrite", "fill", "skip"], required=False)
    source = serializers.CharField(max_length=40, required=False)  # type: ignore[assignment]
    tag = serializers.CharField(max_length=40, required=False, allow_blank=True)
    stages = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    owners = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        required=False,
        help_text=_("For each text of the column of owners the address of a colleague, or an empty text: nobody."),
    )
    consent = serializers.DictField(required=False)
    event = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)


class UndoBody(Body):
    """Whether people whom somebody changed since are meant too."""

    also_changed = serializers.BooleanField(required=False, default=False)


@operation(
    "contacts:import",
    summary=_("List imports"),
    tag=IMPORTS,
    answers={200: page_shape("ImportPage", ImportShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def import_list(request: Request) -> HttpResponse:
    """Every file that came in, the newest first."""
    return listed(request, Import.objects.visible_to(caller(request)), _show, default="-id")


@operation(
    "contacts:import",
    summary=_("Upload a file"),
    tag=IMPORTS,
    answers={201: ImportShape},
    parameters=[
        query_parameter("name", _("What the file is called.")),
        query_parameter("sheet", _("The sheet of a workbook; without it the first that holds anything.")),
    ],
    problems=("invalid-query", "invalid-value", "too-large"),
)
def import_create(request: Request) -> HttpResponse:
    """Send a CSV or XLSX file as the body (`curl --data-binary @people.csv`). The answer is a draft with what its
    columns seem to mean. Nothing comes in before it is started."""
    asked = request._request
    refuse_unknown_parameters(asked, ("name", "sheet"))
    run = preparing.bring_file(
        by=caller(request),
        name=parameter(asked, "name") or "file",
        pieces=_pieces(asked),
        sheet=parameter(asked, "sheet") or "",
    )
    return answer(_show(run), status=201, headers={"Location": f"/api/v1/imports/{run.pk}"})


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    while piece := request.read(BLOCK):
        yield piece


@operation(
    "contacts:import", summary=_("Read an import"), tag=IMPORTS, answers={200: ImportShape}, problems=("not-found",)
)
def import_detail(request: Request, import_id: int) -> HttpResponse:
    """How far it is, or what came of it."""
    return answer(_show(_own(request, import_id)))


@operation(
    "contacts:import",
    summary=_("Choose what columns mean"),
    tag=IMPORTS,
    takes=ChoicesBody,
    example={"columns": ["external_id", "name", "email"], "duplicates": "fill"},
    answers={200: ImportShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def import_update(request: Request, import_id: int) -> HttpResponse:
    """Change the choices of a draft; what a dry run found before counts no more."""
    run = _own(request, import_id)
    said = valid(ChoicesBody(data=request.data)).validated_data
    preparing.choose(by=caller(request), run=run, said=dict(said))
    return answer(_show(_own(request, import_id)))


@operation("contacts:import", summary=_("Drop a file"), tag=IMPORTS, answers={204: None}, problems=STATE_PROBLEMS)
def import_delete(request: Request, import_id: int) -> HttpResponse:
    """Forget a draft and its file."""
    steering.drop_draft(by=caller(request), run=_own(request, import_id))
    return HttpResponse(status=204)


def _deed(service: Callable[..., None], request: Request, import_id: int) -> HttpResponse:
    run = _own(request, import_id)
    service(by=caller(request), run=run)
    return answer(_show(_own(request, import_id)), status=202)


@operation(
    "contacts:import", summary=_("Try an import"), tag=IMPORTS, answers={202: ImportShape}, problems=STATE_PROBLEMS
)
def import_check(request: Request, import_id: int) -> HttpResponse:
    """Have it counted exactly what it would do, and the first errors told; nothing is written. Read the import until it
    is a draft again: `foreseen` has the counts."""
    return _deed(steering.check_import, request, import_id)


@operation(
    "contacts:import", summary=_("Start an import"), tag=IMPORTS, answers={202: ImportShape}, problems=STATE_PROBLEMS
)
def import_start(request: Request, import_id: int) -> HttpResponse:
    """Bring the rows in."""
    return _deed(steering.start_import_of, request, import_id)


@operation(
    "contacts:import", summary=_("Stop an import"), tag=IMPORTS, answers={202: ImportShape}, problems=STATE_PROBLEMS
)
def import_stop(request: Request, import_id: int) -> HttpResponse:
    """Stop after the step in hand: what is in stays."""
    return _deed(steering.stop_import, request, import_id)


@operation(
    "contacts:import", summary=_("Resume an import"), tag=IMPORTS, answers={202: ImportShape}, problems=STATE_PROBLEMS
)
def import_resume(request: Request, import_id: int) -> HttpResponse:
    """Go on behind the last row that is in."""
    return _deed(steering.resume_import, request, import_id)


@operation(
    "contacts:import",
    summary=_("Undo an import"),
    tag=IMPORTS,
    takes=UndoBody,
    example={"also_changed": False},
    answers={202: ImportShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def import_undo(request: Request, import_id: int) -> HttpResponse:
    """Retract what it recorded. Whom somebody changed since is left alone unless `also_changed`."""
    run = _own(request, import_id)
    also = valid(UndoBody(data=request.data)).validated_data["also_changed"]
    steering.undo_import(by=caller(request), run=run, also_changed=also)
    return answer(_show(_own(request, import_id)), status=202)


@operation(
    "contacts:import",
    summary=_("List people changed since"),
    tag=IMPORTS,
    answers={200: ChangedShape},
    problems=("not-found",),
)
def import_changed(request: Request, import_id: int) -> HttpResponse:
    """People of the import whom somebody changed after it: undoing leaves them alone."""
    found = changed_since(_own(request, import_id))
    return answer(ChangedShape([one.pk for one in found.people], found.has_more))


@operation("contacts:import", summary=_("Read refused rows"), tag=IMPORTS, answers={200: str}, problems=("not-found",))
def import_rejects(request: Request, import_id: int) -> Any:
    """The refused rows as CSV, each with its line, column and reason; no cell is a formula. Mend and upload them."""
    return StreamingHttpResponse(reject_lines(_own(request, import_id)), content_type="text/csv; charset=utf-8")


def _own(request: Request, import_id: int) -> Import:
    return get_object_or_404(Import.objects.visible_to(caller(request)), pk=import_id)


def _show(run: Import) -> ImportShape:
    has_begun = run.state not in preparing.EDITABLE
    return ImportShape(
        id=run.pk,
        file_name=run.file_name,
        state=run.state,
        columns=run.columns,
        choices=run.choices,
        foreseen=foreseen_told(run),
        permille=run.permille,
        rows_read=run.rows_read,
        created=run.created,
        updated=run.updated,
        unchanged=run.unchanged,
        skipped=run.skipped,
        rejected=run.rejected,
        undone=run.undone,
        left_alone=run.left_alone,
        failure=run.failure,
        uploaded_at=run.uploaded_at,
        started_at=run.started_at if has_begun else None,
        finished_at=run.finished_at,
    )
