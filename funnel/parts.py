"""Where somebody stands, as contacts show it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from contacts.shapes import CONTACT_PARTS, Part
from funnel.names import HEALTH_NAMES, STANDING_NAMES
from funnel.reading import WORLD
from funnel.scores import scores_now


class StandShape(msgspec.Struct):
    """Where a person stands; the score is that of now."""

    stage: str
    entered_at: datetime
    health: str | None
    standing: str
    recall_at: datetime | None
    score: float


JOIN = "LEFT JOIN funnel_position p ON p.contact_id = c.id"
COLUMNS = tuple(
    f"p.{name}" for name in ("stage_id", "entered_at", "health", "standing", "recall_at", "score", "score_day")
)


def showing() -> Callable[[Sequence[Any]], StandShape | None]:
    """What shows where somebody stands; nothing before their first event is folded."""
    stages = {number: key for key, number in WORLD.names().stage_ids.items() if key}
    points_now = cache(scores_now)  # one moment for the whole list

    def show(row: Sequence[Any]) -> StandShape | None:
        stage, entered_at, health, standing, recall_at, points, day = row
        if stage is None:
            return None
        score = points_now()(points, day)
        return StandShape(stages[stage], entered_at, HEALTH_NAMES[health], STANDING_NAMES[standing], recall_at, score)

    return show


def register() -> None:
    CONTACT_PARTS.append(Part("position", StandShape | None, JOIN, COLUMNS, showing))
