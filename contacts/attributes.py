"""The details of a person that events may change, and what each may hold. Pure."""

import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

from babel import Locale, UnknownLocaleError

from .matching import normal_email, normal_phone

ATTRIBUTE_TYPES: Final = frozenset({"contact_created", "attributes_changed", "owner_changed"})
FITS: Final = frozenset("ABCDEF")


def normal_attribute(name: str, value: Any) -> Any:
    """`value` as it is kept under `name`; raises ValueError where it can't be. Null takes a detail away.

    Names that are not built in keep what they are given.
    """
    if value is None or name not in BUILT_IN:
        return value
    return BUILT_IN[name](value)


def values_after(changes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The details after `changes`, oldest first; what can't be used changes nothing."""
    values: dict[str, Any] = {}
    for change in changes:
        for name, value in change.items():
            try:
                values[name] = normal_attribute(name, value)
            except ValueError:
                continue
    return values


def _text(longest: int) -> Callable[[Any], str]:
    def checked(value: Any) -> str:
        if not isinstance(value, str) or len(value.strip()) > longest:
            raise ValueError(value)
        return " ".join(value.split())

    return checked


def _email(value: Any) -> str:
    email = normal_email(value) if isinstance(value, str) else None
    if email is None:
        raise ValueError(value)
    return email


def _phone(value: Any) -> str:
    phone = normal_phone(value) if isinstance(value, str) else None
    if phone is None:
        raise ValueError(value)
    return phone


def _country(value: Any) -> str:
    """An ISO 3166 code, or the name of a country in English or Finnish."""
    if not isinstance(value, str):
        raise ValueError(value)
    code = value.strip().upper()
    found = code if code in _territories() else _territory_names().get(value.strip().casefold())
    if found is None:
        raise ValueError(value)
    return found


def _language(value: Any) -> str:
    try:
        locale = Locale.parse(value.strip().replace("-", "_"))
    except (AttributeError, ValueError, UnknownLocaleError, TypeError):
        raise ValueError(value) from None
    return str(locale).replace("_", "-")[:8]


def _time_zone(value: Any) -> str:
    if not isinstance(value, str) or value not in _zones():
        raise ValueError(value)
    return value


def _row(value: Any) -> int | str:
    """A row of ours by its id, or by the text people know it by."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not value:
        raise ValueError(value)
    return value


def _fit(value: Any) -> str:
    if not isinstance(value, str) or value not in FITS:
        raise ValueError(value)
    return value


BUILT_IN: Final[dict[str, Callable[[Any], Any]]] = {
    "name": _text(200),
    "email": _email,
    "phone": _phone,
    "title": _text(120),
    "country": _country,
    "language": _language,
    "time_zone": _time_zone,
    "company": _text(200),
    "owner": _row,
    "team": _row,
    "fit": _fit,
}


@cache
def _territories() -> frozenset[str]:
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())


@cache
def _territory_names() -> dict[str, str]:
    return {
        name.casefold(): code
        for language in ("en", "fi")
        for code, name in Locale(language).territories.items()
        if code in _territories()
    }


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
