"""What was put aside, tried once more: by the reader of its door, as of the moment it came in."""

from collections.abc import Callable
from typing import Final

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from . import reading, segment
from .ingest import take
from .messages import Message, Refusal
from .models import Event, PendingReason, Quarantine
from .nudge import nudge_on_commit
from .recording import mark
from .results import Result, Status
from .settling import Terms

DONE: Final = frozenset({Status.ACCEPTED, Status.DUPLICATE, Status.CLAIM})


# By the door a message came through from outside. All others are written by services of ours, such as forms.
READERS: Final[dict[str, Callable[[bytes], Message]]] = {
    "events": reading.kept_message,
    "segment": segment.kept_message,
}


def _own_message(raw: bytes) -> Message:
    return msgspec.json.decode(raw, type=Message)


def is_mendable(kept: Quarantine) -> bool:
    """What a service of ours wrote is no text for people: nothing looks at it again."""
    return kept.endpoint in READERS and kept.event_id is None


# What is held by others than our doors, they let go: the fold adds here how it takes up a person again.
RELEASES: Final[dict[str, Callable[[Quarantine], None]]] = {}


def replay(kept: Quarantine, *, by: Principal | None, mended: bytes | None = None) -> Result | None:
    """Try again what is kept, or let a held event or person be folded again (then there is no result).

    What still can't be used stays, with one more attempt and the present reason. `mended` is tried in place of what
    came; what came stays as it was. Without `by` it is one of many, and the job is on record.
    """
    with transaction.atomic():
        held = Quarantine.objects.waiting().select_for_update().filter(pk=kept.pk).first()
        if held is None:
            raise ValidationError(_("This has been replayed already."), code="already_replayed")
        result = None
        if held.event:
            _release(held, held.event)
        elif held.endpoint in RELEASES:
            RELEASES[held.endpoint](held)
            _note_released(held)
        elif mended is None or is_mendable(held):
            result = _try(held, mended)
        else:
            raise ValidationError(_("This can be replayed only as it came."), code="not_mendable")
        if by:
            action = "quarantine_replayed" if mended is None or result is None else "quarantine_mended"
            audit.record(by=by, action=action, kind="quarantine", row=kept.pk)
    kept.refresh_from_db()
    return result


def _release(held: Quarantine, event: Event) -> None:
    """Let the fold have the event again, in its right place: from the start."""
    _note_released(held)
    mark([event.contact_id], PendingReason.REPLAY)
    nudge_on_commit()


def _note_released(held: Quarantine) -> None:
    Quarantine.objects.filter(pk=held.pk).update(replayed_at=Now(), attempts=F("attempts") + 1)


def _try(kept: Quarantine, mended: bytes | None) -> Result:
    try:
        result = _result(kept, bytes(kept.raw) if mended is None else mended)
    except Refusal as refusal:
        result = Result(
            status=Status.QUARANTINED,
            message_id=kept.message_id,
            reason=refusal.reason,
            pointer=refusal.pointer,
            detail=refusal.detail,
            values=refusal.values or None,
        )
    row = Quarantine.objects.filter(pk=kept.pk)
    if result.status in DONE:
        row.update(attempts=F("attempts") + 1, replayed_at=Now())
    elif mended is not None:
        row.update(attempts=F("attempts") + 1)
    else:
        row.update(
            attempts=F("attempts") + 1,
            reason=result.reason or "",
            pointer=(result.pointer or "")[:255],
            detail=result.detail or "",
            values=result.values or {},
        )
    return result


class _StillBad(Exception):
    def __init__(self, result: Result) -> None:
        self.result = result


def _result(kept: Quarantine, raw: bytes) -> Result:
    """What becomes of the message now; when it is still bad, nothing is written a second time."""
    message = READERS.get(kept.endpoint, _own_message)(raw)
    try:
        with transaction.atomic():
            [result] = take(Terms(kept.source, kept.received_at, kept.endpoint), [message])
            if result.status not in DONE:
                raise _StillBad(result)
    except _StillBad as still:
        return still.result
    return result
