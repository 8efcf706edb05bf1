"""Taking work so that no two workers have the same person in hand, and none waits for another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.db import connection

from contacts.models import Pending, PendingReason
from funnel.circles import CIRCLES, Meaning
from funnel.fold import Event
from funnel.reading import Mark, array, numbers

ORDINARY = frozenset({PendingReason.EVENT, PendingReason.REPLAY, PendingReason.ATTRIBUTES})
LONGEST_S = 60  # of a writing transaction; the settled moment lags no further behind


class Stored(NamedTuple):
    """A position as it stands in its row, locked."""

    contact: int
    stage: int | None
    health: int  # 0: none
    standing: int
    moves: int
    is_visitor: bool
    source: int | None
    hands: int  # the circle
    attempts: int
    is_erased: bool
    is_due: bool
    known_ahead: int | None  # what comes after the last stamp, if the clock has not passed that yet
    worth: str | None  # JSON
    memory: str | None
    place: str  # where the row lies; it stays there while it is locked


class _Contact(NamedTuple):
    number: int
    leader: int
    is_known: bool
    source: int
    hands: Meaning
    campaign: str

    @classmethod
    def of(cls, row: Sequence[Any]) -> "_Contact":
        *about, owner, team, campaign = row
        return cls._make([*about, Meaning(owner, team), campaign])


class Person:
    """One person in hand: the positions of all members are locked, the leader's first."""

    __slots__ = (
        "attempts", "campaigns", "events", "hands", "is_due", "is_erased", "is_touched", "is_visitor", "leader",
        "marks", "positions", "source", "stamp", "too_early",
    )  # fmt: skip

    def __init__(
        self, positions: list[Stored], is_visitor: bool, source: int, hands: int, campaigns: Mapping[int, str]
    ) -> None:
        leader = positions[0]
        self.leader = leader.contact
        self.positions = positions
        self.attempts, self.is_due, self.is_erased = leader.attempts, leader.is_due, leader.is_erased
        if len(positions) > 1:
            self.attempts = max(position.attempts for position in positions)
            self.is_due = any(position.is_due for position in positions)
            self.is_erased = any(position.is_erased for position in positions)
        self.is_touched = False  # an event that is new carries a campaign
        self.is_visitor = is_visitor
        self.source = source
        self.hands = hands
        self.campaigns = campaigns  # by contact, what brought the contact; those who came by none are not in it
        self.stamp = 0
        self.marks: list[Mark] = []
        self.events: list[Event] = []
        self.too_early: set[int] = set()  # events that the database's clock has not reached

    @property
    def has_work(self) -> bool:
        return bool(self.marks) or self.is_due

    @property
    def early_marks(self) -> list[Mark]:
        return [mark for mark in self.marks if mark.event in self.too_early] if self.too_early else []

    @property
    def has_progressed(self) -> bool:
        return not self.marks or len(self.early_marks) < len(self.marks)

    @property
    def own_events(self) -> set[int]:
        """Events that came by themselves: what they set off is not held because of something else in the batch."""
        return {mark.event for mark in self.marks if mark.event is not None and mark.reason in ORDINARY}

    def give(self, event: Event) -> None:
        if event.at <= self.stamp:
            self.events.append(event)
        else:
            self.too_early.add(event.id)


@dataclass(slots=True)
class Claim:
    """What a worker has in hand within one transaction."""

    people: list[Person]
    stamp: int
    transaction: int
    unfolded: list[int]  # contacts that have no position yet
    busy: int  # people whom somebody else has in hand


