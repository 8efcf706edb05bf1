"""Today, the inbox and how soon we answer: parse, ask one service, answer."""

from http import HTTPStatus
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.answer_counts import WEEKS
from contacts.clocks import give_clock, take_clock, waive_answer
from contacts.models import AnswerClock, Task
from contacts.tasking import postpone_task
from crm.desk.doors import for_staff
from crm.desk.finding import as_file, number_said, table_named
from crm.desk.person.task_changing import undo_of_change
from crm.desk.places import page
from crm.desk.toasts import done, toast
from crm.desk.today.came import came, look, new_since
from crm.desk.today.cells import came_drawn, cooling_drawn, first_drawn, tasks_drawn, waiting_drawn
from crm.desk.today.doing import tasks_of
from crm.desk.today.forms import GiveForm
from crm.desk.today.headline import headline
from crm.desk.today.inbox import FOR_ME, WHOSE, inbox, sum_of, told
from crm.desk.today.report import bars, lately, report, tables
from crm.desk.undoing import sealed, undo_token, unsealed
from staff.hours import Calendars
from staff.models import Role, User
from staff.policy import Principal

FEW = 4


@require_GET
@for_staff("contacts:read")
def today(request: HttpRequest, principal: Principal) -> HttpResponse:
    assert principal.user
    mine = request.GET.get("whose", _usual(principal)) == "mine"
    waiting, tasks = sum_of(principal, FOR_ME if mine else ""), tasks_of(principal, mine=mine)
    now = timezone.now()
    new = came(principal, new_since(principal.user), mine=mine)
    may_work, calendars = principal.may("contacts:write"), Calendars.read()
    first = told(waiting.first[:FEW], calendars)
    drawn = {
        "overdue": tasks_drawn(tasks.shown(tasks.overdue), request, is_late=True, may_work=may_work),
        "today": tasks_drawn(tasks.shown(tasks.today), request, is_late=False, may_work=may_work),
        "coming": tasks_drawn(tasks.shown(tasks.coming), request, is_late=False, may_work=may_work),
        "first": first_drawn(first),
        "leads": came_drawn(new.leads),
        "moves": came_drawn(new.moves),
        "cooling": cooling_drawn(new.recalls, new.cooling),
    }
    context = {
        "now": now,
        "headline": headline(waiting, tasks, new, now),
        "waiting": waiting,
        "first": first,
        "drawn": drawn,
        "tasks": tasks,
        "came": new,
        "answers": lately(principal),
        "goal": calendars.of(principal.user.team_id).target,
        "mine": mine,
        "whose": [("mine", _("Mine"), mine), ("all", _("All I see"), not mine)],
    }
    return _shown(request, "today", context)


