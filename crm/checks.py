"""What `manage.py check --database default` (and so `upgrade`) says about the database server."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  (Django's name)
from django.db import connection

from crm.privileges import owns_its_tables

SURVIVE_A_CRASH = ("fsync", "full_page_writes", "synchronous_commit")


def durable(*, databases: Sequence[str] | None, **kwargs: Any) -> list[CheckMessage]:
    """An answer 2xx promises that the rows outlast a crash; a server set otherwise makes it a lie."""
    if not databases or settings.FRAGILE_DATABASE_ALLOWED:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = 'off'", [list(SURVIVE_A_CRASH)])
        off = [name for (name,) in cursor.fetchall()]
    return [Error(f"PostgreSQL runs with {name} off: accepted events could be lost.", id="crm.E001") for name in off]


def served_by_a_lesser_role(*, databases: Sequence[str] | None, **kwargs: Any) -> list[CheckMessage]:
    if not databases or not owns_its_tables():
        return []
    message = "The role of DATABASE_URL owns the tables, so a flaw in the code could change or drop them."
    return [Warning(message, hint="Give DATABASE_URL a role of its own, DATABASE_OWNER_URL the owner.", id="crm.W001")]
