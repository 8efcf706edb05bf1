"""How many statements something costs."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext


def asked_by(ask: Callable[[], object]) -> list[str]:
    """The statements of the least of three times: some things a process remembers for some seconds alone."""
    return min((_once(ask) for _ in range(3)), key=len)


def _once(ask: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        ask()
    return [one["sql"] for one in asked.captured_queries]
