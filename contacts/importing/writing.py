"""Writing what was decided: by COPY, so that thousands of rows cost a handful of statements.

Locks are taken in the order that all writers keep: types, names, events, contacts, each by its own order.
"""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from itertools import repeat
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
from .copying import NULL, array, cells, copy, copy_columns, lexemes, take_ids, texts
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


def _write_contacts(run: Import, made: Sequence[Person], emails: Sequence[list[str]], note: str) -> None:
    if not made:
        return
    sources = sources_for(run.source, {person.origin for person in made})
    ids = [str(person.contact_id) for person in made]
    details = [person.details for person in made]
    found = [_finding(person.details, its) for person, its in zip(made, emails, strict=True)]
    columns = {
        "id": ids,
        "leader_id": ids,
        "is_known": ["t" if person.is_known else "f" for person in made],
        **{name: texts([one.get(name, "") for one in details]) for name in PLAIN},
        "emails": texts([array(its) for its in emails]),
        "phones": texts([array(one.get("phones", ())) for one in details]),
        "tags": texts([array(one.get("tags", ())) for one in details]),
        "owner_id": _meant(made, "owner", lambda value: User.objects.filter(email__iexact=value)),
        "team_id": _meant(made, "team", lambda value: Team.objects.filter(name=value)),
        "custom": _custom(details),
        "origin_source_id": [str(sources[person.origin]) for person in made],
        "origin_campaign": texts([person.campaign for person in made]),
        "origin_note": repeat(texts([note])[0]),
        "version": repeat("1"),
        "sort_key": texts([key for key, _tokens in found]),
        "search": texts([lexemes(tokens) for _key, tokens in found]),
    }
    copy_columns("contacts_contact", columns)


PLAIN: Final = ("name", "title", "country", "language", "time_zone")


def emails_of(person: Person) -> list[str]:
    linked = [name.value for name in person.names if name.kind == EMAIL]
    return list(dict.fromkeys([*person.details.get("emails", ()), *linked]))


def _finding(details: dict[str, Any], emails: list[str]) -> tuple[str, list[str]]:
    return found_by(
        name=details.get("name", ""),
        title=details.get("title", ""),
        emails=emails,
        phones=details.get("phones", ()),
        companies=(details.get("company", ""),),
    )


def _custom(details: Sequence[dict[str, Any]]) -> list[str]:
    """The declared fields, and the fit; what does not fit its kind is left out (the log keeps it)."""
    fields = {field.key: field for field in CustomField.objects.filter(of="contact") if field.key not in BUILT_IN}
    kept = {"fit", *fields}
    if all(map(kept.isdisjoint, details)):
        return ["{}"] * len(details)
    customs = [
        {name: one[name] for name in kept & one.keys() if name == "fit" or fits(fields[name], one[name])}
        for one in details
    ]
    return texts([encode(custom).decode() for custom in customs])


def _meant(made: Sequence[Person], name: str, find: Any) -> list[str]:
    """The row of ours that each person's detail `name` means, if any."""
    said = [person.details.get(name) for person in made]
    found = {value: find(value).values_list("pk", flat=True).first() for value in {*said} if value}
    return cells([found.get(value) for value in said])


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
    columns = {
        "id": map(str, ids),
        "kind": [name.kind for name, _contact in names],
        "namespace": texts([name.namespace for name, _contact in names]),
        "value": texts([name.value for name, _contact in names]),
        "contact_id": [str(contact_id) for _name, contact_id in names],
    }
    copy_columns("contacts_identity", columns)
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


def _write_events(run: Import, events: list[tuple[Person, Fact]], types: Types, received: datetime) -> list[int]:
    events.sort(key=lambda event: event[1].key)
    ids = take_ids("contacts_event", len(events))
    numbers, contacts = [str(pk) for pk in ids], [str(person.contact_id) for person, _fact in events]
    copy_columns(
        "contacts_event",
        {"id": numbers, "contact_id": contacts, **_event_columns(run, [fact for _, fact in events], types, received)},
    )
    marks = {"contact_id": contacts, "event_id": numbers, "reason": repeat(str(PendingReason.IMPORT.value))}
    copy_columns("contacts_pending", marks)
    return ids


def _event_columns(run: Import, facts: Sequence[Fact], types: Types, received: datetime) -> dict[str, Iterable[str]]:
    now = received.isoformat()
    messages = [fact.message for fact in facts]
    moments = [_moments(message.occurred_at, received, now) for message in messages]
    return {
        "occurred_at": [occurred for occurred, _stated in moments],
        "recorded_at": repeat(now),
        "stated_at": [stated for _occurred, stated in moments],
        "value_minor": cells([message.value_minor for message in messages]),
        "type_id": [str(types[message.type][0]) for message in messages],
        "source_id": repeat(str(run.source_id)),
        "rank": [str(types[message.type][1]) for message in messages],
        "key": [fact.key for fact in facts],
        "digest": [str(fact.digest) for fact in facts],
        "currency": cells([message.currency for message in messages]),
        "campaign_key": cells([message.campaign or None for message in messages]),
        "message_id": texts([message.message_id for message in messages]),
        "properties": texts([encode(message.properties).decode() for message in messages]),
        "by_id": repeat(*cells([run.started_by_id])),
    }


def _moments(said: datetime | None, received: datetime, now: str) -> tuple[str, str]:
    """When it happened as we take it, and as it was said where that is ahead of our clock."""
    if said is None or said == received:
        return now, NULL
    return (now, said.isoformat()) if said > received else (said.isoformat(), NULL)


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
