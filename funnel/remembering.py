"""The memory of the fold as text, and back. Read and written for each event, so its shape is one that costs little."""

from collections.abc import Sequence
from typing import Any, Final

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
_parts = msgspec.json.Decoder(list[msgspec.Raw])
_orders = msgspec.json.Decoder(list[Order])
_ORDERS: Final = State.__struct_fields__.index("orders")


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


def orders_remembered(memory: str | None, stamp: str) -> Sequence[Order]:
    """The kept orders alone, which costs a fraction of reading it all; none where `remembered` knows nothing."""
    if not memory or stamp_of(memory) != stamp:
        return ()
    try:
        return _orders.decode(_parts.decode(memory)[_ORDERS])
    except msgspec.MsgspecError:
        return ()


def stamp_of(memory: str) -> str:
    """By which playbooks and which code it was written."""
    return memory[2 : memory.find('"', 2)]
