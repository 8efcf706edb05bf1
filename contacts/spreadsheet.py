"""Rows as CSV that spreadsheets open rightly: UTF-8 with a mark, and no cell a formula. Pure."""

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"  # without it Excel takes UTF-8 for something else
# A spreadsheet runs what begins so. Cells that had an apostrophe before it get another: reading takes one away.
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")


def csv_line(cells: Iterable[Any], delimiter: str = ",") -> str:
    """One row with its line ending; moments, which are in UTC, as ISO 8601."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter).writerow([cell if type(cell) is int else _cell(cell) for cell in cells])
    return line.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
