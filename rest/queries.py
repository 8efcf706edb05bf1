"""The parameters of an address: each known, given once, of the right kind."""

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from rest.problems import FieldError, Problem

LONGEST_VALUE = 2000


def invalid_query(name: str, detail: Any, **extra: Any) -> Problem:
    """What is wrong with the parameter `name`."""
    return Problem("invalid-query", errors=[FieldError(f"?{name}", "invalid", str(detail))], **extra)


def refuse_unknown_parameters(request: HttpRequest, known: Collection[str]) -> None:
    """A parameter we do not know would be a filter that does not filter."""
    for name, values in request.GET.lists():
        if name not in known:
            names = ", ".join(sorted(known))
            raise invalid_query(name, _("There is no such parameter. Parameters are: %s.") % names)
        if len(values) > 1:
            raise invalid_query(name, _("It is given more than once."))
        if len(values[0]) > LONGEST_VALUE or "\0" in values[0]:
            raise invalid_query(name, _("It is too long, or holds a character that is no text."))


def parameter(request: HttpRequest, name: str) -> str | None:
    """The value of a parameter; None when it is absent or blank."""
    value = request.GET.get(name, "")
    return value if value.strip() else None


def whole_number(request: HttpRequest, name: str, *, default: int, least: int, most: int) -> int:
    text = parameter(request, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most):
        words = _("It is a whole number from %(least)d to %(most)d.") % {"least": least, "most": most}
        raise invalid_query(name, words)
    return int(text)
