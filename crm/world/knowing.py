"""Which moves were known when: what the fold makes, at each moment, of the facts, merges and playbooks known by then.

A moment is when a fact came in or was taken back, two were found to be one, a version was published, or a timer fired.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from contacts.attributes import ATTRIBUTE_TYPES
from contacts.messages import CLAIMED_TYPES
from contacts.models import Contact, Event, Merge
from funnel.fold import Event as Fact
from funnel.fold import State, go_on
from funnel.folding import Entry, entry_of
from funnel.models import Playbook, Position
from funnel.moments import NEVER
from funnel.playbooks import Playbooks
from funnel.reading import WORLD, micros, read_playbooks


class Learned(NamedTuple):
    """A fact, and when we knew it."""

    fact: Fact
    contact: int
    at: int
    taken_back: int | None

    def stands(self, moment: int) -> bool:
        return self.at <= moment and (self.taken_back is None or moment < self.taken_back)


class Joined(NamedTuple):
    at: int
    older: int
    newer: int


@dataclass(slots=True)
class Known:
    """A move of somebody, and from when until when it was known."""

    contact: int
    seq: int
    entry: Entry
    since: int
    until: int | None = None

    @property
    def evidence(self) -> Any:
        return self.entry.evidence and msgspec.json.decode(self.entry.evidence)


class About(NamedTuple):
    source: int
    is_visitor: bool


@dataclass(slots=True)
class Family:
    """Contacts that are one person today, and all that was ever learned of them."""

    until: int  # when they were folded
    sources: dict[int, int]  # by contact
    known_since: dict[int, int] = field(default_factory=dict)  # when a contact got a name; not of visitors
    facts: list[Learned] = field(default_factory=list)
    joined: list[Joined] = field(default_factory=list)

    def people(self, moment: int) -> list[list[int]]:
        """Who was taken for one person, the leader first."""
        of = {contact: [contact] for contact in self.sources}
        for one in self.joined:
            if one.at <= moment and of[one.older] is not of[one.newer]:
                members = sorted(of[one.older] + of[one.newer])
                of |= dict.fromkeys(members, members)
        return list({id(members): members for members in of.values()}.values())


def known_moves(leaders: Collection[int]) -> list[Known]:
    """Every move of these people that was ever known."""
    editions = _editions()
    return [move for family in _families(leaders) for move in _History(family, editions).told()]


class _History:
    """The moves of one family as they become known, moment by moment."""

    def __init__(self, family: Family, editions: Sequence[tuple[int, Playbooks]]) -> None:
        self.family, self.editions = family, editions
        self.all: list[Known] = []
        self.live: dict[int, list[Known]] = {contact: [] for contact in family.sources}

    def told(self) -> list[Known]:
        for moment, following in pairwise([*self._moments(), self.family.until + 1]):
            now = moment
            while now < following:  # then every timer before the next news
                now = min((self._look(members, now) for members in self.family.people(now)), default=following)
        return self.all

    def _moments(self) -> list[int]:
        family = self.family
        told = {one.at for one in family.facts} | {one.taken_back for one in family.facts if one.taken_back}
        published = {at for at, _books in self.editions if at > min(told)}
        return sorted(told | published | {one.at for one in family.joined})

    def _look(self, members: list[int], moment: int) -> int:
        """What is known of somebody at this moment takes the place of what was; answer when their next timer fires."""
        facts = sorted(one.fact for one in self.family.facts if one.contact in members and one.stands(moment))
        books = next(books for at, books in reversed(self.editions) if at <= moment)
        _state, moves, wake = go_on(State.start(), facts, books, moment)
        about = About(self.family.sources[members[0]], not any(self._is_known(one, moment) for one in members))
        self._replace(members, [entry_of(move, about, WORLD.names()) for move in moves], moment)
        return NEVER if wake is None else wake

    def _is_known(self, contact: int, moment: int) -> bool:
        return contact in self.family.known_since and self.family.known_since[contact] <= moment

    def _replace(self, members: list[int], entries: list[Entry], moment: int) -> None:
        leader, kept = members[0], 0
        before = [move for contact in members for move in self.live[contact]]
        for move, entry in zip(before, entries, strict=False):
            if (move.contact, move.entry) != (leader, entry):
                break
            kept += 1
        for move in before[kept:]:
            move.until = moment
        new = [Known(leader, seq, entry, moment) for seq, entry in enumerate(entries[kept:], start=kept)]
        self.all += new
        self.live |= {contact: [] for contact in members} | {leader: before[:kept] + new}


def _editions() -> list[tuple[int, Playbooks]]:
    """The playbooks as they were known since each publication, the first of them always."""
    versions = read_playbooks().versions
    published = dict(Playbook.objects.values_list("number", "published_at"))
    since = [0, *(micros(published[version.number]) for version in versions[1:])]
    return [(at, Playbooks(versions[:count])) for count, at in enumerate(since, start=1)]


def _families(leaders: Collection[int]) -> Iterator[Family]:
    folded = dict(Position.objects.filter(pk__in=leaders).values_list("pk", "folded_until"))
    families = {leader: Family(micros(until), {}) for leader, until in folded.items() if until}
    of: dict[int, Family] = {}
    named: set[int] = set()
    about = Contact.objects.filter(leader__in=leaders).order_by("pk")
    for contact, leader, source, is_known in about.values_list("pk", "leader", "origin_source", "is_known"):
        of[contact] = families[leader]
        of[contact].sources[contact] = source
        if is_known:
            named.add(contact)
    for one in _learned(of):
        of[one.contact].facts.append(one)
        if one.contact in named and one.fact.type in ATTRIBUTE_TYPES:
            since = of[one.contact].known_since
            since[one.contact] = min(one.at, since.get(one.contact, one.at))
    for contact in named:
        of[contact].known_since.setdefault(contact, 0)
    for older, newer, at in Merge.objects.live().order_by("recorded_at").values_list("older", "newer", "recorded_at"):
        of[older].joined.append(Joined(micros(at), older, newer))
    return iter(families.values())


def _learned(contacts: Collection[int]) -> Iterator[Learned]:
    names = WORLD.names()
    rows = Event.objects.filter(contact__in=contacts).values_list(
        "contact", "recorded_at", "retracted_at", "source", "occurred_at", "rank", "key", "type", "value_minor",
        "currency", "properties", "pk",
    )  # fmt: skip
    for contact, at, taken_back, source, occurred_at, rank, key, type_, value, currency, properties, pk in rows:
        name = names.types[type_]
        is_public = source in names.public_sources and name not in CLAIMED_TYPES
        fact = Fact(micros(occurred_at), rank, key.bytes, name, value, currency, properties, is_public, pk)
        yield Learned(fact, contact, micros(at), micros(taken_back) if taken_back else None)
