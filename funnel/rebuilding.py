"""Everything computed again from the log and compared with what is stored; and mended where it differs."""

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
from django.db import connection, connections, transaction

from contacts.company_marks import mark_companies
from contacts.models import Pending, PendingReason
from funnel import rolling
from funnel.claiming import Person, look_at_people
from funnel.company_counts import miscounted_companies, work_off_company_marks
from funnel.folding import Failed, Folded, fold_people
from funnel.reading import WORLD, Mark, array, numbers, snapshot
from funnel.writing import Values, cleared, values_of

RANGE: Final = 5000  # contacts looked at in one snapshot


@dataclass(frozen=True, slots=True)
class Difference:
    """Something stored that is not what the log says."""

    what: str
    contact: int | None
    stored: Any
    computed: Any

    def __str__(self) -> str:
        about = "" if self.contact is None else f"contact {self.contact}: "
        return f"{about}{self.what}: stored {self.stored}, computed {self.computed}"


@dataclass(slots=True)
class Checked:
    people: int = 0
    waiting: int = 0  # not looked at: they have marks, and are about to be folded anyway
    erased: int = 0
    differences: list[Difference] = field(default_factory=list)

    def __iadd__(self, other: "Checked") -> "Checked":
        self.people += other.people
        self.waiting += other.waiting
        self.erased += other.erased
        self.differences += other.differences
        return self


# --- People

_BETWEEN = "SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM contacts_contact"
_LED = "SELECT id FROM contacts_contact WHERE id BETWEEN %s AND %s AND leader_id = id"
_MARKED = "SELECT DISTINCT contact_id FROM contacts_pending WHERE contact_id = ANY(%s::bigint[])"
_WITH_EVENTS = """
    SELECT DISTINCT contact_id FROM contacts_event WHERE contact_id = ANY(%s::bigint[]) AND retracted_at IS NULL
"""
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_STORED = """
    SELECT contact_id, stage_id, (extract(epoch FROM entered_at) * 1000000)::bigint, health, standing,
           (extract(epoch FROM recall_at) * 1000000)::bigint, score, score_day, score_rank,
           (extract(epoch FROM last_event_at) * 1000000)::bigint, (extract(epoch FROM wake_at) * 1000000)::bigint,
           (extract(epoch FROM folded_until) * 1000000)::bigint, moves, is_visitor, source_id,
           coalesce((SELECT max(same.id) FROM funnel_circle AS its JOIN funnel_circle AS same
                         ON same.within_id IS NULL AND same.owner_id IS NOT DISTINCT FROM its.owner_id
                        AND same.team_id IS NOT DISTINCT FROM its.team_id WHERE its.id = hands), hands),
           cause_id, worth, memory
      FROM funnel_position WHERE contact_id = ANY(%s::bigint[])
"""


def ranges() -> list[tuple[int, int]]:
    """All contacts, by number, in pieces of a bounded size."""
    with connection.cursor() as cursor:
        cursor.execute(_BETWEEN)
        first, last = cursor.fetchone()
    return [(start, min(start + RANGE - 1, last)) for start in range(first, last + 1, RANGE)]


def check_people(pieces: Sequence[tuple[int, int]], *, processes: int = 1) -> Iterator[Checked]:
    """A result for each piece, as they come."""
    if processes == 1:
        yield from map(check_range, pieces)
        return
    connections.close_all()  # a child must not share them
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield from pool.imap_unordered(check_range, pieces)


def check_range(piece: tuple[int, int]) -> Checked:
    """Fold the people led by these contacts from the start, until when they were folded, and compare."""
    with snapshot():
        people, without = look_at_people(numbers(_LED, piece))
        marked = set(numbers(_MARKED, [array([p.contact for person in people for p in person.positions] + without)]))
        erased = [person for person in people if person.is_erased]
        ready = [p for p in people if not p.is_erased and marked.isdisjoint(one.contact for one in p.positions)]
        found = Checked(len(ready), len(people) - len(erased) - len(ready), len(erased))
        found.differences += _without_position(set(without) - marked)
        found.differences += _compare(ready)
    return found


def _without_position(contacts: Iterable[int]) -> list[Difference]:
    return [Difference("position", contact, None, "one") for contact in numbers(_WITH_EVENTS, [array(contacts)])]


def _compare(people: Sequence[Person]) -> Iterator[Difference]:
    stored = _stored(position.contact for person in people for position in person.positions)
    [now] = numbers(_NOW, [])
    for person in people:
        person.stamp = stored[person.leader].stamp or now
        person.marks = [Mark(person.leader, None, PendingReason.REBUILD)]  # from the start
    names = WORLD.names(sources={person.source for person in people})
    while people:
        folded, failed, people = fold_people(people, WORLD.playbooks(), names)
        for one in folded:
            yield from _differences_of_moves(one)
            yield from _differences_of_positions(one, stored)
        for other in failed:
            yield _unfoldable(other)


def _stored(contacts: Iterable[int]) -> dict[int, Values]:
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [array(contacts)])
        return {row[0]: _values(row) for row in cursor.fetchall()}


def _values(row: Sequence[Any]) -> Values:
    *values, worth, memory = row
    return Values._make([*values, worth and msgspec.json.decode(worth), memory])


def _differences_of_moves(one: Folded) -> Iterator[Difference]:
    if one.dead or one.new:
        stored = [tuple(live.entry) for live in one.dead]
        yield Difference(
            f"transitions from {one.begins} on", one.person.leader, stored, [tuple(new) for new in one.new]
        )


