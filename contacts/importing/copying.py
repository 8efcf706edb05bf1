"""Thousands of rows into a table in one statement: COPY, and what its rows are made of."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from django.db import connection

PIECE: Final = 200  # rows that are sent at once
NULL: Final = r"\N"
ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append rows to a table; None is null. Rows are made while PostgreSQL takes in those before."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", Lines(rows))


class Lines:
    """Rows as a file that COPY reads, some at a time."""

    def __init__(self, rows: Iterable[Sequence[object]]) -> None:
        self.rows = iter(rows)

    def read(self, _size: int) -> str:
        return "".join([line_of(row) for row in islice(self.rows, PIECE)])


def line_of(row: Sequence[object]) -> str:
    cells = [NULL if cell is None else f"{cell}" for cell in row]
    line = "\t".join(cells)
    if line.count("\\") > row.count(None) or line.count("\t") >= len(row) or "\n" in line or "\r" in line:
        cells = [NULL if cell is None else f"{cell}".translate(ESCAPES) for cell in row]
        line = "\t".join(cells)
    return line + "\n"


def take_ids(table: str, count: int) -> list[int]:
    """Ids that nobody else will have, growing."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_IDS, [table, count])
        return sorted([number for (number,) in cursor.fetchall()])


# The sequence is looked for once, not for each id.
_TAKE_IDS: Final = """
SELECT nextval(one.sequence)
  FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence OFFSET 0) AS one, generate_series(1, %s)
"""


def array(texts: Sequence[str]) -> str:
    """An array as PostgreSQL reads it."""
    joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') > 2 * (len(texts) - 1):
        joined = '","'.join([text.replace("\\", "\\\\").replace('"', '\\"') for text in texts])
    return f'{{"{joined}"}}' if texts else "{}"


def lexemes(tokens: Sequence[str]) -> str:
    """Tokens as PostgreSQL reads a tsvector."""
    joined = "' '".join(tokens)
    if "\\" in joined or joined.count("'") > 2 * (len(tokens) - 1):
        joined = "' '".join([token.replace("\\", "\\\\").replace("'", "''") for token in tokens])
    return f"'{joined}'" if tokens else ""
