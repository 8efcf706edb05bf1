"""Checks that only another package can make: it adds them here, by the type of event they look at."""

from collections.abc import Callable
from typing import Final

from .messages import Message

# Each raises messages.Refusal where a message can't be meant.
EVENT_CHECKS: Final[dict[str, Callable[[Message], None]]] = {}
