"""How many events a second one core folds with the default playbook. Prints one JSON line for each kind of log."""

import json
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from funnel.fold import Event, State, fold
from funnel.rules import Playbook, Playbooks
from funnel.state import DAY

PLAYBOOK = Path(__file__).parent.parent / "funnel" / "default_playbook.json"
START = 19_000 * DAY

# Weights of types: what sites and mail tools send, with a few decisions, orders and refunds among them.
TRAFFIC = {
    "page_viewed": 36, "email_opened": 22, "ad_viewed": 14, "email_sent": 10, "email_clicked": 4, "ad_clicked": 3,
    "social_reacted": 2, "form_submitted": 1.5, "content_downloaded": 1.5, "order_completed": 2.5, "note_added": 1,
    "newsletter_subscribed": 0.7, "message_received": 0.5, "quote_requested": 0.4, "feedback_given": 0.3,
    "order_refunded": 0.2, "postponed": 0.2, "attributes_changed": 0.2,
}  # fmt: skip
MOVING = TRAFFIC | {"order_completed": 12, "postponed": 7, "order_refunded": 3, "stage_set": 2}
RANKS = {"attributes_changed": 0, "order_completed": 3, "order_refunded": 4, "feedback_given": 5}
RANKS |= dict.fromkeys(("form_submitted", "content_downloaded", "newsletter_subscribed", "message_received"), 2)
RANKS |= {"quote_requested": 2, "postponed": 6, "stage_set": 6}
LOGS = {  # contacts, events a contact, days, weights
    "short": (40_000, 10, 120, TRAFFIC),
    "short, moving": (40_000, 10, 900, MOVING),
    "medium": (8_000, 50, 400, TRAFFIC),
    "long": (200, 2_000, 1_500, TRAFFIC),
    "long, moving": (200, 2_000, 9_000, MOVING),
}


def person(chance: random.Random, events: int, days: int, weights: dict[str, float]) -> Iterator[Event]:
    moments = sorted(START + chance.randrange(days * DAY) for _ in range(events))
    for at, type_ in zip(moments, chance.choices(list(weights), list(weights.values()), k=events), strict=True):
        yield Event(
            at=at,
            rank=RANKS.get(type_, 1),
            key=chance.randbytes(16),
            type=type_,
            value=5900 if type_ == "order_completed" else None,
            currency="EUR" if type_.startswith("order") else None,
            properties=PROPERTIES.get(type_),
            public=type_ == "page_viewed",
            id=at & 0xFFFF,
        )


PROPERTIES: dict[str, dict[str, object]] = {
    "order_completed": {"order_id": None},
    "feedback_given": {"score": 9},
    "postponed": {"until": "2023-03-01"},
    "stage_set": {"stage": "lead"},
}


def measure(name: str, rounds: int = 5) -> dict[str, object]:
    contacts, events, days, weights = LOGS[name]
    chance = random.Random(name)
    people = [list(person(chance, events, days, weights)) for _ in range(contacts)]
    playbooks = Playbooks([Playbook.parse(json.loads(PLAYBOOK.read_text()), 1, None)])
    until = START + (days + 400) * DAY
    rates = []
    for _ in range(rounds):
        start = time.process_time()
        moves = sum(len(fold(State.start(), log, playbooks, until)[1]) for log in people)
        rates.append(contacts * events / (time.process_time() - start))
    return {
        "benchmark": "fold",
        "log": name,
        "contacts": contacts,
        "events": contacts * events,
        "moves": moves,
        "moves_per_event": round(moves / contacts / events, 3),
        "events_per_s": round(statistics.median(rates)),
        "rounds": [round(rate) for rate in rates],
    }


if __name__ == "__main__":
    for kind in LOGS:
        print(json.dumps(measure(kind)))
