"""How soon we answer: median, ninth tenth and share within the target, by team, person, source and week.

Times are business time of the team the person had when they were answered. What was ended without an answer is told
apart and not measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from contacts.models import AnswerClock
from contacts.spreadsheet import MARK, csv_line
from crm.desk.today.spans import worked
from funnel.pictures import start_of_day
from staff.policy import Principal, sees_every_row

WEEKS: Final = 12
GROUPS: Final = ("week", "team", "person", "source")
_BY: Final = {
    "": ("''", "''"),
    "week": ("date_trunc('week', clock.asked_at AT TIME ZONE %(zone)s)::date", "''"),
    "team": ("clock.team_id", "(SELECT name FROM staff_team WHERE id = {key})"),
    "person": (
        "clock.answered_by_id",
        "(SELECT coalesce(nullif(name, ''), email) FROM staff_user WHERE id = {key})",
    ),
    "source": ("clock.source_id", "(SELECT name FROM contacts_source WHERE id = {key})"),
}
_MEASURED: Final = """count(took_s) FILTER (WHERE NOT is_waived) AS n,
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY took_s) FILTER (WHERE NOT is_waived) AS times,
           count(*) FILTER (WHERE in_time AND NOT is_waived) AS in_time, count(*) FILTER (WHERE is_waived) AS ended,
           count(*) FILTER (WHERE took_s IS NULL) AS running"""
_ASKED: Final = "contacts_answerclock clock WHERE asked_at >= %(since)s AND asked_at < %(until)s {scope}"
_FIGURES: Final = f"""
    SELECT grouped, {{label}}, n, times[1], times[2], in_time, ended, running
      FROM (SELECT {{key}} AS grouped, {_MEASURED} FROM {_ASKED} GROUP BY 1) AS found
     ORDER BY 2 NULLS LAST, 1 NULLS LAST
"""  # noqa: S608  (words of ours)
_KEYS: Final = ", ".join(f"{_BY[name][0]} AS {name}" for name in GROUPS)
_PART: Final = " ".join(f"WHEN {15 - (8 >> place)} THEN '{name}'" for place, name in enumerate(GROUPS))
_LABEL: Final = " ".join(f"WHEN '{name}' THEN {_BY[name][1].format(key=name)}" for name in GROUPS)
_TABLES: Final = f"""
    SELECT part, coalesce(week::text, team::text, person::text, source::text),
           CASE part {_LABEL} END AS label, n, times[1], times[2], in_time, ended, running, week
      FROM (SELECT CASE GROUPING({", ".join(GROUPS)}) {_PART} END AS part, {", ".join(GROUPS)}, {_MEASURED}
              FROM (SELECT {_KEYS}, took_s, in_time, is_waived FROM {_ASKED}) AS clock
             GROUP BY GROUPING SETS ({", ".join(f"({name})" for name in GROUPS)})) AS found
     ORDER BY week, label NULLS LAST, 2 NULLS LAST
"""  # noqa: S608  (words of ours)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one group: `median` and `p90` in seconds of business time."""

    key: str
    label: str
    n: int
    median: float | None
    p90: float | None
    in_time: int
    ended: int
    running: int

    @property
    def share(self) -> float | None:
        return 100 * self.in_time / self.n if self.n else None

    @property
    def median_text(self) -> str:
        return "–" if self.median is None else worked(timedelta(seconds=self.median))

    @property
    def p90_text(self) -> str:
        return "–" if self.p90 is None else worked(timedelta(seconds=self.p90))


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    title: str
    head: Sequence[str]
    lines: Sequence[Figures]

    def csv(self) -> str:
        """As a file for tables: minutes of business time, UTF-8 with a mark for Excel."""
        names = ["answered", "median_min", "p90_min", "within_target", "ended", "waiting"]
        rows = [csv_line([*self.head[:1], *names])]
        for one in self.lines:
            times = [None if value is None else round(value / 60, 1) for value in (one.median, one.p90)]
            rows.append(csv_line([one.label, one.n, *times, one.in_time, one.ended, one.running]))
        return MARK + "".join(rows)


def figures(principal: Principal, *, since: datetime, until: datetime, by: str = "") -> list[Figures]:
    """The figures of the questions asked in this time of people the principal sees: one statement."""
    key, label = _BY[by]
    statement = _FIGURES.replace("{key}", key).replace("{label}", label.format(key="found.grouped"))
    rows = _rows(principal, statement, since=since, until=until)
    return [Figures(str(row[0] or ""), _named(by, row[0], row[1]), *row[2:]) for row in rows]