def _differences_of_positions(one: Folded, stored: dict[int, Values]) -> Iterator[Difference]:
    names = WORLD.names()
    computed = values_of(one, names)
    yield from _differing(computed, stored[computed.contact])
    for other in one.person.positions[1:]:
        yield from _differing(cleared(other.contact, one.person), stored[other.contact])


def _differing(computed: Values, stored: Values) -> Iterator[Difference]:
    ignored = {"stamp", "memory"}
    if computed.stage is None:
        ignored |= {"is_visitor", "source", "hands", "score_rank"}  # of nobody
    for name, was, is_ in zip(Values._fields, stored, computed, strict=True):
        if name not in ignored and was != is_:
            yield Difference(name, computed.contact, was, is_)
    was, is_ = _remembered(stored.memory), _remembered(computed.memory)
    by_other_code = was and is_ and was[0] != is_[0]  # then the next fold is from the start
    if was != is_ and not by_other_code:
        yield Difference("memory", computed.contact, was, is_)


def _remembered(memory: str | bytes | None) -> Any:
    return None if memory is None else msgspec.json.decode(memory)


def _unfoldable(failed: Failed) -> Difference:
    return Difference("fold", failed.person.leader, "unknown", f"{type(failed.error).__name__}: {failed.error}")


# --- Roll-ups

_STAGES_AGAIN = """
    SELECT stage_id, coalesce(health, 0), standing, source_id, is_visitor, count(*) FROM funnel_position
     WHERE stage_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5
"""
_WORTH_AGAIN = """
    SELECT stage_id, coalesce(health, 0), standing, source_id, is_visitor, currency, count(*), sum(value_minor::bigint)
      FROM funnel_position CROSS JOIN jsonb_each_text(worth) AS worth (currency, value_minor)
     WHERE stage_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
"""


_CIRCLES_AGAIN = """
    SELECT circle.id, stage_id, coalesce(health, 0), standing, place.source_id, is_visitor, count(*)
      FROM funnel_position AS place JOIN contacts_contact AS who ON who.id = contact_id
      LEFT JOIN funnel_circle AS of_campaign
        ON of_campaign.within_id = hands AND of_campaign.source_id = place.source_id
       AND of_campaign.campaign = nullif(who.origin_campaign, '')
     CROSS JOIN LATERAL (VALUES (hands), (of_campaign.id)) AS circle (id)
     WHERE stage_id IS NOT NULL AND circle.id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
"""


class _Rollup(NamedTuple):
    """A table of numbers by a key, and how they are counted from scratch."""

    key: str
    numbers: tuple[str, ...]
    again: str

    def differing(self, table: str) -> str:
        sides = {name: self._numbers_of(side) for name, side in (("stored", "stored"), ("computed", "again"))}
        return _DIFFERING.format(table=table, key=self.key, numbers=", ".join(self.numbers), again=self.again, **sides)

    def _numbers_of(self, side: str) -> str:
        return f"ARRAY[{', '.join(f'coalesce({side}.{number}, 0)::bigint' for number in self.numbers)}]"

    def recount(self, table: str) -> str:
        return f"INSERT INTO {table} ({self.key}, {', '.join(self.numbers)}) {self.again}"


_PLACE: Final = "stage_id, health, standing, source_id, is_visitor"
_ROLLUPS: Final = {
    "funnel_pacecount": _Rollup(rolling.KEY, ("n",), rolling.RECOUNT),
    "funnel_stagecount": _Rollup(_PLACE, ("n",), _STAGES_AGAIN),
    "funnel_circlecount": _Rollup(f"circle_id, {_PLACE}", ("n",), _CIRCLES_AGAIN),
    "funnel_stageworth": _Rollup(f"{_PLACE}, currency", ("n", "value_minor"), _WORTH_AGAIN),
}
_DIFFERING = """
    SELECT {key}, {stored}, {computed}
      FROM {table} AS stored FULL JOIN ({again}) AS again ({key}, {numbers}) USING ({key})
     WHERE {stored} <> {computed} ORDER BY {key}
"""


def check_rollups() -> list[Difference]:
    """The roll-ups beside a plain recount of positions and transitions, in one snapshot."""
    differences: list[Difference] = []
    with snapshot(), connection.cursor() as cursor:
        for table, rollup in _ROLLUPS.items():
            cursor.execute(rollup.differing(table), rolling.constants())
            differences += [
                Difference(f"{table} {rollup.key} {place}", None, stored, computed)
                for *place, stored, computed in cursor.fetchall()
            ]
    return differences


def recount_rollups() -> None:
    """Count again from scratch, while no batch can add to the roll-ups: in each they come last, and in this order."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(_ROLLUPS)} IN SHARE ROW EXCLUSIVE MODE")
        for table, rollup in _ROLLUPS.items():
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
            cursor.execute(rollup.recount(table), rolling.constants())


def check_companies() -> list[Difference]:
    """What is kept with companies beside a plain count, in one snapshot."""
    with snapshot():
        return [
            Difference(f"company {company}", None, stored, computed)
            for company, stored, computed in miscounted_companies()
        ]


def recount_companies() -> None:
    """Count those anew that are not what they should be, as whenever something about them changes."""
    mark_companies(company for company, _stored, _computed in miscounted_companies())
    work_off_company_marks()


# --- Mending


def mark_for_rebuilding(contacts: Iterable[int]) -> int:
    """Have these people folded from the start."""
    marks = [Pending(contact_id=contact, reason=PendingReason.REBUILD) for contact in sorted(set(contacts))]
    return len(Pending.objects.bulk_create(marks, batch_size=5000))
