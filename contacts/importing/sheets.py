"""Spreadsheets: read into CSV by a process of its own (docs/decisions.md), which a hostile file can only end."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

READER: Final = Path(__file__).with_name("sheet_reader.py")
PATIENCE_S: Final = 600
LONGEST_NAME: Final = 255
BOOK: Final = b"PK\x03\x04"  # XLSX and ODS


@dataclass(frozen=True, slots=True)
class Sheets:
    """The sheet that was read, and all of the book in their order."""

    read: str
    names: list[str]


def is_spreadsheet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == BOOK


def into_csv(path: Path, out: Path, *, sheet: str = "") -> Sheets:
    """Write the values of a sheet (the first) as CSV; raises ValidationError where the file is none, or means harm."""
    sheet = sheet.replace("\0", "")[:LONGEST_NAME]  # what no sheet is called, and no process can be told
    command = [sys.executable, "-I", str(READER), str(path), str(out), *([sheet] if sheet else [])]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        raise unreadable() from None
    names = done.stdout.splitlines()
    if done.returncode or not names:
        out.unlink(missing_ok=True)
        raise unreadable()
    if sheet and names[0] != sheet:
        out.unlink(missing_ok=True)
        words = _("There is no sheet “%(sheet)s”. There are: %(names)s.")
        said = words % {"sheet": sheet, "names": ", ".join(names[1:])}
        raise ValidationError({"sheet": ValidationError(said, code="invalid")})
    return Sheets(names[0], names[1:])


def unreadable() -> ValidationError:
    words = _("This spreadsheet can't be read: it is damaged, locked with a password or far too large inside.")
    return ValidationError(f"{words} {_('Save it as CSV and bring that.')}", code="bad_spreadsheet")
