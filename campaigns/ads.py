"""Reading what ad platforms export: which file it is by its header, and what each of its lines says was spent.

Pure: text in, lines out; each line that cannot be used with its reason.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from campaigns.ad_days import MONTH_FIRST, Span, day_of, month_of, order_of, span_told, week_from, within

MOST_LINES: Final = 200_000
_LOOK_FOR_HEADER: Final = 20  # lines
_NAMES: Final = {
    "campaign": ("campaign", "campaign name", "kampanja", "kampanjan nimi"),
    "day": ("day", "date", "by day", "gregorian date", "start date (in utc)", "päivä", "päivämäärä", "pvm"),
    "week": ("week", "by week", "viikko"),
    "month": ("month", "by month", "kuukausi"),
    "first": ("reporting starts", "start date", "raportoinnin alku", "raportointi alkaa"),
    "last": ("reporting ends", "end date", "raportoinnin loppu", "raportointi päättyy"),
    "cost": (
        *("cost", "amount spent", "spend", "total spent", "sum"),
        *("kustannus", "kustannukset", "kulu", "hinta", "käytetty summa"),
    ),
    "currency": ("currency code", "currency", "account currency", "valuuttakoodi", "valuutta"),
}
_DAYS: Final = ("day", "week", "month", "first")
_TOTALS: Final = ("total", "yhteensä", "kaikki yhteensä")
_CODE: Final = re.compile(r"\(([A-Za-z]{3})\)\s*$")
_THOUSANDS: Final = re.compile(r"\d{1,3}([  '’]\d{3})+")


class Spent(NamedTuple):
    """What a line says: on these days, for what the platform calls a campaign, so much."""

    number: int
    name: str
    first: date
    last: date
    amount: Decimal
    currency: str  # empty: not said


class Unusable(NamedTuple):
    number: int
    reason: str  # a code; `words` of the desk says it to people
    text: str


@dataclass(slots=True)
class Export:
    """What is in a file. `platform` is google-ads, meta, linkedin, microsoft or table; `passed_over` counts totals and
    empty sums."""

    platform: str
    lines: list[Spent] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    passed_over: int = 0


class NoSuchExport(ValueError):
    """No line of the file names a campaign, its days and its cost. `lacks_days`: that alone is missing."""

    def __init__(self, *, lacks_days: bool = False) -> None:
        super().__init__()
        self.lacks_days = lacks_days


def decoded(raw: bytes) -> str:
    """UTF-8, or UTF-16 by its mark, or what Western spreadsheets write."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def read_export(text: str) -> Export:
    rows = text.replace("\0", "").splitlines()
    lacks_days = False
    for place, row in enumerate(rows[:_LOOK_FOR_HEADER]):
        for delimiter in ",;\t":
            columns = _columns(_head(row, delimiter))
            if columns is None:
                continue
            export = _read(rows[place + 1 :], delimiter, columns, place + 2, rows[:place])
            if export is not None:
                return export
            lacks_days = True
    raise NoSuchExport(lacks_days=lacks_days)


def _head(row: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([row], delimiter=delimiter), [])
    except csv.Error:
        return []


@dataclass(frozen=True, slots=True)
class _Columns:
    at: dict[str, int]
    currency: str
    platform: str


@dataclass(frozen=True, slots=True)
class _Days:
    """How the days of a file are read: by which column, in what order with slashes, what stands above the table."""

    by: str  # day, week, month, first (to last) or told
    slashes: str
    told: Span | None

    def of(self, said: dict[str, str]) -> tuple[date | None, date | None]:
        match self.by:
            case "day":
                first = day_of(said["day"], self.slashes)
                return first, first
            case "week":
                return self._cut(week_from(day_of(said["week"], self.slashes)))
            case "month":
                return self._cut(month_of(said["month"], self.slashes))
            case "first":
                return day_of(said["first"], self.slashes), day_of(said["last"], self.slashes)
        return self.told or (None, None)

    def _cut(self, span: Span | None) -> tuple[date | None, date | None]:
        return within(span, self.told) if span else (None, None)


def _columns(head: Sequence[str]) -> _Columns | None:
    """Those of a campaign and of its cost, with what else we know of; of its days there may be none."""
    at: dict[str, int] = {}
    currency = ""
    plain = [_CODE.sub("", cell).strip().lower() for cell in head]
    for place, name in enumerate(plain):
        for meaning, names in _NAMES.items():
            if name in names and meaning not in at:
                at[meaning] = place
                if meaning == "cost" and (code := _CODE.search(head[place])):
                    currency = code[1].upper()
    if not {"campaign", "cost"} <= at.keys():
        return None
    return _Columns(at, currency, _platform(at, plain))


