"""The log as fast as it can be read: contacts by range, everybody's standing events in order, in rows of fixed length.

The numbers of an event come by COPY in its binary form, a length that never changes, and are unpacked all at once;
what only some types need (value, currency, properties) comes in a second, small answer. Events of types that no rule,
count or score looks at are counted and stay where they are, but for the first of each contact, which begins a path.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from contacts.messages import CLAIMED_TYPES
from funnel.fold import Event
from funnel.playbooks import Playbooks
from funnel.reading import WORLD, array, decoded, numbers

PIECE: Final = 4000  # contacts whose log is in memory together
Y2K: Final = 946_684_800_000_000  # where the database counts its microseconds from
_HEAD, _TAIL = 19, 2  # of a COPY in binary form


@dataclass(slots=True)
class Lived:
    """Somebody, with the events that the fold looks at in walking order, and the number of all there are."""

    leader: int
    is_visitor: bool
    source: int
    members: list[int]
    events: list[Event] = field(default_factory=list)
    facts: int = 0


_PEOPLE: Final = """
    SELECT id, leader_id, is_known, origin_source_id FROM contacts_contact
     WHERE leader_id = id AND erased_at IS NULL AND {which}
"""
_MEMBERS: Final = """
    SELECT m.id, m.leader_id, m.is_known, m.origin_source_id
      FROM contacts_contact m JOIN contacts_contact l ON l.id = m.leader_id
     WHERE m.leader_id <> m.id AND l.erased_at IS NULL AND m.{which}
"""
_EVENTS: Final = """
    SELECT contact_id, occurred_at, rank, key, type_id, source_id, id, facts FROM (
        SELECT contact_id, occurred_at, rank, key, type_id, source_id, id,
               row_number() OVER (PARTITION BY contact_id ORDER BY occurred_at, rank, key) AS place,
               count(*) OVER (PARTITION BY contact_id) AS facts
          FROM contacts_event WHERE {which} AND retracted_at IS NULL AND recorded_at <= %(until)s{unheld}) AS event
     WHERE place = 1 OR type_id = ANY(%(types)s::smallint[])
     ORDER BY contact_id, occurred_at, rank, key
"""
_DETAILS: Final = """
    SELECT id, value_minor, currency, properties::text FROM contacts_event
     WHERE {which} AND type_id = ANY(%(types)s::smallint[]) AND retracted_at IS NULL AND recorded_at <= %(until)s
"""
_HELD: Final = "SELECT event_id FROM contacts_quarantine WHERE event_id IS NOT NULL AND replayed_at IS NULL"


def people_between(first: int, last: int, until: datetime, books: Sequence[Playbooks]) -> list[Lived]:
    """Everybody led by a contact of this range who is not erased, as their log stood known at `until`."""
    range_ = {"first": first, "last": last}
    people = _people("id BETWEEN %(first)s AND %(last)s", "leader_id BETWEEN %(first)s AND %(last)s", range_)
    _give("contact_id BETWEEN %(first)s AND %(last)s", range_, people, until, books)
    elsewhere = [one for lived in people.values() for one in lived.members if not first <= one <= last]
    if elsewhere:
        _give("contact_id = ANY(%(members)s::bigint[])", {"members": array(elsewhere)}, people, until, books)
    return _in_order(people)


def person_led_by(leader: int, until: datetime, books: Sequence[Playbooks]) -> Lived | None:
    people = _people("id = %(leader)s", "leader_id = %(leader)s", {"leader": leader})
    if not people:
        return None
    members = {"members": array(people[leader].members)}
    _give("contact_id = ANY(%(members)s::bigint[])", members, people, until, books)
    return next(iter(_in_order(people)), None)


def _people(leaders: str, members: str, values: dict[str, Any]) -> dict[int, Lived]:
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE.format(which=leaders), values)
        people = {
            number: Lived(number, not known, source, [number]) for number, _leader, known, source in cursor.fetchall()
        }
        cursor.execute(_MEMBERS.format(which=members), values)
        for number, leader, is_known, _source in cursor.fetchall():
            people[leader].members.append(number)
            people[leader].is_visitor = people[leader].is_visitor and not is_known
    return people


def _give(
    which: str, values: dict[str, Any], people: dict[int, Lived], until: datetime, books: Sequence[Playbooks]
) -> None:
    """Put everybody's events, from the contacts that `which` names, with them."""
    owners = {member: lived for lived in people.values() for member in lived.members}
    values = values | {"until": until}
    with connection.cursor() as cursor:
        cursor.execute(_HELD)
        held = [number for (number,) in cursor.fetchall()]
    unheld = " AND id <> ALL(%(held)s::bigint[])" if held else ""
    query = _EVENTS.format(which=which, unheld=unheld)
    names = WORLD.names(
        types=numbers("SELECT id FROM contacts_eventtype", []), sources=numbers("SELECT id FROM contacts_source", [])
    )
    details = _details(which, values, books)
    types, public = names.types, names.public_sources
    looked_at = {name for one in books for name in one.types}
    values |= {"held": array(held), "types": array(number for number, name in types.items() if name in looked_at)}
    last, events = -1, None
    for contact, at, rank, key, type_, source, number, facts in fixed_rows(query, values, "q q h 16s h h q q"):
        if contact != last:
            last, events, lived = contact, None, owners.get(contact)
            if lived:
                events, lived.facts = lived.events, lived.facts + facts
        if events is None:
            continue  # an erased person's, or one's who is led by a contact of another range
        name = types[type_]
        value, currency, properties = details.get(number, _NOTHING)
        is_public = source in public and name not in CLAIMED_TYPES
        events.append((at + Y2K, rank, key, name, value, currency, properties, is_public, number))  # type: ignore[arg-type]


_NOTHING: Final = (None, None, None)


def _details(which: str, values: dict[str, Any], books: Sequence[Playbooks]) -> dict[int, tuple[Any, ...]]:
    """What only the fold of some types looks at, by event."""
    wanted = {name for one in books for name in one.types_with_details}
    types = [number for number, name in WORLD.names().types.items() if name in wanted]
    with connection.cursor() as cursor:
        cursor.execute(_DETAILS.format(which=which), values | {"types": array(types)})
        return {
            number: (value, currency, decoded(properties) if properties else None)
            for number, value, currency, properties in cursor.fetchall()
        }


def _in_order(people: dict[int, Lived]) -> list[Lived]:
    """Those with events. The log of one contact comes in order; where several are one person, it is put in order."""
    for lived in people.values():
        if len(lived.members) > 1:
            lived.events.sort()
    return [lived for lived in people.values() if lived.events]


def fixed_rows(query: str, values: Any, columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query whose columns are never null and always as long: q bigint (or a moment, from 2000 on),
    i integer, h smallint, ? boolean, 16s uuid."""
    form = struct.Struct(">2x" + "".join(f"4x{kind}" for kind in columns.split()))
    parts: list[bytes] = []
    with connection.cursor() as cursor:
        text = cursor.mogrify(query, values).decode()
        cursor.copy_expert(f"COPY ({text}) TO STDOUT (FORMAT binary)", _Sink(parts.append))
    return form.iter_unpack(memoryview(b"".join(parts))[_HEAD:-_TAIL])


class _Sink:
    """What COPY writes to: it hands over a row at a time."""

    __slots__ = ("write",)

    def __init__(self, write: Any) -> None:
        self.write = write
