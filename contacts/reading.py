"""From the JSON of POST /api/v1/events to messages, item by item: what can't be used is kept with its reason."""

import json
from typing import Any

from rest.strict_json import Fault, MalformedJson, fault_in, read
from rest.telling import MALFORMED, malformed_values

from .messages import Message, Refusal, message_of
from .quarantine import Kept


def said_in(item: Any, *, is_clean: bool) -> Message | Kept:
    """The message in one item, or the item as it is to be kept."""
    try:
        return _message(item, is_clean)
    except Refusal as refusal:
        return Kept(json.dumps(item, ensure_ascii=False).encode(), refusal, _id_of(item))


def kept_message(raw: bytes) -> Message:
    """The message in an item that was kept; raises Refusal."""
    try:
        value, is_clean = read(raw)
    except MalformedJson as error:
        raise malformed(error) from None
    return _message(value, is_clean)


def malformed(error: MalformedJson) -> Refusal:
    return Refusal("malformed-json", "", MALFORMED, **malformed_values(error))


def refused(fault: Fault) -> Refusal:
    return Refusal(fault.code, fault.pointer, fault.detail, **fault.values)


def refuse_faulty(value: Any) -> None:
    """Refuse a value that JSON can say and we can't keep."""
    fault = fault_in(value)
    if fault:
        raise refused(fault)


def _message(item: Any, is_clean: bool) -> Message:
    if not is_clean:
        refuse_faulty(item)
    return message_of(item)


def _id_of(item: Any) -> str:
    message_id = item.get("message_id") if isinstance(item, dict) else None
    return message_id if isinstance(message_id, str) else ""
