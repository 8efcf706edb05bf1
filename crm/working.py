"""The Celery worker: everything is loaded once and forked, so that the pool shares its memory."""

import gc
import sys

from crm.celery import app


def main() -> None:
    app.loader.import_default_modules()
    gc.collect()
    gc.freeze()  # what is loaded stays; a collector that touched it would unshare its pages
    app.worker_main(["--quiet", "worker", "--without-gossip", "--without-mingle", *sys.argv[1:]])


if __name__ == "__main__":
    main()
