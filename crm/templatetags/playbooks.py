"""Sentences of rules and places on the path, of which a page of a playbook has hundreds: drawn here."""

from collections.abc import Iterable
from html import escape
from typing import Any, Final

from django import template
from django.utils.safestring import SafeString

from crm.templatetags.polku import health, stops

register = template.Library()
_BOLD: Final = frozenset({"event", "condition", "health", "standing", "stage"})


@register.filter
def sentence(said: Iterable[Any]) -> SafeString:
    """The pieces of a rule in words; what is struck out or new in their places."""
    return SafeString("".join(_piece(one) for one in said))


def _piece(one: Any) -> str:
    text = escape(one.text)
    if one.kind == "target":
        text = f'<span class="stage r-to">{stops(one.stop)}{text}</span>'
    elif one.kind in _BOLD:
        text = f"<b>{text}</b>"
    elif one.kind == "code":
        text = f"<code>{text}</code>"
    return f"<{one.mark}>{text}</{one.mark}>" if one.mark else text


@register.filter
def places(found: Iterable[Any]) -> SafeString:
    """Stages, healths and standings, each with its mark."""
    return SafeString("".join(_place(one) for one in found))


def _place(one: Any) -> str:
    mark = stops(one.stop) if one.stop else health(one.health) if one.health else ""
    return f'<span class="{"health" if one.health else "stage"}">{mark}{escape(one.label)}</span>'
