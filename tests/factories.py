"""Plain functions that make rows for tests. What they don't say, the services decide."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db import transaction

from contacts.ingest import Result, record_events
from contacts.messages import ContactRef, Message
from contacts.models import Contact, Event, Identity, IdentityKind, Source, SourceKind, Trust
from staff.models import Role, Team, User

_number = count(1)


def make_source(key: str | None = None, *, trust: Trust = Trust.TRUSTED, kind: SourceKind = SourceKind.API) -> Source:
    key = key or f"source{next(_number)}"
    return Source.objects.create(key=key, name=key.title(), kind=kind, trust=trust)


def make_public_source(key: str | None = None) -> Source:
    return make_source(key, trust=Trust.PUBLIC, kind=SourceKind.TRACKING)


def make_team(name: str | None = None) -> Team:
    return Team.objects.create(name=name or f"Team {next(_number)}")


def make_user(email: str | None = None, *, role: Role = Role.SALES, **fields: Any) -> User:
    return User.objects.create_user(email or f"user{next(_number)}@example.com", role=role, **fields)


def make_contact(*, source: Source | None = None, email: str | None = None, **fields: Any) -> Contact:
    """A contact without a history; known unless `is_known=False` is said. With an e-mail it has that identity."""
    emails = [email] if email else []
    contact = Contact.objects.create(
        **{"origin_source": source or make_source(), "is_known": True, "emails": emails, **fields}
    )
    if email:
        Identity.objects.create(contact=contact, kind=IdentityKind.EMAIL, value=email)
    contact.refresh_from_db()
    return contact


def make_message(
    type: str = "page_viewed",  # noqa: A002
    contact: ContactRef | Contact | str | None = None,
    *,
    message_id: str | None = None,
    **fields: Any,
) -> Message:
    """A message about a contact, an e-mail address or whatever a reference names."""
    match contact:
        case Contact():
            contact = ContactRef(id=contact.pk)
        case str():
            contact = ContactRef(email=contact)
        case None:
            contact = ContactRef(anonymous_id=f"visitor{next(_number)}")
    return Message(message_id=message_id or f"message{next(_number)}", type=type, contact=contact, **fields)


def record(source: Source, *messages: Message, received_at: datetime | None = None) -> list[Result]:
    return record_events(source=source, messages=messages, received_at=received_at)


def event_of(result: Result) -> Event:
    """The event that a message became."""
    assert result.event_id, result
    return Event.objects.get(pk=result.event_id)


def contact_of(result: Result) -> Contact:
    """Whom a message was about."""
    assert result.contact_id, result
    return Contact.objects.get(pk=result.contact_id)


def make_event(
    type: str = "page_viewed",  # noqa: A002
    contact: ContactRef | Contact | str | None = None,
    *,
    source: Source | None = None,
    **fields: Any,
) -> Event:
    """A recorded event, through the door."""
    [result] = record(source or make_source(), make_message(type, contact, **fields))
    return event_of(result)


def moment(text: str) -> datetime:
    """A moment of UTC from `2026-03-01` or `2026-03-01 12:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside is gone afterwards: one example of a property leaves nothing to the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
