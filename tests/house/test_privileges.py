"""The role that serves may change rows, never tables; and of an event only whether it stands."""

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction

from crm.privileges import apply_grants, owns_its_tables, restricted_tables

pytestmark = pytest.mark.django_db

PRIVILEGES = """
    SELECT c.relname, string_agg(p.privilege, ', ' ORDER BY p.privilege)
    FROM pg_class c,
         unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p(privilege)
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
      AND has_table_privilege('polku', c.oid, p.privilege)
    GROUP BY 1
"""
COLUMNS = """
    SELECT column_name FROM information_schema.column_privileges
    WHERE grantee = 'polku' AND table_name = %s AND privilege_type = 'UPDATE' ORDER BY 1
"""


def rows(statement: str, *values: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def refused(statement: str) -> str:
    """The reason that PostgreSQL gives for refusing this statement."""
    with pytest.raises(ProgrammingError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(refusal.value).strip().splitlines()[0]


def test_tests_run_as_the_role_that_serves():
    assert rows("SELECT current_user, session_user") == [("polku", "polku_owner")]
    assert owns_its_tables() is False


@pytest.mark.django_db(transaction=True)
def test_new_connections_of_a_test_serve_too():
    connection.close()

    assert rows("SELECT current_user") == [("polku",)]


def test_every_table_gets_the_ordinary_privileges_or_less_by_declaration():
    ordinary = {table: given for table, given in rows(PRIVILEGES) if table not in restricted_tables()}

    assert set(ordinary.values()) == {"DELETE, INSERT, SELECT, UPDATE"}
    assert set(restricted_tables()) - {
        model._meta.db_table for model in apps.get_models(include_auto_created=True)
    } == {"django_migrations"}


def test_of_an_event_only_its_retraction_can_be_written():
    assert dict(rows(PRIVILEGES))["contacts_event"] == "INSERT, SELECT"
    assert rows(COLUMNS, "contacts_event") == [("retracted_at",)]
    assert refused("UPDATE contacts_event SET occurred_at = now()") == "permission denied for table contacts_event"
    assert refused("DELETE FROM contacts_event") == "permission denied for table contacts_event"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_event SET retracted_at = now() WHERE false")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("CREATE TABLE mine (n int)", "permission denied for schema public"),
        ("ALTER TABLE contacts_contact ADD COLUMN mine int", "must be owner of table contacts_contact"),
        ("DROP TABLE contacts_event", "must be owner of table contacts_event"),
        ("TRUNCATE contacts_contact CASCADE", "permission denied for table contacts_contact"),
        ("DELETE FROM staff_auditrecord", "permission denied for table staff_auditrecord"),
        ("INSERT INTO django_migrations VALUES (1, 'a', 'b', now())", "permission denied for table django_migrations"),
    ],
)
def test_the_serving_role_cannot(statement, reason):
    assert refused(statement) == reason


@pytest.mark.owner
def test_granting_again_changes_nothing():
    before = sorted(rows(PRIVILEGES)), rows(COLUMNS, "contacts_event")

    apply_grants("polku")

    assert (sorted(rows(PRIVILEGES)), rows(COLUMNS, "contacts_event")) == before
    assert owns_its_tables() is True
