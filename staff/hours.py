"""When teams work, and how soon they answer: the calendar of each, or the organisation's."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from staff import audit
from staff.models import Team, WorkWeek
from staff.policy import Principal
from staff.worktime import DAY_MIN, WorkTime

NINE_TO_FIVE: Final = (9 * 60, 17 * 60)
USUAL_WEEK: Final = [[list(NINE_TO_FIVE)]] * 5 + [[]] * 2
USUAL_TARGET_MIN: Final = 120

# Who keeps moments that follow from a calendar: told after it changed, in the same transaction.
FOLLOWERS: Final[list[Callable[[], None]]] = []


@dataclass(frozen=True)
class Calendar:
    """When a team works, and within how much of that time it means to answer."""

    work: WorkTime
    target: timedelta


@dataclass(frozen=True)
class Calendars:
    """Every team's calendar, by the id of the team; None is the organisation's."""

    by_team: Mapping[int | None, Calendar]

    def of(self, team_id: int | None) -> Calendar:
        return self.by_team.get(team_id) or self.by_team[None]

    @classmethod
    def read(cls) -> "Calendars":
        with connection.cursor() as cursor:
            cursor.execute(_CALENDARS)
            found = {team: _read(*said) for team, *said in cursor.fetchall()}
        return cls({None: _calendar(usual_week()), **found})


# As text: the same text is the same calendar, and made once.
_CALENDARS: Final = "SELECT team_id, time_zone, week::text, holidays::text, target_minutes FROM staff_workweek"


@lru_cache(maxsize=100)
def _read(time_zone: str, week: str, holidays: str, target_minutes: int) -> Calendar:
    said = {"week": json.loads(week), "holidays": json.loads(holidays)}
    return _calendar(WorkWeek(time_zone=time_zone, target_minutes=target_minutes, **said))


def usual_week(team: Team | None = None) -> WorkWeek:
    """What holds until somebody says otherwise; not saved."""
    return WorkWeek(
        team=team, time_zone=settings.TIME_ZONE, week=USUAL_WEEK, holidays={}, target_minutes=USUAL_TARGET_MIN
    )


def week_of(team: Team | None) -> WorkWeek:
    """The calendar of the team as it is kept, or the one it has from the organisation."""
    rows = {row.team_id: row for row in WorkWeek.objects.all()}
    own = rows.get(team.pk if team else None)
    if own:
        return own
    whole = rows.get(None) or usual_week()
    return WorkWeek(
        team=team,
        time_zone=whole.time_zone,
        week=whole.week,
        holidays=whole.holidays,
        target_minutes=whole.target_minutes,
    )


def set_work_week(
    *,
    team: Team | None,
    by: Principal,
    time_zone: str,
    week: Sequence[Sequence[Sequence[int]]],
    holidays: Mapping[str, str],
    target_minutes: int,
) -> WorkWeek:
    """Say when a team works (None: the organisation); open clocks follow, closed ones stay as they were judged."""
    _check(week)
    said = {
        "time_zone": time_zone,
        "week": [[list(span) for span in day] for day in week],
        "holidays": dict(sorted(holidays.items())),
        "target_minutes": target_minutes,
    }
    with transaction.atomic():
        row, _made = WorkWeek.objects.update_or_create(team=team, defaults=said)
        audit.record(by=by, action="work_week_set", kind="team", row=team.pk if team else None, **said)
        for follow in FOLLOWERS:
            follow()
    return row


def drop_work_week(*, team: Team, by: Principal) -> None:
    """The team works as the organisation does again."""
    with transaction.atomic():
        if WorkWeek.objects.filter(team=team).delete()[0]:
            audit.record(by=by, action="work_week_dropped", kind="team", row=team.pk)
            for follow in FOLLOWERS:
                follow()


def _check(week: Sequence[Sequence[Sequence[int]]]) -> None:
    if len(week) != 7 or not any(week):
        raise ValidationError({"week": ValidationError(_("Say at least one span of hours."), code="no_hours")})
    for day in week:
        for opens, closes in day:
            if not 0 <= opens < DAY_MIN or not opens < closes <= opens + DAY_MIN:
                raise ValidationError({"week": ValidationError(_("These are no hours."), code="bad_hours")})


def _calendar(row: WorkWeek) -> Calendar:
    week: tuple[Any, ...] = tuple(tuple((opens, closes) for opens, closes in day) for day in row.week)
    holidays = frozenset(date.fromisoformat(day) for day in row.holidays)
    return Calendar(WorkTime(row.time_zone, week, holidays), timedelta(minutes=row.target_minutes))
