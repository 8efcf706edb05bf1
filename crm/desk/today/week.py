"""The tasks of a week, day by day, and those that are late: whose one asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.models import Task
from contacts.models.tasks import TaskQuerySet
from staff.hours import week_of
from staff.models import Role, User, WorkWeek
from staff.policy import Principal

AT_MOST: Final = 300
_PERSON: Final = ("contact__leader", "contact__leader__name", "contact__leader__emails")
_HOLDER: Final = ("assignee", "assignee__name", "assignee__email", "assignee__is_active", "assignee__is_away")
DAYS: Final = 7
MINE, TEAM, EVERYBODY, NOBODY_THERE = "mine", "team", "all", "nobody"
WHOSE: Final[Mapping[str, Promise]] = {
    MINE: _("Mine"),
    TEAM: _("My team's"),
    EVERYBODY: _("All I see"),
    NOBODY_THERE: _("Nobody is there"),
}


class Line(NamedTuple):
    """A task as the week shows it: about whom, and in whose hands."""

    pk: int
    title: str
    due_at: datetime
    repeat: str
    person: int
    name: str
    emails: Sequence[str]
    holder: int | None
    holder_name: str | None
    holder_email: str | None
    may_sign_in: bool | None
    is_away: bool | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day, what is to be done on it, and why nobody works on it, if so."""

    on: date
    tasks: Sequence[Line]
    off: str
    is_workday: bool
    is_today: bool


@dataclass(frozen=True, slots=True)
class Week:
    monday: date
    days: Sequence[Day]
    late: Sequence[Line]  # from before the week that runs
    has_more: bool

    @property
    def n(self) -> int:
        return len(self.late) + sum(len(day.tasks) for day in self.days)

    @property
    def before(self) -> date:
        return self.monday - timedelta(days=DAYS)

    @property
    def after(self) -> date:
        return self.monday + timedelta(days=DAYS)

    @property
    def last(self) -> date:
        return self.monday + timedelta(days=DAYS - 1)

    @property
    def is_current(self) -> bool:
        return self.monday == monday_of(timezone.localdate())


def week(principal: Principal, day: date, whose: str) -> Week:
    """The week of this day: two statements, one of them for the days off."""
    monday = monday_of(day)
    begins, ends = _midnight(monday), _midnight(monday + timedelta(days=DAYS))
    is_current = monday == monday_of(timezone.localdate())
    wanted = Q(due_at__lt=ends) if is_current else Q(due_at__gte=begins, due_at__lt=ends)
    tasks = tasks_of_whom(principal, whose).filter(wanted).order_by("due_at", "pk")[: AT_MOST + 1]
    found = [Line._make(row) for row in tasks.values_list("pk", "title", "due_at", "repeat", *_PERSON, *_HOLDER)]
    late = [task for task in found if task.due_at < begins]
    return Week(monday, _days(principal, monday, found), late, len(found) > AT_MOST)


def tasks_of_whom(principal: Principal, whose: str) -> TaskQuerySet:
    """The open tasks they see that are in these hands; a number is somebody's."""
    tasks, user = Task.objects.visible_to(principal).open(), principal.user
    assert user  # programs have no desk
    match whose:
        case "mine":
            return tasks.for_user(user)
        case "team":
            return tasks.filter(assignee__team=user.team_id) if user.team_id else tasks.for_user(user)
        case "all":
            return tasks
        case "nobody":
            return tasks.filter(Q(assignee=None) | Q(assignee__is_active=False) | Q(assignee__is_away=True))
    return tasks.filter(assignee=int(whose))


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


class Colleague(NamedTuple):
    pk: int
    name: str
    email: str
    role: str
    is_active: bool
    is_away: bool
    has_tasks: bool  # something open that whoever looks sees

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def can_be_given(self) -> bool:
        return self.is_active and self.role != Role.READ_ONLY


def colleagues_of(principal: Principal) -> list[Colleague]:
    """All of us, by name."""
    theirs = Task.objects.visible_to(principal).open().order_by().filter(assignee=OuterRef("pk"))
    every = User.objects.order_by("name", "email")  # by index: one look for each of us
    return [Colleague._make(row) for row in every.values_list(*Colleague._fields[:-1], Exists(theirs))]


def _days(principal: Principal, monday: date, tasks: Sequence[Line]) -> list[Day]:
    assert principal.user
    calendar, today = week_of(principal.user.team), timezone.localdate()
    due: dict[date, list[Line]] = {}
    for task in tasks:
        due.setdefault(timezone.localtime(task.due_at).date(), []).append(task)
    days = (monday + timedelta(days=number) for number in range(DAYS))
    return [
        Day(day, due.get(day, []), _off(calendar, day), bool(calendar.week[number]), day == today)
        for number, day in enumerate(days)
    ]


def _off(calendar: WorkWeek, day: date) -> str:
    """What the day off is called, in the language of whoever looks."""
    name = calendar.holidays.get(day.isoformat())
    return "" if name is None else gettext(name) if name else gettext("Day off")


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
