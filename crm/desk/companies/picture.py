"""The breadth of a company's commitment as it is drawn: a stack for lists, a matrix for its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from contacts.models import MembershipRole
from crm.desk.people.vocabulary import Stage
from funnel.breadth import Breadth
from funnel.models import Phase

STACK: Final = 96  # how wide a stack is, in the units of its drawing
LEAST: Final = 6  # of a part of it
GAP: Final = 2
MOST_DOTS: Final = 5


@dataclass(frozen=True, slots=True)
class Part:
    """So many people of a stack who stand at one stage."""

    stage: Stage
    place: int
    people: int
    x: int
    width: int


def stack(breadth: Breadth, stages: Sequence[Stage]) -> list[Part]:
    """The stages somebody stands at, each as wide as its share, in the order of the path."""
    at = breadth.by_stage()
    held = [(place, stage, at[stage.id]) for place, stage in enumerate(stages, start=1) if at.get(stage.id)]
    everybody = sum(people for _place, _stage, people in held)
    free = STACK - GAP * (len(held) - 1) - LEAST * len(held)
    parts, x = [], 0
    for place, stage, people in held:
        width = LEAST + round(free * people / everybody)
        parts.append(Part(stage, place, people, x, width))
        x += width + GAP
    return parts


@dataclass(frozen=True, slots=True)
class Cell:
    """The people of one role at one stage: a dot for each of up to five."""

    stage: Stage
    place: int
    people: int

    @property
    def dots(self) -> list[int]:
        return [5 + 11 * number for number in range(min(self.people, MOST_DOTS))]

    @property
    def width(self) -> int:
        return 11 * min(self.people, MOST_DOTS) - 1


@dataclass(frozen=True, slots=True)
class Row:
    role: str
    label: Any
    people: int
    cells: Sequence[Cell]

    @property
    def is_missing(self) -> bool:
        """Who decides is to be known: nobody in this role asks for somebody to find out."""
        return not self.people and self.role == MembershipRole.DECISION_MAKER


@dataclass(frozen=True, slots=True)
class Matrix:
    """Roles by stages. Whoever stands nowhere yet is in the count of the row and in no cell."""

    stages: Sequence[Stage]
    rows: Sequence[Row]

    @property
    def phases(self) -> list[tuple[Any, int]]:
        held = [stage.phase for stage in self.stages]
        return [(label, held.count(value)) for value, label in Phase.choices if value in held]


def matrix(breadth: Breadth, stages: Sequence[Stage], nameless: Any) -> Matrix:
    """The decision makers always, the other roles where there is somebody."""
    rows = []
    for role, label in [*MembershipRole.choices, ("", nameless)]:
        people = breadth.of_role(role)
        if people or role == MembershipRole.DECISION_MAKER:
            at = breadth.by_stage(role)
            cells = tuple(Cell(stage, place, at.get(stage.id, 0)) for place, stage in enumerate(stages, start=1))
            rows.append(Row(role, label, people, cells))
    return Matrix(stages, rows)
