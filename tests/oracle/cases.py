"""A short way to write down an event, a playbook and what the oracle tells of them.

Days are counted from the first of January 2025, midnight UTC; a key is the type and the day: a cause can be read.
"""

from typing import Any

from tests.oracle.oracle import DAY, SECOND, Answer, Event, Version, answer
from tests.oracle.people import rank_of
from tests.oracle.playbook import DESIGNED

NEW_YEAR = 1_735_689_600 * SECOND
STAGES = [("first", "stranger"), ("second", "friend"), ("third", "customer")]


def at(day: float, microseconds: int = 0) -> int:
    return NEW_YEAR + int(day * DAY) + microseconds


def event(event_type: str, day: float, microseconds: int = 0, **given: Any) -> Event:
    """An event; `key`, `value`, `currency` and `public` may be given, all else becomes properties."""
    key = given.pop("key", f"{event_type}@{day}").encode()
    named = {name: given.pop(name, None) for name in ("value", "currency")}
    public = given.pop("public", False)
    moment, rank = at(day, microseconds), rank_of(event_type)
    return {"at": moment, "rank": rank, "key": key, "type": event_type, "public": public, "properties": given} | named


def order(day: float, value: int | None = 100, currency: str | None = "EUR", **given: Any) -> Event:
    return event("order_completed", day, value=value, currency=currency, **given)


def refund(day: float, value: int | None = None, currency: str | None = "EUR", **given: Any) -> Event:
    return event("order_refunded", day, value=value, currency=currency, **given)


def playbook(*rules: dict[str, Any], points: dict[str, int] | None = None, half_life_days: int = 30) -> dict[str, Any]:
    stages = [{"key": key, "phase": phase} for key, phase in STAGES]
    return {"stages": stages, "half_life_days": half_life_days, "points": points or {}, "rules": list(rules)}


def version(document: dict[str, Any], number: int = 1, since: int | None = None) -> Version:
    return {"number": number, "since": since, "document": document}


def told(events: list[Event], until: int, document: dict[str, Any] = DESIGNED) -> Answer:
    return answer(events, [version(document)], until)


def moves_of(dimension: str, events: list[Event], until: int, document: dict[str, Any] = DESIGNED) -> list[Any]:
    """(to, at, rule, cause) of the moves of one dimension."""
    moves = told(events, until, document).moves
    return [(to, moment, name, cause) for of, _, to, moment, name, _, cause, _ in moves if of == dimension]


def healths(events: list[Event], until: int) -> list[tuple[str | None, int]]:
    return [(to, moment) for to, moment, _, _ in moves_of("health", events, until)]


def fired(events: list[Event], until: int, *rules: dict[str, Any]) -> list[tuple[str, int]]:
    """(rule, moment) of every move but the start."""
    return [(move[4], move[3]) for move in told(events, until, playbook(*rules)).moves[1:]]
