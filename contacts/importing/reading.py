"""Reading a file: whatever is in it, rows come out, each with its physical line, or that line and what is wrong.

A file is never held in memory; a cell has at most 262,144 characters, a line 1,048,576, a file 1,000 columns.
"""

import codecs
import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from rest.telling import told

from .mapping import FileSection

CELL_LIMIT = 262_144
LINE_LIMIT = 1_048_576
COLUMN_LIMIT = 1000
BLOCK = 1 << 18
SAMPLE_ROWS = 50
DELIMITERS = ",;\t|"
CONTROLS = bytes(set(range(32)) - set(b"\t\r\n"))
NO_LEADS = bytes(set(range(256)) - set(range(0xC2, 0xF5)))  # what never begins a character of several bytes
SUSPICIOUS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\udc80-\udcff\ufffd]")
STRAY = re.compile("[\udc80-\udcff]+")
STRAY_LEAD = re.compile("[\udcc2-\udcf4]")  # it looks as if it began a character: ä and Ö of Windows do
# our own exports (and many others) put an apostrophe before what a spreadsheet would run as a formula
SEPARATOR = re.compile(
    r"\ufeff?sep=(.)\s*", re.IGNORECASE
)  # how Excel is told what stands between cells, in the first line
NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")
ARCHIVES = {b"PK\x03\x04": "xlsx, zip", b"\x1f\x8b": "gzip", b"%PDF": "PDF", b"\xd0\xcf\x11\xe0": "xls"}
OTHER_TEXTS = {b"begin:vcard": "vCard", b"<!doctype": "HTML", b"<html": "HTML", b"<table": "HTML", b"<?xml": "XML"}
BYTE_ORDER_MARKS = [(codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")]

csv.field_size_limit(CELL_LIMIT)  # of the whole process: nothing of ours reads longer cells


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be read: the reason for programs, a sentence for people, the text as it stands in the file."""

    reason: str
    detail: str  # English, with places for `values`
    raw: str  # the text, perhaps with its line ending
    values: dict[str, Any] = field(default_factory=dict)


Cells = list[str]
Row = tuple[int, Cells | BadRow]


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look over the whole file tells."""

    digest: str
    size: int
    encoding: str
    is_clean: bool  # no control characters, no byte that the encoding can't read


class LineTooLong(Exception):
    pass


def survey(path: Path, encoding: str = "") -> Survey:
    """Read the file once: its digest, its encoding unless given, and whether lines need a closer look."""
    digest, votes, size, controls = sha256(), Utf8Votes(), 0, False
    with path.open("rb") as file:
        start = file.read(BLOCK)
        refuse_no_tables(start)
        block = start
        while block:
            digest.update(block)
            votes.add(block)
            size += len(block)
            controls = controls or len(block.translate(None, CONTROLS)) < len(block)
            block = file.read(BLOCK)
    found = encoding_named(encoding) if encoding else encoding_marked(start) or votes.encoding()
    is_clean = not controls and found in {"utf-8", "utf-8-sig"} and not votes.bad
    return Survey(digest.hexdigest(), size, found, is_clean)


def refuse_no_tables(start: bytes) -> None:
    for magic, kind in ARCHIVES.items():
        if start.startswith(magic):
            message = _("This is not a text file (%(kind)s). Save it as CSV first.") % {"kind": kind}
            raise ValidationError(message, code="not_text")
    beginning = start[:100].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for word, kind in OTHER_TEXTS.items():
        if beginning.startswith(word):
            message = _("This is not a table of cells (%(kind)s). Export it as CSV.") % {"kind": kind}
            raise ValidationError(message, code="not_text")


def encoding_named(name: str) -> str:
    try:
        found = codecs.lookup(name).name
        "".encode(found)
    except (LookupError, UnicodeError) as error:
        raise ValidationError(_("file.encoding: “%(name)s” is not a known encoding.") % {"name": name}) from error
    return "utf-8-sig" if found == "utf-8" else found


def encoding_marked(start: bytes) -> str:
    """The encoding that a byte order mark tells, or that every second byte being zero does; else nothing."""
    for mark, name in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return name
    zeros = [start[odd::2].count(0) * 3 > len(start[odd::2]) * 2 for odd in (0, 1)]
    return {(True, False): "utf-16-be", (False, True): "utf-16-le"}.get((zeros[0], zeros[1]), "")


class Utf8Votes:
    """Is it UTF-8, perhaps with some broken rows, or an 8-bit encoding of Windows?"""

    def __init__(self) -> None:
        self.decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.good = self.bad = 0

    def add(self, block: bytes) -> None:
        text = self.decoder.decode(block)
        if text.isascii():
            return
        self.good += len(block.translate(None, NO_LEADS))
        try:
            text.encode()
        except UnicodeEncodeError:
            self.bad += len(STRAY.findall(text))
            self.good -= len(STRAY_LEAD.findall(text))

    def encoding(self) -> str:
        return "cp1252" if self.bad > self.good else "utf-8"


class Lines(Iterator[str]):
    """Physical lines, counted. Those of the record in hand are kept: what a broken one swallowed can be given back."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.number = 0
        self.record: list[str] = []
        self.again: deque[str] = deque()

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else self.file.readline(LINE_LIMIT)
        if not line:
            raise StopIteration
        self.number += 1
        self.record.append(line)
        if len(line) == LINE_LIMIT and not line.endswith(("\n", "\r")):
            self.skip_rest()
            raise LineTooLong
        return line

    def skip_rest(self) -> None:
        while (piece := self.file.readline(LINE_LIMIT)) and not piece.endswith(("\n", "\r")):
            pass

    def give_back(self) -> None:
        """All lines of the record but its first are to be read again."""
        self.again.extendleft(reversed(self.record[1:]))
        self.number -= len(self.record) - 1
        del self.record[1:]


class Table:
    """A file opened for reading: its columns, then its rows. Blank rows don't count."""

    def __init__(self, file: TextIO, section: FileSection, found: Survey) -> None:
        self.lines = Lines(file)
        self.file = file
        self.size = found.size
        self.is_clean = found.is_clean
        self.is_blank_separated = section.format == "blank"
        told_by_file = "" if self.is_blank_separated else self._told_delimiter()
        guessed = "," if self.is_blank_separated else told_by_file or guess_delimiter(file)
        self.delimiter = section.delimiter or guessed
        self.first: Row | None = None
        self.columns = self._columns(section)

    def _told_delimiter(self) -> str:
        """What the first line says of delimiters, where it says nothing else; such a line is no row."""
        start = self.file.tell()
        if found := SEPARATOR.fullmatch(self.file.readline(CELL_LIMIT)):
            self.lines.number += 1
            return found[1]
        self.file.seek(start)
        return ""

    def _columns(self, section: FileSection) -> tuple[str, ...]:
        row = next(islice(self._records(), section.skip, None), None)
        if row is None:
            raise ValidationError(_("The file is empty."), code="empty")
        line, cells = row
        if isinstance(cells, BadRow):
            raise ValidationError(
                _("Line %(line)s, the first, can't be read: %(detail)s")
                % {"line": line, "detail": told(cells.detail, cells.values)},
                code=cells.reason,
            )
        if len(cells) > COLUMN_LIMIT:
            raise ValidationError(
                _("The file has %(count)s columns; at most %(limit)s are read.")
                % {"count": len(cells), "limit": COLUMN_LIMIT},
                code="too-many-columns",
            )
        if section.has_header:
            return tuple(cell.strip() for cell in cells)
        self.first = row
        return tuple(section.columns or (str(number) for number in range(1, len(cells) + 1)))

    def records(self) -> Iterator[Row]:
        """The rows from here on, however many cells they have."""
        if self.first:
            yield self.first
        yield from self._records()

    def rows(self) -> Iterator[Row]:
        """Every data row, in order, with the physical line it begins on."""
        width = len(self.columns)
        for line, cells in self.records():
            yield self._fitting(line, cells, width)

    def share_read(self) -> float:
        """How much of the file lies behind us, at most 1."""
        return min(1.0, self.file.buffer.tell() / self.size) if self.size else 1.0

    def _fitting(self, line: int, cells: Cells | BadRow, width: int) -> Row:
        if isinstance(cells, BadRow) or len(cells) == width:
            return line, cells
        raw, widths = "".join(self.lines.record), {"count": len(cells), "width": width}
        return line, BadRow("ragged-row", "The row has %(count)s cells, the file %(width)s columns.", raw, widths)

    def _records(self) -> Iterator[Row]:
        return self._split_by_blanks() if self.is_blank_separated else self._parsed()

    def _split_by_blanks(self) -> Iterator[Row]:
        while True:
            self.lines.record.clear()
            try:
                line = next(self.lines)
            except StopIteration:
                return
            except LineTooLong:
                yield self.lines.number, self._too_long()
                continue
            if cells := line.split():
                yield self.lines.number, self._checked(cells)

    def _parsed(self) -> Iterator[Row]:
        lines = self.lines
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while True:
            lines.record.clear()
            start = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except LineTooLong:
                bad = self._too_long()
            except csv.Error:
                bad = self._broken(len(lines.record) > 1)
            else:
                if any(cells):
                    yield start, cells if self.is_clean and "'" not in lines.record[0] else self._checked(cells)
                continue
            lines.give_back()
            yield start, bad
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _checked(self, cells: Cells) -> Cells | BadRow:
        text = "".join(self.lines.record)
        if not self.is_clean and (found := SUSPICIOUS.search(text)):
            return unreadable(found[0], text)
        if any(len(cell) > CELL_LIMIT for cell in cells):
            return cell_too_long(text)
        return [cell[1:] if NEUTRALISED.match(cell) else cell for cell in cells] if "'" in text else cells

    def _too_long(self) -> BadRow:
        raw, limit = self.lines.record[0][:CELL_LIMIT], {"limit": LINE_LIMIT}
        return BadRow("line-too-long", "The line has more than %(limit)s characters.", raw, limit)

    def _broken(self, over_lines: bool) -> BadRow:
        first = self.lines.record[0]
        if over_lines:
            return BadRow("unclosed-quote", "A quotation mark opens a cell and is never closed.", first)
        if len(first) > CELL_LIMIT:
            return cell_too_long(first)
        return BadRow("stray-quote", "A quotation mark stands where none may stand.", first)


def unreadable(character: str, raw: str) -> BadRow:
    if character < " ":
        code = {"code": f"U+{ord(character):04X}"}
        return BadRow("invalid-character", "The row has a control character (%(code)s).", raw, code)
    return BadRow("invalid-encoding", "The row has bytes that are no text in the file's encoding.", raw)


def cell_too_long(raw: str) -> BadRow:
    return BadRow("cell-too-long", "A cell has more than %(limit)s characters.", raw, {"limit": CELL_LIMIT})


def guess_delimiter(file: TextIO) -> str:
    """The delimiter that cuts the first rows most evenly into more than one cell; a comma if none does."""
    start = file.tell()
    sample = [file.readline(CELL_LIMIT) for _row in range(SAMPLE_ROWS)]
    file.seek(start)
    return max(DELIMITERS, key=lambda delimiter: evenness(sample, delimiter))


def evenness(sample: Sequence[str], delimiter: str) -> tuple[float, int]:
    try:
        widths = [len(cells) for cells in csv.reader(sample, delimiter=delimiter) if cells]
    except csv.Error:
        widths = []
    width, rows = Counter(widths).most_common(1)[0] if widths else (1, 0)
    return (0.0, 0) if width == 1 else (rows / len(widths), width)


@contextmanager
def open_table(path: Path, section: FileSection, found: Survey) -> Iterator[Table]:
    """Open the file that `survey` looked at."""
    errors = "surrogateescape" if found.encoding.startswith("utf-8") else "replace"
    with path.open(encoding=found.encoding, errors=errors, newline="") as file:
        yield Table(file, section, found)
