"""A small language for the lives of people: `happened` on a day, `after` a playbook."""

import json
from itertools import count
from pathlib import Path
from typing import Any

from funnel.fold import Event, Move, State, fold
from funnel.rules import Playbook, Playbooks
from funnel.state import DAY

DEFAULT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "funnel/default_playbook.json").read_text())
FOREVER = 100_000 * DAY
RANKS = {
    **dict.fromkeys(("contact_created", "attributes_changed", "owner_changed"), 0),
    **dict.fromkeys(("content_downloaded", "newsletter_subscribed", "form_submitted", "quote_requested"), 2),
    "message_received": 2,
    "order_completed": 3,
    "order_refunded": 4,
    **dict.fromkeys(("feedback_given", "review_posted", "referral_made"), 5),
    **dict.fromkeys(("stage_set", "postponed", "disqualified", "relationship_ended", "reopened"), 6),
}
_numbers = count(1)


def happened(day: float, type_: str, *, public: bool = False, value: int | None = None, **properties: Any) -> Event:
    """An event on a day (noon is half a day later), later ones with greater keys."""
    number = next(_numbers)
    return Event(
        at=round(day * DAY),
        rank=RANKS.get(type_, 1),
        key=number.to_bytes(16, "big"),
        type=type_,
        value=value,
        currency=None if value is None else "EUR",
        properties=properties,
        public=public,
        id=number,
    )


def book(*rules: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A document with these rules, named by their places, on three stages."""
    stages = [("cold", "stranger"), ("warm", "friend"), ("hot", "customer")]
    return {
        "stages": [{"key": key, "phase": phase} for key, phase in stages],
        "half_life_days": 30,
        "points": {},
        "rules": [{"name": str(place)} | rule for place, rule in enumerate(rules)],
    } | changes


def playbooks(*documents: dict[str, Any], since: tuple[float, ...] = ()) -> Playbooks:
    """Versions 1, 2, ...; `since` are the days from which the second and later ones are in force."""
    moments = [None, *(round(day * DAY) for day in since)]
    return Playbooks([Playbook.parse(doc, place + 1, moments[place]) for place, doc in enumerate(documents)])


def walked(
    *log: Event, by: Playbooks | dict[str, Any] = DEFAULT, until: float | None = None
) -> tuple[State, list[Move]]:
    """Fold in walking order, to the last event unless it is said until when."""
    books = by if isinstance(by, Playbooks) else playbooks(by)
    events = sorted(log, key=lambda event: event[:3])
    return fold(State.start(), events, books, events[-1].at if until is None else round(until * DAY))


def path(moves: list[Move], dimension: str = "stage") -> list[tuple[float, str | None]]:
    """Where the moves of one dimension led, and on which day."""
    return [(move.at / DAY, move.to) for move in moves if move.dimension == dimension]
