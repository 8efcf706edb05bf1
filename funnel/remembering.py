"""The memory of the fold as text, and back. Read and written for each event, so its shape is one that costs little."""

from typing import Any

import msgspec

from funnel.orders import Order
from funnel.state import Recall, State, Trace


class Memory(msgspec.Struct, array_like=True, gc=False):
    """What a state holds, in the order in which it is written."""

    stamp: str
    stage: str | None
    entered: int | None
    health: str | None
    standing: str
    score: int
    score_day: int
    last: tuple[int, int, bytes] | None
    recall: Recall | None
    orders: list[Order]
    tallies: dict[str, dict[int, int]]
    latest: dict[str, Trace]
    attributes: dict[str, Any]
    visits: list[tuple[str, str | None, int]]


_decoder = msgspec.json.Decoder(Memory)


def written(state: State) -> bytes:
    return msgspec.json.encode(
        Memory(
            state.stamp,
            state.stage,
            state.entered,
            state.health,
            state.standing,
            state.score,
            state.score_day,
            state.last,
            state.recall,
            list(state.orders),
            state.tallies,
            state.latest,
            state.attributes,
            [(dimension, target, number) for (dimension, target), number in state.visits.items()],
        )
    )


def remembered(memory: str | None, stamp: str) -> State | None:
    """The state that was written; None when other playbooks or other code wrote it: then one folds from the start."""
    if not memory or stamp_of(memory) != stamp:
        return None
    try:
        read = _decoder.decode(memory)
    except msgspec.MsgspecError:
        return None
    state = State.start()
    state.stamp, state.last, state.recall = read.stamp, read.last, read.recall
    state.stage, state.entered, state.health, state.standing = read.stage, read.entered, read.health, read.standing
    state.score, state.score_day = read.score, read.score_day
    for order in read.orders:
        state.orders.keep(order)
    state.tallies, state.latest, state.attributes = read.tallies, read.latest, read.attributes
    state.visits = {(dimension, target): number for dimension, target, number in read.visits}
    return state


def stamp_of(memory: str) -> str:
    """By which playbooks and which code it was written."""
    return memory[2 : memory.find('"', 2)]
