"""Statements of what somebody sees, made once for everybody like them: to make one takes longer than to ask it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from staff.models import User
from staff.policy import Principal

# Stand for who looks, for their team, and for a moment, while a statement is made.
_USER, _TEAM = 123_456_789, 987_654_321
MOMENT: Final = datetime(1901, 2, 3, tzinfo=UTC)
_NAMES: Final[Mapping[Any, str]] = {_USER: "%(user)s", _TEAM: "%(team)s", MOMENT: "%(moment)s"}
TYPES: Final = {"user": "bigint", "team": "bigint", "moment": "timestamptz"}


def somebody(role: str, *, has_team: bool) -> Principal:
    """Anybody of this role."""
    return Principal(user=User(pk=_USER, team_id=_TEAM if has_team else None, role=role))


def statement_of(rows: "QuerySet[Any, Any]") -> str:
    """How these rows are asked for, with the names of TYPES in place of somebody and of MOMENT."""
    sql, values = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        return str(sql % tuple(_NAMES.get(value) or cursor.mogrify("%s", [value]).decode() for value in values))
