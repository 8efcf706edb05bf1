"""Statements planned once a connection."""

import pytest
from django.db import connection

from contacts.prepared import Prepared


@pytest.mark.django_db(transaction=True)
def test_the_same_statement_made_twice_is_planned_once_a_connection() -> None:
    connection.close()
    for times in (1, 2):  # as two threads may, neither of which saw that of the other
        one = Prepared("sum_of_two", "SELECT %(a)s + %(b)s", a="int", b="int")
        assert one.rows(a=1, b=2) == [(3,)]
        assert executed() == [("sum_of_two", times)]

    connection.close()
    assert one.rows(a=2, b=3) == [(5,)]
    assert executed() == [("sum_of_two", 1)]


@pytest.mark.django_db(transaction=True)
def test_another_statement_of_that_name_answers_all_the_same() -> None:
    """As behind a pooler, where the plan may be somebody else's."""
    with connection.cursor() as cursor:
        cursor.execute("PREPARE odd_one AS SELECT 1")

    assert Prepared("odd_one", "SELECT %(a)s", a="int").rows(a=7) == [(7,)]


def executed() -> list[tuple[str, int]]:
    """The statements this connection has planned, and how often each was asked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, generic_plans + custom_plans FROM pg_prepared_statements")
        return list(cursor.fetchall())