@require_POST
@for_staff("contacts:read")
def today_seen(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The page says that somebody looks at it: reading writes nothing."""
    assert principal.user
    look(principal.user)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@require_GET
@for_staff("contacts:read")
def inbox_page(request: HttpRequest, principal: Principal) -> HttpResponse:
    whose = request.GET.get("whose", "")
    whose = whose if whose in {one.key for one in WHOSE} else ""
    waiting = sum_of(principal, whose)
    shown = inbox(request, principal, whose, waiting)
    context = {
        "inbox": shown,
        "lines": waiting_drawn(shown.lines, request, may_work=principal.may("contacts:write")),
        "waiting": waiting,
        "headline": headline(waiting, None, None, timezone.now()),
        "whose": [(one.key, one.label, one.key == whose) for one in WHOSE],
    }
    return _shown(request, "inbox", context)


@require_POST
@for_staff("contacts:write")
def answer_take(request: HttpRequest, principal: Principal, clock_id: int) -> HttpResponseBase:
    clock = _clock(principal, clock_id)
    undo = _undo_of_giving(clock, principal, principal.user)
    try:
        seen = number_said(request.POST["seen"]) if "seen" in request.POST else clock.holder_id
        take_clock(clock=clock, by=principal, seen=seen)
    except ValidationError as error:
        return toast(request, _back(request, "desk:inbox"), " ".join(error.messages), tone="refused")
    return toast(request, _back(request, "desk:inbox"), _given(principal.user, clock), undo=undo)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff("contacts:write")
def answer_give(request: HttpRequest, principal: Principal, clock_id: int) -> HttpResponseBase:
    """Whose it is to be: asked, or done."""
    clock = _clock(principal, clock_id)
    form = GiveForm(request.POST or None, initial={"to": clock.holder_id})
    if form.is_valid():
        to = form.cleaned_data["to"]
        undo = _undo_of_giving(clock, principal, to)
        try:
            give_clock(clock=clock, by=principal, to=to)
        except ValidationError as error:
            form.add_error(None, " ".join(error.messages))
        else:
            return toast(request, _back(request, "desk:inbox"), _given(to, clock), undo=undo)
    title = _("Who answers %(name)s?") % {"name": clock.contact}
    context = {"title": title, "form": form, "clock": clock}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    alone = {} if request.htmx else page(request)  # type: ignore[attr-defined]
    return render(request, "desk/today/give.html", alone | context, status=status)


@require_POST
@for_staff("contacts:write")
def answer_restore(request: HttpRequest, principal: Principal, clock_id: int) -> HttpResponseBase:
    """Undo of taking or giving it: it is in the hand it was in, unless somebody has it meanwhile."""
    clock = _clock(principal, clock_id)
    try:
        was, became = unsealed(_giving(clock, principal), request.GET.get("was", ""))
        if clock.holder_id != became:
            words = _("%(name)s has it meanwhile.") % {"name": clock.holder or _("Nobody")}
            raise ValidationError(words, code="taken")
        give_clock(clock=clock, by=principal, to=User.objects.filter(pk=was or 0).first())
    except signing.BadSignature:
        return toast(request, _back(request, "desk:inbox"), _("This cannot be undone any more."), tone="refused")
    except ValidationError as error:
        return toast(request, _back(request, "desk:inbox"), " ".join(error.messages), tone="refused")
    return toast(request, _back(request, "desk:inbox"), _given(clock.holder, clock))


def _undo_of_giving(clock: AnswerClock, principal: Principal, to: User | None) -> str:
    was = sealed(_giving(clock, principal), [clock.holder_id, to.pk if to else None])
    return f"{reverse('desk:answer-restore', args=[clock.pk])}?was={was}"


def _giving(clock: AnswerClock, principal: Principal) -> str:
    return f"answer {clock.pk} {principal.user}"


@require_POST
@for_staff("contacts:write")
def answer_waive(request: HttpRequest, principal: Principal, clock_id: int) -> HttpResponseBase:
    clock = _clock(principal, clock_id)
    try:
        event = waive_answer(clock=clock, by=principal)
    except ValidationError as error:
        return toast(request, _back(request, "desk:inbox"), " ".join(error.messages), tone="refused")
    words = _("%(name)s needs no answer.") % {"name": clock.contact}
    return toast(request, _back(request, "desk:inbox"), words, undo=undo_token(principal, [event.pk]))


@require_POST
@for_staff("contacts:write")
def task_postpone(request: HttpRequest, principal: Principal, task_id: int, days: int) -> HttpResponseBase:
    task = get_object_or_404(Task.objects.visible_to(principal).open(), pk=task_id)
    if not 1 <= days <= 365:
        raise Http404
    undo = undo_of_change(task, ("due_at", "remind_at"))
    try:
        later = postpone_task(task=task, by=principal, days=days)
    except ValidationError as error:
        return toast(request, _back(request, "desk:today"), " ".join(error.messages), tone="refused")
    due = date_format(timezone.localtime(later.due_at), "SHORT_DATE_FORMAT")
    words = _("%(task)s: on %(date)s.") % {"task": task, "date": due}
    return toast(request, _back(request, "desk:today"), words, undo=undo)


@require_GET
@for_staff("figures:read")
def answers(request: HttpRequest, principal: Principal) -> HttpResponse:
    found, calendar = report(principal), Calendars.read().of(principal.user.team_id if principal.user else None)
    context = {
        "tables": found.tables,
        "lately": found.lately,
        "weeks": WEEKS,
        "goal": calendar.target,
        "chart": bars(found.tables[0], calendar.target),
        "waiting": sum_of(principal),
        "now": timezone.now(),
    }
    return _shown(request, "answers", context)


@require_GET
@for_staff("figures:read")
def answers_corner(request: HttpRequest, principal: Principal) -> HttpResponse:
    """How soon we answer and who waits, in the corner of another page."""
    context = {"answers": lately(principal), "goal": _goal(principal), "waiting": sum_of(principal)}
    return render(request, "desk/today/corner.html", context | {"now": timezone.now()})


@require_GET
@for_staff("figures:read")
def answers_table(request: HttpRequest, principal: Principal, name: str) -> HttpResponse:
    """One of the tables as a file."""
    return as_file(table_named(name, tables(principal)), f"answers-{name}")


def _usual(principal: Principal) -> str:
    return "mine" if principal.user and principal.user.role == Role.SALES else "all"


def _goal(principal: Principal) -> Any:
    return Calendars.read().of(principal.user.team_id if principal.user else None).target


def _shown(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """The page, or only what is on it where that is asked for again."""
    is_part = request.htmx and request.headers.get("HX-Target") == f"{name}-part"  # type: ignore[attr-defined]
    whole = {} if is_part else page(request)
    shown = whole | context | {"here": request.get_full_path()}
    return render(request, f"desk/today/{name}{'_part' if is_part else ''}.html", shown)


def _clock(principal: Principal, clock_id: int) -> AnswerClock:
    clocks = AnswerClock.objects.visible_to(principal).running().select_related("contact__owner", "holder")
    return get_object_or_404(clocks, pk=clock_id)


def _given(to: User | None, clock: AnswerClock) -> str:
    if to is None:
        return _("Whoever owns %(name)s answers.") % {"name": clock.contact}
    return _("%(who)s answers %(name)s.") % {"who": to, "name": clock.contact}


def _back(request: HttpRequest, where: str) -> HttpResponseBase:
    return done() if request.htmx else redirect(where)  # type: ignore[attr-defined]
