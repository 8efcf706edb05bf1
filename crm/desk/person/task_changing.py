"""A task changed after it was made: what, when, who, the reminder, how often it comes again; and the undo of it."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from contacts.models import Task
from contacts.recurring import Repeat
from contacts.tasking import change_task
from crm.desk.doors import for_staff
from crm.desk.person.forms import TaskForm
from crm.desk.person.views import back_to, visible_tasks
from crm.desk.places import page
from crm.desk.toasts import toast
from crm.desk.today.spans import repeat_words
from crm.desk.undoing import sealed, unsealed
from staff.models import User
from staff.policy import Principal

_MOMENTS: Final = ("due_at", "remind_at")


class TaskChangeForm(TaskForm):
    """The task as it is. What a program said that the choices do not offer stays one of them."""

    def __init__(self, *args: Any, task: Task, **options: Any) -> None:
        due, before = timezone.localtime(task.due_at), _minutes_before(task)
        said = {"title": task.title, "kind": task.kind, "due": due.date(), "at_time": due.time(), "repeat": task.repeat}
        super().__init__(*args, contact=task.contact, user=task.assignee, **options)
        self.initial = said | {"remind": before, "assignee": task.assignee_id}
        assignee: Any = self.fields["assignee"]
        assignee.required, assignee.empty_label = False, _("nobody")
        assignee.queryset |= User.objects.filter(pk=task.assignee_id or 0)  # also one who may not sign in any more
        self._offer("remind", before, _before_words)
        self._offer("repeat", task.repeat, lambda said: repeat_words(Repeat.read(said)))

    def _offer(self, name: str, value: str, words: Any) -> None:
        field: Any = self.fields[name]
        if value and value not in dict(field.choices):
            field.choices = [*field.choices, (value, words(value))]


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("contacts:write")
def task_change(request: HttpRequest, principal: Principal, task_id: int) -> HttpResponseBase:
    task = get_object_or_404(visible_tasks(principal).open().select_related("assignee"), pk=task_id)
    form = TaskChangeForm(request.POST or None, task=task)
    if not form.is_valid():
        return _form(request, form, task)
    changes = {name: value for name, value in form.task().items() if _differs(name, getattr(task, name), value)}
    if not changes:
        return toast(request, back_to(request, task), _("Nothing was changed."))
    try:
        change_task(task=task, by=principal, **changes)
    except ValidationError as error:
        form.add_error(None, error.messages)
        return _form(request, form, task)
    words = _("Changed: %(task)s") % {"task": task}
    return toast(request, back_to(request, task), words, undo=undo_of_change(task, changes))


@require_POST
@for_staff("contacts:write")
def task_restore(request: HttpRequest, principal: Principal, task_id: int) -> HttpResponseBase:
    """Undo of changing it."""
    task = get_object_or_404(visible_tasks(principal), pk=task_id)
    try:
        change_task(task=task, by=principal, **_was(request, task))
    except ValidationError as error:
        return toast(request, back_to(request, task), " ".join(error.messages), tone="refused")
    return toast(request, back_to(request, task), _("As it was before: %(task)s") % {"task": task})


def _form(request: HttpRequest, form: TaskChangeForm, task: Task) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    title = _("Task: %(name)s") % {"name": task.contact.leader}
    context = page(request) | {"form": form, "title": title, "task": task}
    return render(request, "desk/person/task.html", context, status=status)


def _minutes_before(task: Task) -> str:
    return str(int((task.due_at - task.remind_at) / timedelta(minutes=1))) if task.remind_at else ""


def _before_words(minutes: str) -> str:
    n = int(minutes)
    return ngettext("%(n)s minute before", "%(n)s minutes before", n) % {"n": n}


def _differs(name: str, was: Any, said: Any) -> bool:
    """The form knows minutes: a moment it only rounded was not changed."""
    if name in _MOMENTS and was and said:
        return bool(abs(was - said) >= timedelta(minutes=1))
    return bool(was != said)


def undo_of_change(task: Task, names: Iterable[str]) -> str:
    """The address that takes a change of these back; it bears what they are before it, and when it comes again."""
    was = {name: _plain(getattr(task, name)) for name in (*names, "turn_on", "repeat_day")}
    return f"{reverse('desk:task-restore', args=[task.pk])}?was={sealed(f'task {task.pk}', was)}"


def _plain(value: Any) -> Any:
    if isinstance(value, User):
        return value.pk
    return value.isoformat() if isinstance(value, date) else value


def _was(request: HttpRequest, task: Task) -> dict[str, Any]:
    try:
        was = unsealed(f"task {task.pk}", request.GET.get("was", ""))
    except signing.BadSignature:
        raise ValidationError(_("This cannot be undone any more."), code="too_late") from None
    moments = {name: datetime.fromisoformat(was[name]) for name in _MOMENTS if was.get(name)}
    turn = {"turn_on": date.fromisoformat(was["turn_on"])} if was.get("turn_on") else {}
    people = {"assignee": User.objects.filter(pk=was["assignee"]).first()} if "assignee" in was else {}
    found: dict[str, Any] = was | moments | turn | people
    return found
