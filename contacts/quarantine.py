"""What came in and could not be used is kept as it came, with the reason, until somebody replays it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from .messages import Refusal
from .models import Quarantine, Source

# What a source may have waiting here; then it is told to wait, for nothing is thrown away silently.
QUOTA: Final = 10_000
MOST_COUNTED: Final = 1000
# How many wait: every page tells, so beyond what it tells nothing is counted.
WAITING_SQL: Final = f"""(SELECT count(*) FROM (
    SELECT FROM contacts_quarantine WHERE replayed_at IS NULL LIMIT {MOST_COUNTED + 1}) waiting)"""  # noqa: S608


class QuarantineFull(Exception):
    """The source has sent more bad messages than we keep; none of the present ones was kept."""


class Kept(msgspec.Struct):
    """Something to be kept: the bytes as they came, and why they could not be used."""

    raw: bytes
    refusal: Refusal
    message_id: str = ""


def keep(source: Source, kept: Sequence[Kept], *, endpoint: str = "") -> None:
    """Put these aside; `endpoint` is the door they came through, whose reader a replay uses. Raises QuarantineFull."""
    if not kept:
        return
    if Quarantine.objects.waiting().filter(source=source).values("pk")[:QUOTA].count() == QUOTA:
        raise QuarantineFull
    Quarantine.objects.bulk_create(
        Quarantine(
            source=source,
            raw=one.raw,
            reason=one.refusal.reason,
            pointer=one.refusal.pointer[:255],
            detail=one.refusal.detail,
            values=one.refusal.values,
            message_id=one.message_id[:255].replace("\0", ""),
            endpoint=endpoint,
        )
        for one in kept
    )
