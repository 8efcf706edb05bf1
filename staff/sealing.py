"""The chain of the audit trail: each sealed record holds a hash over itself and the one before.

Records are written without waiting for each other; once a minute those that came are sealed in a row. Whoever changes,
takes out or slips in a sealed record breaks the chain from there on, and `broken_seals` says where.
"""

import hmac
import json
import logging
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from django.db import connection, transaction

from staff.models import AuditRecord

logger = logging.getLogger(__name__)
_LOCK: Final = 0x706F6C6B75  # one sealer at a time
_AT_ONCE: Final = 2000


def seal_audit() -> int:
    """Seal what is not sealed yet, oldest first; return how many. Somebody else at it is enough."""
    with transaction.atomic():
        if not _alone():
            return 0
        last = AuditRecord.objects.filter(place__isnull=False).order_by("-place").first()
        place, seal = (last.place or 0, bytes(last.seal or b"")) if last else (0, b"")
        waiting = list(AuditRecord.objects.filter(place=None).order_by("pk")[:_AT_ONCE])
        for record in waiting:
            place, seal = place + 1, _seal(record, place + 1, seal)
            record.place, record.seal = place, seal
        AuditRecord.objects.bulk_update(waiting, ["place", "seal"], batch_size=500)
    if waiting:
        # in the log, which lies elsewhere, stands where the chain ended: who cuts its end off is found out too
        logger.info("audit trail sealed", extra={"place": place, "seal": seal.hex()})
    return len(waiting)


def broken_seals() -> Iterator[str]:
    """What is wrong with the chain, in words; nothing when it is whole."""
    place, seal = 0, b""
    for record in AuditRecord.objects.filter(place__isnull=False).order_by("place").iterator():
        if record.place != place + 1:
            yield f"After record {place} of the chain comes {record.place}: somebody took out what was between."
        place = record.place or 0
        made = _seal(record, place, seal)
        if not hmac.compare_digest(made, bytes(record.seal or b"")):
            yield f"Record {record.pk} of {record.at:%Y-%m-%d %H:%M} ({record.action}) is not as it was sealed."
        seal = bytes(record.seal or b"")


def _seal(record: AuditRecord, place: int, before: bytes) -> bytes:
    said = [
        *(place, record.pk, record.at.isoformat(), record.user_id, record.api_key_id),
        *(record.action, record.object_kind, record.object_id, record.detail),
    ]
    return sha256(before + json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).digest()


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])
