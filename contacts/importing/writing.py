"""Writing what was decided: by COPY, so that thousands of rows cost a handful of statements.

Locks are taken in the order that all writers keep: types, names, events, contacts, each by its own order.
"""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from staff.models import Team, User

from ..attributes import BUILT_IN
from ..domains import join_by_domain
from ..kinds import Types
from ..messages import ContactRef
from ..models import CustomField, Import, PendingReason, Source, SourceKind
from ..nudge import nudge_on_commit
from ..placing import EMAIL, Name
from ..projecting import fits, found_by, keep_tags, project
from ..settling import claimed_body
from .converting import Fact, event_body
from .copying import array, copy, lexemes, take_ids
from .deciding import Decision, Person, Reject, Terms, detail_fact
from .reading import SUSPICIOUS

encode: Final = msgspec.json.Encoder().encode
MOST_ORIGINS: Final = 200
RAW_LIMIT: Final = 65_536
LONGEST_COLUMN: Final = 120


def write(
    run: Import,
    terms: Terms,
    decision: Decision,
    types: Types,
    received: datetime,
    *,
    note: str = "",
    turn: Callable[[], object],
) -> None:
    """Write contacts, names, events and their marks, and note which; whoever else writes the same at this moment makes
    it fail. What other chunks may write too has to wait for its `turn`."""
    for person, contact_id in zip(decision.made, take_ids("contacts_contact", len(decision.made)), strict=True):
        person.contact_id = contact_id
    emails = [emails_of(person) for person in decision.made]
    _write_contacts(run, decision.made, emails, note)
    identities = _write_names([*decision.made, *decision.met])
    _write_claims(run, decision.claims, types, received)
    events = _write_events(run, [*_detail_facts(terms, decision), *decision.events], types, received)
    turn()
    if events or identities:
        _note_chunk(run, events, [person.contact_id for person in decision.made], identities)
    keep_tags({tag for person in decision.made for tag in person.details.get("tags", ())})
    joined = join_by_domain(
        [(one.contact_id, email) for one, its in zip(decision.made, emails, strict=True) for email in its]
    )
    project([*(person.contact_id for person in decision.met), *joined])
    nudge_on_commit()


def _note_chunk(run: Import, events: list[int], contacts: list[int], identities: list[int]) -> None:
    """What undoing will take back. By a statement of our own: Django's looks at each number of an array by itself."""
    lists = ["{" + ",".join(map(str, ids)) + "}" for ids in (events, contacts, identities)]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_CHUNK, [run.pk, *lists, min(events, default=0), max(events, default=0)])


_NOTE_CHUNK: Final = """
INSERT INTO contacts_importchunk (run_id, events, contacts, identities, first_event, last_event, "left")
VALUES (%s, %s::bigint[], %s::bigint[], %s::bigint[], %s, %s, '{}')
"""


CONTACT_COLUMNS: Final = (
    *("id", "leader_id", "is_known", "name", "title", "country", "language", "time_zone", "emails", "phones"),
    *("tags", "owner_id", "team_id", "custom", "origin_source_id", "origin_campaign", "origin_note", "version"),
    *("sort_key", "search"),
)


def _write_contacts(run: Import, made: Sequence[Person], emails: Sequence[list[str]], note: str) -> None:
    if not made:
        return
    sources = sources_for(run.source, {person.origin for person in made})
    owners = _by_value(made, "owner", lambda value: User.objects.filter(email__iexact=value))
    teams = _by_value(made, "team", lambda value: Team.objects.filter(name=value))
    fields = {field.key: field for field in CustomField.objects.filter(of="contact") if field.key not in BUILT_IN}
    rows = (
        (
            *_fields(person, its),
            owners.get(person.details.get("owner")),
            teams.get(person.details.get("team")),
            _custom(person.details, fields),
            sources[person.origin],
            person.campaign,
            note,
            1,
            *_finding(person.details, its),
        )
        for person, its in zip(made, emails, strict=True)
    )
    copy("contacts_contact", CONTACT_COLUMNS, rows)


def _fields(person: Person, emails: list[str]) -> tuple[object, ...]:
    told = person.details.get
    return (
        person.contact_id,
        person.contact_id,
        "t" if person.is_known else "f",
        told("name", ""),
        told("title", ""),
        told("country", ""),
        told("language", ""),
        told("time_zone", ""),
        array(emails),
        array(told("phones", ())),
        array(told("tags", ())),
    )


def emails_of(person: Person) -> list[str]:
    linked = [name.value for name in person.names if name.kind == EMAIL]
    return list(dict.fromkeys([*person.details.get("emails", ()), *linked]))


def _finding(details: dict[str, Any], emails: list[str]) -> tuple[str, str]:
    key, tokens = found_by(
        name=details.get("name", ""),
        title=details.get("title", ""),
        emails=emails,
        phones=details.get("phones", ()),
        companies=(details.get("company", ""),),
    )
    return key, lexemes(tokens)


def _custom(details: dict[str, Any], fields: dict[str, CustomField]) -> str:
    custom = {
        name: value
        for name, value in details.items()
        if name == "fit" or (name in fields and fits(fields[name], value))
    }
    return encode(custom).decode() if custom else "{}"


