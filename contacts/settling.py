"""The careful way into the log: for messages about people not met yet, details, claims, repetitions, mistakes."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext_noop

from .attributes import ATTRIBUTE_TYPES, values_after
from .checks import EVENT_CHECKS
from .identities import find_people, settle_people
from .kinds import types_for
from .locking import lock_people
from .merging import merge_contacts
from .messages import CLAIMED_TYPES, NOBODY, Message, Refusal, body_of
from .models import Contact, Source
from .placing import Name, Person, Placement, place
from .projecting import details_in_log, project
from .quarantine import Kept, keep
from .recording import TOLERANCE, Row, insert_events
from .results import Result, Status


class Said(msgspec.Struct, gc=False):
    """A message with what we compute of it once."""

    message: Message
    key: str  # the digits of the event's key
    digest: int
    names: list[Name]

    def row(self, contact_id: int | None = None, name: Name | None = None) -> Row:
        """The event as a row, for this contact or for whoever has this name."""
        message = self.message
        kind, namespace, value = name or (None, None, None)
        return Row(
            self.key,
            self.digest,
            message.type,
            message.message_id,
            contact_id,
            kind,
            namespace,
            value,
            message.occurred_at,
            message.sent_at,
            message.value_minor,
            message.currency,
            message.campaign,
            message.by_id,
            message.properties,
        )

    def result(self, status: Status, *, event_id: int | None = None, contact_id: int | None = None) -> Result:
        return Result(status=status, message_id=self.message.message_id, event_id=event_id, contact_id=contact_id)

    def refused(self, refusal: Refusal, status: Status = Status.QUARANTINED) -> Result:
        return Result(
            status=status,
            message_id=self.message.message_id,
            reason=refusal.reason,
            pointer=refusal.pointer,
            detail=refusal.detail,
            values=refusal.values or None,
        )

    def kept(self, refusal: Refusal) -> Kept:
        return Kept(self.message.raw or body_of(self.message), refusal, self.message.message_id)


@dataclass(frozen=True, slots=True)
class Terms:
    """On whose word, and as of when, messages are taken."""

    source: Source
    received_at: datetime | None = None
    endpoint: str = ""
    confirmed: bool = False  # somebody trusted stands behind what a public source said

    @property
    def are_trusted(self) -> bool:
        return self.confirmed or not self.source.is_public


CONFLICT: Final = Refusal("duplicate-conflict", "/message_id", "Another message was recorded under this id.")
UNKNOWN_CONTACT: Final = Refusal("unknown-contact", "/contact/id", "There is no such contact.")
TOO_MANY_TYPES: Final = Refusal("too-many-types", "/type", "The source has brought too many types nobody named yet.")


def settle(terms: Terms, waiting: Sequence[Said]) -> dict[str, Result]:
    """Record, claim or put aside what is `waiting`; whoever is missing from the answer lost a race and asks again.

    Locks are taken in one order by everybody: types, names, claims, events, contacts, each by its own order.
    Raises identities.NameTaken (a race again) with nothing done.
    """
    results = _known(terms, waiting)
    refusals = _refusals(terms, [said for said in waiting if said.key not in results])
    sound = [said for said in waiting if said.key not in results and said.key not in refusals]
    placed, lost = _placed(terms, sound)
    refusals |= lost
    people = _distinct(one.person for one in placed.values())
    changed = settle_people(terms.source, people)
    claims = {key for key, one in placed.items() if one.is_claim}
    results |= _claim(terms, [said for said in sound if said.key in claims], placed)
    results |= _record(terms, [said for said in sound if said.key in placed.keys() - claims], placed)
    _bring_up_to_date(terms.source, [said for said in sound if said.key in results], placed, results, changed)
    results |= _put_aside(terms, waiting, refusals)
    return results


class _Before(NamedTuple):
    """What we have under a key."""

    digest: int
    event_id: int | None
    contact_id: int


_KNOWN: Final = """
SELECT encode(uuid_send(key), 'hex'), digest, NULL, contact_id
  FROM contacts_claim WHERE key = ANY(%(keys)s::uuid[]) AND NOT %(confirmed)s
UNION ALL
SELECT encode(uuid_send(key), 'hex'), digest, id, contact_id
  FROM contacts_event WHERE key = ANY(%(keys)s::uuid[])
