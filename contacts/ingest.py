"""The one door of the log: whatever is recorded, from wherever, is recorded here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import DateTimeField, Func
from django.utils.translation import gettext as _
from psycopg2.errors import DeadlockDetected

from staff import audit
from staff.models import User
from staff.policy import Principal

from .attributes import ATTRIBUTE_TYPES
from .catalogue import STAFF_SOURCE
from .checks import EVENT_CHECKS
from .identities import NameTaken
from .messages import CLAIMED_TYPES, ContactRef, Message, body_digest, body_of, event_key, event_key_digits
from .models import Contact, Event, PendingReason, Source
from .naming import rename
from .nudge import nudge_on_commit
from .placing import names_of
from .projecting import project
from .quarantine import Kept, keep
from .recording import Row, insert_events, mark
from .results import Result, Status
from .settling import CONFLICT, Said, Terms, accepted, settle
from .telling import why

__all__ = [
    "Result",
    "Status",
    "record_events",
    "record_staff_event",
    "retract_event",
    "retract_events",
    "take",
    "take_in",
]

# How often we look again when others record the same people or messages at the same moment.
_PATIENCE: Final = 50


def record_events(*, source: Source, messages: Sequence[Message], received_at: datetime | None = None) -> list[Result]:
    """Record what `source` says; one result a message, in order. Once this is committed, no accepted event is lost.

    Outside a transaction, what needs no care is committed first and by itself; each event comes with its mark.
    """
    return take(Terms(source, received_at), messages)


def take(terms: Terms, messages: Sequence[Message]) -> list[Result]:
    """Record `messages` on these terms."""
    every = [_said(terms.source.key, message) for message in messages]
    rename(messages)
    first: dict[str, Said] = {}
    for said in every:
        first.setdefault(said.key, said)
    results = _record(terms, list(first.values()))
    conflicts = [said for said in every if said.digest != first[said.key].digest]
    keep(terms.source, [said.kept(CONFLICT) for said in conflicts], endpoint=terms.endpoint)
    if any(result.status == Status.ACCEPTED for result in results.values()):
        nudge_on_commit()
    return [
        results[said.key] if said is first[said.key] else _repetition(said, first[said.key], results[said.key])
        for said in every
    ]


def take_in(terms: Terms, said: Sequence[Message | Kept]) -> list[Result]:
    """Record the messages and keep the rest; one result each, in order. For doors that read what outsiders write."""
    results = iter(take(terms, [one for one in said if isinstance(one, Message)]))
    kept = [one for one in said if isinstance(one, Kept)]
    keep(terms.source, kept, endpoint=terms.endpoint)
    return [next(results) if isinstance(one, Message) else _kept(one) for one in said]


def _kept(one: Kept) -> Result:
    return Result(
        status=Status.QUARANTINED,
        message_id=one.message_id,
        reason=one.refusal.reason,
        pointer=one.refusal.pointer,
        detail=one.refusal.detail,
        values=one.refusal.values or None,
    )


def record_staff_event(
    *,
    contact: Contact,
    type: str,  # noqa: A002  (what the log calls it)
    by: User,
    properties: Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
    value_minor: int | None = None,
    currency: str | None = None,
) -> Event:
    """Record what a member of staff did or decided; what cannot be meant raises ValidationError."""
    message = Message(
        message_id=str(uuid4()),
        type=type,
        contact=ContactRef(id=contact.pk),
        occurred_at=occurred_at,
        value_minor=value_minor,
        currency=currency,
        properties=dict(properties or {}),
        by_id=by.pk,
    )
    with transaction.atomic():
        [result] = record_events(source=Source.objects.get(key=STAFF_SOURCE), messages=[message])
        if result.status != Status.ACCEPTED:
            raise ValidationError(why(result), code=result.reason)
        return Event.objects.get(key=event_key(STAFF_SOURCE, message.message_id))


def retract_event(*, event: Event, by: Principal | None = None) -> None:
    """Say that `event` never was so. The row stays; it does not stand any more. Undoing is this, too.

    Without `by` it is part of a deed that is on record itself.
    """
    with transaction.atomic():
        stamp = Func(function="clock_timestamp", output_field=DateTimeField())
        if not Event.objects.standing().filter(pk=event.pk).update(retracted_at=stamp):
            raise ValidationError(_("This event has been retracted already."), code="already_retracted")
        if event.type.key in ATTRIBUTE_TYPES:
            project([event.contact_id])
        mark([event.contact_id], PendingReason.RETRACTION)
        nudge_on_commit()
        if by:
            audit.record(by=by, action="event_retracted", kind="event", row=event.pk)
    event.refresh_from_db()


@dataclass(frozen=True, slots=True)
class Retracted:
    """Events that do not stand any more: since now, and since before."""

    now: list[Event]
    before: list[Event]


def retract_events(event_ids: Collection[int]) -> Retracted:
    """The same for many at once; those that were retracted before stay so."""
    with transaction.atomic():
        events = list(Event.objects.filter(pk__in=event_ids).order_by("pk"))
        standing = [event for event in events if event.retracted_at is None]
        stamp = Func(function="clock_timestamp", output_field=DateTimeField())
        ids = [event.pk for event in standing]
        if ids:
            Event.objects.standing().filter(pk__in=ids).update(retracted_at=stamp)
            project({event.contact_id for event in standing})
            mark({event.contact_id for event in standing}, PendingReason.RETRACTION)
            nudge_on_commit()
    return Retracted(standing, [event for event in events if event.retracted_at is not None])


def _said(source_key: str, message: Message) -> Said:
    key = event_key_digits(source_key, message.message_id)
    return Said(message, key, body_digest(body_of(message)), names_of(message, source_key))


def _record(terms: Terms, waiting: list[Said]) -> dict[str, Result]:
    """What can be recorded as it stands goes in at once; the rest is settled with care."""
    trusted = terms.are_trusted
    plain = [row for said in waiting if (row := _plain_row(said, trusted))]
    recorded = insert_events(terms.source, plain, received_at=terms.received_at, confirmed=terms.confirmed)
    results = {said.key: accepted(said, *recorded[said.key]) for said in waiting if said.key in recorded}
    if len(results) == len(waiting):
        return results
    for _attempt in range(_PATIENCE):
        waiting = [said for said in waiting if said.key not in results]
        if not waiting:
            return results
        results |= _settled(terms, waiting)
    raise OperationalError("others keep recording the same people or messages")


def _plain_row(said: Said, trusted: bool) -> Row | None:
    """The row of a message that changes nobody and calls its person by one name; None for all others."""
    message = said.message
    careful = _CAREFUL if trusted else _CAREFUL_IN_PUBLIC
    if message.type in careful or message.type in EVENT_CHECKS:
        return None
    contact_id = message.contact.id
    if contact_id is not None:
        return said.row(contact_id) if trusted and not said.names else None
    return said.row(name=said.names[0]) if len(said.names) == 1 else None


_CAREFUL: Final = ATTRIBUTE_TYPES
_CAREFUL_IN_PUBLIC: Final = ATTRIBUTE_TYPES | CLAIMED_TYPES


def _settled(terms: Terms, waiting: Sequence[Said]) -> dict[str, Result]:
    """One attempt to settle; empty when others were quicker with a name or stood in our way."""
    inside = connection.in_atomic_block
    try:
        with transaction.atomic():
            return settle(terms, waiting)
    except NameTaken:
        return {}
    except OperationalError as error:
        if inside or not isinstance(error.__cause__, DeadlockDetected):
            raise
        return {}


def _repetition(said: Said, first: Said, result: Result) -> Result:
    """The answer to a message whose id came before in the same batch, where `result` became of it."""
    if said.digest != first.digest:
        return said.refused(CONFLICT, Status.DUPLICATE_CONFLICT)
    if result.status in (Status.ACCEPTED, Status.CLAIM):
        return said.result(Status.DUPLICATE, event_id=result.event_id, contact_id=result.contact_id)
    return result
