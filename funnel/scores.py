"""Scores as they are now: they fade by the day, and nobody's row is touched for that."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import log2
from typing import Final

from funnel.decay import decayed
from funnel.playbooks import Playbook
from funnel.reading import WORLD, micros
from funnel.state import DAY

SECONDS_REMEMBERED: Final = 2.0  # of the version in force: what is shown need not ask the database each time
_remembered: tuple[float, Playbook] | None = None


def scores_now() -> Callable[[int, int], float]:
    """What answers, from the score and the day it belongs to, the points there are today."""
    factors, today = _in_force().factors, _today()
    return lambda score, day: decayed(score, today - day, factors) / 1000


def rank_of(points: int, *, or_a_thousandth_more: bool = False) -> float:
    """The least `score_rank` of those who have so many points by now (funnel.fold.rank_score)."""
    thousandths = 1000 * points + or_a_thousandth_more
    if thousandths <= 0:
        return -1e9
    return log2(thousandths - 0.5) + _today() / _in_force().half_life_days  # half a thousandth is rounded up


def _in_force() -> Playbook:
    global _remembered
    now = time.monotonic()
    if _remembered is None or now - _remembered[0] > SECONDS_REMEMBERED:
        _remembered = now, WORLD.playbooks().at(micros(datetime.now(UTC)))
    return _remembered[1]


def _today() -> int:
    return micros(datetime.now(UTC)) // DAY