def _platform(at: dict[str, int], plain: Sequence[str]) -> str:
    if "total spent" in plain:
        return "linkedin"
    if "gregorian date" in plain:
        return "microsoft"
    if plain[at["campaign"]] in ("campaign name", "kampanjan nimi"):
        return "meta"
    return "google-ads" if "currency" in at or "campaign id" in plain else "table"


def _read(rows: Sequence[str], delimiter: str, columns: _Columns, number: int, above: Sequence[str]) -> Export | None:
    """Nothing where neither a column nor a line above the table says of which days it is."""
    lines = list(_cells(rows, delimiter, number))
    days = _days(columns, [cells for _place, cells in lines], above)
    if days is None:
        return None
    export = Export(columns.platform)
    for place, cells in lines:
        if place - number >= MOST_LINES:
            export.unusable.append(Unusable(place, "too_many_lines", ""))
            break
        _take(export, columns, days, place, cells)
    return export


def _days(columns: _Columns, lines: Sequence[Sequence[str]], above: Sequence[str]) -> _Days | None:
    at = [columns.at[name] for name in _DAYS if name in columns.at]
    slashes = order_of(cells[place] for cells in lines for place in at if place < len(cells))
    if not slashes and columns.platform == "linkedin":
        slashes = MONTH_FIRST  # as it writes them in whatever language
    told = span_told(above, slashes)
    for by in ("day", "week", "month"):
        if by in columns.at:
            return _Days(by, slashes, told)
    is_of_each = {"first", "last"} <= columns.at.keys()
    if told and (columns.platform == "google-ads" or not is_of_each):  # which tells the days of the campaign itself
        return _Days("told", slashes, told)
    return _Days("first", slashes, told) if is_of_each else None


def _cells(rows: Sequence[str], delimiter: str, number: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(rows, delimiter=delimiter)
    while True:
        place = number + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = []
        if any(cell.strip() for cell in cells):
            yield place, [cell.strip() for cell in cells]


def _take(export: Export, columns: _Columns, days: _Days, number: int, cells: list[str]) -> None:
    said = {meaning: cells[at] if at < len(cells) else "" for meaning, at in columns.at.items()}
    name = said["campaign"]
    if name in ("", "--") or name.lower() in _TOTALS or cells[0].lower().startswith(("total:", "yhteensä:")):
        export.passed_over += 1
        return
    amount, (first, last), shown = amount_of(said["cost"]), days.of(said), delimited(cells)
    if first is None or last is None:
        export.unusable.append(Unusable(number, "no_date", shown))
    elif last < first:
        export.unusable.append(Unusable(number, "ends_before_start", shown))
    elif amount is None:
        export.unusable.append(Unusable(number, "no_amount", shown))
    elif amount < 0:
        export.unusable.append(Unusable(number, "negative", shown))
    elif not amount:
        export.passed_over += 1
    else:
        currency = said.get("currency", "").upper() or columns.currency
        export.lines.append(Spent(number, name[:200], first, last, amount, currency))


def delimited(cells: Sequence[str]) -> str:
    return " | ".join(cells)[:200]


def amount_of(text: str) -> Decimal | None:
    """1234.56, 1,234.56, 1 234,56, 1.234,56. What could be thousands or a fraction (1,234) is not read."""
    plain = text.strip().lstrip("€$£").strip().rstrip("€$£").strip().replace("\xa0", " ").replace("\u202f", " ")
    for mark in (" ", "'", "’"):
        if mark in plain:
            whole = re.split(r"[.,](?=\d{1,2}$)", plain)[0]
            if not _THOUSANDS.fullmatch(whole):
                return None
            plain = plain.replace(mark, "")
    marks = [sign for sign in plain if sign in ".,"]
    if len(set(marks)) == 2:
        fraction = marks[-1]
        if marks.count(fraction) > 1:
            return None
        plain = plain.replace("," if fraction == "." else ".", "").replace(fraction, ".")
    elif len(marks) == 1:
        if marks[0] == "," and re.search(r",\d{3}$", plain):
            return None
        plain = plain.replace(",", ".")
    elif len(marks) > 1:
        if not re.fullmatch(r"\d{1,3}([.,]\d{3})+", plain):
            return None
        plain = plain.replace(marks[0], "")
    try:
        return Decimal(plain) if re.fullmatch(r"-?\d+(\.\d+)?", plain) else None
    except InvalidOperation:
        return None
