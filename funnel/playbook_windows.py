"""What numbers of events in windows of days say of each other: more days hold no fewer events. Pure."""

from collections.abc import Iterable, Mapping
from itertools import permutations
from math import inf
from typing import Any, Final, NamedTuple

Condition = Mapping[str, Any]
ORDERS: Final = frozenset({"order_completed"})


class Counted(NamedTuple):
    """A number of events that a condition asks for, and between which it must lie."""

    types: frozenset[str]
    days: float  # before today; without a window there is no end of them
    is_of_days: bool
    least: float
    most: float

    def within(self, other: "Counted") -> bool:
        """Whether this number is never more than the other."""
        narrower = self.types <= other.types and self.days <= other.days
        return narrower and (self.is_of_days or not other.is_of_days)


def counted(condition: Condition) -> Counted | None:
    """Nothing where the condition is not about a number of events."""
    measure = condition.get("measure")
    if measure not in ("count", "kept_orders"):
        return None
    types = ORDERS if measure == "kept_orders" else frozenset(condition["of"])
    is_of_days = condition.get("distinct_days") is True
    return Counted(types, condition.get("within_days", inf), is_of_days, *_bounds(condition))


def _bounds(condition: Condition) -> tuple[float, float]:
    least, most = 0.0, inf
    if "is" in condition:
        least = most = condition["is"]
    elif "in" in condition:
        least, most = min(condition["in"]), max(condition["in"])
    elif "at_least" in condition:
        least = condition["at_least"]
    elif "more_than" in condition:
        least = condition["more_than"] + 1
    elif "at_most" in condition:
        most = condition["at_most"]
    elif "less_than" in condition:
        most = condition["less_than"] - 1
    return least, most


def too_many_days(condition: Condition) -> int | None:
    """How many different days the window holds, today among them, where more are asked for."""
    asked = counted(condition)
    if asked is None or not asked.is_of_days or asked.least <= asked.days + 1:
        return None
    return int(asked.days) + 1


def exclude_each_other(conditions: Iterable[Condition]) -> str | None:
    """The measure of a condition that can never hold beside another one."""
    for one, other in permutations(conditions, 2):
        if _more_in_less(one, other) or _counted_in_silence(one, other):
            return str(other["measure"])
    return None


def _more_in_less(one: Condition, other: Condition) -> bool:
    """More asked for in a narrower window than the wider one may hold."""
    mine, theirs = counted(one), counted(other)
    return bool(mine and theirs and mine.within(theirs) and mine.least > theirs.most)


def _counted_in_silence(one: Condition, other: Condition) -> bool:
    """An event in the last days, though the last of its kind is longer ago: the window ends with its first day."""
    mine = counted(one)
    if mine is None or mine.least < 1 or other.get("measure") != "days_since":
        return False
    ago = max((other[name] for name in ("is", "at_least", "more_than") if name in other), default=0)
    return mine.types <= frozenset(other["of"]) and ago >= mine.days + 1


def implies(given: Condition, asked: Condition) -> bool:
    """Whether so many events of the one kind are always enough, or few enough, for what is asked of another."""
    mine, theirs = counted(given), counted(asked)
    if mine is None or theirs is None or not {"at_least", "more_than", "at_most", "less_than"} & asked.keys():
        return False
    if theirs.most == inf:
        return mine.within(theirs) and mine.least >= theirs.least
    return theirs.within(mine) and mine.most <= theirs.most