"""


def _known(terms: Terms, waiting: Sequence[Said]) -> dict[str, Result]:
    """The messages we have already, under the same body or another one, which is kept too."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"keys": [said.key for said in waiting], "confirmed": terms.confirmed})
        before = {key: _Before(*rest) for key, *rest in cursor.fetchall()}
    results = {}
    for said in waiting:
        if said.key in before:
            results[said.key] = _repeated(said, before[said.key])
    conflicts = [said for said in waiting if said.key in results and results[said.key].reason]
    keep(terms.source, [said.kept(CONFLICT) for said in conflicts], endpoint=terms.endpoint)
    return results


def _repeated(said: Said, before: _Before) -> Result:
    if said.digest != before.digest:
        return said.refused(CONFLICT, Status.DUPLICATE_CONFLICT)
    return said.result(Status.DUPLICATE, event_id=before.event_id, contact_id=before.contact_id)


def _refusals(terms: Terms, waiting: Sequence[Said]) -> dict[str, Refusal]:
    """Why some can't be recorded by anybody, whoever they are about."""
    refusals: dict[str, Refusal] = {}
    received = terms.received_at or _database_clock()
    for said in waiting:
        try:
            _check(terms, said.message, received)
        except Refusal as refusal:
            refusals[said.key] = refusal
    types = types_for(terms.source, {said.message.type for said in waiting if said.key not in refusals})
    for said in waiting:
        if said.key not in refusals and said.message.type not in types:
            refusals[said.key] = TOO_MANY_TYPES
    return refusals


def _check(terms: Terms, message: Message, received: datetime) -> None:
    if message.contact == NOBODY:
        raise Refusal("missing-identity", "/contact", "Say whom the event is about.")
    if message.contact.id is not None and not terms.are_trusted:
        raise Refusal("id-not-allowed", "/contact/id", "A public source cannot name people by our ids.")
    if message.type in ATTRIBUTE_TYPES:
        _check_details(terms, message)
    moment = message.occurred_at
    if moment and message.sent_at:
        moment += received - message.sent_at
    if moment and moment > received + TOLERANCE:
        raise Refusal("in-the-future", "/occurred_at", "It has not happened yet by our clock.")
    if message.type in EVENT_CHECKS:
        EVENT_CHECKS[message.type](message)


def _check_details(terms: Terms, message: Message) -> None:
    """Whom somebody belongs to, and what they are worth to us, is not for the public to say."""
    ours = {"owner", "team", "fit"} & message.properties.keys()
    if ours and not terms.are_trusted:
        raise Refusal("not-allowed", f"/properties/{min(ours)}", "A public source cannot say this.")


def _placed(terms: Terms, sound: Sequence[Said]) -> tuple[dict[str, Placement], dict[str, Refusal]]:
    ids = {said.message.contact.id for said in sound if said.message.contact.id is not None}
    known, by_id = find_people({name for said in sound for name in said.names}, ids)
    placed: dict[str, Placement] = {}
    lost: dict[str, Refusal] = {}
    for said in sound:
        contact_id = said.message.contact.id
        if contact_id is not None and contact_id not in by_id:
            lost[said.key] = UNKNOWN_CONTACT
            continue
        one = place(said.message, said.names, known, by_id=by_id.get(contact_id or 0), trusted=terms.are_trusted)
        one.is_claim = one.is_claim or (not terms.are_trusted and said.message.type in CLAIMED_TYPES)
        placed[said.key] = one
    return placed, lost


_CLAIM: Final = """
INSERT INTO contacts_claim (contact_id, source_id, type_id, key, digest, body, received_at, refused_at)
SELECT row.contact_id, %(source)s, t.id, row.key, row.digest, row.body,
       coalesce(%(received_at)s, statement_timestamp()), CASE WHEN row.is_known THEN statement_timestamp() END
  FROM jsonb_to_recordset(%(rows)s::jsonb)
       AS row(contact_id bigint, type text, key uuid, digest bigint, body jsonb, is_known boolean)
  JOIN contacts_eventtype t ON t.key = row.type
 ORDER BY row.key
ON CONFLICT (key) DO NOTHING
RETURNING encode(uuid_send(key), 'hex')
"""


