"""Statements that are planned once a connection: where reading is quick, planning is what costs."""

from typing import Any, Final
from weakref import WeakSet

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from psycopg2.errors import DuplicatePreparedStatement, InvalidSqlStatementName

# Of the transaction that is the EXECUTE behind it, and of nothing else.
_GENERALLY: Final = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; "


class Prepared:
    """A statement with named places, `%(ids)s`, and the type of each: Prepared("name", sql, ids="bigint[]").

    PostgreSQL plans it anew for each values where it takes that to be worth its while. `is_general` says that one plan
    is good for all: one by indexes, for a table that is empty while it is planned (marks, tasks) may be full soon.
    """

    def __init__(self, name: str, sql: str, *, is_general: bool = False, **types: str) -> None:
        self.name: Final = name
        self.sql: Final = sql
        self.types: Final = types
        places = ", ".join(f"%({name})s::{kind}" for name, kind in types.items())
        self._executing: Final = f"{_GENERALLY if is_general else ''}EXECUTE {name}{f'({places})' if places else ''}"
        self._planned: WeakSet[Any] = WeakSet()

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            self._execute(cursor, values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def _execute(self, cursor: CursorWrapper, values: dict[str, Any]) -> None:
        if connection.in_atomic_block:  # a mistake would cost the transaction
            cursor.execute(self.sql, values)
            return
        try:
            if connection.connection not in self._planned:
                cursor.execute(self._preparing())
                self._planned.add(connection.connection)
            cursor.execute(self._executing, values)
        except DatabaseError as error:
            # a pooler has given us another session, with the plan of somebody else or with none
            if not isinstance(error.__cause__, InvalidSqlStatementName | DuplicatePreparedStatement):
                raise
            cursor.execute(self.sql, values)

    def _preparing(self) -> str:
        numbered = {name: f"${number}" for number, name in enumerate(self.types, start=1)}
        types = f"({', '.join(self.types.values())})" if self.types else ""
        return f"PREPARE {self.name}{types} AS {self.sql % numbered}"
