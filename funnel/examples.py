"""Examples kept with a playbook: a story, and where whoever lives it is to stand at the end of a day of it. Pure.

They are no rules: nothing of them is folded with, and the stamp of a playbook does not know them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from funnel.fold import EndlessRules, fold
from funnel.playbooks import DIMENSIONS, Playbook, Playbooks
from funnel.state import Move, State
from funnel.stories import Told, end_of, events_of, read_line

ALONE = 1  # the number of the version an example is tried with: the document alone, as if it had always been in force


class Verdict(NamedTuple):
    """What came of an example: `moves` say how, and `parted` names what came out otherwise."""

    name: str
    day: int
    story: tuple[Told, ...]
    expected: Mapping[str, str | None]
    came: Mapping[str, str | None]
    moves: tuple[Move, ...]

    @property
    def parted(self) -> tuple[str, ...]:
        return tuple(name for name in DIMENSIONS if name in self.expected and self.expected[name] != self.came[name])

    @property
    def holds(self) -> bool:
        return not self.parted

    def cause_of(self, move: Move) -> Told | None:
        """The event of the story that set a move off; nothing where time did."""
        return None if move.cause_key is None else self.story[int.from_bytes(move.cause_key, "big")]


def examples_of(document: Mapping[str, Any]) -> list[Any]:
    """What a document holds for examples. A draft may hold anything."""
    examples = document.get("examples")
    return list(examples) if isinstance(examples, list) else []


def try_examples(document: Mapping[str, Any]) -> list[Verdict]:
    """Every example of a document in which `check` has found no fault."""
    examples = examples_of(document)
    if not examples:
        return []
    alone = Playbooks([Playbook.parse(document, ALONE, None)])
    return [_tried(example, alone) for example in examples]


def _tried(example: Mapping[str, Any], alone: Playbooks) -> Verdict:
    story = tuple(told for line in example["events"] if (told := read_line(line)))
    came, moves = stands(story, example["day"], alone)
    return Verdict(example["name"], example["day"], story, dict(example["then"]), came, tuple(moves))


def stands(story: Sequence[Told], day: int, alone: Playbooks) -> tuple[dict[str, str | None], list[Move]]:
    """Where somebody with this story stands at the end of a day, and how they came there."""
    try:
        state, moves = fold(State.start(), events_of(story), alone, end_of(day))
    except EndlessRules:
        return dict.fromkeys(DIMENSIONS), []
    return {name: getattr(state, name) for name in DIMENSIONS}, moves
