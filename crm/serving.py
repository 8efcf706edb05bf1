"""The web server: the application is loaded once and forked, so that the workers share its memory.

Threads, not async: sync views under ASGI would open a database connection for every request.
"""

import gc
import os
import sys
from typing import Any, Final

from django.urls import get_resolver
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from crm.embedded.processes import stop_with_parent
from crm.wsgi import application

SLOWEST_HEADERS_MS: Final = 15_000  # bodies are for a proxy to time: the server reads them for as long as they come


def load(target: str) -> Any:
    return application


def main() -> None:
    host, port, workers, threads = sys.argv[1], *(int(number) for number in sys.argv[2:5])
    get_resolver().reverse_dict  # noqa: B018  (imports every view)
    os.register_at_fork(after_in_child=stop_with_parent)
    gc.collect()
    gc.freeze()  # what is loaded stays; a collector that touched it would unshare its pages
    Server(
        "crm.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        blocking_threads_idle_timeout=600,  # a thread keeps its database connection
        backpressure=256,
        http1_settings=HTTP1Settings(header_read_timeout=SLOWEST_HEADERS_MS),
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=10,
        websockets=False,
    ).serve(target_loader=load)


if __name__ == "__main__":
    main()
