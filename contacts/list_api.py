"""Lists of people for programs: saved views, tags, work on many, files. The same services as on the desk."""

from datetime import datetime
from typing import Any, Final

import msgspec
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from rest.answers import answer
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.queries import invalid_query, parameter, refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters, query_parameter
from rest.strict_json import MalformedJson, read

from .answering import TREE, WORDS, valid
from .exporting import Format, export_people
from .jobs import foresee, start_job, stop_job, undo_job
from .models import Job, SavedView, Shared
from .serializers import Body
from .viewing import change_view, delete_view, save_view

VIEWS: Final = _("Saved views")
TAGS: Final = _("Tags")
JOBS: Final = _("Work on many")
MOST_LEFT: Final = 200


class ViewShape(msgspec.Struct):
    """A list of people under a name; `owner` is the id of whoever keeps it."""

    id: int
    name: str
    owner: int
    shared: str
    filter: dict[str, Any] | None
    q: str
    ordering: str
    columns: list[str]
    created_at: datetime


class TagShape(msgspec.Struct):
    """A tag, and how many people have it."""

    name: str
    people: int


class TagsShape(msgspec.Struct):
    results: list[TagShape]


class LeftShape(msgspec.Struct):
    """Somebody a job left alone, and why."""

    contact: int
    code: str
    detail: str


class JobShape(msgspec.Struct):
    """Work on many people: how far it is. `left` tells the first 200 of those who were left alone."""

    id: int
    deed: str
    params: dict[str, Any]
    state: str
    total: int
    done: int
    left_alone: int
    left: list[LeftShape]
    undoes: int | None
    started_at: datetime
    finished_at: datetime | None
    failure: str


class ForeseenReasonShape(msgspec.Struct):
    detail: str
    people: int


class ForeseenShape(msgspec.Struct):
    """What a job would do."""

    total: int
    done: int
    left: list[ForeseenReasonShape]


class ViewBody(Body):
    """A list of people under a name."""

    decided_by_us = frozenset({"id", "owner", "created_at"})

    name = serializers.CharField(max_length=60, required=False)
    shared = serializers.ChoiceField(choices=Shared.choices, required=False)
    filter = serializers.JSONField(required=False, allow_null=True, help_text=_("A tree of conditions."))
    q = serializers.CharField(max_length=200, required=False, allow_blank=True)
    ordering = serializers.CharField(max_length=40, required=False, allow_blank=True)
    columns = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=30)

    def said(self) -> dict[str, Any]:
        said = dict(self.validated_data)
        if "q" in said:
            said["words"] = said.pop("q")
        return said


class BulkBody(Body):
    """What is to be done to whom. With `preview` nothing is done, only counted."""

    deed = serializers.CharField(max_length=20)
    params = serializers.DictField(required=False)
    ids = serializers.ListField(child=serializers.JSONField(), required=False, max_length=10_000)
    filter = serializers.JSONField(required=False, allow_null=True, help_text=_("A tree of conditions."))
    q = serializers.CharField(max_length=200, required=False, allow_blank=True)
    preview = serializers.BooleanField(required=False, default=False)

    def choice(self) -> dict[str, Any]:
        said = self.validated_data
        whom = {name: said[name] for name in ("ids", "filter", "q") if name in said}
        if not whom:
            raise ValidationError({"ids": ValidationError(_("Say who: ids, or a filter."), code="required")})
        return whom


# --- Saved views ------------------------------------------------------------------------------------------------------