def _claim(terms: Terms, claims: Sequence[Said], placed: dict[str, Placement]) -> dict[str, Result]:
    if not claims:
        return {}
    known = _known_already(claims, placed)
    rows = [
        {
            "contact_id": placed[said.key].person.contact_id,
            "type": said.message.type,
            "key": said.key,
            "digest": said.digest,
            "body": msgspec.Raw(claimed_body(said.message)),
            "is_known": said.key in known,
        }
        for said in claims
    ]
    parameters: dict[str, Any] = {
        "rows": msgspec.json.encode(rows).decode(),
        "source": terms.source.pk,
        "received_at": terms.received_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, parameters)
        taken = {key for (key,) in cursor.fetchall()}
    return {
        said.key: said.result(Status.CLAIM, contact_id=placed[said.key].person.contact_id)
        for said in claims
        if said.key in taken
    }


def _known_already(claims: Sequence[Said], placed: dict[str, Placement]) -> set[str]:
    """The claims that tell nothing but what the log tells of their person: nobody has anything to decide of them.

    One with two names says besides that both are the same person.
    """
    told = [said for said in claims if said.message.type in ATTRIBUTE_TYPES and len(said.names) == 1]
    if not told:
        return set()
    members = [placed[said.key].person.contact_id for said in told]
    leaders = dict(Contact.objects.filter(pk__in=members).values_list("pk", "leader_id"))
    log = details_in_log(set(leaders.values()))
    before = [log.get(leaders[member], {}) for member in members]
    return {
        said.key
        for said, details in zip(told, before, strict=True)
        if values_after([details, said.message.properties]) == values_after([details])
    }


def claimed_body(message: Message) -> bytes:
    """A message so that it can be read again, digest and all."""
    return msgspec.json.encode(message)


def _record(terms: Terms, sound: Sequence[Said], placed: dict[str, Placement]) -> dict[str, Result]:
    rows = [said.row(placed[said.key].person.contact_id) for said in sound]
    recorded = insert_events(terms.source, rows, received_at=terms.received_at, confirmed=terms.confirmed)
    return {said.key: accepted(said, *recorded[said.key]) for said in sound if said.key in recorded}


def accepted(said: Said, event_id: int, contact_id: int) -> Result:
    result = said.result(Status.ACCEPTED, event_id=event_id, contact_id=contact_id)
    if said.message.zone_assumed:
        result.reason, result.pointer = "zone-assumed", "/occurred_at"
        result.detail = gettext_noop("The moment was said without a zone; we took it for UTC.")
    return result


def _bring_up_to_date(
    source: Source,
    settled: Sequence[Said],
    placed: dict[str, Placement],
    results: dict[str, Result],
    changed: Collection[int],
) -> None:
    """Join those who turned out to be one, and let the fields of whoever changed follow the log."""
    joins = [
        (one.person.contact_id, other.contact_id)
        for said in settled
        if (one := placed.get(said.key))
        for other in one.same
    ]
    details = {
        placed[said.key].person.contact_id
        for said in settled
        if said.key in placed and said.message.type in ATTRIBUTE_TYPES and results[said.key].status == Status.ACCEPTED
    }
    stale = {*changed, *details}
    if joins or stale:
        lock_people([*stale, *(contact_id for pair in joins for contact_id in pair)])
    for first, second in joins:
        _join(source, first, second)
    project(stale)


def _join(source: Source, first: int, second: int) -> None:
    try:
        merge_contacts(first=Contact(pk=first), second=Contact(pk=second), source=source)
    except ValidationError as error:
        if error.code != "already_one":  # somebody else learned it at the same moment
            raise


def _put_aside(terms: Terms, waiting: Sequence[Said], refusals: dict[str, Refusal]) -> dict[str, Result]:
    refused = [said for said in waiting if said.key in refusals]
    keep(terms.source, [said.kept(refusals[said.key]) for said in refused], endpoint=terms.endpoint)
    return {said.key: said.refused(refusals[said.key]) for said in refused}


def _distinct(people: Iterable[Person]) -> list[Person]:
    return list({id(person): person for person in people}.values())


def _database_clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        [received] = cursor.fetchone()
    return received  # type: ignore[no-any-return]
