"""Statements that are planned once a connection: where reading is quick, planning is what costs."""

from typing import Any, Final
from weakref import WeakSet

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from psycopg2.errors import DuplicatePreparedStatement, InvalidSqlStatementName


class Prepared:
    """A statement with named places, `%(ids)s`, and the type of each: Prepared("name", sql, ids="bigint[]")."""

    def __init__(self, name: str, sql: str, **types: str) -> None:
        self.name: Final = name
        self.sql: Final = sql
        self.types: Final = types
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
            places = ", ".join(f"%({name})s::{kind}" for name, kind in self.types.items())
            cursor.execute(f"EXECUTE {self.name}({places})" if places else f"EXECUTE {self.name}", values)
        except DatabaseError as error:
            # a pooler has given us another session, with the plan of somebody else or with none
            if not isinstance(error.__cause__, InvalidSqlStatementName | DuplicatePreparedStatement):
                raise
            cursor.execute(self.sql, values)

    def _preparing(self) -> str:
        numbered = {name: f"${number}" for number, name in enumerate(self.types, start=1)}
        types = f"({', '.join(self.types.values())})" if self.types else ""
        return f"PREPARE {self.name}{types} AS {self.sql % numbered}"
