"""Whether a kept connection holds."""

from select import select

import pytest
from django.db import connection


@pytest.mark.django_db(transaction=True)
def test_a_connection_holds_until_the_server_ends_it():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    held = connection.is_usable()

    with connection.cursor() as cursor:
        cursor.execute("SET idle_session_timeout = 1")
    select([connection.connection], [], [], 30)

    assert (held, connection.is_usable()) == (True, False)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_after_an_error_the_server_is_asked():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.errors_occurred = True
    seen = [connection.is_usable()]

    connection.connection.close()

    assert [*seen, connection.is_usable()] == [True, False]
    connection.close()
