"""How somebody walked: when they came to each stage, how long they stayed, and the steps back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from django.utils import timezone

from funnel.explaining import Why
from funnel.models import Position, Stage, Transition

FIRST_STOP: Final = 10
STOP_WIDTH: Final = 191  # of the line of the path, in the units of its drawing


@dataclass(frozen=True, slots=True)
class Stop:
    """A stage on somebody's way: when they came there first, why, and how long they stayed in all."""

    stage: Stage
    place: int
    first_at: datetime | None
    last_at: datetime | None
    visits: int
    stays: Sequence[int]  # days, one a visit
    is_here: bool
    why: Why | None

    @property
    def days(self) -> int:
        return sum(self.stays)


@dataclass(frozen=True, slots=True)
class StepBack:
    """A move to an earlier stage, and where the arc of it is drawn."""

    at: datetime
    why: Why
    from_place: int
    to_place: int
    is_last: bool

    @property
    def arc(self) -> str:
        """From the later stop over the line to the earlier one, in the units of the drawing."""
        start, end = _x(self.from_place) - 14, _x(self.to_place) + 16
        lean = min(36, (start - end) // 3)
        return f"M{start} 14C{start - lean} -3 {end + lean} -3 {end} 13"

    @property
    def head(self) -> str:
        tip = _x(self.to_place) + 15
        return f"M{tip + 8} 6L{tip} 13.5L{tip + 11} 14.5"

    @property
    def middle(self) -> int:
        """Twice the place above which the words stand."""
        return self.from_place + self.to_place


def stops_of(
    stages: Sequence[Stage], steps: Sequence[Transition], whys: Mapping[int, Why], position: Position
) -> list[Stop]:
    stays: dict[int, list[timedelta]] = {}
    for entry, leaving in pairwise([*steps, None]):
        if entry is not None and entry.to_value is not None:
            end = leaving.occurred_at if leaving else timezone.now()
            stays.setdefault(entry.to_value, []).append(end - entry.occurred_at)
    return [
        _stop(stage, place, [move for move in steps if move.to_value == stage.pk], whys, stays, position)
        for place, stage in enumerate(stages, start=1)
    ]


def _stop(
    stage: Stage,
    place: int,
    entries: Sequence[Transition],
    whys: Mapping[int, Why],
    stays: Mapping[int, Sequence[timedelta]],
    position: Position,
) -> Stop:
    return Stop(
        stage=stage,
        place=place,
        first_at=entries[0].occurred_at if entries else None,
        last_at=entries[-1].occurred_at if entries else None,
        visits=len(entries),
        stays=[stay.days for stay in stays.get(stage.pk, ())],
        is_here=stage.pk == position.stage_id,
        why=whys[entries[0].pk] if entries else None,
    )


def steps_back(stages: Sequence[Stage], steps: Sequence[Transition], whys: Mapping[int, Why]) -> list[StepBack]:
    """The moves to an earlier stage, the last one last."""
    places = {stage.pk: place for place, stage in enumerate(stages, start=1)}
    back = [
        (move, places[move.from_value], places[move.to_value])
        for move in steps
        if move.from_value in places and move.to_value in places and places[move.to_value] < places[move.from_value]
    ]
    return [
        StepBack(move.occurred_at, whys[move.pk], from_place, to_place, number == len(back))
        for number, (move, from_place, to_place) in enumerate(back, start=1)
    ]


def _x(place: int) -> int:
    return FIRST_STOP + (place - 1) * STOP_WIDTH
