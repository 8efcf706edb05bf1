"""What somebody did as a story to keep: kinds of events, days, amounts, of all else only what rules ask about. Pure.

A playbook is kept for ever and taken elsewhere as text, so that nothing in it may tell who somebody is.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from funnel.fold import Event
from funnel.moments import DAY
from funnel.playbooks import Playbook, Playbooks
from funnel.stories import MINUTE, Told

OTHER: Final = "other"  # for a text that no rule names
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def copied(events: Sequence[Event], playbook: Playbook, playbooks: Playbooks) -> list[Told]:
    """The events, in order, counted from the day of the first."""
    start = events[0].at // DAY
    orders: dict[str, int] = {}
    return [
        Told(
            event.at // DAY - start,
            event.at % DAY // MINUTE,
            event.type,
            event.value,
            event.currency,
            dict(_kept(event, playbook, playbooks.property_names.get(event.type, frozenset()), orders, start)),
            event.public,
        )
        for event in events
    ]


def _kept(
    event: Event, playbook: Playbook, asked: Iterable[str], orders: dict[str, int], start: int
) -> Iterable[tuple[str, Any]]:
    for name in sorted(asked):
        value = (event.properties or {}).get(name)
        if name == "order_id" and value is not None:
            yield name, orders.setdefault(str(value), len(orders) + 1)
        elif name == "until" and (day := _day(value, start)) is not None:
            yield name, f"day {day}"
        elif isinstance(value, bool | int | float):
            yield name, value
        elif isinstance(value, str):
            yield name, value if value in playbook.stages else _named(value, _operands(playbook, name))


def _day(value: Any, start: int) -> int | None:
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    day = ((read if read.tzinfo else read.replace(tzinfo=UTC)) - _EPOCH) // timedelta(days=1) - start
    return day if 0 <= day <= 9999 else None


def _operands(playbook: Playbook, name: str) -> list[tuple[str, str]]:
    """The texts with which rules compare this property or detail, each with how they do."""
    found = []
    for condition in (condition.document for rule in playbook.rules for condition in rule.conditions):
        if condition.get("name") == name:
            found += [
                (how, str(text)) for how in ("is", "is_not", "contains") if (text := condition.get(how)) is not None
            ]
            found += [("in", str(text)) for text in condition.get("in", ())]
    return found


def _named(value: str, operands: Sequence[tuple[str, str]]) -> str:
    """The text in the words of the rules: where one names it, as it is; else the piece a rule looks for, or nothing."""
    if any(how != "contains" and text == value for how, text in operands):
        return value
    pieces = [text for how, text in operands if how == "contains" and text in value]
    return max(pieces, key=len, default=OTHER)
