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


def laid(table: str, columns: Mapping[str, Iterable[str]]) -> Laid:
    """Rows given column by column as `cells` or plain numbers; as many as the shortest column has."""
    rows = map("\t".join, zip(*columns.values(), strict=False))
    return Laid(table, tuple(columns), "\n".join([*rows, ""]).encode())


def send(laid: Laid) -> None:
    """Append the rows."""
    if laid.rows:
        with connection.cursor() as cursor, connection.wrap_database_errors:
            command = f"COPY {laid.table} ({', '.join(laid.columns)}) FROM STDIN"
            cursor.copy_expert(command, io.BytesIO(laid.rows), AT_ONCE)


def copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append rows to a table; None is null."""
    if given := list(zip(*rows, strict=True)):
        send(laid(table, dict(zip(columns, map(cells, given), strict=True))))


def cells(values: Sequence[object]) -> list[str]:
    """Values as COPY reads them; None is null."""
    shown = texts([f"{value}" for value in values])
    return [NULL if value is None else cell for value, cell in zip(values, shown, strict=True)]


def texts(values: list[str]) -> list[str]:
    """The same of texts, none of which is null."""
    together = "".join(values)
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
