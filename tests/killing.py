"""Work done in a process of its own that is killed at a chosen point: by a real SIGKILL, in the middle of real work."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.db import connection

KILLED = -signal.SIGKILL


@contextmanager
def forked(work: Callable[[], object]) -> Iterator[int]:
    """A process that begins when the block ends; whoever forks it asks what it `ended` with."""
    waiting, going = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(going)
        _do(work, waiting)
    os.close(waiting)
    try:
        yield child
    finally:
        os.write(going, b"!")
        os.close(going)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_before(number: int, work: Callable[[], object]) -> bool:
    """Have the work done by a process that is killed just before it makes this statement; whether it came to that."""
    made = 0

    def count(execute: Callable[..., Any], *statement: Any) -> Any:
        nonlocal made
        made += 1
        if made == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*statement)

    def doomed() -> None:
        with connection.execute_wrapper(count):
            work()

    before = _others()
    with forked(doomed) as child:
        pass
    status = ended(child)
    assert status in (0, KILLED)
    while _others() - before:  # what it had locked is free as soon as the server has seen that it is gone
        pass
    return status == KILLED


def _others() -> set[int]:
    """The server's other connections to this database, asked after a moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.01)")
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in cursor.fetchall()}


def _do(work: Callable[[], object], waiting: int) -> NoReturn:
    status = 1
    try:
        begun = os.read(waiting, 1)
        inherited, connection.connection = connection.connection, None  # our parent's, whom it serves on
        if begun:
            work()
        status = 0 if inherited else 2
    finally:
        os._exit(status)
