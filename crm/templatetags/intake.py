"""Words of the intake pages."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def waits_for(waits: dict[str, Any], room: str) -> int:
    """How many wait in a room."""
    return int(waits.get(room, 0))
