"""What rows change, decided one by one in the order of the file: a later row knows what an earlier one did. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from ..messages import CLAIMED_TYPES, ContactRef, Message
from ..placing import ANONYMOUS, EMAIL, Name
from .cells import RowRefused
from .converting import Fact, Said, fact_of

LISTS: Final = {"email": "emails", "phone": "phones"}  # the details of which there may be several
SEVERAL: Final = frozenset({"emails", "phones", "tags"})
SKIP, FILL = "skip", "fill"


class Reject(NamedTuple):
    """A row that was refused: for the report."""

    line: int
    column: str
    reason: str
    detail: str  # English, with places for `values`
    cells: list[str]
    values: Mapping[str, Any] = {}

    @classmethod
    def of(cls, line: int, refused: RowRefused, cells: list[str]) -> "Reject":
        return cls(line, refused.column, refused.reason, refused.detail, cells, refused.values)


@dataclass(slots=True, eq=False)
class Person:
    """A contact while rows are decided. `leader_id` 0 and `contact_id` 0: not made yet."""

    contact_id: int = 0
    leader_id: int = 0
    details: dict[str, Any] = field(default_factory=dict)  # as the log tells them, and the rows so far
    changes: dict[str, Any] = field(default_factory=dict)  # what the rows change of them
    names: list[Name] = field(default_factory=list)  # to be linked
    row: int = 0  # the first row that made or changed it
    since: datetime | None = None  # of one that is made: since when there is such a contact
    is_told: bool = False  # ... and whether the row says so
    has_events: bool = False
    is_known: bool = False  # not a mere visitor
    origin: str = ""
    campaign: str = ""

    def is_one_with(self, other: "Person") -> bool:
        return self is other or self.leader_id == other.leader_id != 0


@dataclass(frozen=True)
class Terms:
    """On whose word rows are taken, and the name of the run."""

    source_key: str
    label: str
    is_public: bool = False
    duplicates: str = "overwrite"  # what rows may do to somebody there is already


@dataclass
class Known:
    """What the database knows of the rows to be decided."""

    people: dict[Name, Person] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)  # those in the log: the digest of each key
    repeated: frozenset[int] = frozenset()  # lines that an earlier run over the same file has accepted


@dataclass
class Decision:
    """What is to be written, and how the rows are counted."""

    made: list[Person] = field(default_factory=list)
    met: list[Person] = field(default_factory=list)  # contacts we had, with new names or other details
    events: list[tuple[Person, Fact]] = field(default_factory=list)
    claims: list[tuple[Person, Fact]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0


def names_of(said: Said, source_key: str) -> list[Name]:
    """By what the row calls its contact, the strongest first."""
    if said.names is not None:
        return said.names
    ref, details = said.contact, said.attributes
    names = []
    if ref.user_id:
        names.append(Name("user_id", source_key, ref.user_id))
    if ref.external_id:
        names.append(Name("external", source_key, ref.external_id))
    emails = dict.fromkeys([ref.email, details.get("email"), *details.get("emails", ())])
    names += [Name(EMAIL, "", email) for email in emails if email]
    if ref.anonymous_id:
        names.append(Name(ANONYMOUS, source_key, ref.anonymous_id))
    said.names = names
    return names


def decide(rows: Iterable[Said], known: Known, terms: Terms) -> Decision:
    """Decide each row; `known` learns what the rows make known."""
    decision = Decision()
    for said in rows:
        try:
            _decide_row(said, known, terms, decision)
        except RowRefused as refused:
            decision.rejects.append(Reject.of(said.line, refused, said.cells))
    return decision


def _decide_row(said: Said, known: Known, terms: Terms, decision: Decision) -> None:
    names = names_of(said, terms.source_key)
    person = _meant_by_public(names, known.people) if terms.is_public else _meant(names, known.people)
    facts = _new_facts(said, known.events)
    is_repeated = said.line in known.repeated or (person is None and not facts and bool(said.facts))
    if is_repeated and not facts:
        decision.unchanged += 1
        return
    if person is not None and terms.duplicates == SKIP:
        decision.skipped += 1
        return
    attributes = {} if is_repeated else said.attributes
    if person is not None and terms.duplicates == FILL:
        names, attributes = _only_blanks(person, names, attributes)
    if person is None:
        person = _made(said)
        decision.made.append(person)
        decision.created += 1
        _learn(person, names, attributes, known)
        _tell(person, facts, known, terms, decision)
        return
    is_told = _tell(person, facts, known, terms, decision)
    if terms.is_public and person.is_known:
        is_changed = _claim_details(person, said, attributes, terms, decision)
    else:
        is_changed = _meet(person, said.row, names, attributes, known, decision)
    if is_told or is_changed:
        decision.updated += 1
    else:
        decision.unchanged += 1


def _only_blanks(person: Person, names: list[Name], attributes: Mapping[str, Any]) -> tuple[list[Name], dict[str, Any]]:
    """What the row says that was not known: a second address of somebody is no blank."""
    if person.details.get("emails") or any(name.kind == EMAIL for name in person.names):
        names = [name for name in names if name.kind != EMAIL]
    known = {name for name in attributes if person.details.get(LISTS.get(name, name)) not in (None, "", [])}
    return names, {name: value for name, value in attributes.items() if name not in known}


def _tell(person: Person, facts: list[Fact], known: Known, terms: Terms, decision: Decision) -> bool:
    """Events for the log; of a public source some are only claims."""
    for fact in facts:
        known.events[fact.key] = fact.digest
        if terms.is_public and fact.message.type in CLAIMED_TYPES:
            decision.claims.append((person, fact))
        else:
            decision.events.append((person, fact))
            person.has_events = True
    return bool(facts)


def _meet(
    person: Person, row: int, names: list[Name], attributes: Mapping[str, Any], known: Known, decision: Decision
) -> bool:
    """Somebody we had, or made a few rows ago: whether the row says something new of them."""
    is_first = not (person.changes or person.names)
    is_changed = _learn(person, names, attributes, known)
    if is_changed and is_first and person.contact_id:
        person.row = row
        decision.met.append(person)
    return is_changed


def _learn(person: Person, names: list[Name], attributes: Mapping[str, Any], known: Known) -> bool:
    is_linked = _link(person, names, known.people)
    return _change(person, attributes) or is_linked


def _claim_details(person: Person, said: Said, attributes: Mapping[str, Any], terms: Terms, decision: Decision) -> bool:
    """What a public source says of somebody known waits until somebody trusted confirms it."""
    said_new = {name: value for name, value in attributes.items() if not _is_known(person, name, value)}
    if said_new:
        decision.claims.append((person, detail_fact(terms, said.row, "attributes_changed", said_new, said.contact)))
    return bool(said_new)


def detail_fact(
    terms: Terms,
    row: int,
    kind: str,
    details: dict[str, Any],
    contact: ContactRef,
    moment: datetime | None = None,
) -> Fact:
    """The event that tells details, under the number of the row that gave them."""
    message = Message(
        message_id=f"{terms.label}:{row}", type=kind, contact=contact, occurred_at=moment, properties=details
    )
    return fact_of(message, terms.source_key)


def _meant(names: list[Name], people: Mapping[Name, Person]) -> Person | None:
    """Whom all these names mean; refused when they mean two people."""
    found = [people[name] for name in names if name in people]
    if len(found) > 1 and any(not person.is_one_with(found[0]) for person in found[1:]):
        meant = ", ".join(f"{name.kind} {name.value}" for name in names if name in people)
        raise RowRefused(
            "",
            "not-yours",
            "These belong to different contacts: %(names)s. Merge them first, or correct the row.",
            names=meant,
        )
    return found[0] if found else None


def _meant_by_public(names: list[Name], people: Mapping[Name, Person]) -> Person | None:
    """Whom the strongest name means: a public source links nobody, and knows a browser only until it names somebody."""
    strong = [name for name in names if name.kind != ANONYMOUS]
    found = next((people[name] for name in [*strong, *names] if name in people), None)
    is_browser = found is not None and not any(name in people for name in strong)
    return None if found and is_browser and strong and found.is_known else found


def _new_facts(said: Said, recorded: Mapping[str, int]) -> list[Fact]:
    """The events of the row that are not in the log; refused when one is there with other contents."""
    if not said.facts:
        return []
    new: dict[str, Fact] = {}
    for fact in said.facts:
        digest = new[fact.key].digest if fact.key in new else recorded.get(fact.key)
        if digest is None:
            new[fact.key] = fact
        elif digest != fact.digest:
            raise RowRefused(
                "",
                "duplicate-conflict",
                "The event %(id)s is known with other contents; the first stays.",
                id=fact.message.message_id,
            )
    return list(new.values())


def _made(said: Said) -> Person:
    """A contact that came to be when the row says, or else with the first of its events."""
    person = Person(row=said.row, since=said.since, is_told=said.since is not None, origin=said.origin)
    if said.facts:
        messages = [fact.message for fact in said.facts]
        person.since = said.since or min([one.occurred_at for one in messages if one.occurred_at], default=None)
        person.campaign = next((one.campaign for one in messages if one.campaign), "")
    return person


def _link(person: Person, names: list[Name], people: dict[Name, Person]) -> bool:
    free = [name for name in names if name not in people]
    for name in free:
        people[name] = person
        person.is_known = person.is_known or name.kind != ANONYMOUS
    person.names += free
    return bool(free)


def _change(person: Person, attributes: Mapping[str, Any]) -> bool:
    """Take over what the row says otherwise than is known."""
    if person.details:
        differing = [name for name, value in attributes.items() if not _is_known(person, name, value)]
    else:
        differing = [name for name in attributes if name != "emails"]
    for name in differing:
        value = attributes[name]
        person.is_known = person.is_known or name in {"name", "phone", "phones"}
        if name in ("phones", "tags"):
            _add(person, name, value)
            continue
        if name not in LISTS:
            person.details[name] = person.changes[name] = value
            continue
        values = person.details.setdefault(LISTS[name], [])
        values.insert(0, value)
        if name == "phone" and {"phone", "phones"} & person.changes.keys():
            person.changes.pop("phone", None)
            person.changes["phones"] = list(values)
        else:
            person.changes[name] = value  # earlier addresses are linked, and so kept
    return bool(differing)


def _add(person: Person, name: str, values: list[str]) -> None:
    """Further numbers behind those there are; tags beside them."""
    have = person.details.get(name) or []
    missing = [value for value in values if value not in have]
    if name == "tags":
        person.details["tags"] = sorted([*have, *missing])
        person.changes["add_tags"] = sorted([*person.changes.get("add_tags", []), *missing])
        return
    person.details["phones"] = [*have, *missing]
    person.changes.pop("phone", None)
    person.changes["phones"] = person.details["phones"]


def _is_known(person: Person, name: str, value: Any) -> bool:
    """Whether the detail says nothing new; of several addresses or numbers each is known."""
    if name in LISTS:
        return value in person.details.get(LISTS[name], ())
    if name not in SEVERAL:
        return bool(person.details.get(name) == value)
    # addresses are names, and told by being linked
    return name == "emails" or set(value) <= set(person.details.get(name) or ())