def tables(principal: Principal, weeks: int = WEEKS) -> list[Table]:
    """The same by each group, the clocks read once."""
    titles = {"week": _("By week"), "team": _("By team"), "person": _("By person"), "source": _("By source")}
    heads = {"week": _("Week of"), "team": _("Team"), "person": _("Answered by"), "source": _("Source")}
    lines: dict[str, list[Figures]] = {name: [] for name in titles}
    for part, key, label, *said, week in _rows(principal, _TABLES, since=_monday(weeks), until=timezone.now()):
        lines[part].append(Figures(key or "", _named(part, week or key, label), *said))
    lines["week"] = _every_week(lines["week"])
    return [Table(name, title, _head(heads[name]), lines[name]) for name, title in titles.items()]


def _every_week(lines: Sequence[Figures]) -> list[Figures]:
    """The same, and between them and now the weeks in which nobody asked anything."""
    if not lines:
        return []
    asked = {date.fromisoformat(one.key): one for one in lines}
    weeks = (timezone.localdate() - min(asked)).days // 7 + 1
    mondays = [min(asked) + timedelta(weeks=week) for week in range(weeks)]
    return [
        asked.get(monday) or Figures(str(monday), _named("week", monday, ""), 0, None, None, 0, 0, 0)
        for monday in mondays
    ]


def _rows(principal: Principal, statement: str, *, since: datetime, until: datetime) -> Sequence[tuple[Any, ...]]:
    scope, values = _scope(principal)
    asked: dict[str, Any] = {"since": since, "until": until, "zone": timezone.get_current_timezone_name()} | values
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("{scope}", scope), asked)
        return list(cursor.fetchall())


def lately(principal: Principal, days: int = 30) -> Figures:
    """Of the last days, all together."""
    now = timezone.now()
    found = figures(principal, since=now - timedelta(days=days), until=now)
    return found[0] if found else Figures("", "", 0, None, None, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A week in the chart, in units of its picture: 100 high, 10 wide."""

    figures: Figures
    x: int
    height: float
    is_over: bool

    @property
    def y(self) -> str:
        return f"{100 - self.height:.1f}"

    @property
    def tall(self) -> str:
        return f"{self.height:.1f}"


@dataclass(frozen=True, slots=True)
class Chart:
    bars: Sequence[Bar]
    goal: str  # how far down its line lies
    width: int
    words: str


def bars(weeks: Table, goal: timedelta) -> Chart:
    """The medians of the weeks beside the goal."""
    target = goal.total_seconds()
    top = 1.15 * max([target, *(one.median or 0 for one in weeks.lines)])
    made = [
        Bar(one, 10 * place, 100 * (one.median or 0) / top, (one.median or 0) > target)
        for place, one in enumerate(weeks.lines)
    ]
    words = "; ".join(f"{one.label}: {one.median_text}" for one in weeks.lines)
    return Chart(made, f"{100 - 100 * target / top:.1f}", 10 * len(made), words)


def _head(first: str) -> list[str]:
    return [first, _("Answered"), _("Median"), _("9 of 10 within"), _("Within target"), _("Ended"), _("Waiting")]


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 2)


def _monday(weeks: int) -> datetime:
    today = timezone.localdate()
    return start_of_day(today - timedelta(days=today.weekday(), weeks=weeks - 1))


def _named(by: str, key: Any, label: Any) -> str:
    if by == "week" and key:
        return date_format(key, pgettext("day and short month", "j M"))
    return str(label or {"team": _("No team"), "person": _("A program")}.get(by, ""))


def _scope(principal: Principal) -> tuple[str, dict[str, Any]]:
    if principal.user and sees_every_row(principal):  # asked of the clocks themselves, not of their ids
        return "AND contact_id NOT IN (SELECT contact_id FROM contacts_erasure WHERE done_at IS NULL)", {}
    sql, values = AnswerClock.objects.visible_to(principal).values("pk").query.sql_with_params()
    if "WHERE" not in sql:
        return "", {}
    names = {f"scope_{place}": value for place, value in enumerate(values)}
    return f"AND clock.id IN ({sql % tuple(f'%({name})s' for name in names)})", names
