"""What lists drawn in Python share: a template takes longer for fifty lines than all the rest of a page."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache, lru_cache
from html import escape
from typing import Final

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from crm.templatetags.icons import lucide

_ROW: Final = 123_456_789  # stands for the number of a row while its address is sought


_FIELD: Final = "polku.token_field"


@cache
def row_address(view: str, *more: str) -> Callable[[int], str]:
    """The address of a row by its number, sought once: `row_address("desk:claim-deed", "confirm")(7)`."""
    before, _row, after = reverse(view, args=[_ROW, *more]).partition(str(_ROW))
    return f"{before}%d{after}".__mod__


def token_field(request: HttpRequest) -> str:
    """What `{% csrf_token %}` writes, for all forms of a page: one token of them all, made once."""
    held: str | None = request.META.get(_FIELD)
    if held is None:
        held = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
        request.META[_FIELD] = held
    return held


def joined(lines: Iterable[str]) -> SafeString:
    return SafeString("".join(lines))


def small_icon(name: str) -> SafeString:
    """An icon beside words, which say it all."""
    return lucide(name, size=14, **{"class": "i i-14", "aria_hidden": "true"})


def grey(words: str) -> str:
    """What is said where there is nothing to show."""
    return f'<span class="ink-3">{escape(words)}</span>'


def short_date(day: date) -> str:
    return _short_date(day, get_language() or "")


def short_dates() -> Callable[[date], str]:
    """The same, for many days of one page."""
    language = get_language() or ""
    return lambda day: _short_date(day, language)


@lru_cache(maxsize=4000)
def _short_date(day: date, _language: str) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
