"""Tasks for programs: what somebody here means to do for a person."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from rest.answers import answer
from rest.endpoints import caller, operation
from rest.pages import PARAMETERS, page
from rest.queries import refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters
from staff.models import User

from .answering import filter_parameters, valid, visible_leader
from .filtering import Field, Filters, Operator, choice, moment, read_whole, row, yes_no
from .models import Contact, Task, TaskKind
from .serializers import Body, RowId
from .tasking import add_task, change_task, finish_task, reopen_task

TASKS: Final = _("Tasks")


def _at_company(_operator: Operator, company_id: int) -> Q:
    return Q(pk__in=Task.objects.at(company_id, timezone.localdate()).values("pk"))


TASK_FILTERS: Final = Filters(
    row("contact", "contact__leader_id"),
    Field("company", read_whole, _at_company, (Operator.IS,), _("the id of a company: tasks of whoever works there")),
    row("assignee", "assignee_id", may_be_none=True),
    choice("kind", "kind", TaskKind.values),
    moment("due_at", "due_at"),
    yes_no("open", "done_at__isnull"),
)
_ORDERINGS: Final = {"due_at": ("due_at", "id"), "id": ("id",)}


class TaskShape(msgspec.Struct):
    """Something to be done for a person. `assignee`, `created_by` and `done_by` are ids of members of staff."""

    id: int
    contact: int
    title: str
    kind: str
    due_at: datetime
    remind_at: datetime | None
    repeat: str | None
    assignee: int | None
    created_at: datetime
    created_by: int | None
    done_at: datetime | None
    done_by: int | None


def show_task(task: Task) -> TaskShape:
    return TaskShape(
        id=task.pk,
        contact=task.contact_id,
        title=task.title,
        kind=task.kind,
        due_at=task.due_at,
        remind_at=task.remind_at,
        repeat=task.repeat or None,
        assignee=task.assignee_id,
        created_at=task.created_at,
        created_by=task.created_by_id,
        done_at=task.done_at,
        done_by=task.done_by_id,
    )


class TaskChanges(Body):
    """What may be changed of a task."""

    decided_by_us = frozenset({"id", "contact", "created_at", "created_by", "done_at", "done_by"})

    title = serializers.CharField(max_length=200, required=False)
    kind = serializers.ChoiceField(choices=TaskKind.choices, required=False)
    due_at = serializers.DateTimeField(required=False, default_timezone=UTC)
    remind_at = serializers.DateTimeField(
        required=False, allow_null=True, default_timezone=UTC, help_text=_("Not after it is due.")
    )
    repeat = serializers.RegexField(
        r"^P[1-9][0-9]?[DWMY]$",
        required=False,
        allow_null=True,
        help_text=_("Comes again when it is done: every two weeks is P2W, every month P1M."),
    )
    assignee = RowId(
        lambda pk: User.objects.filter(pk=pk, is_active=True).exists(),
        _("Who does it: the id of a member of staff."),
        required=False,
        allow_null=True,
    )

    def fields_said(self) -> dict[str, Any]:
        said = dict(self.validated_data)
        if "repeat" in said:
            said["repeat"] = said["repeat"] or ""
        if said.get("assignee"):
            said["assignee"] = User.objects.get(pk=said["assignee"])
        return said


class TaskBody(TaskChanges):
    """A task to be made."""

    decided_by_us = TaskChanges.decided_by_us - {"contact"}

    contact = RowId(lambda pk: Contact.objects.filter(pk=pk, erased_at=None).exists(), _("The id of a contact."))
    title = serializers.CharField(max_length=200)
    due_at = serializers.DateTimeField(default_timezone=UTC)


@operation(
    "contacts:read",
    summary=_("List tasks"),
    tag=TASKS,
    answers={200: page_shape("TaskPage", TaskShape)},
    parameters=[*filter_parameters(TASK_FILTERS), *paging_parameters(*_ORDERINGS)],
    problems=LIST_PROBLEMS,
)
def task_list(request: Request) -> HttpResponse:
    """Tasks about the people one may see, those due first on top. `open=true` leaves out what is done."""
    asked = request._request
    refuse_unknown_parameters(asked, (*PARAMETERS, *TASK_FILTERS.parameters()))
    tasks = Task.objects.visible_to(caller(request)).filter(TASK_FILTERS.from_parameters(asked.GET.dict()).q())
    found = page(asked, tasks, orderings=_ORDERINGS, default="due_at")
    return answer(found.showing([show_task(task) for task in found.rows]))


@operation(
    "contacts:write",
    summary=_("Make a task"),
    tag=TASKS,
    takes=TaskBody,
    example={"contact": 17, "title": "Send the offer", "kind": "write", "due_at": "2026-12-01T10:00:00Z"},
    answers={201: TaskShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def task_create(request: Request) -> HttpResponse:
    """A task about a person. When nobody is named it is on nobody's list."""
    body = valid(TaskBody(data=request.data))
    said = body.fields_said()
    contact_id = said.pop("contact")
    visible_leader(request, contact_id)
    task = add_task(contact=Contact.objects.get(pk=contact_id), by=caller(request), **said)
    return answer(show_task(task), status=201, headers={"Location": f"{request.path}/{task.pk}"})


@operation("contacts:read", summary=_("Read a task"), tag=TASKS, answers={200: TaskShape}, problems=("not-found",))
def task_detail(request: Request, task_id: int) -> HttpResponse:
    """A task."""
    return answer(show_task(_task(request, task_id)))


@operation(
    "contacts:write",
    summary=_("Change a task"),
    tag=TASKS,
    takes=TaskChanges,
    example={"due_at": "2026-12-02T10:00:00Z"},
    answers={200: TaskShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def task_update(request: Request, task_id: int) -> HttpResponse:
    """Change the fields named in the body."""
    task = _task(request, task_id)
    said = valid(TaskChanges(data=request.data)).fields_said()
    return answer(show_task(change_task(task=task, by=caller(request), **said)))


@operation(
    "contacts:write",
    summary=_("Finish a task"),
    tag=TASKS,
    answers={200: TaskShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=("not-found", "invalid-value"),
)
def task_finish(request: Request, task_id: int) -> HttpResponse:
    """Say that it is done, once."""
    return answer(show_task(finish_task(task=_task(request, task_id), by=caller(request))))


@operation(
    "contacts:write",
    summary=_("Take a task up again"),
    tag=TASKS,
    answers={200: TaskShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=("not-found", "invalid-value"),
)
def task_resume(request: Request, task_id: int) -> HttpResponse:
    """Say that it is not done after all."""
    return answer(show_task(reopen_task(task=_task(request, task_id), by=caller(request))))


def _task(request: Request, task_id: int) -> Task:
    return get_object_or_404(Task.objects.visible_to(caller(request)), pk=task_id)
