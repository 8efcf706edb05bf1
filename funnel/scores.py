"""Scores as they are now: they fade by the day, and nobody's row is touched for that."""

from collections.abc import Callable
from datetime import UTC, datetime
from math import log2

from funnel.decay import decayed
from funnel.models import Position
from funnel.playbooks import Playbook
from funnel.reading import WORLD, micros
from funnel.state import DAY


def scores_now() -> Callable[[Position], float]:
    """What answers the score of a position, in points, as it has faded by today."""
    playbook, today = _today()

    def score(position: Position) -> float:
        return decayed(position.score, today - position.score_day, playbook.factors) / 1000

    return score


def rank_of(points: int, *, or_a_thousandth_more: bool = False) -> float:
    """The least `score_rank` of those who have so many points by now (funnel.fold.rank_score)."""
    thousandths = 1000 * points + or_a_thousandth_more
    if thousandths <= 0:
        return -1e9
    playbook, today = _today()
    return log2(thousandths - 0.5) + today / playbook.half_life_days  # half a thousandth is rounded up


def _today() -> tuple[Playbook, int]:
    now = micros(datetime.now(UTC))
    return WORLD.playbooks().at(now), now // DAY
