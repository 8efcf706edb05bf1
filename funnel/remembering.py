"""The memory of the fold as text, and back. Read and written for each event, so its shape is one that costs little."""

from typing import Any

import msgspec

from funnel.orders import Order, Orders
from funnel.state import State


def _written(value: Any) -> Any:
    if isinstance(value, Orders):
        return list(value)
    raise NotImplementedError(f"A state holds no {type(value).__name__}.")


def _read(kind: type, said: Any) -> Any:
    if kind is not Orders:
        raise NotImplementedError(f"A state holds no {kind.__name__}.")
    orders = Orders()
    for order in msgspec.convert(said, list[Order]) if said else ():
        orders.keep(order)
    return orders


_encoder = msgspec.json.Encoder(enc_hook=_written)
_decoder = msgspec.json.Decoder(State, dec_hook=_read)


def written(state: State) -> bytes:
    return _encoder.encode(state)


def remembered(memory: str | None, stamp: str) -> State | None:
    """The state that was written; None when other playbooks or other code wrote it: then one folds from the start."""
    if not memory or stamp_of(memory) != stamp:
        return None
    try:
        return _decoder.decode(memory)
    except msgspec.MsgspecError:
        return None


def stamp_of(memory: str) -> str:
    """By which playbooks and which code it was written."""
    return memory[2 : memory.find('"', 2)]
