"""How a sum of money over some days is shared out among them: whole minor units, nothing lost.

Of a sum S over n days, the first k days together have floor(S x k / n): so any two neighbouring spans add up to the
span of both, all days add up to S, and no day differs from another by more than one minor unit.
"""

from datetime import date


def part_of(total: int, first: date, last: date, *, since: date, until: date) -> int:
    """How much of `total`, spent from `first` to `last`, falls on the days from `since` to `until`, all included."""
    days = (last - first).days + 1
    before = min(max((since - first).days, 0), days)
    through = min(max((until - first).days + 1, 0), days)
    return max(total * through // days - total * before // days, 0)


def shares(total: int, first: date, last: date) -> list[int]:
    """The same, day by day."""
    days = (last - first).days + 1
    return [total * (day + 1) // days - total * day // days for day in range(days)]


def each(total: int, people: int) -> int | None:
    """What one of so many people cost, to the nearest minor unit, halves up; nobody costs nothing that can be said."""
    return (2 * total + people) // (2 * people) if people else None
