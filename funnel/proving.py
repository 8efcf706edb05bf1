"""The published versions folded once more, from nothing, and held against the table of live transitions.

Beside `rebuilding` it shares only the fold: the log is read by another way, and the moves are compared here.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from django.db import connection
from django.utils import timezone

from funnel.fold import State, go_on
from funnel.folding import DIMENSIONS, HEALTHS, STANDINGS
from funnel.models import RULE_START
from funnel.reading import WORLD, Names, numbers
from funnel.replaying import Y2K, Lived, fixed_rows, people_between
from funnel.state import Move

MOST_NAMED: Final = 20
NOTHING: Final = -1  # in place of null: no number of ours is negative but that of the rule `start`


class Proof(msgspec.Struct):
    """`differing` names the first of those whose moves are not the stored ones."""

    people: int = 0
    events: int = 0
    moves: int = 0
    waiting: int = 0  # left out: about to be folded
    differences: int = 0
    differing: list[int] = []

    def __iadd__(self, other: "Proof") -> "Proof":
        self.people += other.people
        self.events += other.events
        self.moves += other.moves
        self.waiting += other.waiting
        self.differences += other.differences
        self.differing = (self.differing + other.differing)[:MOST_NAMED]
        return self


_UNTIL: Final = """
    SELECT contact_id, folded_until FROM funnel_position
     WHERE contact_id BETWEEN %(first)s AND %(last)s AND folded_until IS NOT NULL
"""
_MARKED: Final = "SELECT DISTINCT contact_id FROM contacts_pending"
_ERASED: Final = "SELECT id FROM contacts_contact WHERE id BETWEEN %(first)s AND %(last)s AND erased_at IS NOT NULL"
_LIVE: Final = """
    SELECT contact_id, seq, dimension, coalesce(from_value, -1::smallint) AS from_value,
           coalesce(to_value, -1::smallint) AS to_value, occurred_at, rule, version, coalesce(cause_id, -1) AS cause_id,
           visit, source_id, is_visitor::int AS is_visitor
      FROM funnel_transition WHERE contact_id BETWEEN %(first)s AND %(last)s AND superseded_at IS NULL
     ORDER BY contact_id, seq
"""
_EVIDENCE: Final = """
    SELECT contact_id, seq, evidence::text FROM funnel_transition
     WHERE contact_id BETWEEN %(first)s AND %(last)s AND superseded_at IS NULL AND evidence IS NOT NULL
"""
Row = tuple[Any, ...]


def prove_piece(first: int, last: int) -> Proof:
    """Everybody led by a contact of this range, folded until when they were folded last."""
    books, names, range_ = WORLD.playbooks(), WORLD.names(), {"first": first, "last": last}
    until = {contact: at + Y2K for contact, at in fixed_rows(_UNTIL, range_, "q q")}
    stored, proof = _stored(range_), Proof()
    with connection.cursor() as cursor:
        cursor.execute(_ERASED, range_)
        erased = {number for (number,) in cursor.fetchall()}
    marked = set(numbers(_MARKED, []))
    for lived in people_between(first, last, timezone.now(), [books]):
        if lived.leader not in until or not marked.isdisjoint(lived.members):
            proof.waiting += 1
            stored.pop(lived.leader, None)
            continue
        _state, moves, _due = go_on(State.start(), lived.events, books, until[lived.leader])
        proof.people += 1
        proof.events += lived.facts
        proof.moves += len(moves)
        if _rows(moves, lived, names) != stored.pop(lived.leader, []):
            _differs(proof, lived.leader)
    for contact in stored.keys() - erased - marked:  # moves of whom the log knows nothing
        _differs(proof, contact)
    return proof


def _differs(proof: Proof, contact: int) -> None:
    proof.differences += 1
    proof.differing = [*proof.differing, contact][:MOST_NAMED]


def _stored(range_: dict[str, int]) -> dict[int, list[Row]]:
    with connection.cursor() as cursor:
        cursor.execute(_EVIDENCE, range_)
        said = {(contact, seq): _same(evidence) for contact, seq, evidence in cursor.fetchall()}
    found: dict[int, list[Row]] = {}
    for contact, seq, *rest in fixed_rows(_LIVE, range_, "q i h h h q h h q i h i"):
        found.setdefault(contact, []).append((seq, *rest, said.get((contact, seq))))
    return found


def _same(evidence: str) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(evidence))


def _rows(moves: list[Move], lived: Lived, names: Names) -> list[Row]:
    return list(_written(moves, lived, names))


def _written(moves: list[Move], lived: Lived, names: Names) -> Iterator[Row]:
    for seq, (dimension, from_, to, at, rule, _, version, _, cause, evidence, visit) in enumerate(moves):
        values = names.stage_ids if dimension == "stage" else HEALTHS if dimension == "health" else STANDINGS
        yield (
            seq,
            DIMENSIONS[dimension],
            _or_nothing(values[from_]),
            _or_nothing(values[to]),
            at - Y2K,
            RULE_START if rule is None else rule,
            version,
            _or_nothing(cause),
            visit,
            lived.source,
            int(lived.is_visitor),
            msgspec.json.encode(evidence) if evidence else None,
        )


def _or_nothing(number: int | None) -> int:
    return NOTHING if number is None else number
