"""The lines of a story: in words, as rows of a form, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from difflib import SequenceMatcher
from typing import Any, Final

from django.http import QueryDict
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from crm.desk.money import in_full
from funnel.stories import Told, read_line, written

MOST_ROWS: Final = 40  # a longer story is written as text
FIELDS: Final = ("day", "time", "type", "amount", "currency", "more", "public")
CURRENCY: Final = "EUR"  # where an amount is given without one


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of a story in words; `line` is what a story that can't be read says there."""

    day: int | None = None
    at: str = ""
    what: str = ""
    worth: str = ""
    more: tuple[tuple[str, str], ...] = ()
    is_public: bool = False
    is_claim: bool = False
    line: str = ""
    mark: str = ""  # del or ins, beside what the story was


@dataclass(frozen=True, slots=True)
class Row:
    """An event of a story as fields of a form, as they were typed."""

    place: int
    day: str = ""
    time: str = ""
    type: str = ""
    amount: str = ""
    currency: str = ""
    more: str = ""
    public: str = ""
    is_new: bool = False

    @property
    def is_more(self) -> bool:
        """Whether anything is said beside the day and what happened."""
        return bool(self.time or self.amount or self.more or self.public)


def told_in_words(
    lines: Sequence[str], types: Mapping[str, str], before: Sequence[str] | None = None
) -> list[Happening]:
    """A story; beside what it was `before`, with what is gone and what is new in their places."""
    said: list[Happening] = []
    was = lines if before is None else before
    for tag, a, b, c, d in SequenceMatcher(None, was, lines, autojunk=False).get_opcodes():
        if tag != "equal":
            said += [_happening(line, types, "del") for line in was[a:b]]
        said += [_happening(line, types, "" if tag == "equal" else "ins") for line in lines[c:d]]
    return said


def _happening(line: str, types: Mapping[str, str], mark: str) -> Happening:
    told = read_line(line)
    if told is None:
        return Happening(line=line, mark=mark)
    minute = told.minute
    return Happening(
        day=told.day,
        at="" if minute is None else time_format(time(minute // 60, minute % 60), "TIME_FORMAT"),
        what=types.get(told.type, told.type),
        worth=_worth(told),
        more=tuple((name.replace("_", " "), _said(value)) for name, value in told.properties.items()),
        is_public=told.is_public,
        is_claim=told.is_claim,
        mark=mark,
    )


def _worth(told: Told) -> str:
    if told.value is None or told.currency is None:
        return ""
    return in_full(told.value, told.currency)


def _said(value: Any) -> str:
    return (_("yes") if value else _("no")) if isinstance(value, bool) else str(value)


# --- As rows of a form


def rows_of(lines: Sequence[str]) -> list[Row] | None:
    """A row an event and an empty one; nothing where a line can't be read, or they are too many."""
    story = [read_line(line) for line in lines]
    if len(story) > MOST_ROWS or None in story:
        return None
    rows = [_row(place, told) for place, told in enumerate(story) if told]
    return rows or [Row(0, day="0")]


def _row(place: int, told: Told) -> Row:
    bare = written(told._replace(properties={}, is_public=False)).split(" ")
    amount, currency = bare[-2:] if told.value is not None else ("", "")
    return Row(
        place,
        day=str(told.day),
        time="" if told.minute is None else bare[2],
        type=told.type,
        amount=amount,
        currency=currency,
        more=written(Told(0, None, "x", properties=told.properties)).removeprefix("day 0 x").strip(),
        public="1" if told.is_public else "",
    )


def rows_said(post: QueryDict) -> list[Row]:
    """The rows of the form as they came, without those that say nothing of what happened."""
    count = post.get("rows", "")
    places = range(min(int(count), MOST_ROWS + 1) if count.isdecimal() and len(count) < 4 else 0)
    return [row for place in places if (row := _typed(post, place)).type]


def _typed(post: QueryDict, place: int) -> Row:
    day, at, type_, amount, currency, more, public = (post.get(f"e{place}-{name}", "").strip() for name in FIELDS)
    return Row(place, day, at, type_, amount, currency, more, public)


def lines_said(post: QueryDict) -> list[str]:
    """The story the rows tell, by day; what can't be right is kept as it was typed."""
    rows = rows_said(post)
    if all(row.day.isdecimal() for row in rows):
        rows.sort(key=lambda row: int(row.day))
    return [_line(row) for row in rows]


def _line(row: Row) -> str:
    amount = row.amount.replace(",", ".").replace("\u00a0", "").replace(" ", "")
    worth = [amount, row.currency.upper() or CURRENCY] if amount else []
    parts = ["day", row.day or "0", row.time[:5], "public" if row.public else "", row.type, *worth, row.more]
    line = " ".join(part for part in parts if part)
    told = read_line(line)
    return written(told) if told else line
