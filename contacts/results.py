"""What became of a message. Pure."""

from enum import StrEnum
from typing import Any

import msgspec


class Status(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    DUPLICATE_CONFLICT = "duplicate_conflict"
    CLAIM = "claim"
    QUARANTINED = "quarantined"


class Result(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """The answer to one message. `reason` says why it was not recorded, or what we had to assume to record it.

    `detail` says it for people, in English with places for `values`, until `telling.tell` says it in their language.
    """

    status: Status
    message_id: str
    event_id: int | None = None
    contact_id: int | None = None
    reason: str | None = None
    pointer: str | None = None
    detail: str | None = None
    values: dict[str, Any] | None = None
