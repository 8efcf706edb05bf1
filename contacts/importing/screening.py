"""What can be told of rows only when they are about to be recorded: our clock, our event types, others' checks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from ..checks import EVENT_CHECKS
from ..kinds import Types, types_for
from ..messages import Message, Refusal
from ..models import Import
from ..recording import TOLERANCE
from .cells import RowRefused
from .converting import Said
from .deciding import Reject

DETAIL_TYPES: Final = ("contact_created", "attributes_changed")

Checked = dict[tuple[str, bytes], Refusal | None]  # what was said to events like these


def screen(run: Import, rows: Sequence[Said], received: datetime) -> tuple[list[Said], list[Reject], Types]:
    """The rows that can be recorded now, those that can't, and the types of the events."""
    types = types_for(run.source, {*DETAIL_TYPES, *(fact.message.type for said in rows for fact in said.facts)})
    horizon = received + TOLERANCE
    checked: Checked = {}
    sound, rejects = [], []
    for said in rows:
        try:
            _check(said, types, horizon, checked)
        except RowRefused as refused:
            rejects.append(Reject.of(said.line, refused, said.cells))
        else:
            sound.append(said)
    return sound, rejects, types


def _check(said: Said, types: Types, horizon: datetime, checked: Checked) -> None:
    if said.since and said.since > horizon:
        raise RowRefused("", "in-the-future", "It has not happened yet by our clock.")
    for fact in said.facts:
        message = fact.message
        if message.occurred_at and message.occurred_at > horizon:
            raise RowRefused("", "in-the-future", "It has not happened yet by our clock.")
        if message.type not in types:
            raise RowRefused("", "too-many-types", "The source has brought too many types nobody named yet.")
        if message.type in EVENT_CHECKS and (refusal := _refusal(message, checked)):
            raise RowRefused(refusal.pointer, refusal.reason, refusal.detail, **refusal.values)


def _refusal(message: Message, checked: Checked) -> Refusal | None:
    """What another package says against an event; asked once for all rows of a chunk that say the same."""
    same = (message.type, msgspec.json.encode(message.properties, order="sorted"))
    if same not in checked:
        try:
            EVENT_CHECKS[message.type](message)
            checked[same] = None
        except Refusal as refusal:
            checked[same] = refusal
    return checked[same]
