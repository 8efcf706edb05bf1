"""What came in and could not be used is kept as it came, with the reason, until somebody replays it."""

from collections.abc import Sequence

import msgspec

from .messages import Refusal
from .models import Quarantine, Source

_LONGEST_RAW = 32 * 1024


class Kept(msgspec.Struct):
    """Something to be kept: the bytes as they came, and why they could not be used."""

    raw: bytes
    refusal: Refusal
    message_id: str = ""


def keep(source: Source, kept: Sequence[Kept], *, endpoint: str = "") -> None:
    """Put these aside; `endpoint` is the door they came through, whose reader a replay uses."""
    if not kept:
        return
    Quarantine.objects.bulk_create(
        Quarantine(
            source=source,
            raw=one.raw[:_LONGEST_RAW],
            reason=one.refusal.reason,
            pointer=one.refusal.pointer[:255],
            detail=one.refusal.detail,
            message_id=one.message_id[:255].replace("\0", ""),
            endpoint=endpoint,
        )
        for one in kept
    )
