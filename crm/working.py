"""The Celery worker: everything is loaded once and forked, so that the pool shares its memory."""

import gc
import sys

from celery.bin.celery import celery
from celery.concurrency.prefork import TaskPool

from crm.celery import app


class SteadyPool(TaskPool):
    """Celery gives up when a process of the pool died before the broker was first reached; the pool itself starts
    another one within seconds."""

    def on_start(self) -> None:
        super().on_start()
        self.did_start_ok = lambda: True  # type: ignore[method-assign]


def main() -> None:
    app.loader.import_default_modules()
    app.conf.worker_pool = "crm.working:SteadyPool"
    gc.collect()
    gc.freeze()  # what is loaded stays; a collector that touched it would unshare its pages
    worker = ("worker", "--without-gossip", "--without-mingle", *sys.argv[1:])
    # Not `app.worker_main`, which ends with 0 whatever the worker died of.
    celery.main(["--app", "crm.celery:app", "--quiet", *worker])


if __name__ == "__main__":
    main()
