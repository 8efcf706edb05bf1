"""A worker process that is killed in the middle of a job: `python -m tests.contacts.dying_hand CHUNKS` ends itself by
SIGKILL while the chunk after so many is being written; without a number it works until nothing is left."""

import os
import signal
import sys
from typing import Any

import django

django.setup()

from contacts import bulk, jobs  # noqa: E402  (Django stands only now)

engine: Any = jobs
deeds: Any = bulk


def main(chunks: int | None) -> None:
    engine.CHUNK = 2
    written = deeds.record_events
    done = 0

    def write_or_die(**said: Any) -> Any:
        nonlocal done
        results = written(**said)
        if done == chunks:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return results

    deeds.record_events = write_or_die
    engine.work_off_jobs()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
