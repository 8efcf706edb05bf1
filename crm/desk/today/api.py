"""/api/v1/answers, work-hours, assignment-rules and assignments: who waits, and who is given what, for programs."""

from typing import Any, Final

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from contacts.answer_counts import GROUPS, WEEKS
from contacts.clocks import give_clock, waive_answer
from contacts.models import AnswerClock, Contact
from crm.assigning import change_rule, drop_rule, save_rule, undo_assignment
from crm.desk.today.report import figures
from crm.desk.today.shapes import (
    AnswerShape,
    AssignmentShape,
    FiguresPage,
    GiveBody,
    HolidaysShape,
    HoursBody,
    HoursShape,
    RuleBody,
    RuleShape,
    show_answer,
    show_assignment,
    show_figures,
    show_hours,
    show_rule,
)
from crm.models import Assignment, AssignmentRule
from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.pages import PARAMETERS, page
from rest.queries import invalid_query, parameter, refuse_unknown_parameters, whole_number
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters, query_parameter
from staff.holidays import COUNTRIES, public_holidays
from staff.hours import drop_work_week, set_work_week, week_of
from staff.models import Team, User

TAG: Final = _("Answers")
_OPEN: Final = query_parameter("open", _("true: only those who wait; false: only those that are closed."))


@operation(
    "contacts:read",
    summary=_("List answers, and who waits for one"),
    tag=TAG,
    answers={200: page_shape("AnswerPage", AnswerShape)},
    parameters=[_OPEN, *paging_parameters("due_at", "id")],
    problems=LIST_PROBLEMS,
)
def answer_list(request: Request) -> HttpResponse:
    """The clocks of the people one may see, those whose time runs out first on top."""
    asked = request._request
    refuse_unknown_parameters(asked, (*PARAMETERS, "open"))
    clocks, wanted = AnswerClock.objects.visible_to(caller(request)), parameter(asked, "open")
    if wanted not in {None, "true", "false"}:
        raise invalid_query("open", _("It is true or false."))
    if wanted:
        clocks = clocks.waiting() if wanted == "true" else clocks.filter(answered_at__isnull=False)
    found = page(asked, clocks, orderings={"due_at": ("due_at", "id"), "id": ("id",)}, default="due_at")
    return answer(found.showing([show_answer(clock) for clock in found.rows]))


