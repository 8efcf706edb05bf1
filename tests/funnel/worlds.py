"""Rows for tests of the fold's impure half, made without the doors of intake."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import count
from typing import Any

from contacts.catalogue import EVENT_TYPES, install_catalogue
from contacts.models import Contact, Event, EventType, Pending, PendingReason, Source, Trust
from funnel.models import Position, Stage, Transition
from funnel.services import install_path

_number = count(1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def install() -> None:
    install_catalogue()
    install_path()


def source(key: str = "shop", trust: Trust = Trust.TRUSTED) -> Source:
    return Source.objects.get_or_create(key=key, defaults={"name": key, "trust": trust})[0]


def person(*, known: bool = True, **fields: Any) -> Contact:
    contact = Contact.objects.create(
        origin_source=fields.pop("origin_source", None) or source(), is_known=known, **fields
    )
    contact.refresh_from_db()
    return contact


def happened(
    contact: Contact,
    type_: str,
    at: datetime = NOON,
    *,
    by: Source | None = None,
    mark: PendingReason | None = PendingReason.EVENT,
    **fields: Any,
) -> Event:
    """An event and its mark, as intake leaves them."""
    number = next(_number)
    key = blake2b(f"shop\0{number}".encode(), digest_size=16).hexdigest()
    event = Event.objects.create(
        contact=contact,
        occurred_at=at,
        type=EventType.objects.get_or_create(key=type_)[0],
        source=by or source(),
        rank=EVENT_TYPES.get(type_, (1,))[0],
        key=fields.pop("key", key),
        digest=number,
        **fields,
    )
    if mark is not None:
        marked(contact, mark, event)
    return event


def marked(contact: Contact, reason: PendingReason, event: Event | None = None) -> Pending:
    return Pending.objects.create(contact_id=contact.pk, event_id=event.pk if event else None, reason=reason)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def path_of(contact: Contact) -> list[tuple[str | None, str | None]]:
    """The live moves of the stage dimension, by key."""
    keys: dict[int | None, str | None] = {None: None, **dict(Stage.objects.values_list("pk", "key"))}
    moves = Transition.objects.live().filter(contact=contact, dimension=0).order_by("seq")
    return [(keys[move.from_value], keys[move.to_value]) for move in moves]


def position_of(contact: Contact) -> Any:
    return Position.objects.get(contact=contact)


def stage_of(contact: Contact) -> str | None:
    position = position_of(contact)
    return Stage.objects.get(pk=position.stage_id).key if position.stage_id else None
