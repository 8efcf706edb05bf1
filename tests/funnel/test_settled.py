"""The settled moment: before it, no writing transaction is still open."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from funnel.settled import settled_moment

# The serving role sees its own sessions; here these are the owner's, so the tests are, too.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.owner]


@pytest.fixture
def other() -> Iterator[BaseDatabaseWrapper]:
    """Somebody else's connection."""
    wrapper = connection.copy()
    yield wrapper
    wrapper.close()


def clock(wrapper: Any = connection) -> datetime:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def run(wrapper: BaseDatabaseWrapper, statement: str) -> None:
    with wrapper.cursor() as cursor:
        cursor.execute(statement)


def test_without_writers_it_follows_the_clock_by_a_second():
    before = clock()

    settled = settled_moment()

    assert before - timedelta(seconds=1) <= settled <= clock() - timedelta(seconds=1)
    assert settled.tzinfo == UTC or settled.utcoffset() is not None


def test_it_stays_before_the_beginning_of_whoever_writes(other):
    run(other, "BEGIN")
    begun = clock(other)
    run(other, "INSERT INTO funnel_heartbeat (worker, at, progressed_at, folded) VALUES ('one', now(), now(), 0)")
    stamp = clock(other)

    settled = settled_moment()
    run(other, "COMMIT")

    assert settled < begun - timedelta(seconds=1) + timedelta(milliseconds=100)
    assert settled < stamp
    assert settled_moment() > settled


def test_it_does_not_go_back_when_who_has_begun_begins_to_write(other):
    run(other, "BEGIN")
    run(other, "SELECT 1")
    before = settled_moment()
    run(other, "INSERT INTO funnel_heartbeat (worker, at, progressed_at, folded) VALUES ('one', now(), now(), 0)")

    assert settled_moment() == before
    run(other, "COMMIT")


def test_long_readers_do_not_hold_it_back(other):
    run(other, "BEGIN")
    run(other, "SELECT count(*) FROM funnel_heartbeat")
    begun = clock(other)
    sleep(5.1)

    assert settled_moment() > begun
    run(other, "COMMIT")