_MARKED = """
    SELECT contact_id FROM contacts_pending
     WHERE contact_id > %(after)s AND contact_id <= %(last)s AND contact_id <> ALL(%(but)s::bigint[])
     ORDER BY contact_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_DUE = """
    SELECT contact_id FROM funnel_position
     WHERE wake_at <= clock_timestamp() AND contact_id <> ALL(%(but)s::bigint[])
     ORDER BY wake_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_POSITIONS = """
    SELECT contact_id, stage_id, coalesce(health, 0), standing, moves, is_visitor, source_id, hands, attempts,
           erased_at IS NOT NULL, coalesce(wake_at <= clock_timestamp(), false),
           CASE WHEN known_at >= clock_timestamp() THEN (extract(epoch FROM known_at) * 1000000)::bigint + 1 END,
           worth::text, memory, ctid
      FROM funnel_position WHERE contact_id = ANY(%s::bigint[]) ORDER BY contact_id
"""
_LOCK = _POSITIONS + " FOR UPDATE SKIP LOCKED"
# Told only when it runs what the members are looked for by: the planner would weigh each of thousands of numbers.
_CONTACTS = """
    SELECT id, leader_id, is_known, origin_source_id, owner_id, team_id, origin_campaign
      FROM contacts_contact WHERE id = ANY(%(ids)s::bigint[])
     UNION ALL
    SELECT id, leader_id, is_known, origin_source_id, owner_id, team_id, origin_campaign FROM contacts_contact
     WHERE leader_id = ANY((SELECT %(ids)s::bigint[])::bigint[]) AND leader_id <> id
"""
_LACKING = """
    SELECT id FROM unnest(%s::bigint[]) AS wanted (id)
     WHERE NOT EXISTS (SELECT 1 FROM funnel_position WHERE contact_id = id) ORDER BY id
"""
_MAKE = """
    INSERT INTO funnel_position (contact_id, standing, score, score_day, score_rank, moves, is_visitor, attempts)
    SELECT id, 1, 0, 0, 0, 0, true, 0 FROM unnest(%s::bigint[]) AS wanted (id) ORDER BY id ON CONFLICT DO NOTHING
"""
_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, pg_current_xact_id()::text::bigint"
_TAKE = """
    DELETE FROM contacts_pending WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM contacts_pending WHERE contact_id = ANY(%s::bigint[]) FOR UPDATE SKIP LOCKED))
    RETURNING contact_id, event_id, reason
"""


class Round:
    """Where a process is on its way through the marks: upwards by contact, and from the first one again.

    As a lift does: nobody waits longer than one round, and those who are folded together are neighbours in every
    table and index, which spares half of what a batch costs the database when many wait.
    """

    def __init__(self) -> None:
        self.after = 0

    def next(self, limit: int, but: str) -> list[int]:
        found = numbers(_MARKED, {"after": self.after, "last": LAST, "but": but, "limit": limit})
        if len(found) < limit:
            before = {"after": 0, "last": self.after, "but": but, "limit": limit - len(found)}
            found += numbers(_MARKED, before)
        self.after = found[-1] if len(found) == limit else 0
        return found


LAST = (1 << 63) - 1
ROUND = Round()


def marked_contacts(limit: int, but: Iterable[int] = ()) -> list[int]:
    """The contacts of the next marks on the round, which are then locked: another worker looks at those after."""
    return ROUND.next(limit, array(but))


def is_behind(by: int) -> bool:
    """Whether more marks than that wait to be folded."""
    with connection.cursor() as cursor:
        cursor.execute(_MORE_WAIT, [by])
        return cursor.fetchone() is not None


_MORE_WAIT: Final = "SELECT FROM contacts_pending OFFSET %s LIMIT 1"


def due_contacts(limit: int, but: Iterable[int] = ()) -> list[int]:
    """Those whose timer has come longest ago, locked as well."""
    return numbers(_DUE, {"limit": limit, "but": array(but)})


