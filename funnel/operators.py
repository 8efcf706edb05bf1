"""What can be asked of a measured value: equality as JSON has it, and comparison of numbers and of fit letters."""

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

FIT_RANKS = {letter: rank for rank, letter in enumerate("FEDCBA")}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Fraction) and not isinstance(value, bool)


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 and 1.0 are equal, 1 and true are not."""
    if is_number(one) and is_number(other):
        return bool(one == other)
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def _contains(value: Any, operand: Any) -> bool:
    if isinstance(value, list):
        return any(same(member, operand) for member in value)
    return isinstance(value, str) and isinstance(operand, str) and operand in value


def _comparing(compare: Callable[[Any, Any], bool]) -> Callable[[Any, bool], Callable[[Any], bool]]:
    def bound_to(operand: Any, fit: bool) -> Callable[[Any], bool]:
        if fit:
            rank = FIT_RANKS.get(operand) if isinstance(operand, str) else None
            return lambda value: rank is not None and compare(FIT_RANKS[value], rank)
        if not is_number(operand):
            return lambda value: False
        return lambda value: is_number(value) and compare(value, operand)

    return bound_to


COMPARISONS = {"at_least": operator.ge, "at_most": operator.le, "less_than": operator.lt, "more_than": operator.gt}
OPERATORS: dict[str, Callable[[Any, bool], Callable[[Any], bool]]] = {
    "is": lambda operand, _: lambda value: same(value, operand),
    "is_not": lambda operand, _: lambda value: not same(value, operand),
    "in": lambda operands, _: lambda value: any(same(value, operand) for operand in operands),
    "contains": lambda operand, _: lambda value: _contains(value, operand),
    **{name: _comparing(compare) for name, compare in COMPARISONS.items()},
    "exists": lambda operand, _: lambda value: operand is True,
}


def scaled(operand: Any, unit: int) -> Any:
    """An operand in the units of what is measured, exactly."""
    if unit == 1 or not is_number(operand):
        return operand
    exact = Fraction(operand) * unit
    return int(exact) if exact.denominator == 1 else exact
