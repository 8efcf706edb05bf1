"""The days that exports of ad platforms speak of: a day, a week or a month a line, or one span above the table. Pure.

A day with slashes is read only where the file itself says which number is the month.
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

DAY_FIRST, MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"
_FORMS: Final = ("%Y-%m-%d", "%d.%m.%Y", "%b %d, %Y", "%d %b %Y", "%B %d, %Y", "%d %B %Y", "%Y-%m-%d %H:%M:%S")
_MONTHS: Final = ("%Y-%m", "%B %Y", "%b %Y", "%m/%Y", "%m.%Y")
_SLASHES: Final = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}")
_FINNISH: Final = (
    "tammikuu", "helmikuu", "maaliskuu", "huhtikuu", "toukokuu", "kesäkuu",
    "heinäkuu", "elokuu", "syyskuu", "lokakuu", "marraskuu", "joulukuu",
)  # fmt: skip
_FINNISH_DAY: Final = re.compile(rf"(\d{{1,2}})\. ({'|'.join(_FINNISH)})ta (\d{{4}})", re.IGNORECASE)
_IN_WORDS: Final = re.compile(
    r"\d{4}-\d\d-\d\d|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}/\d{1,2}/\d{4}|"
    r"[A-Za-z]{3,9} \d{1,2}, \d{4}|\d{1,2} [A-Za-z]{3,9} \d{4}"
)


class Span(NamedTuple):
    first: date
    last: date


def day_of(text: str, slashes: str = "") -> date | None:
    """2026-11-03, 3.11.2026, Nov 3, 2026; with slashes only where it is said in what order (`DAY_FIRST`, ...)."""
    for form in (*_FORMS, slashes) if slashes else _FORMS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  (a day has no zone)
        except ValueError:
            continue
    return None


def order_of(texts: Iterable[str]) -> str:
    """The order of days with slashes, where one of them can be read in one way only and none contradicts it."""
    found = [match for text in texts if (match := _SLASHES.match(text))]
    day_first, month_first = any(int(one[1]) > 12 for one in found), any(int(one[2]) > 12 for one in found)
    if day_first == month_first:
        return ""
    return DAY_FIRST if day_first else MONTH_FIRST


def week_from(first: date | None) -> Span | None:
    return None if first is None else Span(first, first + timedelta(days=6))


def month_of(text: str, slashes: str = "") -> Span | None:
    """2026-11, November 2026, or any day of it."""
    day = day_of(text, slashes)
    for form in _MONTHS:
        if day is None:
            try:
                day = datetime.strptime(text, form).date()  # noqa: DTZ007
            except ValueError:
                continue
    return None if day is None else Span(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


def span_told(lines: Iterable[str], slashes: str = "") -> Span | None:
    """What the lines above a table say of its days: exactly two that stand together, or one of each line."""
    days: list[date] = []
    for line in lines:
        if "generated" in line.lower() or "luotu" in line.lower():
            continue
        plain = _FINNISH_DAY.sub(lambda one: f"{one[1]}.{_FINNISH.index(one[2].lower()) + 1}.{one[3]}", line)
        days += [day for text in _IN_WORDS.findall(plain) if (day := day_of(text, slashes))]
    return Span(*days) if len(days) == 2 and days[0] <= days[1] else None


def within(span: Span, limits: Span | None) -> Span:
    """The part of a week or month that the report is of: its first and last are often cut."""
    if limits is None or span.last < limits.first or span.first > limits.last:
        return span
    return Span(max(span.first, limits.first), min(span.last, limits.last))
