"""Events on which the fold fails, each in its own way, as long as the file that names them is there."""

import functools
import json
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PATH = Path(os.environ.get("CHAOS_POISON", "/nonexistent"))


class Poisoned(Exception):
    """What a rule might raise."""


def poisoned(fold: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fold)
    def folding(state: Any, events: Iterable[Any], *rest: Any) -> Any:
        events = list(events)
        for event in events:
            if kind := kinds().get(event.key.hex()):
                fail(kind)
        return fold(state, events, *rest)

    return folding


_known: tuple[float, dict[str, str]] = (-1.0, {})


def kinds() -> dict[str, str]:
    """How each poisonous event kills, by its key; looked up anew now and then, for one day it is mended."""
    global _known
    read_at, found = _known
    if time.monotonic() - read_at > 0.5:
        found = json.loads(PATH.read_text()) if PATH.exists() else {}
        _known = (time.monotonic(), found)
    return found


def fail(kind: str) -> None:
    match kind:
        case "raise":
            raise Poisoned("a rule that cannot be computed")
        case "memory":
            raise MemoryError
        case "exit":
            os._exit(66)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(3600)
