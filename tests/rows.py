"""The rows of the test database all at once: taken away after a test that commits, kept, and put back.

Django empties ninety tables and makes their indexes anew after each such test, though most of them held nothing.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache, wraps
from typing import TypeVar

from django.db import connection
from django.db.backends.utils import CursorWrapper

MADE_WITH_THE_TABLES = {"django_migrations", "django_content_type", "auth_permission"}

SMALL_IDS = ("contacts_eventtype", "contacts_source", "funnel_stage")

Kept = dict[str, bytes]
Made = TypeVar("Made")


def made_once(scene: Callable[[], Made]) -> Callable[[], Made]:
    """What a scene makes in empty tables is kept: whoever needs it again in this process gets the same rows at once."""
    first: list[tuple[Kept, Made]] = []

    @wraps(scene)
    def again() -> Made:
        if first:
            put_back(first[0][0])
        else:
            made = scene()
            first.append((kept(), made))
        return deepcopy(first[0][1])

    return again


def take_away() -> None:
    """Leave every table empty, but for what came with the tables. Runs as the owner; ids go on counting."""
    with _without_triggers() as cursor:
        cursor.execute("; ".join(f'DELETE FROM "{table}"' for table in _tables()))


def kept() -> Kept:
    """What stands in the tables, as PostgreSQL writes it."""
    with _without_triggers() as cursor:
        return {table: written for table in _tables() if (written := _written(cursor, table))}


def put_back(rows: Kept) -> None:
    """The same rows in the same tables, ids and all; the tables must be empty."""
    with _without_triggers() as cursor:
        for table, written in rows.items():
            cursor.cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.BytesIO(written))
        _begin_small_numbers_anew(cursor)


def begin_small_numbers_anew() -> None:
    """Tests take their rows back but not the numbers of their ids, and there are 32,767 small ones."""
    with connection.cursor() as cursor:
        _begin_small_numbers_anew(cursor)


def _begin_small_numbers_anew(cursor: CursorWrapper) -> None:
    numbers = ", ".join(
        f"(SELECT setval('{table}_id_seq', coalesce(max(id), 0) + 1, false) FROM {table})" for table in SMALL_IDS
    )
    cursor.execute(f"SELECT {numbers}")


@cache
def _tables() -> list[str]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(names) - MADE_WITH_THE_TABLES)


def _written(cursor: CursorWrapper, table: str) -> bytes:
    into = io.BytesIO()
    cursor.cursor.copy_expert(f'COPY "{table}" TO STDOUT', into)
    return into.getvalue()


@contextmanager
def as_owner() -> Iterator[CursorWrapper]:
    """As the owner of the tables, who may change what the serving role may only add to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('role')")
        [role] = cursor.fetchone()
        cursor.execute("SET ROLE NONE")
        try:
            yield cursor
        finally:
            cursor.execute("DISCARD TEMP")  # the owner's own: the serving role makes itself others
            cursor.execute(f"SET ROLE {role}")


@contextmanager
def _without_triggers() -> Iterator[CursorWrapper]:
    """The tests' server lets its owner switch off what a row sets going, foreign keys among it."""
    with as_owner() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield cursor
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")
