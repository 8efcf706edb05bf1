"""The one door of the log: whatever is recorded, from wherever, is recorded here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from staff.models import User

from .messages import Message
from .models import Contact, Event, Source


class Status(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    DUPLICATE_CONFLICT = "duplicate_conflict"
    CLAIM = "claim"
    QUARANTINED = "quarantined"


class Result(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of one message."""

    status: Status
    message_id: str
    event_id: int | None = None
    contact_id: int | None = None
    reason: str | None = None
    pointer: str | None = None
    detail: str | None = None


def record_events(*, source: Source, messages: Sequence[Message], received_at: datetime | None = None) -> list[Result]:
    """Record what `source` says; one result a message, in order. Once this is committed, no accepted event is lost."""
    raise NotImplementedError


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
    """Record what a member of staff did or decided."""
    raise NotImplementedError


def retract_event(*, event: Event, by: User | None = None) -> None:
    """Say that `event` never was so. The row stays; it does not stand any more. Undoing is this, too."""
    raise NotImplementedError
