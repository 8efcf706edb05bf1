"""Sums of money as the language writes them."""

from functools import lru_cache

from babel.numbers import format_currency
from django.utils.translation import get_language, to_locale

from contacts.messages import major_units


def in_full(minor: int, currency: str) -> str:
    """To the smallest unit: €1,250.50."""
    return _in_full(minor, currency, get_language() or "en")


@lru_cache(maxsize=4000)
def _in_full(minor: int, currency: str, language: str) -> str:
    return format_currency(major_units(minor, currency), currency, locale=to_locale(language))
