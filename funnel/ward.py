"""The ward: what may be deadly is tried in a forked child first, so that only the child dies of it.

The child has what is in memory and nothing else: no connection, no file, no signal handler, little room and little
time. It answers each trial it survived with a byte; where the answers end, it died.
"""

import gc
import os
import resource
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple, NoReturn

ROOM: Final = 512 << 20  # bytes a child may take beyond those it is born with
NO_ROOM: Final = 71  # the status with which it ends when they do not suffice
STALLS: Final = 3  # how much slower than its processor's time a trial may be: the machine may have other things to do
SAID: Final = {
    -signal.SIGPROF: "It did not come to an end in time.",
    -signal.SIGALRM: "It did not come to an end in time.",
    NO_ROOM: "It took more memory than there is for it.",
}

_one_at_a_time: Final = Lock()  # no child is born with the pipe of another


class Deadly(Exception):
    """What a trial did to the process it ran in."""


class Trial(NamedTuple):
    run: Callable[[], object]
    limit_s: float  # of its processor's time


def deadly_ones(trials: Sequence[Trial], patience_s: float) -> tuple[dict[int, Deadly], int]:
    """The places of those that ended their process, and how many were tried at all before our patience ended.

    An exception is nobody's death: whoever runs it in earnest will see it. Running out of memory is.
    """
    found: dict[int, Deadly] = {}
    tried, until = 0, time.monotonic() + patience_s
    while tried < len(trials) and time.monotonic() < until:
        survived, death = _in_a_child(trials[tried:])
        tried += survived
        if death and tried < len(trials):
            found[tried] = death
            tried += 1
    return found, tried


def _in_a_child(trials: Sequence[Trial]) -> tuple[int, Deadly | None]:
    """How many it survived, and what it died of."""
    with _one_at_a_time:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _run(trials, writing)
        os.close(writing)
        try:
            with open(reading, "rb") as pipe:
                survived = len(pipe.read())
        except BaseException:  # a time limit of ours, say
            os.kill(child, signal.SIGKILL)
            raise
        finally:
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return survived, Deadly(_said(status)) if status else None


def _said(status: int) -> str:
    if status in SAID:
        return SAID[status]
    return f"Its process was ended by {signal.Signals(-status).name}." if status < 0 else f"It left with {status}."


# --- In the child


def _run(trials: Sequence[Trial], pipe: int) -> NoReturn:
    """Never comes back, whatever happens: there must not be two of the process that forked."""
    status = 1
    try:
        _leave_everything(pipe)
        for trial in trials:
            signal.setitimer(signal.ITIMER_PROF, trial.limit_s)  # it ends us, also when nobody waits for us any more
            signal.setitimer(signal.ITIMER_REAL, STALLS * trial.limit_s)
            _try(trial)
            os.write(pipe, b".")
        status = 0
    finally:
        os._exit(status)


def _try(trial: Trial) -> None:
    with suppress(Exception):
        try:
            trial.run()
        except MemoryError:
            os._exit(NO_ROOM)


def _leave_everything(pipe: int) -> None:
    """Nothing inherited is used, nor kept from ending: a connection lasts for as long as somebody holds it open."""
    gc.disable()
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.closerange(3, pipe)
    os.closerange(pipe + 1, os.sysconf("SC_OPEN_MAX"))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # a system that does not tell
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
