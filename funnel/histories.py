"""Both histories of one person in a backtest, folded again, each move with its why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contacts.models import Event
from funnel import rules
from funnel.backtesting import books_of, walked
from funnel.explaining import Words
from funnel.models import Backtest, Playbook
from funnel.outcomes import Parted, Walked, how_they_part
from funnel.playbooks import Playbooks
from funnel.reading import micros, moment_of
from funnel.replaying import Lived, person_led_by
from funnel.state import Move


@dataclass(frozen=True, slots=True)
class Step:
    """A move of one of the histories. `is_shared`: the other has it too, at the same moment."""

    move: Move
    at: datetime
    sentence: str
    cause: Event | None
    is_shared: bool
    is_of_draft: bool


@dataclass(frozen=True, slots=True)
class Histories:
    before: list[Step]
    after: list[Step]
    ends: tuple[Walked, Walked]
    parted: Parted | None
    events: int


def histories_of(backtest: Backtest, leader: int, words: Words) -> Histories | None:
    """As the log stood when the backtest began; nothing for somebody without a fact then."""
    lived = person_led_by(leader, backtest.until, books := books_of(backtest))
    if lived is None:
        return None
    documents = dict(Playbook.objects.filter(number__lte=backtest.published).values_list("number", "document"))
    documents[backtest.published + 1] = backtest.document or {}
    return told_beside(lived, books, micros(backtest.until), documents, words)


def told_beside(
    lived: Lived, books: tuple[Playbooks, Playbooks], until: int, documents: Mapping[int, Any], words: Words
) -> Histories:
    """What somebody lived, as it is and with the draft, which is the last of the documents."""
    before, after = (walked(lived, one, until) for one in books)
    draft = max(documents)
    ids = {move.cause_id for one in (before, after) for move in one.moves if move.cause_id}
    causes = Event.objects.select_related("type").in_bulk(ids)
    sides = [
        [_step(move, _keys(other), documents, causes, words, draft) for move in one.moves]
        for one, other in ((before, after), (after, before))
    ]
    return Histories(sides[0], sides[1], (before, after), how_they_part(before, after), lived.facts)


def _keys(walked: Walked) -> set[tuple[int, str, str | None]]:
    return {(move.at, move.dimension, move.to) for move in walked.moves}


def _step(
    move: Move,
    others: set[tuple[int, str, str | None]],
    documents: Mapping[int, Any],
    causes: Mapping[int, Event],
    words: Words,
    draft: int,
) -> Step:
    cause = causes.get(move.cause_id or 0)
    type_ = cause.type.key if cause and move.rule is not None and _waits(documents[move.version], move) else None
    sentence = rules.explain(move, documents[move.version], words.language, words.labels, type_)
    shared = (move.at, move.dimension, move.to) in others
    return Step(move, moment_of(move.at), sentence, cause, shared, move.version == draft)


def _waits(document: Mapping[str, Any], move: Move) -> bool:
    """Whether an event made the move, and not time."""
    known: Sequence[Any] = document["rules"]
    return move.rule is not None and known[move.rule]["on"] != "time"
