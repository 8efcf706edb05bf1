"""How many more, or fewer, are in each health than when a period began, by the moves into it and out of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from funnel.metrics import HEALTH
from funnel.models import Health
from funnel.pacing import Whose
from funnel.pictures import start_of_day
from funnel.walks import Walk

MOST_DAYS: Final = 90  # a longer period would read too many moves


def question_of_health(walk: Walk, whose: Whose) -> tuple[str, tuple[Any, ...]] | None:
    """What is to be asked about the period of a walk of everybody, or of a source."""
    if not whose.is_rolled_up or walk.days > MOST_DAYS:
        return None
    since = start_of_day(walk.until - timedelta(days=walk.days - 1))
    source = whose.source or 0
    return _CHANGES, (since, source, source, since, source, source)


def changes_of_health(rows: Iterable[Sequence[Any]]) -> Mapping[str, int]:
    """By health: moves into it without those out of it."""
    changed: Counter[int] = Counter()
    for from_health, to_health, n in rows:
        changed[to_health or 0] += n
        changed[from_health or 0] -= n
    return {health.name.lower(): changed[health] for health in Health}


_MOVES: Final = f"""
    SELECT from_value, to_value FROM funnel_transition
     WHERE dimension = {HEALTH} AND superseded_at IS NULL AND NOT is_visitor AND occurred_at >= %s
       AND (%s = 0 OR source_id = %s)
"""  # noqa: S608  (a number of ours)
_CHANGES: Final = f"""
    (SELECT json_agg(json_build_array(from_value, to_value, n))
       FROM (SELECT from_value, to_value, count(*) AS n
               FROM ((SELECT move.* FROM unnest(ARRAY{[int(health) for health in Health]}) AS health (value)
                       CROSS JOIN LATERAL ({_MOVES} AND to_value = health.value) AS move)
                     UNION ALL ({_MOVES} AND to_value IS NULL)) AS every
              GROUP BY 1, 2) AS counted)
"""  # noqa: S608
