"""Reading what ad platforms export: which file it is by its header, and what each of its lines says was spent.

Pure: text in, lines out; each line that cannot be used with its reason.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

MOST_LINES: Final = 200_000
_LOOK_FOR_HEADER: Final = 20  # lines
_NAMES: Final = {
    "campaign": ("campaign", "campaign name", "kampanja", "kampanjan nimi"),
    "day": ("day", "date", "päivä", "päivämäärä", "pvm"),
    "first": ("reporting starts", "start date", "raportoinnin alku", "raportointi alkaa"),
    "last": ("reporting ends", "end date", "raportoinnin loppu", "raportointi päättyy"),
    "cost": ("cost", "amount spent", "spend", "sum", "kustannus", "kustannukset", "kulu", "hinta", "käytetty summa"),
    "currency": ("currency code", "currency", "valuuttakoodi", "valuutta"),
}
_MONTHS: Final = ("%b %d, %Y", "%d %b %Y", "%B %d, %Y")
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
    """What is in a file. `platform` is google-ads, meta or table; `passed_over` counts totals and empty sums."""

    platform: str
    lines: list[Spent] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    passed_over: int = 0


class NoSuchExport(ValueError):
    """No line of the file names a campaign, its days and its cost."""


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
    for place, row in enumerate(rows[:_LOOK_FOR_HEADER]):
        for delimiter in ",;\t":
            columns = _columns(_head(row, delimiter))
            if columns:
                return _read(rows[place + 1 :], delimiter, columns, place + 2)
    raise NoSuchExport


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


def _columns(head: Sequence[str]) -> _Columns | None:
    at: dict[str, int] = {}
    currency = ""
    plain = [_CODE.sub("", cell).strip().lower() for cell in head]
    for place, name in enumerate(plain):
        for meaning, names in _NAMES.items():
            if name in names and meaning not in at:
                at[meaning] = place
                if meaning == "cost" and (code := _CODE.search(head[place])):
                    currency = code[1].upper()
    if not {"campaign", "cost"} <= at.keys() or ("day" not in at and not {"first", "last"} <= at.keys()):
        return None
    is_meta = plain[at["campaign"]] in ("campaign name", "kampanjan nimi")
    platform = "meta" if is_meta else "google-ads" if "currency" in at or "campaign id" in plain else "table"
    return _Columns(at, currency, platform)


def _read(rows: Sequence[str], delimiter: str, columns: _Columns, number: int) -> Export:
    export = Export(columns.platform)
    for place, cells in _cells(rows, delimiter, number):
        if place - number >= MOST_LINES:
            export.unusable.append(Unusable(place, "too_many_lines", ""))
            break
        _take(export, columns, place, cells)
    return export


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


def _take(export: Export, columns: _Columns, number: int, cells: list[str]) -> None:
    said = {meaning: cells[at] if at < len(cells) else "" for meaning, at in columns.at.items()}
    name = said["campaign"]
    if name in ("", "--") or name.lower() in _TOTALS or cells[0].lower().startswith(("total:", "yhteensä:")):
        export.passed_over += 1
        return
    amount, first = amount_of(said["cost"]), day_of(said.get("day") or said.get("first", ""))
    last = first if said.get("day") else day_of(said.get("last", ""))
    shown = delimited(cells)
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


def day_of(text: str) -> date | None:
    """2026-11-03, 3.11.2026, Nov 3, 2026. A date with slashes could be read two ways, and is not read."""
    for form in ("%Y-%m-%d", "%d.%m.%Y", *_MONTHS):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  (a day has no zone)
        except ValueError:
            continue
    return None


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