def make_positions(contacts: Iterable[int]) -> None:
    """Give contacts the row that is their mutex: in a transaction of its own, in order of id, so that nobody waits."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, [array(sorted(contacts))])


def claim_people(contacts: Iterable[int]) -> Claim:
    """Lock the positions of everybody behind these contacts and take their marks; leave out whom somebody else holds.

    Who they are and who belongs to whom is read under the lock and after the marks were taken, so that it is at least
    as new as what a mark tells of. A merge or a cut that comes later leaves marks of its own.
    """
    wanted, tried = set(contacts), set[int]()
    positions: dict[int, Stored] = {}
    family: list[_Contact] = []
    marks: list[Mark] = []
    while wanted - tried:
        held = _lock(wanted - tried)
        marks += _take(held)
        positions |= held
        tried |= wanted
        family = _family(tried)
        wanted = {number for contact in family for number in contact[:2]}
    people, missing = _people(family, positions, CIRCLES.numbers(_hands(family)))
    _give(marks, people)
    stamp, transaction = _clock()
    for person in people:
        person.stamp = max(stamp, *(position.known_ahead or 0 for position in person.positions))
    return Claim(people, stamp, transaction, _lacking(missing), busy=len(missing))


def look_at_people(leaders: Iterable[int]) -> tuple[list[Person], list[int]]:
    """The people led by these contacts, without a lock; and the contacts among them that have no position."""
    family = _family(leaders)
    positions = _positions(_POSITIONS, [contact.number for contact in family])
    return _people(family, positions, CIRCLES.numbers(_hands(family), made=False))


def _lock(contacts: Iterable[int]) -> dict[int, Stored]:
    return _positions(_LOCK, contacts)


def _positions(query: str, contacts: Iterable[int]) -> dict[int, Stored]:
    with connection.cursor() as cursor:
        cursor.execute(query, [array(contacts)])
        return {position[0]: position for position in map(Stored._make, cursor.fetchall())}


def _family(contacts: Iterable[int]) -> list[_Contact]:
    with connection.cursor() as cursor:
        cursor.execute(_CONTACTS, {"ids": array(contacts)})
        return list(map(_Contact.of, cursor.fetchall()))


def _hands(family: Iterable[_Contact]) -> set[Meaning]:
    return {contact.hands for contact in family}


def _people(
    family: Iterable[_Contact], positions: dict[int, Stored], circles: Mapping[Meaning, int]
) -> tuple[list[Person], list[int]]:
    """The people of whom we hold every position, and the contacts whose position we lack."""
    members: dict[int, list[_Contact]] = {}
    for contact in family:
        members.setdefault(contact[1], []).append(contact)
    campaigns = {contact.number: contact.campaign for contact in family if contact.campaign}
    people: list[Person] = []
    missing: list[int] = []
    for leader, contacts in members.items():
        numbers = sorted({contact[0] for contact in contacts}) if len(contacts) > 1 else (leader,)
        held = [positions[number] for number in numbers if number in positions]
        if len(held) < len(numbers):
            missing += [number for number in numbers if number not in positions]
        else:
            own = next(contact for contact in contacts if contact[0] == leader)
            is_known = own.is_known or (len(contacts) > 1 and any(contact.is_known for contact in contacts))
            people.append(Person(held, not is_known, own.source, circles[own.hands], campaigns))
    return people, missing


def _lacking(contacts: list[int]) -> list[int]:
    return numbers(_LACKING, [array(contacts)]) if contacts else []


def _clock() -> tuple[int, int]:
    """The stamp of this transaction, and its number."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOCK)
        stamp, transaction = cursor.fetchone()
    return stamp, transaction


def _take(contacts: Iterable[int]) -> list[Mark]:
    """Lock the marks of these contacts, and delete just those; events are read only after this.

    Marks that somebody else has locked stay: they bring the person back.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [array(contacts)])
        return list(map(Mark._make, cursor.fetchall()))


def _give(marks: Iterable[Mark], people: Iterable[Person]) -> None:
    """Everybody their marks; those of people who are not in hand, for a member of theirs is not, are put back."""
    owners = {position[0]: person for person in people for position in person.positions}
    homeless: list[Mark] = []
    for mark in marks:
        person = owners.get(mark[0])
        (homeless if person is None else person.marks).append(mark)
    put_back(homeless)


def put_back(marks: Iterable[Mark]) -> None:
    """What can't be done now is marked again, behind everything else."""
    Pending.objects.bulk_create(
        [Pending(contact_id=mark.contact, event_id=mark.event, reason=mark.reason) for mark in marks]
    )
