"""Dates as people and spreadsheets write them, when one knows what comes first: day, month or year. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Final

ORDERS: Final = ("dmy", "mdy", "ymd")
_DATE: Final = re.compile(
    r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})"
    r"(?:(?:[T,]|\s|klo\b|at\b)+(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d{1,9})?)?\s*([AaPp])?\.?[Mm]?\.?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_CENTURY: Final = 69  # two digits up to here are of this century


def read_moment(text: str, order: str) -> datetime:
    """The moment that `text` says, with its offset where it names one; raises ValueError."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    first, second, third, hour, minute, second_of_minute, half, offset = found.groups()
    year, month, day = _in_order(first, second, third, order)
    hours = _hours(int(hour), half) if hour else 0
    moment = datetime(year, month, day, hours, int(minute or 0), int(second_of_minute or 0))  # noqa: DTZ001
    return moment.replace(tzinfo=_zone(offset)) if offset else moment


def _in_order(first: str, second: str, third: str, order: str) -> tuple[int, int, int]:
    if len(first) == 4:  # nobody writes a year first and a day second
        return int(first), int(second), int(third)
    if len(first) > 2 or len(third) not in (2, 4) or order == "ymd":
        raise ValueError(f"{first}-{second}-{third}")
    year = int(third) if len(third) == 4 else int(third) + (2000 if int(third) <= _CENTURY else 1900)
    return (year, int(second), int(first)) if order == "dmy" else (year, int(first), int(second))


def _hours(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half in "pP" else 0)


def _zone(offset: str) -> timezone:
    if offset[0] not in "+-":
        return timezone.utc  # noqa: UP017  (beside other offsets)
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    return timezone((1 if offset[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def order_of(texts: Iterable[str]) -> str:
    """In which order these dates are written: what no other order allows, else what the separator is used for."""
    found = [match for text in texts if (match := _DATE.fullmatch(text.strip()))]
    if not found or all(len(match[1]) == 4 for match in found):
        return "ymd"
    if any(int(match[2]) > 12 for match in found):
        return "mdy"
    if any(12 < int(match[1]) <= 31 for match in found):
        return "dmy"
    return "mdy" if any("/" in match[0] and match[7] for match in found) else "dmy"


def is_date(text: str) -> bool:
    return _DATE.fullmatch(text.strip()) is not None