@operation(
    "contacts:write",
    summary=_("Give an answer to somebody"),
    tag=TAG,
    takes=GiveBody,
    answers={200: AnswerShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def answer_give(request: Request, clock_id: int) -> HttpResponse:
    """Put it into somebody's hand; they are told of it."""
    clock, said = _clock(request, clock_id), body_as(GiveBody, request)
    to = User.objects.get(pk=said["holder"]) if said["holder"] else None
    return answer(show_answer(give_clock(clock=clock, by=caller(request), to=to)))


@operation(
    "contacts:write",
    summary=_("Say that no answer is needed"),
    tag=TAG,
    answers={200: AnswerShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=["not-found", "invalid-value"],
)
def answer_waive(request: Request, clock_id: int) -> HttpResponse:
    """An event says so; retracting it (`POST /events/{id}/retract`) lets the clock go on."""
    clock = _clock(request, clock_id)
    waive_answer(clock=clock, by=caller(request))
    return answer(show_answer(clock))


@operation(
    "figures:read",
    summary=_("How soon we answer"),
    tag=TAG,
    answers={200: FiguresPage},
    parameters=[
        query_parameter("by", _("What the figures are grouped by."), enum=GROUPS),
        query_parameter("weeks", _("Questions of so many weeks, 1 to 104; 12 when not given."), int),
    ],
    problems=["invalid-query"],
)
def answer_figures(request: Request) -> HttpResponse:
    """Median, ninth tenth and those within the target, in business time of the people's teams.

    Weeks begin on Monday, where the organisation is; the present one is the last of them.
    """
    asked = request._request
    refuse_unknown_parameters(asked, ("by", "weeks"))
    by = parameter(asked, "by") or ""
    if by not in {"", *GROUPS}:
        raise invalid_query("by", ", ".join(GROUPS))
    weeks = whole_number(asked, "weeks", default=WEEKS, least=1, most=104)
    found = figures(caller(request), weeks=weeks, by=by)
    return answer(FiguresPage([show_figures(one) for one in found]))


_HOURS: dict[str, Any] = {
    "tag": TAG,
    "takes": HoursBody,
    "example": {
        "time_zone": "Europe/Helsinki",
        "week": [["09:00-17:00"]] * 5 + [[]] * 2,
        "holidays": {"2026-12-24": "Christmas Eve"},
        "target_minutes": 120,
    },
    "answers": {200: HoursShape},
    "parameters": [IDEMPOTENCY_KEY],
    "problems": (*BODY_PROBLEMS, "not-found"),
}


@operation("contacts:read", summary=_("Read working hours"), tag=TAG, answers={200: HoursShape})
def hours_read(request: Request) -> HttpResponse:
    """Of the organisation."""
    return answer(show_hours(week_of(None)))


@operation(
    "contacts:read",
    summary=_("Read working hours of a team"),
    tag=TAG,
    answers={200: HoursShape},
    problems=["not-found"],
)
def team_hours_read(request: Request, team_id: int) -> HttpResponse:
    """Its own, or those of the organisation."""
    return answer(show_hours(week_of(_team(team_id))))


@operation("hours:manage", summary=_("Set working hours"), **_HOURS)
def hours_set(request: Request) -> HttpResponse:
    """Hours, holidays and the goal; the deadlines of those who wait follow."""
    return _set_hours(request, None)


@operation("hours:manage", summary=_("Set working hours of a team"), **_HOURS)
def team_hours_set(request: Request, team_id: int) -> HttpResponse:
    """The same for one team."""
    return _set_hours(request, _team(team_id))


def _set_hours(request: Request, team: Team | None) -> HttpResponse:
    said: dict[str, Any] = {"holidays": {}} | body_as(HoursBody, request)
    return answer(show_hours(set_work_week(team=team, by=caller(request), **said)))


@operation(
    "contacts:read",
    summary=_("Read the public holidays of a country"),
    tag=TAG,
    answers={200: HolidaysShape},
    problems=["not-found"],
)
def public_holiday_list(request: Request, country: str, year: int) -> HttpResponse:
    """To be taken over as holidays of working hours: FI, SE, NO, DK, EE and DE are known, from 1900 to 2199."""
    if country not in COUNTRIES or not 1900 <= year < 2200:
        raise Http404
    days = {day.isoformat(): name for day, name in public_holidays(country, year).items()}
    return answer(HolidaysShape(country, year, days))


@operation(
    "hours:manage",
    summary=_("Take a team's own hours away"),
    tag=TAG,
    answers={200: HoursShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=["not-found"],
)
def hours_drop(request: Request, team_id: int) -> HttpResponse:
    """It works as the organisation does again."""
    team = get_object_or_404(Team, pk=team_id)
    drop_work_week(team=team, by=caller(request))
    return answer(show_hours(week_of(team)))


@operation(
    "contacts:read",
    summary=_("List the rules by which new leads are given away"),
    tag=TAG,
    answers={200: page_shape("AssignmentRulePage", RuleShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def rule_list(request: Request) -> HttpResponse:
    """The first that fits, by `place`, gives a lead that nobody owns to somebody of its team."""
    return listed(request, AssignmentRule.objects.all(), show_rule)


@operation(
    "hours:manage",
    summary=_("Add a rule for new leads"),
    tag=TAG,
    takes=RuleBody,
    answers={201: RuleShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def rule_add(request: Request) -> HttpResponse:
    """No sources or countries: all of them."""
    said = body_as(RuleBody, request)
    rule = save_rule(by=caller(request), **said | {"team": Team.objects.get(pk=said["team"])})
    return answer(show_rule(rule), status=201)


@operation(
    "hours:manage",
    summary=_("Change a rule for new leads"),
    tag=TAG,
    takes=RuleBody(partial=True),
    example={"method": "least_busy", "countries": ["FI", "SE"]},
    answers={200: RuleShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def rule_change(request: Request, rule_id: int) -> HttpResponse:
    """Change the fields named in the body, for the leads to come; whoever was given one keeps it."""
    rule = get_object_or_404(AssignmentRule, pk=rule_id)
    said = body_as(RuleBody, request, partial=True)
    if "team" in said:
        said["team"] = Team.objects.get(pk=said["team"])
    return answer(show_rule(change_rule(rule=rule, by=caller(request), **said)))


@operation(
    "hours:manage",
    summary=_("Take a rule for new leads away"),
    tag=TAG,
    answers={204: None},
    parameters=[IDEMPOTENCY_KEY],
    problems=["not-found"],
)
def rule_drop(request: Request, rule_id: int) -> HttpResponse:
    """Whoever was given a lead keeps it."""
    drop_rule(rule=get_object_or_404(AssignmentRule, pk=rule_id), by=caller(request))
    return HttpResponse(status=204)


@operation(
    "contacts:read",
    summary=_("List the leads that rules gave away"),
    tag=TAG,
    answers={200: page_shape("AssignmentPage", AssignmentShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def assignment_list(request: Request) -> HttpResponse:
    """The newest first."""
    seen = Contact.objects.visible_to(caller(request)).filter(erased_at=None)
    return listed(request, Assignment.objects.filter(contact__leader__in=seen), show_assignment, default="-id")


@operation(
    "hours:manage",
    summary=_("Take a lead back that a rule gave away"),
    tag=TAG,
    answers={200: AssignmentShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=["not-found", "invalid-value"],
)
def assignment_undo(request: Request, assignment_id: int) -> HttpResponse:
    """Its event is retracted; the same entry is not given away again."""
    given = get_object_or_404(Assignment, pk=assignment_id)
    undo_assignment(assignment=given, by=caller(request))
    given.refresh_from_db()
    return answer(show_assignment(given))


def _clock(request: Request, clock_id: int) -> AnswerClock:
    return get_object_or_404(AnswerClock.objects.visible_to(caller(request)), pk=clock_id)


def _team(team_id: int) -> Team | None:
    return get_object_or_404(Team, pk=team_id) if team_id else None
