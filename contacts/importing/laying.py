"""What was decided, as rows of the tables it goes to. Pure: whoever lays rows asks the database nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from ..kinds import Types
from ..messages import ContactRef
from ..models import CustomField, PendingReason
from ..placing import EMAIL, Name
from ..projecting import fits, found_by
from ..settling import claimed_body
from .converting import Fact, event_body
from .copying import NULL, Column, Laid, array, cells, laid, lexemes, texts
from .deciding import Decision, Person, Terms, detail_fact

encode: Final = msgspec.json.Encoder().encode
PLAIN: Final = ("name", "title", "country", "language", "time_zone")
LISTED: Final = ("phones", "tags")

Told = Sequence[tuple[Person, Fact]]
Named = Sequence[tuple[Name, int]]


class Ours(NamedTuple):
    """What of ours the details of people mean: ids by what is said, and the declared fields by their keys."""

    sources: Mapping[str, int]
    owners: Mapping[str, int | None]
    teams: Mapping[str, int | None]
    fields: Mapping[str, CustomField]


@dataclass(frozen=True)
class Spoken:
    """On whose word and when events are recorded."""

    source_id: int
    by_id: int | None
    types: Types
    received: datetime


def emails_of(person: Person) -> list[str]:
    linked = [name.value for name in person.names if name.kind == EMAIL]
    told = person.details.get("emails")
    return list(dict.fromkeys([*told, *linked])) if told else linked


def names_in_order(decision: Decision) -> list[tuple[Name, int]]:
    people = [*decision.made, *decision.met]
    return sorted([(name, person.contact_id) for person in people for name in person.names])


def events_in_order(terms: Terms, decision: Decision) -> list[tuple[Person, Fact]]:
    """What happened, and what is true of a contact: of that one event a contact."""
    nobody = ContactRef()
    made = [
        (person, detail_fact(terms, person.row, "contact_created", person.changes, nobody, person.since))
        for person in decision.made
        if person.changes or person.is_told or not person.has_events
    ]
    met = [
        (person, detail_fact(terms, person.row, "attributes_changed", person.changes, nobody))
        for person in decision.met
        if person.changes
    ]
    return sorted([*made, *met, *decision.events], key=_key)


def _key(event: tuple[Person, Fact]) -> str:
    return event[1].key


def lay_contacts(made: Sequence[Person], emails: Sequence[list[str]], ours: Ours, note: str) -> Laid:
    ids = [str(person.contact_id) for person in made]
    details = [person.details for person in made]
    spoken_of = set().union(*details)
    found = [_finding(one, its) for one, its in zip(details, emails, strict=True)]
    columns: dict[str, Column] = {
        "id": ids,
        "leader_id": ids,
        "is_known": ["t" if person.is_known else "f" for person in made],
        **{name: texts([one.get(name, "") for one in details]) if name in spoken_of else "" for name in PLAIN},
        "emails": texts([array(its) for its in emails]),
        **{
            name: texts([array(one.get(name, ())) for one in details]) if name in spoken_of else "{}" for name in LISTED
        },
        "owner_id": _ids(details, "owner", ours.owners),
        "team_id": _ids(details, "team", ours.teams),
        "custom": _custom(details, ours.fields) if spoken_of & {"fit", *ours.fields} else "{}",
        "origin_source_id": _origins(made, ours.sources),
        "origin_campaign": texts([person.campaign for person in made]),
        "origin_note": "".join(texts([note])),
        "version": "1",
        "sort_key": texts([key for key, _tokens in found]),
        "search": texts([lexemes(tokens) for _key, tokens in found]),
    }
    return laid("contacts_contact", columns)


def _finding(details: dict[str, Any], emails: list[str]) -> tuple[str, list[str]]:
    return found_by(
        name=details.get("name", ""),
        title=details.get("title", ""),
        emails=emails,
        phones=details.get("phones", ()),
        companies=(details.get("company", ""),),
    )


def _ids(details: Sequence[dict[str, Any]], name: str, meant: Mapping[str, int | None]) -> Column:
    return cells([meant.get(one.get(name, "")) for one in details]) if meant else NULL


def _origins(made: Sequence[Person], sources: Mapping[str, int]) -> Column:
    if len(sources) == 1:
        return str(sources[""])
    return [str(sources[person.origin]) for person in made]


def _custom(details: Sequence[dict[str, Any]], fields: Mapping[str, CustomField]) -> Column:
    """The declared fields, and the fit; what does not fit its kind is left out (the log keeps it)."""
    kept = {"fit", *fields}
    customs = [
        {name: one[name] for name in kept & one.keys() if name == "fit" or fits(fields[name], one[name])}
        for one in details
    ]
    return texts([encode(custom).decode() for custom in customs])


def lay_names(names: Named, ids: Sequence[int]) -> Laid:
    columns: dict[str, Column] = {
        "id": [str(pk) for pk in ids],
        "kind": [name.kind for name, _contact in names],
        "namespace": texts([name.namespace for name, _contact in names]),
        "value": texts([name.value for name, _contact in names]),
        "contact_id": [str(contact_id) for _name, contact_id in names],
    }
    return laid("contacts_identity", columns)


def lay_claims(claims: Told, spoken: Spoken) -> Laid:
    claims = sorted(claims, key=_key)
    messages = [fact.message for _person, fact in claims]
    bodies = [claimed_body(msgspec.structs.replace(one, body=event_body(one))).decode() for one in messages]
    columns: dict[str, Column] = {
        "contact_id": [str(person.contact_id) for person, _fact in claims],
        "source_id": str(spoken.source_id),
        "type_id": [str(spoken.types[message.type][0]) for message in messages],
        "key": [fact.key for _person, fact in claims],
        "digest": [str(fact.digest) for _person, fact in claims],
        "body": texts(bodies),
        "received_at": spoken.received.isoformat(),
    }
    return laid("contacts_claim", columns)


def lay_events(events: Told, ids: Sequence[int], spoken: Spoken) -> list[Laid]:
    """The events, and a mark for each."""
    numbers, contacts = [str(pk) for pk in ids], [str(person.contact_id) for person, _fact in events]
    columns = {"id": numbers, "contact_id": contacts, **_event_columns([fact for _, fact in events], spoken)}
    marks = {"contact_id": contacts, "event_id": numbers, "reason": str(PendingReason.IMPORT.value)}
    return [laid("contacts_event", columns), laid("contacts_pending", marks)]


def _event_columns(facts: Sequence[Fact], spoken: Spoken) -> dict[str, Column]:
    messages = [fact.message for fact in facts]
    types = {key: (str(type_id), str(rank)) for key, (type_id, rank) in spoken.types.items()}
    return {
        **_moments([message.occurred_at for message in messages], spoken.received),
        "recorded_at": spoken.received.isoformat(),
        "value_minor": cells([message.value_minor for message in messages]),
        "type_id": [types[message.type][0] for message in messages],
        "source_id": str(spoken.source_id),
        "rank": [types[message.type][1] for message in messages],
        "key": [fact.key for fact in facts],
        "digest": [str(fact.digest) for fact in facts],
        "currency": cells([message.currency for message in messages]),
        "campaign_key": cells([message.campaign or None for message in messages]),
        "message_id": texts([message.message_id for message in messages]),
        "properties": texts([encode(message.properties).decode() for message in messages]),
        "by_id": NULL if spoken.by_id is None else str(spoken.by_id),
    }


def _moments(said: Sequence[datetime | None], received: datetime) -> dict[str, Column]:
    """When each happened as we take it, and as it was said where that is ahead of our clock."""
    now = received.isoformat()
    if not any(said):
        return {"occurred_at": now, "stated_at": NULL}
    return {
        "occurred_at": [one.isoformat() if one and one < received else now for one in said],
        "stated_at": [one.isoformat() if one and one > received else NULL for one in said],
    }
