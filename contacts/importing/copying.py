"""Thousands of rows into a table in one statement: COPY, and what its rows are made of."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from django.db import connection

AT_ONCE: Final = 1 << 18  # bytes that are sent
NULL: Final = r"\N"
ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class Laid(NamedTuple):
    """Rows as they are sent to a table."""

    table: str
    columns: tuple[str, ...]
    rows: bytes


# What the rows of a column hold, or the one cell that all of them do.
Column = Iterable[str] | str


def laid(table: str, columns: Mapping[str, Column]) -> Laid:
    """Rows given column by column, the first with a cell for each; what is the same in all goes to their ends."""
    same = {name: its for name, its in columns.items() if isinstance(its, str)}
    others = {name: its for name, its in columns.items() if not isinstance(its, str)}
    end = "\t".join(["", *same.values()]) + "\n"
    rows = map("\t".join, zip(*others.values(), strict=True))
    return Laid(table, (*others, *same), end.join([*rows, ""]).encode())


def send(laid: Laid) -> None:
    """Append the rows."""
    if laid.rows:
        with connection.cursor() as cursor, connection.wrap_database_errors:
            command = f"COPY {laid.table} ({', '.join(laid.columns)}) FROM STDIN"
            cursor.copy_expert(command, io.BytesIO(laid.rows), AT_ONCE)


def copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append rows to a table; None is null."""
    if given := list(zip(*rows, strict=True)):
        first, *others = map(cells, given)
        first = [first] * len(given[0]) if isinstance(first, str) else first
        send(laid(table, dict(zip(columns, [first, *others], strict=True))))


def cells(values: Sequence[object]) -> Column:
    """Values as COPY reads them; None is null."""
    nulls = values.count(None)
    if nulls == len(values):
        return NULL
    shown = texts([f"{value}" for value in values])
    if not nulls or isinstance(shown, str):
        return shown
    return [NULL if value is None else cell for value, cell in zip(values, shown, strict=True)]


def texts(values: list[str]) -> Column:
    """The same of texts, none of which is null."""
    together = "".join(values)
    if not together:
        return ""
    if together.isprintable() and "\\" not in together:
        return values
    return [value.translate(ESCAPES) for value in values]


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


def array(members: Sequence[str]) -> str:
    """An array as PostgreSQL reads it."""
    if not members:
        return "{}"
    joined = '","'.join(members)
    if "\\" in joined or joined.count('"') > 2 * (len(members) - 1):
        joined = '","'.join([text.replace("\\", "\\\\").replace('"', '\\"') for text in members])
    return f'{{"{joined}"}}'


def lexemes(tokens: Sequence[str]) -> str:
    """Tokens as PostgreSQL reads a tsvector."""
    joined = "' '".join(tokens)
    if "\\" in joined or joined.count("'") > 2 * (len(tokens) - 1):
        joined = "' '".join([token.replace("\\", "\\\\").replace("'", "''") for token in tokens])
    return f"'{joined}'" if tokens else ""
