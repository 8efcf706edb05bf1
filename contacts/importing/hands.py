"""Two hands, each with a connection of its own: while PostgreSQL takes in what one wrote, the other goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from typing import TypeVar

from django.db import connection
from django.utils.translation import activate, get_language

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")


@contextmanager
def hand() -> Iterator[ThreadPoolExecutor]:
    """A thread that speaks our language; its connection ends with it."""
    with ThreadPoolExecutor(1, initializer=activate, initargs=(get_language() or "en",)) as executor:
        try:
            yield executor
        finally:
            executor.submit(connection.close)


def side_by_side(
    works: Iterator[Work], begin: Callable[[Work], Outcome], *, may_follow: Callable[[Work, Work], bool]
) -> Iterator[tuple[Work, "Future[Outcome]"]]:
    """Each of the works as soon as it is done or has failed, in order; never more than two are in hand."""
    with hand() as left, hand() as right:
        hands, ahead = cycle((left, right)), None
        for work in works:
            if ahead and not may_follow(ahead[0], work):
                yield ahead
                ahead = None
            begun = work, next(hands).submit(begin, work)
            if ahead:
                yield ahead
            ahead = begun
        if ahead:
            yield ahead
