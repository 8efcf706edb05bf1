"""When something that comes again comes next. Pure."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_FORM: Final = re.compile(r"P([1-9][0-9]?)([DWMY])")
_MONTHS: Final = {"M": 1, "Y": 12}


@dataclass(frozen=True, slots=True)
class Repeat:
    """Every so many days, weeks, months or years, as ISO 8601 writes it: P2W, P1M."""

    every: int
    unit: str  # D, W, M, Y

    def __str__(self) -> str:
        return f"P{self.every}{self.unit}"

    @classmethod
    def read(cls, text: str) -> "Repeat":
        found = _FORM.fullmatch(text)
        if not found:
            raise ValueError(text)
        return cls(int(found[1]), found[2])

    def after(self, due: datetime, times: int, *, day: int) -> datetime:
        """`due` moved on by so many turns; of months at day `day`, or the last where the month is shorter.

        Works on the clock on the wall: give it local time without a zone.
        """
        if self.unit in _MONTHS:
            months = due.year * 12 + due.month - 1 + times * self.every * _MONTHS[self.unit]
            year, month = divmod(months, 12)
            return due.replace(year=year, month=month + 1, day=min(day, monthrange(year, month + 1)[1]))
        return due + timedelta(days=times * self.every * (7 if self.unit == "W" else 1))

    def next(self, turn: datetime, past: datetime, *, day: int) -> datetime:
        """The first turn after `turn` that lies after `past`: what was missed is not caught up with."""
        times = 1
        while self.after(turn, times, day=day) <= past:
            times += 1
        return self.after(turn, times, day=day)
