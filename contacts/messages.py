"""What somebody says happened, before it is a fact: the shape every door brings its input into. Pure."""

from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec


class ContactRef(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a message is about: an id of ours, or what the sender knows the person by."""

    id: int | None = None
    email: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    external_id: str | None = None


class Message(msgspec.Struct, kw_only=True):
    """One thing that is said to have happened. Without `occurred_at` it happened when we received it."""

    message_id: str
    type: str
    contact: ContactRef
    occurred_at: datetime | None = None
    value_minor: int | None = None
    currency: str | None = None
    campaign: str | None = None
    properties: dict[str, Any] = {}
    sent_at: datetime | None = None  # by the sender's own clock: with it we see how wrong that clock is
    body: bytes = b""  # as it was said, where that is more than the fields above


class Refusal(msgspec.Struct, frozen=True):
    """Why a message can't be used: a reason for programs, where it lies, and a sentence for people."""

    reason: str
    pointer: str
    detail: str


def event_key(source_key: str, message_id: str) -> UUID:
    """The name of an event for ever: one message of one source."""
    return UUID(bytes=blake2b(f"{source_key}\0{message_id}".encode(), digest_size=16).digest())


def body_digest(body: bytes) -> int:
    """64 bits of the body, signed: enough to tell a repetition from another message under the same id."""
    return int.from_bytes(blake2b(body, digest_size=8).digest(), "big", signed=True)
