"""Spans of days as the roll-ups keep them, and what can be told of lengths that are counted in classes."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

FIRST_MONDAY: Final = date(1800, 1, 6)  # days are counted from here: weeks are whole, and no day is negative
BLOCKS: Final = (1, 7, 91)  # days in a block of each level
WEEKS, QUARTERS = 1, 2  # levels


class Days(NamedTuple):
    """From the first day to the last, both included."""

    first: int
    last: int

    def before(self, days: int = 0) -> "Days":
        """As many days, that many days earlier; when nothing is said, those that end where these begin."""
        days = days or self.last - self.first + 1
        return Days(self.first - days, self.last - days)


class Piece(NamedTuple):
    level: int
    first: int
    last: int


def number_of(day: date) -> int:
    return (day - FIRST_MONDAY).days


def day_of(number: int) -> date:
    return FIRST_MONDAY + timedelta(days=number)


def pieces(days: Days, level: int = len(BLOCKS) - 1) -> Iterator[Piece]:
    """The days in the fewest blocks: whole ones of this level, and the rest at either side in smaller ones."""
    if days.first > days.last:
        return
    size = BLOCKS[level]
    whole = Days(-(-days.first // size), (days.last + 1) // size - 1)
    if whole.first > whole.last:
        yield from pieces(days, level - 1)
        return
    yield Piece(level, *whole)
    if level:
        yield from pieces(Days(days.first, whole.first * size - 1), level - 1)
        yield from pieces(Days((whole.last + 1) * size, days.last), level - 1)


def median(lengths: Mapping[int, int], bounds: Sequence[int]) -> float | None:
    """The middle one of so many lengths of each class; the class is named by its shortest, and stands for its middle.

    Of an even number it is the lower of the two in the middle.
    """
    total = sum(lengths.values())
    if total <= 0:
        return None
    passed = 0
    for length in sorted(lengths):
        passed += lengths[length]
        if 2 * passed >= total:
            break
    longer = bisect_right(bounds, length)
    return (length + bounds[longer] - 1) / 2 if longer < len(bounds) else float(length)
