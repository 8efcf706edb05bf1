"""Whose rows somebody sees, within a statement of our own."""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet


def as_sql(rows: QuerySet[Any], prefix: str) -> tuple[str, dict[str, Any]]:
    """The ids of these rows as SQL with named places, all of whose names begin with `prefix`; and what stands there."""
    try:
        sql, values = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL::bigint WHERE FALSE", {}
    names = {f"{prefix}_{place}": value for place, value in enumerate(values)}
    return sql % tuple(f"%({name})s" for name in names), names