@operation(
    "contacts:read",
    summary=_("List saved views"),
    tag=VIEWS,
    answers={200: page_shape("ViewPage", ViewShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def view_list(request: Request) -> HttpResponse:
    """The views that are shared with everybody."""
    return listed(request, SavedView.objects.visible_to(caller(request)), _view)


@operation(
    "views:share",
    summary=_("Keep a view"),
    tag=VIEWS,
    takes=ViewBody,
    example={"name": "Cooling", "shared": "everybody", "filter": {"field": "health", "is": "cooling"}},
    answers={201: ViewShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "conflict"),
)
def view_create(request: Request) -> HttpResponse:
    """Keep a list of people under a name, for everybody. It belongs to whoever made the key."""
    body = valid(ViewBody(data=request.data))
    view = save_view(by=caller(request), **{"name": "", "shared": Shared.EVERYBODY, **body.said()})
    return answer(_view(view), status=201)


@operation(
    "views:share",
    summary=_("Change a view"),
    tag=VIEWS,
    takes=ViewBody,
    example={"name": "Cooling customers"},
    answers={200: ViewShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found", "conflict"),
)
def view_update(request: Request, view_id: int) -> HttpResponse:
    """Change what is said of a view of one's own."""
    view = _own_view(request, view_id)
    return answer(_view(change_view(by=caller(request), view=view, **valid(ViewBody(data=request.data)).said())))


@operation("views:share", summary=_("Delete a view"), tag=VIEWS, answers={204: None}, problems=("not-found",))
def view_delete(request: Request, view_id: int) -> HttpResponse:
    """Delete a view of one's own; nobody on it is touched."""
    delete_view(by=caller(request), view=_own_view(request, view_id))
    return HttpResponse(status=204)


def _own_view(request: Request, view_id: int) -> SavedView:
    return get_object_or_404(SavedView.objects.editable_by(caller(request)), pk=view_id)


def _view(view: SavedView) -> ViewShape:
    return ViewShape(
        id=view.pk,
        name=view.name,
        owner=view.owner_id,
        shared=view.shared,
        filter=view.filter,
        q=view.words,
        ordering=view.ordering,
        columns=view.columns,
        created_at=view.created_at,
    )


# --- Tags -------------------------------------------------------------------------------------------------------------

_TAGS: Final = """
SELECT t.name, (SELECT count(*) FROM contacts_contact c
                 WHERE c.tags @> ARRAY[t.name::varchar(40)] AND NOT c.tags = '{}' AND c.is_listed)
  FROM contacts_tag t ORDER BY t.name
"""


@operation("contacts:read", summary=_("List tags"), tag=TAGS, answers={200: TagsShape})
def tag_list(request: Request) -> HttpResponse:
    """Every tag that was ever given, and how many people have it now."""
    refuse_unknown_parameters(request._request, ())
    with connection.cursor() as cursor:
        cursor.execute(_TAGS)
        return answer(TagsShape([TagShape(*row) for row in cursor.fetchall()]))


# --- Work on many -----------------------------------------------------------------------------------------------------


@operation(
    "contacts:write",
    summary=_("Do something to many"),
    tag=JOBS,
    takes=BulkBody,
    example={"deed": "tag", "params": {"tag": "fair 2026"}, "filter": {"field": "source", "is": "fair"}},
    answers={200: ForeseenShape, 202: JobShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "forbidden"),
)
def contact_bulk(request: Request) -> HttpResponse:
    """Tag, untag, assign or move everybody of `ids`, or whom `filter` and `q` find. The answer is a job: read it to see
    how far it is. With `preview` the answer is how many it would touch and leave alone."""
    body = valid(BulkBody(data=request.data))
    said = body.validated_data
    what: dict[str, Any] = {"kind": said["deed"], "params": said.get("params", {}), "choice": body.choice()}
    if said["preview"]:
        foreseen = foresee(by=caller(request), **what)
        left = [ForeseenReasonShape(sentence, n) for sentence, n in foreseen.left]
        return answer(ForeseenShape(foreseen.total, foreseen.done, left))
    job = start_job(by=caller(request), **what)
    job.refresh_from_db()
    return answer(_job(job), status=202, headers={"Location": f"/api/v1/jobs/{job.pk}"})


@operation("contacts:read", summary=_("Read a job"), tag=JOBS, answers={200: JobShape}, problems=("not-found",))
def job_detail(request: Request, job_id: int) -> HttpResponse:
    """How far a job of this key is, and whom it left alone."""
    return answer(_job(_own_job(request, job_id)))


@operation(
    "contacts:write",
    summary=_("Stop a job"),
    tag=JOBS,
    answers={200: JobShape},
    problems=("not-found",),
)
def job_cancel(request: Request, job_id: int) -> HttpResponse:
    """Stop after the step in hand. What is done stays, and can be undone."""
    job = _own_job(request, job_id)
    stop_job(by=caller(request), job=job)
    return answer(_job(_own_job(request, job_id)))


@operation(
    "contacts:write",
    summary=_("Undo a job"),
    tag=JOBS,
    answers={202: JobShape},
    problems=("not-found", "invalid-value"),
)
def job_undo(request: Request, job_id: int) -> HttpResponse:
    """Retract what a job recorded; the answer is the job that does it."""
    undoing = undo_job(by=caller(request), job=_own_job(request, job_id))
    undoing.refresh_from_db()
    return answer(_job(undoing), status=202, headers={"Location": f"/api/v1/jobs/{undoing.pk}"})


def _own_job(request: Request, job_id: int) -> Job:
    return get_object_or_404(Job.objects.visible_to(caller(request)), pk=job_id)


def _job(job: Job) -> JobShape:
    left: list[LeftShape] = []
    for its in job.chunks.exclude(left=[]).order_by("pk").values_list("left", flat=True)[:MOST_LEFT]:
        left += [LeftShape(*one) for one in its[: MOST_LEFT - len(left)]]
    return JobShape(
        id=job.pk,
        deed=job.kind,
        params=job.params,
        state=job.state,
        total=job.total,
        done=job.done,
        left_alone=job.left_alone,
        left=left,
        undoes=job.undoes_id,
        started_at=job.started_at,
        finished_at=job.finished_at,
        failure=job.failure,
    )


# --- Files ------------------------------------------------------------------------------------------------------------


@operation(
    "contacts:export",
    summary=_("Export contacts"),
    tag=JOBS,
    answers={200: str},
    parameters=[
        query_parameter("format", _("The kind of file; csv without it."), enum=list(Format)),
        TREE,
        WORDS,
    ],
    problems=("invalid-query",),
)
def contact_export(request: Request) -> Any:
    """Everybody whom `filter` and `q` find, as CSV (UTF-8, no cell is a formula) or vCards. Who took them is noted."""
    asked = request._request
    refuse_unknown_parameters(asked, ("format", "filter", "q"))
    kind = parameter(asked, "format") or Format.CSV.value
    text = parameter(asked, "filter")
    try:
        document = read(text.encode()).value if text else None
        whom = {"filter": document, "q": parameter(asked, "q") or ""}
        pieces = export_people(by=caller(request), choice=whom, format_=kind)
    except MalformedJson as error:
        raise invalid_query("filter", error) from None
    except ValidationError as error:
        name = "format" if hasattr(error, "error_dict") else "filter"
        raise invalid_query(name, error.messages[0]) from None
    known = Format(kind)
    headers = {"Content-Disposition": f'attachment; filename="{known.file_name}"'}
    return StreamingHttpResponse(pieces, content_type=known.content_type, headers=headers)
