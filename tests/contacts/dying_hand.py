"""A worker process that is killed in the middle of a job: `python -m tests.contacts.dying_hand CHUNKS` ends itself by
SIGKILL while the chunk after so many is being written; without a number it works until nothing is left."""

import os
import signal
import sys
from typing import Any

import django

django.setup()

from contacts import jobs as working  # noqa: E402  (Django stands only now)

jobs: Any = working


def main(chunks: int | None) -> None:
    jobs.CHUNK = 2
    written = jobs.record_events
    done = 0

    def write_or_die(**said: Any) -> Any:
        nonlocal done
        results = written(**said)
        if done == chunks:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return results

    jobs.record_events = write_or_die
    jobs.work_off_jobs()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
