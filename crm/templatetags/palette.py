"""How the palette writes what it found."""

import re

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from contacts.matching import folded, words

register = template.Library()

_PARTS = re.compile(r"[^\W_]+|[\W_]+")


@register.filter
def marked(text: object, typed: str) -> SafeString:
    """The text with the beginnings of words that were typed underlined: `äin` of Äinälä for ain."""
    wanted = sorted(words(typed), key=len, reverse=True)
    return format_html_join("", "{}{}", (_marked(part, wanted) for part in _PARTS.findall(str(text))))


def _marked(part: str, wanted: list[str]) -> tuple[SafeString | str, str]:
    beginning = next((one for one in wanted if folded(part).startswith(one)), "")
    length = next((n for n in range(1, len(part) + 1) if len(folded(part[:n])) >= len(beginning)), 0)
    if not beginning:
        return "", part
    return format_html_join("", "<mark>{}</mark>", [[part[:length]]]), part[length:]


@register.filter
def keycaps(keys: str) -> SafeString:
    """`g b` as two keys to press one after the other."""
    return format_html_join("", '<kbd class="kbd">{}</kbd>', ([one.upper()] for one in keys.split()))
