"""Tell the workers that there is work. A nudge that is lost costs seconds, never an event: workers look anyway."""

import logging
import time

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

TASK = "funnel.tasks.advance_pending"
QUEUE = "stage"
# One nudge a process in this many seconds. Whoever is nudged goes on looking for at least twice as long after it has
# found nothing, so what is recorded between two nudges is found as well.
PAUSE = 0.1

_last = -PAUSE


def nudge() -> None:
    """Ask for the marks to be folded, unless we just did."""
    global _last
    now = time.monotonic()
    if now - _last >= PAUSE:
        _last = now
        call_workers(TASK, queue=QUEUE)


def call_workers(task: str, *, queue: str, times: int = 1) -> None:
    """Call workers to a task. Never fails, and waits at most for the broker's timeout."""
    try:
        for _time in range(times):
            current_app.send_task(task, queue=queue, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("nudge failed", extra={"error": type(error).__name__})


def nudge_on_commit() -> None:
    """One nudge a transaction, however many services of it ask."""
    waiting = transaction.get_connection().run_on_commit
    if not any(function is nudge for _, function, *_ in waiting):
        transaction.on_commit(nudge)
