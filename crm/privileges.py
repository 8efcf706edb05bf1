"""What the serving role may do: rows yes, tables no; less on the tables that packages declare.

A package declares in its module `grants`: RESTRICTED = {"contacts_event": "INSERT, SELECT, UPDATE (retracted_at)"}.
"""

from importlib import import_module

from django.apps import apps
from django.db import connection, transaction
from django.utils.module_loading import module_has_submodule
from psycopg2 import sql

ORDINARY = "SELECT, INSERT, UPDATE, DELETE"


def restricted_tables() -> dict[str, str]:
    """The privileges of every table that gets less than the ordinary ones, by its name."""
    tables = {"django_migrations": "SELECT"}
    for app in apps.get_app_configs():
        if app.module and module_has_submodule(app.module, "grants"):
            tables |= import_module(f"{app.name}.grants").RESTRICTED
    return tables


def apply_grants(role: str) -> None:
    """Give `role` exactly its privileges, in one transaction, so that who serves meanwhile notices nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _statements(restricted_tables()):
            cursor.execute(sql.SQL(statement).format(role=sql.Identifier(role)))


def _statements(restricted: dict[str, str]) -> list[str]:
    everything = [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "REVOKE ALL ON SCHEMA public FROM {role}",
        "GRANT USAGE ON SCHEMA public TO {role}",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT {ORDINARY} ON ALL TABLES IN SCHEMA public TO {{role}}",
        "GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}",
    ]
    for table, privileges in sorted(restricted.items()):
        everything += [f'REVOKE ALL ON "{table}" FROM {{role}}', f'GRANT {privileges} ON "{table}" TO {{role}}']
    return everything


def owns_its_tables() -> bool:
    """Whether the role we serve with owns tables, and so could change or drop them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " AND pg_has_role(relowner, 'usage'))"
        )
        return bool(cursor.fetchone()[0])
