"""Reading a place of a row: a column, a template or a constant, as text, a number, yes or no, a date or a moment."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ..messages import EARLIEST, LARGEST
from .dates import ORDERS, read_moment
from .fields import NO, YES
from .mapping import ROW, Cell, Column, Moment, Place, Scalar
from .reading import Cells

CACHED_MOMENTS = 10_000
ROW_NUMBER = -1
TIME_OF_DAY = re.compile(r"%[HIMSfpcXzZ]")

Read = Callable[[int, Cells], Scalar | None]  # of the number of the row and its cells; nothing when blank
ReadMoment = Callable[[Cells], datetime | None]


class RowRefused(Exception):
    """A row that can't become facts: the column at fault, a reason for programs, a sentence for people.

    The sentence is English, with places for `values`: who reads it, reads it in their language (`rest.telling`).
    """

    def __init__(self, column: str, reason: str, detail: str, /, **values: Any) -> None:
        super().__init__(column, reason, detail, values)
        self.column = column
        self.reason = reason
        self.detail = detail
        self.values = values


class Columns:
    """The columns of a file, by name or by number from 1. What is asked for and isn't there is told all at once."""

    def __init__(self, names: tuple[str, ...], decimal: str = ".") -> None:
        self.names = names
        self.decimal = decimal
        self.problems: list[str] = []

    def index(self, column: Column) -> int:
        if isinstance(column, int):
            if not 1 <= column <= len(self.names):
                self.problems.append(_("there is no column number %(number)s") % {"number": column})
            return column - 1
        if column.isdecimal() and column not in self.names:
            return self.index(int(column))
        if self.names.count(column) == 1:
            return self.names.index(column)
        problem = _("two columns are called “%(name)s”") if column in self.names else _("there is no column “%(name)s”")
        self.problems.append(problem % {"name": column})
        return 0

    def label(self, column: Column) -> str:
        """What a column is called in a report: as the header has it."""
        number = int(column) if isinstance(column, int) or (column.isdecimal() and column not in self.names) else 0
        return self.names[number - 1] or str(column) if 1 <= number <= len(self.names) else str(column)

    def refuse_problems(self) -> None:
        if self.problems:
            raise ValidationError(
                _("The mapping does not fit the file: %(problems)s. Its columns: %(names)s.")
                % {"problems": "; ".join(dict.fromkeys(self.problems)), "names": ", ".join(self.names)},
                code="columns",
            )


def label_of(place: Place, columns: Columns) -> str:
    """What the place is called in a report."""
    if not isinstance(place, Cell):
        return columns.label(place)
    named = place.columns[0] if place.columns else place.column
    return str(place.template or place.constant) if named is None else columns.label(named)


def place_reader(place: Place, columns: Columns) -> Read:
    if not isinstance(place, Cell):
        return column_reader(columns.index(place))
    read = text_reader(place, columns)
    if place.values is not None:
        read = table_reader(read, place, label_of(place, columns))
    elif place.constant is None:
        read = converted(read, place, label_of(place, columns), columns.decimal)
    return guarded(read, place, columns) if place.needs or place.unless else read


def text_reader(place: Cell, columns: Columns) -> Read:
    """What stands in the place, before it is looked up or converted."""
    if place.constant is not None:
        constant = place.constant
        return lambda _row, _cells: constant
    if place.columns:
        return first_reader([columns.index(column) for column in place.columns])
    if place.column is None:
        return template_reader(str(place.template), columns)
    read = column_reader(columns.index(place.column))
    return stripped(read, place.without) if place.without else read


def column_reader(index: int) -> Read:
    return lambda _row, cells: cells[index].strip() or None


def first_reader(indexes: Sequence[int]) -> Read:
    return lambda _row, cells: next((text for index in indexes if (text := cells[index].strip())), None)


def stripped(read: Read, marks: Sequence[str]) -> Read:
    def read_text(row: int, cells: Cells) -> str | None:
        text = str(read(row, cells) or "")
        for mark in marks:
            text = text.replace(mark, "")
        return text if text.strip() else None

    return read_text


def guarded(read: Read, place: Cell, columns: Columns) -> Read:
    """Only where one of the columns it needs says something, and none of those it must not."""
    needs, unless = ([columns.index(column) for column in some] for some in (place.needs, place.unless))

    def read_guarded(row: int, cells: Cells) -> Scalar | None:
        if needs and not any(cells[index].strip() for index in needs):
            return None
        return None if any(cells[index].strip() for index in unless) else read(row, cells)

    return read_guarded


