"""A dry run: the same reading, checking and deciding as the real one, and nothing written but what it must remember.

What earlier rows would have written is kept in temporary tables, so that a million rows take no memory and hold no
lock, and later rows are decided as they would be.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from django.db import connection, transaction

from ..models import Import
from ..placing import Name
from .chunking import Chunk, chunks_of, converter_of, read_ahead
from .converting import Said
from .copying import copy
from .deciding import Decision, Known, Person, Reject, decide, names_of
from .mapping import mapping_of
from .reading import open_table
from .resolving import earlier_run, know_addresses, resolve
from .running import survey_of
from .screening import screen
from .taking import needs_details, received_now, terms_of

MOST_ERRORS: Final = 100
LONGEST_SAID: Final = 400
COUNTS: Final = ("created", "updated", "unchanged", "skipped", "rejected")


@dataclass
class Foreseen:
    """What an import would do."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)  # the first, as `shown`
    reasons: dict[str, int] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)  # how many rows were refused for each


def rehearse(run: Import, path: Path, *, goes_on: Callable[[Foreseen, float], bool]) -> Foreseen | None:
    """Count exactly what `run` would do; None where `goes_on` ended it. Raises ValidationError as running does."""
    mapping = mapping_of(run.mapping)
    found, foreseen, earlier = survey_of(run, path, mapping), Foreseen(), earlier_run(run)
    with open_table(path, mapping.file, found) as table, _memory() as memory:
        for chunk in read_ahead(chunks_of(table, converter_of(mapping, table))):
            decision, rejects = _decide(run, earlier, chunk, memory)
            _count(foreseen, chunk, decision, rejects, table.columns)
            if not goes_on(foreseen, chunk.share):
                return None
    return foreseen


def _decide(run: Import, earlier: Import | None, chunk: Chunk, memory: "_memory") -> tuple[Decision, list[Reject]]:
    mapping = mapping_of(run.mapping)
    with transaction.atomic():  # event types nobody knows yet are only tried on
        sound, refused, _types = screen(run, chunk.said, received_now())
        known = resolve(run, sound, earlier=earlier, with_details=needs_details(mapping))
        transaction.set_rollback(True)
    memory.recall(known, sound, run.source.key)
    decision = decide(sound, known, terms_of(run, mapping))
    memory.keep(decision)
    return decision, [*chunk.rejects, *refused, *decision.rejects]


def _count(
    foreseen: Foreseen, chunk: Chunk, decision: Decision, rejects: list[Reject], columns: tuple[str, ...]
) -> None:
    foreseen.rows += chunk.rows
    for name in COUNTS[:-1]:
        setattr(foreseen, name, getattr(foreseen, name) + getattr(decision, name))
    foreseen.rejected += len(rejects)
    for reject in sorted(rejects):
        foreseen.reasons[reject.reason] = foreseen.reasons.get(reject.reason, 0) + 1
        foreseen.columns[reject.column] = foreseen.columns.get(reject.column, 0) + 1
        if len(foreseen.errors) < MOST_ERRORS:
            foreseen.errors.append(shown(reject, columns))


def shown(reject: Reject, columns: tuple[str, ...]) -> dict[str, Any]:
    """A refused row for people (`reporting.foreseen_told`): where, what stands there, why."""
    at = columns.index(reject.column) if reject.column in columns else -1
    value = reject.cells[at] if 0 <= at < len(reject.cells) else ""
    return {
        "line": reject.line,
        "column": reject.column,
        "value": value[:200],
        "reason": reject.reason,
        "detail": reject.detail[:LONGEST_SAID],
        "values": {name: one[:LONGEST_SAID] if isinstance(one, str) else one for name, one in reject.values.items()},
    }


_TABLES: Final = """
CREATE TEMP TABLE rehearsed_person (leader bigint PRIMARY KEY, contact bigint, is_known boolean, details text);
CREATE TEMP TABLE rehearsed_name (kind text, namespace text, value text, leader bigint,
                                  PRIMARY KEY (kind, namespace, value));
CREATE TEMP TABLE rehearsed_event (key uuid PRIMARY KEY, digest bigint);
"""
_DROP: Final = "DROP TABLE IF EXISTS rehearsed_person, rehearsed_name, rehearsed_event"


class _memory:  # noqa: N801  (a context)
    """What the rows so far would have written."""

    def __init__(self) -> None:
        self.made = 0

    def __enter__(self) -> "_memory":
        with connection.cursor() as cursor:
            cursor.execute(_DROP)
            cursor.execute(_TABLES)
        return self

    def __exit__(self, *_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_DROP)

    def recall(self, known: Known, rows: Iterable[Said], source_key: str) -> None:
        """Let `known` have it too."""
        with connection.cursor() as cursor:
            names = {name for said in rows for name in names_of(said, source_key)} - known.people.keys()
            cursor.execute(_NAMES, [msgspec.json.encode([list(name) for name in names]).decode()])
            found = {Name(kind, namespace, value): leader for kind, namespace, value, leader in cursor.fetchall()}
            by_leader: dict[int, Person] = {}
            for person in known.people.values():
                by_leader.setdefault(person.leader_id, person)
            cursor.execute(_PEOPLE, [list({*found.values(), *by_leader})])
            for leader, contact, is_known, details in cursor.fetchall():
                person = by_leader.setdefault(leader, Person(contact, leader))
                person.is_known = is_known
                _replace(person.details, msgspec.json.decode(details))
            known.people.update({name: by_leader[leader] for name, leader in found.items()})
            know_addresses(known.people)
            cursor.execute(_EVENTS, [[fact.key for said in rows for fact in said.facts]])
            known.events.update(cursor.fetchall())

    def keep(self, decision: Decision) -> None:
        for person in decision.made:
            self.made += 1
            person.contact_id = person.leader_id = -self.made
        people = {person.leader_id: person for person in [*decision.made, *decision.met]}
        details = [
            (leader, one.contact_id, "t" if one.is_known else "f", msgspec.json.encode(one.details).decode())
            for leader, one in people.items()
        ]
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM rehearsed_person WHERE leader = ANY(%s)", [list(people)])
        copy("rehearsed_person", ("leader", "contact", "is_known", "details"), details)
        names = [(*name, one.leader_id) for one in [*decision.made, *decision.met] for name in one.names]
        copy("rehearsed_name", ("kind", "namespace", "value", "leader"), names)
        told = {fact.key: fact.digest for _person, fact in [*decision.events, *decision.claims] if fact.message.type}
        copy("rehearsed_event", ("key", "digest"), list(told.items()))


def _replace(details: dict[str, Any], other: dict[str, Any]) -> None:
    """In place, for merged contacts share what is known of them."""
    details.clear()
    details.update(other)


_NAMES: Final = """
SELECT r.kind, r.namespace, r.value, r.leader
  FROM jsonb_array_elements(%s::jsonb) AS said(name)
  JOIN rehearsed_name r ON r.kind = name ->> 0 AND r.namespace = name ->> 1 AND r.value = name ->> 2
"""
_PEOPLE: Final = "SELECT leader, contact, is_known, details FROM rehearsed_person WHERE leader = ANY(%s)"
_EVENTS: Final = "SELECT encode(uuid_send(key), 'hex'), digest FROM rehearsed_event WHERE key = ANY(%s::uuid[])"
