"""How soon we answer: median, ninth tenth and share within the target, by team, person, source and week.

Times are business time of the team the person had when they were answered. What was ended without an answer is told
apart and not measured. For whoever sees everybody the figures are kept (`contacts.answer_counts`); those of whoever
sees fewer are counted at each look. Weeks are those of the organisation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from contacts.answer_counts import (
    ALL,
    GROUPS,
    KEPT,
    LATELY,
    NOBODY,
    WEEKS,
    asking,
    asking_kept,
    counting,
    sight_of,
    since_days,
    since_weeks,
    today,
)
from contacts.models import Contact
from contacts.prepared import Prepared
from contacts.spreadsheet import MARK, csv_line
from crm.desk.today.spans import worked
from staff.policy import Principal, sees_every_row

_LABELLED: Final = """
    SELECT part, key, CASE part
           WHEN 'team' THEN (SELECT name FROM staff_team WHERE id::text = found.key)
           WHEN 'person' THEN (SELECT coalesce(nullif(name, ''), email) FROM staff_user WHERE id::text = found.key)
           WHEN 'source' THEN (SELECT name FROM contacts_source WHERE id::text = found.key) END AS label,
           n, median, p90, in_time, ended, running
      FROM ({found}) AS found
     ORDER BY CASE part WHEN 'week' THEN key END, label NULLS LAST, key
"""
_KEPT: Final = Prepared(
    "answer_figures",
    _LABELLED.format(found=KEPT),
    is_general=True,
    sight="bigint",
    parts="text[]",
    today="timestamptz",
    patience="timestamptz",
)


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
    head: tuple[str, ...]
    lines: tuple[Figures, ...]

    def csv(self) -> str:
        """As a file for tables: minutes of business time, UTF-8 with a mark for Excel."""
        names = ["answered", "median_min", "p90_min", "within_target", "ended", "waiting"]
        rows = [csv_line([*self.head[:1], *names])]
        for one in self.lines:
            times = [None if value is None else round(value / 60, 1) for value in (one.median, one.p90)]
            rows.append(csv_line([one.label, one.n, *times, one.in_time, one.ended, one.running]))
        return MARK + "".join(rows)


@dataclass(frozen=True, slots=True)
class Report:
    """Of WEEKS by each group, and of the last DAYS all together."""

    tables: tuple[Table, ...]
    lately: Figures


def report(principal: Principal) -> Report:
    found = _found(principal, (*GROUPS, LATELY))
    return Report(tuple(_tables(found)), _only(found[LATELY]))


def tables(principal: Principal) -> list[Table]:
    return _tables(_found(principal, GROUPS))


def lately(principal: Principal) -> Figures:
    return _only(_found(principal, [LATELY])[LATELY])


def figures(principal: Principal, *, weeks: int = WEEKS, by: str = "") -> list[Figures]:
    """Of the questions of so many weeks, the present one among them."""
    part = by or ALL
    if weeks == WEEKS:
        return _found(principal, [part])[part]
    return [_figures(row) for row in _counted(principal, [part], since_weeks(weeks))]


def _found(principal: Principal, parts: Sequence[str]) -> dict[str, list[Figures]]:
    """As they are kept, or else counted now."""
    found: dict[str, list[Figures]] = {part: [] for part in parts}
    sight = sight_of(principal)
    rows = [] if sight is None else _KEPT.rows(**asking_kept(sight, parts))
    for row in rows or _counted(principal, parts, since_days() if parts == [LATELY] else since_weeks(WEEKS)):
        found[row[0]].append(_figures(row))
    return found


def _counted(principal: Principal, parts: Sequence[str], since: datetime) -> list[tuple[Any, ...]]:
    whose, values = _whose(principal)
    with connection.cursor() as cursor:
        cursor.execute(_LABELLED.format(found=counting(parts, whose)), asking(since) | values)
        return list(cursor.fetchall())


def _figures(row: Sequence[Any]) -> Figures:
    part, key, label, *said = row
    return Figures(key, _named(part, key, label), *said)


def _only(found: Sequence[Figures]) -> Figures:
    return found[0] if found else Figures("", "", 0, None, None, 0, 0, 0)


def _tables(found: Mapping[str, list[Figures]]) -> list[Table]:
    titles = {"week": _("By week"), "team": _("By team"), "person": _("By person"), "source": _("By source")}
    heads = {"week": _("Week of"), "team": _("Team"), "person": _("Answered by"), "source": _("Source")}
    lines = {**found, "week": _every_week(found["week"])}
    return [Table(name, title, _head(heads[name]), tuple(lines[name])) for name, title in titles.items()]


def _every_week(lines: Sequence[Figures]) -> list[Figures]:
    """The same, and between them and now the weeks in which nobody asked anything."""
    if not lines:
        return []
    asked = {date.fromisoformat(one.key): one for one in lines}
    weeks = (today() - min(asked)).days // 7 + 1
    mondays = [min(asked) + timedelta(weeks=week) for week in range(weeks)]
    return [
        asked.get(monday) or Figures(str(monday), _named("week", str(monday), ""), 0, None, None, 0, 0, 0)
        for monday in mondays
    ]


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
    bars: tuple[Bar, ...]
    goal: str  # how far down its line lies
    width: int
    words: str


def bars(weeks: Table, goal: timedelta) -> Chart:
    """The medians of the weeks beside the goal."""
    target = goal.total_seconds()
    top = 1.15 * max([target, *(one.median or 0 for one in weeks.lines)])
    made = tuple(
        Bar(one, 10 * place, 100 * (one.median or 0) / top, (one.median or 0) > target)
        for place, one in enumerate(weeks.lines)
    )
    words = "; ".join(f"{one.label}: {one.median_text}" for one in weeks.lines)
    return Chart(made, f"{100 - 100 * target / top:.1f}", 10 * len(made), words)


def _head(first: str) -> tuple[str, ...]:
    return (first, _("Answered"), _("Median"), _("9 of 10 within"), _("Within target"), _("Ended"), _("Waiting"))


def _named(part: str, key: str, label: str | None) -> str:
    if part == "week":
        return date_format(date.fromisoformat(key), pgettext("day and short month", "j M"))
    if (part, key) == ("person", NOBODY):
        return _("Nobody yet")
    return label or {"team": _("No team"), "person": _("A program")}.get(part, "")


def _whose(principal: Principal) -> tuple[str, dict[str, Any]]:
    """The clocks of the people they see; of those who are being erased nobody sees any."""
    if sees_every_row(principal):
        return "WHERE contact_id NOT IN (SELECT contact_id FROM contacts_erasure WHERE done_at IS NULL)", {}
    seen = Contact.objects.visible_to(principal).filter(erased_at=None).values("pk")
    sql, values = seen.query.sql_with_params()
    names = {f"seen_{place}": value for place, value in enumerate(values)}
    return f"WHERE contact_id IN ({sql % tuple(f'%({name})s' for name in names)})", names