def template_reader(template: str, columns: Columns) -> Read:
    """The template filled in; nothing where all its columns are blank."""
    form, names = percent_form(template)
    indexes = [ROW_NUMBER if name == ROW and ROW not in columns.names else columns.index(name) for name in names]

    def read(row: int, cells: Cells) -> str | None:
        values = tuple([str(row) if index == ROW_NUMBER else cells[index].strip() for index in indexes])
        return (form % values).strip() if any(values) else None

    return read


def percent_form(template: str) -> tuple[str, list[str]]:
    """The template as Python's `%` fills it in, and the names it names."""
    parts = list(Formatter().parse(template))
    form = "".join([literal.replace("%", "%%") + ("" if name is None else "%s") for literal, name, *_rest in parts])
    return form, [name for _literal, name, *_rest in parts if name is not None]


def table_reader(read: Read, place: Cell, label: str) -> Read:
    table: Mapping[str, Scalar] = place.values or {}

    def look_up(row: int, cells: Cells) -> Scalar | None:
        text = read(row, cells)
        if text is None or str(text) in table:
            return None if text is None else table[str(text)]
        if place.other == "refuse":
            raise RowRefused(label, "unknown-value", "The mapping does not say what “%(text)s” means.", text=text)
        return text if place.other == "keep" else None

    return look_up


def converted(read: Read, place: Cell, label: str, decimal: str) -> Read:
    if place.kind == "text":
        return read

    def convert(row: int, cells: Cells) -> Scalar | None:
        text = read(row, cells)
        if text is None:
            return None
        if place.kind == "number":
            return number(str(text), decimal, label)
        return yes_no(str(text), label) if place.kind == "yes_no" else day(str(text), place.format, label)

    return convert


def plain_number(text: str, decimal: str) -> str:
    """A number as programs write it: without blanks and thousands marks, with a decimal point."""
    joined = "".join(text.split()).strip("€$£")
    return joined.replace(".", "").replace(",", ".") if decimal == "," else joined.replace(",", "")


def number(text: str, decimal: str, label: str) -> int | float:
    try:
        exact = Decimal(plain_number(text, decimal))
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite() or abs(exact) > LARGEST:
        raise RowRefused(label, "bad-number", "“%(text)s” is not a number.", text=text)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def yes_no(text: str, label: str) -> bool:
    word = text.casefold()
    if word not in YES and word not in NO:
        raise RowRefused(label, "bad-yes-no", "“%(text)s” is neither yes nor no.", text=text)
    return word in YES


def day(text: str, form: str, label: str) -> str:
    try:
        found = parsed(text, form)
    except ValueError:
        raise RowRefused(label, "bad-date", "“%(text)s” is not a date.", text=text) from None
    return found.date().isoformat()


def parsed(text: str, form: str) -> datetime:
    """A date, perhaps with its time of day, as `form` says it is written; raises ValueError."""
    if form in ORDERS:
        return read_moment(text, form)
    return datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007


def moment_reader(moment: Moment, columns: Columns) -> ReadMoment:
    """Moments in UTC, nothing where the columns are blank. What was read lately is remembered."""
    indexes = [columns.index(part) for part in moment.parts]
    label = " ".join(columns.label(part) for part in moment.parts)
    parse = moment_parser(moment)
    known: dict[str, datetime] = {}

    def read(cells: Cells) -> datetime | None:
        text = " ".join([cells[index].strip() for index in indexes]).strip()
        found = known.get(text)
        if found is None and text:
            if len(known) >= CACHED_MOMENTS:
                known.clear()
            found = known[text] = checked_moment(parse, text, label)
        return found

    return read


def checked_moment(parse: Callable[[str], datetime], text: str, label: str) -> datetime:
    try:
        found = parse(text)
    except (ValueError, OverflowError, OSError):
        raise RowRefused(label, "bad-time", "“%(text)s” is not a moment as the mapping says.", text=text) from None
    if found < EARLIEST:
        raise RowRefused(label, "before-1900", "Nothing before the year 1900 can be recorded.")
    return found


def moment_parser(moment: Moment) -> Callable[[str], datetime]:
    zone = ZoneInfo(moment.zone)
    form = moment.format
    at = time.fromisoformat(moment.time)
    if form in {"unix", "unix_ms"}:
        scale = 1 if form == "unix" else 1000
        return lambda text: datetime.fromtimestamp(int(text) / scale, UTC)
    is_told = form == "iso" or form in ORDERS  # whether the length of the text tells if there is a time of day in it
    is_day = not TIME_OF_DAY.search(form)

    def parse(text: str) -> datetime:
        found = parsed(text, form)
        if len(text) <= len("2026-03-01") if is_told else is_day:
            found = datetime.combine(found.date(), at)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)

    return parse
