"""Whom a message is about, and what it may say about them: trust, to the letter (docs/design.md). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from .attributes import ATTRIBUTE_TYPES, values_after
from .messages import Message

EMAIL: Final = "email"
ANONYMOUS: Final = "anonymous_id"
OWN: Final = frozenset({"user_id", "external"})  # names that the source itself gives

# messages that say: whoever has one of these names is one person
_IDENTIFYING: Final = frozenset({"contact_created", "attributes_changed"})


class Name(NamedTuple):
    """What somebody is recognised by: an e-mail address anywhere, anything else within the source."""

    kind: str
    namespace: str
    value: str


@dataclass(eq=False)
class Party:
    """One person, however many contacts they are."""

    is_known: bool = False
    joined: "Party | None" = None

    def now(self) -> "Party":
        return self.joined.now() if self.joined else self


@dataclass(eq=False)
class Person:
    """A contact we have, or (with `contact_id` 0) one that a message makes us have."""

    party: Party = field(default_factory=Party)
    contact_id: int = 0
    names: list[Name] = field(default_factory=list)  # to be linked
    campaign: str | None = None

    @property
    def is_known(self) -> bool:
        return self.party.now().is_known

    def is_one_with(self, other: "Person") -> bool:
        return self.party.now() is other.party.now()


@dataclass
class Placement:
    """Where a message goes: to whom, whether it only claims, and who turn out to be the same."""

    person: Person
    is_claim: bool = False
    same: list[Person] = field(default_factory=list)


def names_of(message: Message, source_key: str) -> list[Name]:
    """What the message calls its person, the strongest first."""
    ref, names = message.contact, []
    if ref.user_id:
        names.append(Name("user_id", source_key, ref.user_id))
    if ref.external_id:
        names.append(Name("external", source_key, ref.external_id))
    if ref.email:
        names.append(Name(EMAIL, "", ref.email))
    if message.type in _IDENTIFYING:
        names += [Name(EMAIL, "", email) for email in _stated_emails(message) if email != ref.email]
    if ref.anonymous_id:
        names.append(Name(ANONYMOUS, source_key, ref.anonymous_id))
    return names


def place(
    message: Message, names: Sequence[Name], known: dict[Name, Person], *, by_id: Person | None, trusted: bool
) -> Placement:
    """Place `message`; what it makes known is in `known` for the messages after it."""
    if trusted:
        return _place_trusted(message, names, known, by_id)
    return _place_public(message, names, known)


def _place_trusted(
    message: Message, names: Sequence[Name], known: dict[Name, Person], by_id: Person | None
) -> Placement:
    """A trusted source links whatever is free, and joins a visitor to a person; two people only where it identifies."""
    found = _distinct([by_id, *(known.get(name) for name in names)])
    person = found[0] if found else Person(campaign=message.campaign)
    same = [other for other in found[1:] if message.type in _IDENTIFYING or not (other.is_known and person.is_known)]
    _link(person, names, known)
    for other in same:
        _join(person, other)
    return Placement(person, same=same)


def _place_public(message: Message, names: Sequence[Name], known: dict[Name, Person]) -> Placement:
    """A public source makes visitors and gives free names to them; nothing it says changes whom we know."""
    strong = [name for name in names if name.kind != ANONYMOUS]
    visitor = next((known[name] for name in names if name.kind == ANONYMOUS and name in known), None)
    hit = next((name for name in strong if name in known), None)
    if hit is not None:
        person = known[hit]
        same = _brought_along(person, visitor) if hit.kind in OWN else []
        if hit.kind in OWN:
            _link(person, (name for name in names if name.kind == ANONYMOUS), known)
        return Placement(person, is_claim=_gives_details(message), same=same)
    adopted = visitor if visitor and not (strong and visitor.is_known) else None
    person = adopted or Person(campaign=message.campaign)
    is_claim = person.is_known and _gives_details(message)
    _link(person, names, known)
    return Placement(person, is_claim=is_claim)


def _brought_along(person: Person, visitor: Person | None) -> list[Person]:
    """Whom a public source knows by a name of its own may bring their browser along, if nobody else has it."""
    if visitor is None or visitor.is_known or visitor.is_one_with(person):
        return []
    _join(person, visitor)
    return [visitor]


def _gives_details(message: Message) -> bool:
    return message.type in ATTRIBUTE_TYPES


def _link(person: Person, names: Iterable[Name], known: dict[Name, Person]) -> None:
    """Give the free ones of `names` to `person`."""
    for name in names:
        if name not in known:
            known[name] = person
            person.names.append(name)
            if name.kind != ANONYMOUS:
                person.party.now().is_known = True


def _join(person: Person, other: Person) -> None:
    one, two = person.party.now(), other.party.now()
    one.is_known = one.is_known or two.is_known
    two.joined = one


def _distinct(found: Iterable[Person | None]) -> list[Person]:
    """The first contact of each person."""
    people: list[Person] = []
    for person in found:
        if person and not any(person.is_one_with(other) for other in people):
            people.append(person)
    return people


def _stated_emails(message: Message) -> list[str]:
    """The addresses among the details a message gives."""
    emails: list[str] = values_after([message.properties]).get("emails", [])
    return emails
