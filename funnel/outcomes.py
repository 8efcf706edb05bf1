"""What two playbooks make of the same people: who stands elsewhere, how many moves, how fast. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Self

import msgspec

from funnel.moments import DAY
from funnel.state import Move, State

CLOSED: Final = "closed"  # in place of a stage: whoever is closed has left the counts of the living path
TO: Final = ">"

Counts = dict[str, int]
Spread = dict[str, Counts]  # of each stage: whole days -> people


class Walked(NamedTuple):
    """One history of somebody, and where it ends."""

    state: State
    moves: list[Move]

    @property
    def place(self) -> str:
        return CLOSED if self.state.standing == CLOSED else self.state.stage or ""


class Parted(NamedTuple):
    """How two histories of one person differ: from when on, and whether they end in different places."""

    at: int
    is_elsewhere: bool


class Tally(msgspec.Struct):
    """What was counted over many people. Pairs are written `lead>customer`; moves are those from the moment on."""

    people: int = 0
    visitors: int = 0
    events: int = 0
    elsewhere: int = 0
    otherwise: int = 0  # they end where they would, but came another way or at another time
    unfoldable: int = 0
    stands: Counts = {}  # as it is > with the draft
    health: Counts = {}
    moves_before: Counts = {}
    moves_after: Counts = {}
    rules: Counts = {}  # place of the draft's rule -> moves it made
    days_before: Spread = {}  # from the start of a path to the first entry
    days_after: Spread = {}
    gained: Counts = {}  # dimension>target: entries that only the draft makes
    lost: Counts = {}

    def __iadd__(self, other: Self) -> Self:
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, int):
                setattr(self, name, mine + theirs)
            else:
                _merge(mine, theirs)
        return self

    def count(self, before: Walked, after: Walked, since: int, version: int) -> Parted | None:
        """Take in one person; `version` is the number of the draft. None: both histories are the same."""
        self.people += 1
        _more(self.stands, f"{before.place}{TO}{after.place}")
        _more(self.health, f"{before.state.health or ''}{TO}{after.state.health or ''}")
        parted = how_they_part(before, after)
        self._flow(self.moves_before, self.days_before, before.moves, since)
        self._flow(self.moves_after, self.days_after, after.moves, since)
        for move in after.moves:
            if move.version == version and move.rule is not None:
                _more(self.rules, str(move.rule))
        if parted:
            self.elsewhere += parted.is_elsewhere
            self.otherwise += not parted.is_elsewhere
            self._entries(before.moves, after.moves)
        return parted

    def _flow(self, flows: Counts, spread: Spread, moves: Sequence[Move], since: int) -> None:
        reached: set[str | None] = set()
        for move in moves:
            if move.dimension != "stage":
                continue
            if move.at >= since:
                _more(flows, f"{move.from_ or ''}{TO}{move.to or ''}")
                if move.to not in reached and move.from_ is not None:
                    _more(spread.setdefault(move.to or "", {}), str((move.at - moves[0].at) // DAY))
            reached.add(move.to)

    def _entries(self, before: Iterable[Move], after: Iterable[Move]) -> None:
        old, new = ({(m.dimension, m.to or "", m.visit) for m in moves} for moves in (before, after))
        for dimension, target, _ in new - old:
            _more(self.gained, f"{dimension}{TO}{target}")
        for dimension, target, _ in old - new:
            _more(self.lost, f"{dimension}{TO}{target}")


def how_they_part(before: Walked, after: Walked) -> Parted | None:
    """The first moment at which one history has a move that the other has not. Who made it is no matter."""
    one = [(move.at, move.dimension, move.to) for move in before.moves]
    other = [(move.at, move.dimension, move.to) for move in after.moves]
    if one == other:
        return None
    same = next(
        (place for place, both in enumerate(zip(one, other, strict=False)) if both[0] != both[1]),
        min(len(one), len(other)),
    )
    at = min(moves[same][0] for moves in (one, other) if same < len(moves))
    ends = ((walked.state.stage, walked.state.health, walked.state.standing) for walked in (before, after))
    return Parted(at, len(set(ends)) > 1)


class Laid(NamedTuple):
    """How many stand in one place: as it is, and with the draft of this result and of the other."""

    as_it_is: int
    this: int
    other: int


def laid_beside(this: Counts, other: Counts) -> dict[str, Laid]:
    """The stands of two results, place by place; also of places that only one of them leads to."""
    before, after = sides_of(this)
    _as_it_was, theirs = sides_of(other)
    return {
        place: Laid(before.get(place, 0), after.get(place, 0), theirs.get(place, 0))
        for place in {**before, **after, **theirs}
    }


def sides_of(pairs: Counts) -> tuple[Counts, Counts]:
    """How many are on the left and on the right of pairs."""
    before: Counts = {}
    after: Counts = {}
    for pair, n in pairs.items():
        one, _to, other = pair.partition(TO)
        before[one] = before.get(one, 0) + n
        after[other] = after.get(other, 0) + n
    return before, after


def middle(days: Counts) -> int | None:
    """The lower median of whole days."""
    left = (sum(days.values()) + 1) // 2
    for day in sorted(days, key=int):
        left -= days[day]
        if left <= 0:
            return int(day)
    return None


def _more(counts: Counts, name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def _merge(mine: dict[str, int] | Spread, theirs: dict[str, int] | Spread) -> None:
    for name, value in theirs.items():
        if isinstance(value, dict):
            _merge(mine.setdefault(name, {}), value)  # type: ignore[arg-type]
        else:
            mine[name] = mine.get(name, 0) + value  # type: ignore[assignment, operator]
