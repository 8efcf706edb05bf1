"""`{% lucide "plus" size=16 class="i" %}`, drawn once: each drawing costs as much as a row of a list."""

from functools import cache
from typing import Any

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as draw

register = template.Library()


@register.simple_tag
def lucide(name: str, *, size: int | None = 24, **attributes: Any) -> SafeString:
    return _drawn(name, size, **attributes)


@cache
def _drawn(name: str, size: int | None, **attributes: Any) -> SafeString:
    return SafeString(draw(name, size=size, **attributes))
