"""A draft tried on one person: both histories as a backtest tells them, and what one thing more would set off now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import EventType
from funnel import rules
from funnel.explaining import Words
from funnel.fold import EndlessRules, Event, go_on
from funnel.histories import Histories, told_beside
from funnel.models import Playbook, PlaybookDraft
from funnel.playbooks import Playbook as Compiled
from funnel.playbooks import Playbooks
from funnel.publishing import FaultyPlaybookError, check_draft, document_of
from funnel.reading import micros
from funnel.replaying import Lived, person_led_by
from funnel.state import State
from funnel.stories import Told, read_line

NEXT = b"\xff" * 16  # behind every other event of its moment


@dataclass(frozen=True, slots=True)
class Reaction:
    """A move that an event would make at once, and why."""

    dimension: str
    to: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Trial:
    """`reactions` to the event asked about: of the rules in force, and of the draft; nothing where none was."""

    histories: Histories
    reactions: tuple[list[Reaction], list[Reaction]] | None


def try_on(*, draft: PlaybookDraft, leader: int, since: datetime | None, words: Words, event: str = "") -> Trial | None:
    """Somebody's history had the draft been in force since then; nothing for somebody without a fact.

    `event` is a thing that might happen now, as an example tells it: `order_completed 59.00 EUR order_id=7`.
    """
    if findings := check_draft(draft):
        raise FaultyPlaybookError(findings)
    told = _told(event) if event else None
    versions = list(Playbook.objects.order_by("number"))
    documents: dict[int, Any] = {one.number: one.document for one in versions}
    documents[draft_number := max(documents) + 1] = document_of(draft)
    published = [Compiled(one.document, one.number, micros(one.since) if one.since else None) for one in versions]
    proposed = Compiled(documents[draft_number], draft_number, micros(since) if since else None)
    books, until = (Playbooks(published), Playbooks([*published, proposed])), timezone.now()
    lived = person_led_by(leader, until, books)
    if lived is None or not lived.events:
        return None
    try:
        found = told_beside(lived, books, micros(until), documents, words)
        reactions = told and tuple(_reactions(lived, one, micros(until), told, documents, words) for one in books)
    except EndlessRules as error:
        words_ = _("Rules of time set each other off for ever for this person.")
        raise ValidationError(words_, code="endless") from error
    return Trial(found, (reactions[0], reactions[1]) if reactions else None)


def _told(event: str) -> Told:
    told = read_line(f"day 0 {event}")
    if told is None or not EventType.objects.filter(key=told.type).exists():
        words = _("“%(line)s” can't be read. Write a line such as: order_completed 59.00 EUR order_id=1")
        raise ValidationError(words % {"line": event[:200]}, code="bad_story")
    return told


def _reactions(
    lived: Lived, books: Playbooks, until: int, told: Told, documents: dict[int, Any], words: Words
) -> list[Reaction]:
    if told.is_claim:
        return []
    said = Event(until, 1, NEXT, told.type, told.value, told.currency, told.properties, told.is_public)
    _state, moves, _due = go_on(State.start(), [*lived.events, said], books, until)
    return [
        Reaction(
            move.dimension,
            move.to,
            rules.explain(move, documents[move.version], words.language, words.labels, told.type),
        )
        for move in moves
        if move.cause_key == NEXT
    ]
