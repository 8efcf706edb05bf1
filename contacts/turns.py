"""Whose turn it is: from the questions and answers of one person to the clocks that ran. Pure.

The first question nobody has answered starts a clock; further questions join it; the first answer stops it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

QUESTIONS: Final = frozenset(
    {"message_received", "form_submitted", "quote_requested", "support_requested", "complaint_made"}
)
WAIVED: Final = "answer_waived"
# What a person of ours does that leaves nothing to answer, without being an answer.
ENDINGS: Final = frozenset({WAIVED, "disqualified", "relationship_ended"})
TALKS: Final = frozenset({"message_answered", "call_held", "meeting_held"})
# These answer only where one of us wrote to this one person: by a member of staff, and for no campaign.
LETTERS: Final = frozenset({"email_sent", "letter_sent"})
ANSWERS: Final = TALKS | LETTERS | ENDINGS
# What else changes who is to answer.
OWNING: Final = frozenset({"owner_changed"})
# A question that we learn of so long after it was asked is history that somebody brought in, not a request.
STALE: Final = timedelta(days=7)


class Said(NamedTuple):
    """A question or an answer, as the log has it."""

    event: int
    type: str
    at: datetime
    recorded_at: datetime
    by: int | None
    has_campaign: bool
    source: int


@dataclass(slots=True)
class Turn:
    """Their question, and our answer if there is one."""

    first: Said
    last: Said
    asked: int = 1
    answer: Said | None = None

    @property
    def is_waived(self) -> bool:
        return self.answer is not None and self.answer.type in ENDINGS


def turns(said: Iterable[Said]) -> list[Turn]:
    """The turns in what was said, given in the order of the log; only the last may be without an answer."""
    found: list[Turn] = []
    running: Turn | None = None
    for one in said:
        if one.type in QUESTIONS and one.recorded_at - one.at <= STALE:
            if running is None:
                running = Turn(one, one)
                found.append(running)
            else:
                running.last, running.asked = one, running.asked + 1
        elif running and _answers(one):
            running.answer, running = one, None
    return found


def _answers(one: Said) -> bool:
    if one.type in LETTERS:
        return one.by is not None and not one.has_campaign
    return one.type in ANSWERS
