"""The week of tasks, and deeds on many of them: parse, ask one service, answer."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any, Final

from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from contacts.models import Task
from crm.desk.doors import for_staff
from crm.desk.finding import day_said, number_said, numbers_said
from crm.desk.places import page
from crm.desk.toasts import done, toast
from crm.desk.today.many import AT_ONCE, Came, finish_many, give_many, move_many, postpone_many, take_back_many
from crm.desk.today.week import MINE, TEAM, WHOSE, colleagues_of, week
from crm.desk.today.week_cells import tasks_drawn
from crm.desk.undoing import sealed, unsealed
from staff.models import Role, User
from staff.policy import Principal

YEARS: Final = range(1970, 2200)
_UNDO: Final = "tasks of"
Deed = Callable[[list[Task], Principal, Mapping[str, str]], tuple[Came, str]]


@require_GET
@for_staff("contacts:read")
def task_week(request: HttpRequest, principal: Principal) -> HttpResponse:
    assert principal.user
    whose = _whose(request)
    day = day_said(request.GET.get("day", "")) or timezone.localdate()
    shown = week(principal, day if day.year in YEARS else timezone.localdate(), whose)
    may_work, now, colleagues = principal.may("contacts:write"), timezone.now(), colleagues_of(principal)
    draw = partial(tasks_drawn, now=now, picked=whose, may_work=may_work)
    context = {
        "week": shown,
        "late": draw(shown.late, is_late=True),
        "days": [(one, draw(one.tasks)) for one in shown.days],
        "whose": [(key, label, key == whose) for key, label in WHOSE.items() if key != TEAM or principal.user.team_id],
        "picked": whose,
        "people": [one for one in colleagues if one.has_tasks],
        "holder": number_said(whose),
        "may_work": may_work,
        "colleagues": [one for one in colleagues if one.can_be_given],
        "here": request.get_full_path(),
    }
    is_part = request.htmx and request.headers.get("HX-Target") == "week-part"  # type: ignore[attr-defined]
    whole = {} if is_part else page(request)
    return render(request, f"desk/today/week{'_part' if is_part else ''}.html", whole | context)


@require_POST
@for_staff("contacts:write")
def task_many(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """Do one thing with all tasks that were chosen; what cannot be done to one is said, and done to the others."""
    chosen, deed = numbers_said(request.POST.getlist("task")), _DEEDS.get(request.POST.get("deed", ""))
    try:
        if deed is None:
            raise ValidationError(_("This can't be read."), code="invalid")
        if len(chosen) > AT_ONCE:
            words = _("No more than %(n)s tasks at once.") % {"n": AT_ONCE}
            raise ValidationError(words, code="too_many")
        tasks = list(Task.objects.visible_to(principal).open().filter(pk__in=chosen).order_by("due_at", "pk"))
        if not tasks:
            raise ValidationError(_("Choose some tasks first."), code="none_chosen")
        came, said = deed(tasks, principal, request.POST)
    except ValidationError as error:
        return toast(request, _back(request), " ".join(error.messages), tone="refused")
    if not came.n:
        return toast(request, _back(request), " ".join(came.refused), tone="refused")
    undo = f"{reverse('desk:tasks-restore')}?was={sealed(f'{_UNDO} {principal.user}', came.was)}"
    return toast(request, _back(request), " ".join([said, *came.refused]), undo=undo)


@require_POST
@for_staff("contacts:write")
def tasks_restore(request: HttpRequest, principal: Principal) -> HttpResponseBase:
    """Undo of a deed on many."""
    try:
        was = unsealed(f"{_UNDO} {principal.user}", request.GET.get("was", ""))
    except signing.BadSignature:
        return toast(request, _back(request), _("This cannot be undone any more."), tone="refused")
    n = take_back_many(by=principal, was=was)
    words = ngettext("%(n)s task is as it was before.", "%(n)s tasks are as they were before.", n) % {"n": n}
    return toast(request, _back(request), words)


# --- The deeds --------------------------------------------------------------------------------------------------------


def _finish(tasks: list[Task], by: Principal, _said: Mapping[str, str]) -> tuple[Came, str]:
    came = finish_many(tasks=tasks, by=by)
    return came, ngettext("%(n)s task is done.", "%(n)s tasks are done.", came.n) % {"n": came.n}


def _postpone(days: int) -> Deed:
    def postpone(tasks: list[Task], by: Principal, _said: Mapping[str, str]) -> tuple[Came, str]:
        came = postpone_many(tasks=tasks, by=by, days=days)
        return came, ngettext("%(n)s task is put off.", "%(n)s tasks are put off.", came.n) % {"n": came.n}

    return postpone


def _move(tasks: list[Task], by: Principal, said: Mapping[str, str]) -> tuple[Came, str]:
    day = day_said(said.get("day", ""))
    if day is None:
        raise ValidationError(_("Say to which day."), code="no_day")
    came = move_many(tasks=tasks, by=by, day=day)
    words = ngettext("%(n)s task is due on %(day)s.", "%(n)s tasks are due on %(day)s.", came.n)
    return came, words % {"n": came.n, "day": _shown(day)}


def _give(tasks: list[Task], by: Principal, said: Mapping[str, str]) -> tuple[Came, str]:
    to = _colleagues().filter(pk=number_said(said.get("to", "")) or 0).first()
    if to is None:
        raise ValidationError(_("Say to whom."), code="no_one")
    came = give_many(tasks=tasks, by=by, to=to)
    words = ngettext("%(who)s has %(n)s task more.", "%(who)s has %(n)s tasks more.", came.n)
    return came, words % {"n": came.n, "who": to}


_DEEDS: Final[Mapping[str, Deed]] = {
    "done": _finish,
    "day": _postpone(1),
    "week": _postpone(7),
    "move": _move,
    "give": _give,
}


def _shown(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def _whose(request: HttpRequest) -> str:
    whose = request.GET.get("whose", "")
    return whose if whose in WHOSE or number_said(whose) is not None else MINE


def _colleagues() -> Any:
    return User.objects.filter(is_active=True).exclude(role=Role.READ_ONLY).order_by("name", "email")


def _back(request: HttpRequest) -> HttpResponseBase:
    return done() if request.htmx else redirect("desk:tasks")  # type: ignore[attr-defined]
