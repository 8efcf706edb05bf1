"""The arithmetic of business time: weekly hours in a time zone, without the holidays. Pure.

A span may reach over midnight (22:00-06:00); it belongs to the day on which it begins, and a holiday takes away the
spans that begin on it. Time passes as it really does: an hour that the clock skips is none, one it repeats are two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_MIN = 24 * 60
DAY = timedelta(days=1)
FURTHEST = timedelta(days=3660)  # no deadline lies further away, whatever the calendar says

Span = tuple[int, int]  # minutes of the day; the end is on the next day where it is greater than DAY_MIN


@dataclass(frozen=True)
class WorkTime:
    """When a team works: spans for each day of the week, Monday first, and the days it does not."""

    zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much business time passes from `start` to `end`; none backwards."""
        first, last = _midnight(start.astimezone(UTC).date()) + DAY, _midnight(end.astimezone(UTC).date())
        if first > last:
            return self._walked(start, end)
        return _walked(self, start, first) + _in_days(self, first, last) + _walked(self, last, end)

    def _walked(self, start: datetime, end: datetime) -> timedelta:
        total = timedelta()
        for opens, closes in self._spans_from(start):
            if opens >= end:
                break
            total += max(timedelta(), min(closes, end) - max(opens, start))
        return total

    def after(self, start: datetime, length: timedelta) -> datetime:
        """The first moment by which `length` of business time has passed since `start`."""
        left = length
        if left <= timedelta():
            return start
        for opens, closes in self._spans_from(start):
            here = max(opens, start)
            if closes - here >= left:
                return here + left
            left -= max(timedelta(), closes - here)
        return start + FURTHEST

    def is_open(self, at: datetime) -> bool:
        return self.between(at, at + timedelta(microseconds=1)) > timedelta()

    def is_workday(self, day: date) -> bool:
        return day not in self.holidays and bool(self.week[day.weekday()])

    def _spans_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans that end after `start`, in order and apart from each other, as far as we look."""
        day = start.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=2)
        last = day + FURTHEST
        pending: tuple[datetime, datetime] | None = None
        while day <= last:
            for opens, closes in self.spans_on(day):
                if pending and opens <= pending[1]:  # the night reaches into the morning
                    pending = (pending[0], max(pending[1], closes))
                    continue
                if pending and pending[1] > start:
                    yield pending
                pending = (opens, closes)
            day += timedelta(days=1)
        if pending and pending[1] > start:
            yield pending

    def spans_on(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """What begins on this day, as moments of UTC."""
        if day in self.holidays:
            return ()
        return tuple(_moments(self.zone, day, span) for span in sorted(self.week[day.weekday()]))


@lru_cache(maxsize=4096)
def _walked(work: WorkTime, start: datetime, end: datetime) -> timedelta:
    """Who waits for long is looked at again and again, and all of them as of the same moment."""
    return work._walked(start, end)


@lru_cache(maxsize=4096)
def _in_days(work: WorkTime, first: datetime, last: datetime) -> timedelta:
    total = timedelta()
    while first < last:
        month = min(_next_month(first), last)
        total, first = total + _walked(work, first, month), month
    return total


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _next_month(at: datetime) -> datetime:
    return datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def _moments(zone: str, day: date, span: Span) -> tuple[datetime, datetime]:
    opens, closes = (_moment(zone, day, minutes) for minutes in span)
    return opens, max(opens, closes)


def _moment(zone: str, day: date, minutes: int) -> datetime:
    on, rest = day + timedelta(days=minutes // DAY_MIN), minutes % DAY_MIN
    local = datetime(on.year, on.month, on.day, rest // 60, rest % 60, tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC)


def span_of(text: str) -> Span:
    """`9-17`, `09:00-17:30` or `22-6` as minutes; raises ValueError for what is none."""
    begin, _, end = text.replace("–", "-").replace(".", ":").partition("-")
    opens, closes = _minutes(begin), _minutes(end)
    if opens >= DAY_MIN:
        raise ValueError(text)
    return (opens, closes if closes > opens else closes + DAY_MIN)


def _minutes(text: str) -> int:
    hours, _, minutes = text.strip().partition(":")
    total = int(hours) * 60 + int(minutes or 0)
    if not (hours.isdecimal() and 0 <= total <= DAY_MIN and int(minutes or 0) < 60):
        raise ValueError(text)
    return total


def span_text(span: Span) -> str:
    return "-".join(f"{minutes % DAY_MIN // 60:02}:{minutes % 60:02}" for minutes in span)