def _by_value(made: Sequence[Person], name: str, find: Any) -> dict[Any, int]:
    """The row of ours that each value of the detail `name` means, if any."""
    values = {person.details[name] for person in made if person.details.get(name)}
    found = {value: find(value).values_list("pk", flat=True).first() for value in values}
    return {value: pk for value, pk in found.items() if pk is not None}


def sources_for(own: Source, keys: Collection[str]) -> dict[str, int]:
    """The id of the source behind each key, made as a sister of `own` where it is missing; `own` for no key."""
    wanted = set(keys) - {""}
    known = dict(Source.objects.filter(key__in=wanted).values_list("key", "id"))
    missing = sorted(wanted - known.keys())
    if missing:
        _check_origins(len(missing))
        Source.objects.bulk_create(
            [Source(key=key, name=key, kind=SourceKind.IMPORT, trust=own.trust) for key in missing],
            ignore_conflicts=True,
        )
        known = dict(Source.objects.filter(key__in=wanted).values_list("key", "id"))
    return {**known, "": own.pk}


def _check_origins(more: int) -> None:
    """A wrong column would make a source of every row."""
    if Source.objects.filter(kind=SourceKind.IMPORT).count() + more > MOST_ORIGINS:
        words = _("origin.column: imports would have more than %(limit)s sources. Is it the right column?")
        raise ValidationError(words % {"limit": MOST_ORIGINS}, code="too_many_origins")


def _write_names(people: Iterable[Person]) -> list[int]:
    names: list[tuple[Name, int]] = sorted([(name, person.contact_id) for person in people for name in person.names])
    ids = take_ids("contacts_identity", len(names))
    copy(
        "contacts_identity",
        ("id", "kind", "namespace", "value", "contact_id"),
        [(number, *name, contact_id) for number, (name, contact_id) in zip(ids, names, strict=True)],
    )
    return ids


def _detail_facts(terms: Terms, decision: Decision) -> list[tuple[Person, Fact]]:
    """The events that tell what is true of a contact: one a contact."""
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
    return made + met


def _write_claims(run: Import, claims: list[tuple[Person, Fact]], types: Types, received: datetime) -> None:
    columns = ("contact_id", "source_id", "type_id", "key", "digest", "body", "received_at")
    rows = [
        (
            person.contact_id,
            run.source_id,
            types[fact.message.type][0],
            fact.key,
            fact.digest,
            claimed_body(msgspec.structs.replace(fact.message, body=event_body(fact.message))).decode(),
            received.isoformat(),
        )
        for person, fact in sorted(claims, key=lambda claim: claim[1].key)
    ]
    copy("contacts_claim", columns, rows)


EVENT_COLUMNS: Final = (
    *("id", "contact_id", "occurred_at", "recorded_at", "stated_at", "value_minor", "type_id", "source_id", "rank"),
    *("key", "digest", "currency", "campaign_key", "message_id", "properties", "by_id"),
)


def _write_events(run: Import, events: list[tuple[Person, Fact]], types: Types, received: datetime) -> list[int]:
    events.sort(key=lambda event: event[1].key)
    ids = take_ids("contacts_event", len(events))
    copy("contacts_event", EVENT_COLUMNS, _event_rows(run, zip(ids, events, strict=True), types, received))
    marks = [(person.contact_id, pk, PendingReason.IMPORT.value) for pk, (person, _) in zip(ids, events, strict=True)]
    copy("contacts_pending", ("contact_id", "event_id", "reason"), marks)
    return ids


def _event_rows(
    run: Import, events: Iterable[tuple[int, tuple[Person, Fact]]], types: Types, received: datetime
) -> Iterator[tuple[object, ...]]:
    now = received.isoformat()
    for event_id, (person, fact) in events:
        message = fact.message
        type_id, rank = types[message.type]
        moment = message.occurred_at or received
        is_ahead = moment > received
        stated = now if moment is received else moment.isoformat()
        yield (
            event_id,
            person.contact_id,
            now if is_ahead else stated,
            now,
            stated if is_ahead else None,
            message.value_minor,
            type_id,
            run.source_id,
            rank,
            fact.key,
            fact.digest,
            message.currency,
            message.campaign or None,
            message.message_id,
            encode(message.properties).decode(),
            run.started_by_id,
        )


def write_rejects(run: Import, rejects: Iterable[Reject]) -> None:
    rows = [
        (run.pk, one.line, one.column[:LONGEST_COLUMN], one.reason, kept_text(one.detail), raw_text(one.cells))
        for one in rejects
    ]
    copy("contacts_importreject", ("run_id", "line", '"column"', "reason", "detail", "raw"), rows)


def raw_text(cells: list[str]) -> str:
    """A row as a line of CSV."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return kept_text(line.getvalue().removesuffix("\r\n"))


def kept_text(text: str) -> str:
    """A text without what PostgreSQL can't keep, and not too much of it."""
    return SUSPICIOUS.sub("\N{REPLACEMENT CHARACTER}", text[:RAW_LIMIT])
