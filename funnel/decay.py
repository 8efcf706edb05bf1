"""How a score fades: by half in each half-life, once a UTC day, in whole numbers."""

from functools import lru_cache

PRECISION = 192  # bits; the factors come out as if computed exactly


def decayed(score: int, days: int, factors: tuple[int, ...]) -> int:
    """The score `days` later, rounded to the nearest thousandth."""
    if days >= len(factors):
        return 0
    return (score * factors[days] + 0x8000_0000) >> 32


@lru_cache(maxsize=64)
def decay_factors(half_life_days: int) -> tuple[int, ...]:
    """round(2**32 * 2**(-d / half_life_days)) for each day d; from the end of the tuple on it is 0.

    The only tie, 0.5 after 33 half-lives, goes to the even number, 0.
    """
    one_day = _root_of_half(half_life_days)
    within = [1 << PRECISION]
    for _ in range(half_life_days - 1):
        within.append((within[-1] * one_day) >> PRECISION)
    return tuple(
        (factor + (1 << (PRECISION - 33 + halvings))) >> (PRECISION - 32 + halvings)
        for halvings in range(33)
        for factor in within
    )


def _root_of_half(degree: int) -> int:
    """floor(2**PRECISION * 2**(-1 / degree)), by Newton's method from above."""
    power = 1 << (PRECISION * degree - 1)
    root = 1 << PRECISION
    while True:
        better = ((degree - 1) * root + power // root ** (degree - 1)) // degree
        if better >= root:
            return root
        root = better
