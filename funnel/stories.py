"""Made-up or real stories of people, a line an event: `day 3 10:30 order_completed 59.00 EUR order_id=1`. Pure.

Days count from the first, which is day 0. Without a time of day events of a day come in the order they are told.
`day 3 public form_submitted` is said by a public source, which may not decide everything.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from contacts.messages import CLAIMED_TYPES
from funnel.moments import DAY
from funnel.sentences import WITHOUT_DECIMALS
from funnel.state import Event

FIRST: Final = date(2025, 1, 6)  # any day would do: rules know of days between events, not of dates
MINUTE, SECOND = 60_000_000, 1_000_000
NOON: Final = 12 * 60
_LINE: Final = re.compile(
    r"""day\ +(?P<day>\d{1,4})
        (?:\ +(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d))?
        (?P<public>\ +public)?
        \ +(?P<type>[a-z][a-z0-9_]{0,79})
        (?:\ +(?P<amount>-?\d{1,12}(?:\.\d{1,2})?)\ +(?P<currency>[A-Z]{3}))?
        (?P<said>(?:\ +[A-Za-z_][\w.-]{0,79}=(?:"(?:[^"\\]|\\.)*"|[^\s"]\S*))*)""",
    re.VERBOSE | re.ASCII,
)
_SAID: Final = re.compile(r' ([A-Za-z_][\w.-]*)=("(?:[^"\\]|\\.)*"|[^\s"]\S*)', re.ASCII)
_DAY: Final = re.compile(r"day (\d{1,4})", re.ASCII)
_PLAIN: Final = re.compile(r'[^\s"]\S*')


class Told(NamedTuple):
    """One event of a story. The value is in minor units; a text "day 30" among the properties stands for that day."""

    day: int
    minute: int | None  # of the day; nothing: when it comes in the story
    type: str
    value: int | None = None
    currency: str | None = None
    properties: Mapping[str, Any] = {}
    is_public: bool = False

    @property
    def is_claim(self) -> bool:
        """Whether it would wait for somebody's word and do nothing until then."""
        return self.is_public and self.type in CLAIMED_TYPES


def read_line(line: str) -> Told | None:
    """The event that a line tells; nothing where it can't be read."""
    found = _LINE.fullmatch(line.strip() if isinstance(line, str) else "")
    if found is None:
        return None
    value = None
    if found["amount"]:
        value = _minor(found["amount"], found["currency"])
        if value is None:
            return None
    minute = int(found["hour"]) * 60 + int(found["minute"]) if found["hour"] else None
    try:
        properties = {name: _value(text) for name, text in _SAID.findall(found["said"])}
    except ValueError:
        return None
    is_public = found["public"] is not None
    return Told(int(found["day"]), minute, found["type"], value, found["currency"], properties, is_public)


def _minor(amount: str, currency: str) -> int | None:
    units, _point, cents = amount.partition(".")
    if currency in WITHOUT_DECIMALS:
        return None if cents else int(units)
    return int(units + (cents + "00")[:2])


def _value(text: str) -> Any:
    """A number, true, false, or a text, which needs quotes only where it has blanks or would be one of these."""
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", text, re.ASCII):
        return float(text) if "." in text else int(text)
    return json.loads(text) if text.startswith('"') else text


def written(told: Told) -> str:
    """The line that tells this event."""
    parts = [f"day {told.day}"]
    if told.minute is not None:
        parts.append(f"{told.minute // 60:02}:{told.minute % 60:02}")
    parts += ["public", told.type] if told.is_public else [told.type]
    if told.value is not None and told.currency:
        parts += [_amount(told.value, told.currency), told.currency]
    return " ".join([*parts, *(f"{name}={_text(value)}" for name, value in told.properties.items())])


def _amount(value: int, currency: str) -> str:
    if currency in WITHOUT_DECIMALS:
        return str(value)
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}"


def _text(value: Any) -> str:
    is_plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value.isprintable() and _value(value) == value
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def events_of(story: Sequence[Told]) -> list[Event]:
    """The story as the fold walks it, each event of a day a second behind the one told before it; without claims."""
    start = (FIRST.toordinal() - date(1970, 1, 1).toordinal()) * DAY
    events = []
    for place, told in enumerate(story):
        if told.is_claim:
            continue
        minute = NOON if told.minute is None else told.minute
        at = start + told.day * DAY + minute * MINUTE + place * SECOND
        said = (told.type, told.value, told.currency, _dated(told.properties), told.is_public)
        events.append(Event(at, 1, place.to_bytes(16, "big"), *said))
    return sorted(events)


def _dated(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: _date(value) if isinstance(value, str) else value for name, value in properties.items()}


def _date(text: str) -> str:
    found = _DAY.fullmatch(text)
    return (FIRST + timedelta(days=int(found[1]))).isoformat() if found else text


def end_of(day: int) -> int:
    """The last moment of a day of the story."""
    return (FIRST.toordinal() - date(1970, 1, 1).toordinal()) * DAY + (day + 1) * DAY - 1


def day_of(moment: int) -> int:
    """The day of the story on which a moment lies."""
    return moment // DAY - (FIRST.toordinal() - date(1970, 1, 1).toordinal())
