"""Statements that are planned once a connection: where reading is quick, planning is what costs."""

from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakSet

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from psycopg2.errors import DuplicatePreparedStatement, InvalidSqlStatementName


class Prepared:
    """A statement over arrays of ids: `%(ids)s` in its text is their place."""

    def __init__(self, name: str, sql: str) -> None:
        self.name: Final = name
        self.sql: Final = sql
        self._planned: WeakSet[Any] = WeakSet()

    def rows(self, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            self._execute(cursor, list(ids))
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def _execute(self, cursor: CursorWrapper, ids: list[int]) -> None:
        if connection.in_atomic_block:  # a mistake would cost the transaction
            cursor.execute(self.sql, {"ids": ids})
            return
        try:
            if connection.connection not in self._planned:
                statement = self.sql.replace("%(ids)s", "$1").replace("%%", "%")
                cursor.execute(f"PREPARE {self.name}(bigint[]) AS {statement}")
                self._planned.add(connection.connection)
            cursor.execute(f"EXECUTE {self.name}(%s::bigint[])", [ids])
        except DatabaseError as error:
            # a pooler has given us another session, with the plan of somebody else or with none
            if not isinstance(error.__cause__, InvalidSqlStatementName | DuplicatePreparedStatement):
                raise
            cursor.execute(self.sql, {"ids": ids})
