"""What goes into the fold, what comes out of it, and what it remembers of a person in between."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import msgspec

from funnel.moments import DAY, NEVER
from funnel.orders import Order, Orders

__all__ = ["AFTER_EVENTS", "DAY", "FORMAT", "NEVER", "Event", "Move", "Order", "Properties", "Recall", "State", "Trace"]

AFTER_EVENTS = 7  # the rank of a timer's move: after all events of its moment
FORMAT = 1  # of the memory and of what the fold computes; another number folds everybody from the start

Properties = Mapping[str, Any] | None


class Event(NamedTuple):
    """A fact about a person. `id` is opaque to the fold: it travels into the moves that the event causes."""

    at: int
    rank: int
    key: bytes
    type: str
    value: int | None = None
    currency: str | None = None
    properties: Properties = None  # None also when no rule in force could look at it
    public: bool = False
    id: int = 0


class Move(NamedTuple):
    """One change of stage, health or standing, with its reason. `rule` is None for the start of the path."""

    dimension: str
    from_: str | None
    to: str | None
    at: int
    rule: int | None
    rule_name: str
    version: int
    cause_key: bytes | None
    cause_id: int | None
    evidence: tuple[Any, ...]
    visit: int


class Trace(NamedTuple):
    """Where an event stood in the walk, and how to name it."""

    at: int
    rank: int
    key: bytes
    id: int


class Recall(NamedTuple):
    """The last postponement: when it ends (None: not readable) and the event that asked for it."""

    due: int | None
    key: bytes
    id: int


Visit = tuple[str, str | None, int]  # a dimension, a target, and how often it has been entered


class State(msgspec.Struct, array_like=True, eq=False, gc=False):
    """A person's position and all that the next event's rules could ask about the past.

    It is read and written for each event, so the order of the fields is that of the stored memory.
    """

    stamp: str  # of the playbooks it was folded with; empty before the first fold
    stage: str | None
    entered: int | None
    health: str | None
    standing: str
    score: int  # thousandths, as of score_day
    score_day: int
    last: tuple[int, int, bytes] | None  # the order of the last event or timer that was applied
    recall: Recall | None
    orders: Orders
    tallies: dict[str, dict[int, int]]  # what a count or a sum asks for -> day -> number, days ascending
    latest: dict[str, Trace]  # what a days_since asks for -> the last such event
    attributes: dict[str, Any]
    visits: list[Visit]

    @classmethod
    def start(cls) -> Self:
        """Before the first event: nowhere."""
        return cls("", None, None, None, "open", 0, 0, None, None, Orders(), {}, {}, {}, [])

    def copy(self) -> "State":
        return State(
            self.stamp,
            self.stage,
            self.entered,
            self.health,
            self.standing,
            self.score,
            self.score_day,
            self.last,
            self.recall,
            self.orders.copy(),
            {key: days.copy() for key, days in self.tallies.items()},
            self.latest.copy(),
            self.attributes.copy(),
            self.visits.copy(),
        )

    def enter(self, dimension: str, target: str | None, at: int) -> int:
        """Stand in `target` from now on; return the number of entries into it."""
        setattr(self, dimension, target)
        if dimension == "stage":
            self.entered = at
        return self._visit(dimension, target)

    def _visit(self, dimension: str, target: str | None) -> int:
        for place, (known, entered, times) in enumerate(self.visits):
            if entered == target and known == dimension:
                self.visits[place] = (dimension, target, times + 1)
                return times + 1
        self.visits.append((dimension, target, 1))
        return 1

    def memory(self) -> dict[str, Any]:
        """All of it as JSON; bounded, because every fold prunes what no version from then on can ask for."""
        return {
            "stamp": self.stamp,
            "at": [self.stage, self.entered, self.health, self.standing],
            "score": [self.score, self.score_day],
            "last": _written(self.last),
            "recall": _written(self.recall),
            "orders": [_written(order) for order in self.orders],
            "tallies": {key: [list(pair) for pair in days.items()] for key, days in sorted(self.tallies.items())},
            "latest": {key: _written(trace) for key, trace in sorted(self.latest.items())},
            "attributes": dict(sorted(self.attributes.items())),
            "visits": [list(visit) for visit in self.visits],
        }

    @classmethod
    def remember(cls, memory: Mapping[str, Any] | None, stamp: str) -> "State | None":
        """The state that wrote `memory`, or None when it was folded by other playbooks or other code."""
        if not memory or memory.get("stamp") != stamp:
            return None
        state = cls.start()
        state.stamp = stamp
        state.stage, state.entered, state.health, state.standing = memory["at"]
        state.score, state.score_day = memory["score"]
        if memory["last"]:
            at, rank, key = memory["last"]
            state.last = (at, rank, bytes.fromhex(key))
        if memory["recall"]:
            due, key, number = memory["recall"]
            state.recall = Recall(due, bytes.fromhex(key), number)
        for at, rank, key, *rest in memory["orders"]:
            state.orders.keep(Order(at, rank, bytes.fromhex(key), *rest))
        state.tallies = {key: dict(pairs) for key, pairs in memory["tallies"].items()}
        state.latest = {
            name: Trace(at, rank, bytes.fromhex(key), number)
            for name, (at, rank, key, number) in memory["latest"].items()
        }
        state.attributes = dict(memory["attributes"])
        state.visits = [(dimension, target, number) for dimension, target, number in memory["visits"]]
        return state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self.memory() == other.memory()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"State({self.memory()})"


def _written(fields: tuple[Any, ...] | None) -> list[Any] | None:
    return None if fields is None else [field.hex() if isinstance(field, bytes) else field for field in fields]
