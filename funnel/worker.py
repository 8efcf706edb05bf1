"""What each worker process does beside its tasks: look for work nobody told it of, show that it lives, and end itself
when it is stuck. A Celery message is only a hint; without any, everything still gets done by the sweep.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection, connections

from contacts import erasing
from funnel import advancing, effects
from funnel.publishing import mark_publications

logger = logging.getLogger(__name__)

BEAT_S: Final = 5.0
STUCK_STATUS: Final = 70

# What a sweep looks for. Packages to the left add theirs in their AppConfig.ready.
SWEEPS: Final[list[Callable[[], Any]]] = [
    mark_publications,
    advancing.sweep_pending,
    advancing.work_off_due,
    effects.work_off_effects,
    erasing.finish_erasures,
]


def start(sender: Any = None, **_: object) -> None:
    """Begin to sweep and to watch, in a process that runs tasks."""
    Sweeper(f"{sender}:{os.getpid()}").start()


def start_beside_pool(sender: Any, **_: object) -> None:
    """Begin to watch, in the process that hands the tasks out, whether those who run them get anywhere."""
    PoolWatch(f"{sender.hostname}:").start()


def end_stuck_process(why: str) -> None:
    """Leave at once, with a status that is not 0: the supervisor, or the pool, starts another."""
    logger.critical("this worker is stuck and ends itself: %s", why)
    os._exit(STUCK_STATUS)


class Sweeper(threading.Thread):
    """Every few seconds a sign of life; every SWEEP_S a look at the tables, the first one at once."""

    def __init__(self, worker: str) -> None:
        super().__init__(name="sweeper", daemon=True)
        self.worker = worker
        self.round_ended_at = time.monotonic()

    def run(self) -> None:
        threading.Thread(target=self.watch, name="watchdog", daemon=True).start()
        threading.Thread(target=self.live, name="heartbeat", daemon=True).start()
        sweep_at = time.monotonic()
        while True:
            if time.monotonic() >= sweep_at:
                sweep_at = time.monotonic() + settings.SWEEP_S
                sweep()
            self.round_ended_at = time.monotonic()
            time.sleep(min(BEAT_S, settings.SWEEP_S))

    def live(self) -> None:
        """Show that we live, also while a round takes minutes because there is much to do."""
        while True:
            with suppress(Error):  # without the database nobody gets anywhere
                beat(self.worker)
            connections.close_all()
            time.sleep(min(BEAT_S, settings.SWEEP_S))

    def watch(self) -> None:
        while True:
            time.sleep(min(BEAT_S, settings.SWEEP_S))
            self.end_if_stuck()

    def end_if_stuck(self) -> None:
        """A batch takes seconds; a round of the sweep stops for breath after SHIFT_S a part."""
        now = time.monotonic()
        if now - min(advancing.IN_HAND.copy().values(), default=now) > settings.STUCK_S:
            end_stuck_process("a batch does not come to an end")
        if now - self.round_ended_at > settings.STUCK_S + len(SWEEPS) * advancing.SHIFT_S:
            end_stuck_process("the sweep does not come to an end")


def sweep() -> None:
    """What one look trips over keeps none of the others from theirs."""
    for look in SWEEPS:
        try:
            look()
        except (OperationalError, InterfaceError) as error:  # the database is away: the next round looks for it again
            logger.warning("the sweep could not reach the database: %s", type(error).__name__)
            connections.close_all()
        except Exception:
            logger.exception("the sweep failed")
            connection.close_if_unusable_or_obsolete()


_BEAT = """
    INSERT INTO funnel_heartbeat (worker, at, progressed_at, folded)
    VALUES (%s, clock_timestamp(), clock_timestamp(), %s)
    ON CONFLICT (worker) DO UPDATE
       SET at = excluded.at, progressed_at = excluded.progressed_at, folded = excluded.folded
"""
_FORGET_THE_DEAD = "DELETE FROM funnel_heartbeat WHERE at < clock_timestamp() - interval '1 hour'"


def beat(worker: str) -> None:
    """A sign of life of a process that is not stuck, also when there is nothing to do."""
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, [worker, advancing.TALLY.folded])
        cursor.execute(_FORGET_THE_DEAD)


_NOBODY_GETS_ANYWHERE = """
    SELECT EXISTS (SELECT 1 FROM contacts_pending) AND NOT EXISTS (
        SELECT 1 FROM funnel_heartbeat
         WHERE starts_with(worker, %s) AND progressed_at > clock_timestamp() - %s * interval '1 second')
"""


class PoolWatch(threading.Thread):
    """Should the pool lose its processes for good, the whole worker ends, and its supervisor starts it anew."""

    def __init__(self, family: str) -> None:
        super().__init__(name="pool watch", daemon=True)
        self.family = family

    def run(self) -> None:
        while True:
            time.sleep(2 * settings.STUCK_S)
            try:
                stuck = self.is_stuck()
            except Error:
                stuck = False  # without the database nobody gets anywhere
            connections.close_all()
            if stuck:
                end_stuck_process("work waits, and none of the pool's processes gets anywhere")

    def is_stuck(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(_NOBODY_GETS_ANYWHERE, [self.family, settings.STUCK_S])
            return bool(cursor.fetchone()[0])
