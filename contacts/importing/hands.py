"""A second hand: another process that does every other chunk, with a processor and a connection of its own.

Nothing rests on it. Whatever becomes of it, what it brought in is in, and the first hand does the rest.
"""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, NoReturn

from django.db import connection, connections
from django.utils.translation import activate, get_language

_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG: Final = 1


@contextmanager
def reader() -> Iterator[ThreadPoolExecutor]:
    """A thread that speaks our language; its connection ends with it."""
    with ThreadPoolExecutor(1, initializer=activate, initargs=(get_language() or "en",)) as executor:
        try:
            yield executor
        finally:
            executor.submit(connection.close)


@dataclass
class Pair:
    """One of two hands, or the only one: it tells the other each time that it has begun, and waits until that has."""

    end: socket.socket | None = None
    is_whole: bool = True  # the other has done all it was to do

    def tell(self) -> None:
        if self.end:
            with suppress(OSError):  # nobody is there any more
                self.end.send(b".")

    def wait(self) -> None:
        if self.end:
            with suppress(OSError):
                self.end.recv(1)


@contextmanager
def second_hand(work: Callable[[Pair], None]) -> Iterator[Pair]:
    """Another process does `work` meanwhile. If we fail, it ends; else it has ended when this does.

    Connections are closed before, for two processes must not share one.
    """
    connections.close_all()
    us, (our_end, its_end) = os.getpid(), socket.socketpair()
    child = os.fork()
    if child == 0:
        our_end.close()
        _do(work, Pair(its_end), us)
    its_end.close()
    pair = Pair(our_end, is_whole=False)
    try:
        yield pair
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        our_end.close()
        pair.is_whole = os.waitpid(child, 0)[1] == 0


def _do(work: Callable[[Pair], None], pair: Pair, parent: int) -> NoReturn:
    """Never comes back, whatever happens: there must not be two of the process that forked."""
    status = 1
    try:
        _end_with(parent)
        work(pair)
        connections.close_all()
        status = 0
    finally:
        os._exit(status)


def _end_with(parent: int) -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)
