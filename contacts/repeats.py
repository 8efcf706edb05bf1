"""The last repetitions of each source, for whoever looks on: they leave no row. Kept for an hour, beside the database.

Losing them is harmless, and while the server for them is away nobody waits for it.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
import redis

from rest.valkey import Aside

from .models import Source
from .results import Result, Status

MOST: Final = 20  # of a source
SECONDS_KEPT: Final = 3600
_memory: Final = Aside("repetitions are not remembered")


class Repeat(NamedTuple):
    """An event that was sent again, and when."""

    event_id: int
    at: datetime


def note_repeats(source: Source, results: Iterable[Result]) -> None:
    """Remember which events were sent again; never fails."""
    again = [result.event_id for result in results if result.status == Status.DUPLICATE and result.event_id]
    if not again:
        return
    said = [msgspec.json.encode((event_id, time.time())) for event_id in again[-MOST:]]
    _memory.ask(partial(_keep, source.pk, said))


def repeats_of(source_ids: Iterable[int]) -> list[Repeat]:
    """The last repetitions of these sources, the newest first; asked for together."""
    kept = _memory.ask(partial(_kept, list(source_ids))) or []
    said = [msgspec.json.decode(one) for of_source in kept for one in of_source]
    found = [Repeat(event_id, datetime.fromtimestamp(at, UTC)) for event_id, at in said]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _name(source_id: int) -> str:
    return f"polku:repeats:{source_id}"


def _kept(source_ids: Iterable[int], server: redis.Redis) -> Any:
    with server.pipeline(transaction=False) as together:
        for source_id in source_ids:
            together.lrange(_name(source_id), 0, MOST - 1)
        return together.execute()


def _keep(source_id: int, said: list[bytes], server: redis.Redis) -> None:
    name = _name(source_id)
    with server.pipeline(transaction=False) as together:
        together.lpush(name, *said)
        together.ltrim(name, 0, MOST - 1)
        together.expire(name, SECONDS_KEPT)
        together.execute()
