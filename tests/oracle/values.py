"""Values as docs/fold.md compares, reads and lets them fade; written apart from the engine."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(text: Any) -> int | None:
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((read if read.tzinfo else read.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)


@cache
def decay_factor(days: int, half_life_days: int) -> int:
    """round(2**32 * 2**(-days / half_life_days)), exactly."""
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(2) ** (32 - Decimal(days) / Decimal(half_life_days))
        return int(exact.to_integral_value(ROUND_HALF_EVEN))


def decay(score: int, days: int, half_life_days: int) -> int:
    if score == 0 or days >= 34 * half_life_days:
        return 0
    return (score * decay_factor(days, half_life_days) + 2**31) >> 32


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def scaled(operand: Any, unit: int) -> Any:
    if isinstance(operand, list):
        return [scaled(each, unit) for each in operand]
    return operand * unit if is_number(operand) else operand


def letter_rank(letter: Any) -> int | None:
    """F is 1 and A is 6; None for what is no letter of the scale."""
    return dict(zip("FEDCBA", range(1, 7), strict=True)).get(letter) if isinstance(letter, str) else None


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if is_number(one) and is_number(other):
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def satisfies(value: Any, operator: str, operand: Any) -> bool:
    if value is None:
        return operator == "exists" and operand is False
    match operator:
        case "exists":
            return operand is True
        case "is":
            return same(value, operand)
        case "is_not":
            return not same(value, operand)
        case "in":
            return isinstance(operand, list) and any(same(value, each) for each in operand)
        case "contains" if isinstance(value, list):
            return any(same(each, operand) for each in value)
        case "contains":
            return isinstance(value, str) and isinstance(operand, str) and operand in value
    return is_number(value) and is_number(operand) and compares(value, operator, operand)


def compares(value: Any, operator: str, operand: Any) -> bool:
    match operator:
        case "at_least":
            return bool(value >= operand)
        case "at_most":
            return bool(value <= operand)
        case "less_than":
            return bool(value < operand)
        case "more_than":
            return bool(value > operand)
    raise LookupError(operator)
