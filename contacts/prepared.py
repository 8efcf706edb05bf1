"""Statements that are planned once a connection: where reading is quick, planning is what costs."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property, lru_cache, partial
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from psycopg2.errors import DuplicatePreparedStatement, InvalidSqlStatementName

Row = TypeVar("Row", bound=Model)

# Of the transaction that is the EXECUTE behind it, and of nothing else.
# Without helpers: to start two of them takes longer than all such a statement reads.
_GENERALLY: Final = (
    "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; "
    "SET LOCAL max_parallel_workers_per_gather = 0; "
)
# What each connection has planned: two threads may make the same statement at once, and one of the two is kept.
_PLANNED: Final[WeakKeyDictionary[Any, set[tuple[str, str]]]] = WeakKeyDictionary()


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
        self._itself: Final = (name, sql)

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
            planned = _PLANNED.setdefault(connection.connection, set())
            if self._itself not in planned:
                cursor.execute(self._preparing())
                planned.add(self._itself)
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


@lru_cache(maxsize=500)
def prepared(about: str, sql: str, *, is_general: bool = False, **types: str) -> Prepared:
    """A statement that is put together of few pieces: as often as they are the same it is the same one."""
    digest = blake2b(f"{sql}{types}".encode(), digest_size=8).hexdigest()
    return Prepared(f"{about}_{digest}", sql, is_general=is_general, **types)


class PreparedModels(Generic[Row]):
    """Rows of a model, with all their columns, by such a statement: `rest` stands behind the table, which is `its`.

    `joined` names foreign keys whose rows are read with them; `adding` is what each row is told beside its columns.
    """

    def __init__(
        self,
        name: str,
        model: type[Row],
        rest: str = "",
        *,
        joined: Sequence[str] = (),
        adding: Mapping[str, str] = MappingProxyType({}),
        **types: str,
    ) -> None:
        self.name: Final = name
        self.model: Final = model
        self.rest: Final = rest
        self.joined: Final = joined
        self.adding: Final = adding
        self.types: Final = types

    def rows(self, **values: Any) -> list[Row]:
        return [self._read(row) for row in self._prepared.rows(**values)]

    @cached_property
    def _parts(self) -> list[tuple[str, type[Model], slice]]:
        """The model and each that is joined: what they are called, and which columns are theirs."""
        keys: list[Any] = [self.model._meta.get_field(key) for key in self.joined]
        models = {"its": self.model, **{key.name: key.related_model for key in keys}}
        parts, at = [], 0
        for name, model in models.items():
            parts.append((name, model, slice(at, at + len(_fields(model)))))
            at += len(_fields(model))
        return parts

    @cached_property
    def _prepared(self) -> Prepared:
        columns = [f'{part}."{field}"' for part, model, _at in self._parts for field in _fields(model)]
        tables = f"{self.model._meta.db_table} its"
        for name, model, _at in self._parts[1:]:
            tables += f' LEFT JOIN {model._meta.db_table} {name} ON {name}.id = its."{name}_id"'
        columns += self.adding.values()
        question = f"SELECT {', '.join(columns)} FROM {tables} {self.rest}"  # noqa: S608  (names of ours)
        return Prepared(self.name, question, is_general=False, **self.types)

    def _read(self, row: tuple[Any, ...]) -> Row:
        [(_its, _model, at), *others] = self._parts
        found = _row_of(self.model, row[at])
        for name, model, at in others:
            setattr(found, name, None if row[at.start] is None else _row_of(model, row[at]))
        for name, value in zip(self.adding, row[self._parts[-1][2].stop :], strict=True):
            setattr(found, name, value)
        return found


def _row_of(model: type[Row], values: Sequence[Any]) -> Row:
    if written := _written(model):
        values = [written[at](one) if at in written else one for at, one in enumerate(values)]
    return model.from_db(DEFAULT_DB_ALIAS, _fields(model), values)


@cache
def _written(model: type[Model]) -> Mapping[int, Callable[[Any], Any]]:
    """By their places, the columns that are not kept as they are read: JSON."""
    fields: list[Any] = list(model._meta.concrete_fields)
    readers = {at: field.from_db_value for at, field in enumerate(fields) if hasattr(field, "from_db_value")}
    return {at: partial(_read_by, reader) for at, reader in readers.items()}


def _read_by(reader: Callable[..., Any], value: Any) -> Any:
    return reader(value, None, connection)


@cache
def _fields(model: type[Model]) -> list[str]:
    """Also the names of the columns: none of ours is called otherwise."""
    return [field.attname for field in model._meta.concrete_fields]
