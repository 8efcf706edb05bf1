"""A spreadsheet into CSV, in a process of its own with little room: whatever a file does to it, nobody else is hurt.

    python -I sheet_reader.py FILE OUT [SHEET]

Values come out as they are stored; formulas are never computed. Without SHEET it is the first that is not hidden and
holds anything.
Prints the name of the sheet it read, then those of all sheets in their order.
"""

import csv
import resource
import sys
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from zipfile import ZipFile

MEMORY = 3 << 30
SECONDS = 300
LARGEST_OUT = 4 << 30
LARGEST_INSIDE = 3 << 30
BOMB = 200  # how many times larger the inside of a sheet may be than its file, once it is large
LARGE = 64 << 20


def main() -> None:
    path, out, *wanted = sys.argv[1:]
    refuse_bombs(path)
    be_the_first_to_go()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_OUT, LARGEST_OUT))
    from python_calamine import CalamineWorkbook  # noqa: PLC0415  (it may need no more room than that)

    book = CalamineWorkbook.from_path(path)
    tables = [one for one in book.sheets_metadata if str(one.typ).endswith("WorkSheet")]
    names = [one.name for one in tables] or book.sheet_names
    seen = [one.name for one in tables if str(one.visible).endswith(".Visible")]
    for name in [one for one in names if one in wanted] or seen or names:
        sheet = book.get_sheet_by_name(name)
        if sheet.height:  # a book may begin with an empty sheet
            break
    with open(out, "w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        for row in sheet.iter_rows():
            write([plain(cell) for cell in row])
    sys.stdout.write("\n".join([name, *names]))


def refuse_bombs(path: str) -> None:
    with ZipFile(path) as archive:
        every = archive.infolist()
    inside, packed = sum(one.file_size for one in every), sum(one.compress_size for one in every)
    if inside > LARGEST_INSIDE or (inside > LARGE and inside > BOMB * max(packed, 1)):
        sys.exit("bomb")


def be_the_first_to_go() -> None:
    """Where a small machine runs out of memory, this process ends and nobody else's work."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def plain(cell: object) -> str:
    """A cell as people would write it into CSV, in one line."""
    if isinstance(cell, str):
        return " ".join(cell.split("\n")).replace("\r", "") if "\n" in cell else cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return repr(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return "" if cell is None else str(cell)


if __name__ == "__main__":
    main()
