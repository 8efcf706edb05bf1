"""Writing what was decided: by COPY, so that thousands of rows cost a handful of statements.

Locks are taken in the order that all writers keep: types, names, events, contacts, each by its own order.
"""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from staff.models import Team, User

from ..domains import join_by_domain
from ..kinds import Types
from ..models import CustomField, Import, Source, SourceKind
from ..projecting import keep_tags, project
from .copying import copy, send, take_ids
from .deciding import Decision, Person, Reject, Terms
from .laying import (
    Ours,
    Spoken,
    emails_of,
    encode,
    events_in_order,
    lay_claims,
    lay_contacts,
    lay_events,
    lay_names,
    names_in_order,
)
from .reading import SUSPICIOUS

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
    fields: Mapping[str, CustomField],
    note: str = "",
    turn: Callable[[], object],
) -> None:
    """Write contacts, names, events and their marks, and note which; whoever else writes the same at this moment makes
    it fail. What other chunks may write too has to wait for its `turn`."""
    for person, contact_id in zip(decision.made, take_ids("contacts_contact", len(decision.made)), strict=True):
        person.contact_id = contact_id
    ours = _asked_of(run, decision.made, fields)
    emails = [emails_of(person) for person in decision.made]
    names, events = names_in_order(decision), events_in_order(terms, decision)
    name_ids, event_ids = take_ids("contacts_identity", len(names)), take_ids("contacts_event", len(events))
    spoken = Spoken(run.source_id, run.started_by_id, types, received)
    send(lay_contacts(decision.made, emails, ours, note))
    send(lay_names(names, name_ids))
    send(lay_claims(decision.claims, spoken))
    for laid in lay_events(events, event_ids, spoken):
        send(laid)
    turn()
    if event_ids or name_ids:
        _note_chunk(run, event_ids, [person.contact_id for person in decision.made], name_ids)
    keep_tags({tag for person in decision.made for tag in person.details.get("tags", ())})
    joined = join_by_domain(
        [(one.contact_id, email) for one, its in zip(decision.made, emails, strict=True) for email in its]
    )
    project([*(person.contact_id for person in decision.met), *joined])


def _note_chunk(run: Import, events: list[int], contacts: list[int], identities: list[int]) -> None:
    """What undoing will take back. By a statement of our own: Django's looks at each number of an array by itself."""
    lists = ["{" + ",".join(map(str, ids)) + "}" for ids in (events, contacts, identities)]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_CHUNK, [run.pk, *lists, min(events, default=0), max(events, default=0)])


_NOTE_CHUNK: Final = """
INSERT INTO contacts_importchunk (run_id, events, contacts, identities, first_event, last_event, "left")
VALUES (%s, %s::bigint[], %s::bigint[], %s::bigint[], %s, %s, '{}')
"""


def _asked_of(run: Import, made: Sequence[Person], fields: Mapping[str, CustomField]) -> Ours:
    """What of ours the people's details mean."""
    if not made:
        return Ours({}, {}, {}, {})
    return Ours(
        sources_for(run.source, {person.origin for person in made}),
        _meant(made, "owner", lambda value: User.objects.filter(email__iexact=value)),
        _meant(made, "team", lambda value: Team.objects.filter(name=value)),
        fields,
    )


def _meant(made: Sequence[Person], name: str, find: Any) -> dict[str, int | None]:
    """The row of ours that each value of the people's detail `name` means, if any."""
    return {
        value: find(value).values_list("pk", flat=True).first()
        for value in {person.details.get(name) for person in made}
        if value
    }


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


def write_rejects(run: Import, rejects: Iterable[Reject]) -> None:
    rows = [
        (
            run.pk,
            one.line,
            one.column[:LONGEST_COLUMN],
            one.reason,
            kept_text(one.detail),
            encode(kept_values(one.values)).decode(),
            raw_text(one.cells),
        )
        for one in rejects
    ]
    copy("contacts_importreject", ("run_id", "line", '"column"', "reason", "detail", "values", "raw"), rows)


def raw_text(cells: list[str]) -> str:
    """A row as a line of CSV."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return kept_text(line.getvalue().removesuffix("\r\n"))


def kept_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: kept_text(value) if isinstance(value, str) else value for name, value in values.items()}


def kept_text(text: str) -> str:
    """A text without what PostgreSQL can't keep, and not too much of it."""
    return SUSPICIOUS.sub("\N{REPLACEMENT CHARACTER}", text[:RAW_LIMIT])
