"""The details of a person that events may change, and what each may hold. Pure."""

import re
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from .matching import normal_email, normal_phone

ATTRIBUTE_TYPES: Final = frozenset({"contact_created", "attributes_changed", "owner_changed"})
MOST_OF_A_KIND: Final = 20  # addresses or numbers of one person
MOST_TAGS: Final = 50
LONGEST_TAG: Final = 40
_NAMED_IN: Final = ("en", "fi", "sv", "de", "fr", "es", "it", "nl", "da", "nb", "et", "pl", "pt")
_ALSO_CALLED: Final = {
    "united states of america": "US",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "holland": "NL",
    "czech republic": "CZ",
    "russian federation": "RU",
    "republic of korea": "KR",
    "viet nam": "VN",
}
_BEFORE_COUNTRY: Final = re.compile(r"[(\-]")
FITS: Final = frozenset("ABCDEF")


def normal_attribute(name: str, value: Any) -> Any:
    """`value` as it is kept under `name`; raises ValueError where it can't be. Null takes a detail away.

    Names that are not built in keep what they are given.
    """
    if value is None or name not in BUILT_IN:
        return value
    return BUILT_IN[name](value)


def values_after(changes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The details after `changes`, oldest first; what can't be used changes nothing.

    Addresses and numbers come out as lists, the main one first: `email` puts one in front (null takes the main one
    away), `emails` replaces them all. Tags come out in order: `add_tags` and `remove_tags` change them one by one, so
    that a change taken back takes back itself alone; `tags` replaces them all.
    """
    values: dict[str, Any] = {}
    for change in changes:
        for name, value in change.items():
            try:
                usable = normal_attribute(name, value)
            except ValueError:
                continue
            if name in _TAGGING:
                values["tags"] = sorted(_TAGGING[name](set(values.get("tags") or []), usable or []))
            elif name in _LISTS:
                values[_LISTS[name]] = _in_front(usable, values.get(_LISTS[name]) or [])
            else:
                values[name] = usable or [] if name in _LISTS.values() else usable
    return values


_LISTS: Final = {"email": "emails", "phone": "phones"}
_TAGGING: Final[dict[str, Callable[[set[str], list[str]], set[str]]]] = {
    "tags": lambda _tags, said: set(said),
    "add_tags": lambda tags, said: tags | set(said),
    "remove_tags": lambda tags, said: tags - set(said),
}


def _in_front(value: str | None, others: list[str]) -> list[str]:
    return list(dict.fromkeys([value, *others])) if value else others[1:]


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


def normal_tag(value: Any) -> str:
    """The one way we write a tag: lower case, single blanks; raises ValueError where it is none."""
    if not isinstance(value, str) or "," in value or not value.isprintable():
        raise ValueError(value)
    tag = " ".join(value.lower().split())
    if not 0 < len(tag) <= LONGEST_TAG:
        raise ValueError(value)
    return tag


def _tags(value: Any) -> list[str]:
    """A list of tags, or a text with commas or semicolons between them."""
    said = [part for part in re.split(r"[,;]", value) if part.strip()] if isinstance(value, str) else value
    if not isinstance(said, list) or len(said) > MOST_TAGS:
        raise ValueError(value)
    return sorted({normal_tag(part) for part in said})


def _several(one: Callable[[Any], str]) -> Callable[[Any], list[str]]:
    def checked(value: Any) -> list[str]:
        if not isinstance(value, list) or len(value) > MOST_OF_A_KIND:
            raise ValueError(value)
        return list(dict.fromkeys(one(part) for part in value))

    return checked


def _country(value: Any) -> str:
    """An ISO 3166 code, or the name of a country in English, Finnish or another language of Europe."""
    if not isinstance(value, str):
        raise ValueError(value)
    code = value.strip().upper()
    name = value.strip().casefold().removeprefix("the ")
    found = code if code in _territories() else _territory_names().get(name) or _other_codes().get(code)
    if found is None:
        raise ValueError(value)
    return found


def _language(value: Any) -> str:
    """A language tag, or the name of a language in English or its own; a country in brackets is left out."""
    if not isinstance(value, str):
        raise ValueError(value)
    if named := _language_names().get(_BEFORE_COUNTRY.split(value, maxsplit=1)[0].strip().casefold()):
        return named
    try:
        locale = Locale.parse(value.strip().replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
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
    "emails": _several(_email),
    "phone": _phone,
    "phones": _several(_phone),
    "title": _text(120),
    "country": _country,
    "language": _language,
    "time_zone": _time_zone,
    "company": _text(200),
    "owner": _row,
    "team": _row,
    "fit": _fit,
    "tags": _tags,
    "add_tags": _tags,
    "remove_tags": _tags,
}


@cache
def _territories() -> frozenset[str]:
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())


@cache
def _territory_names() -> dict[str, str]:
    """What a file may call each country; where two languages mean two of them, the first counts."""
    named = {
        name.casefold(): code
        for language in reversed(_NAMED_IN)
        for code, name in Locale(language).territories.items()
        if code in _territories()
    }
    return named | _ALSO_CALLED


@cache
def _other_codes() -> dict[str, str]:
    """Longer codes of countries (FIN), and those that others took their place (UK)."""
    aliases = get_global("territory_aliases").items()
    return {
        other: codes[0]
        for other, codes in aliases
        if other.isalpha() and len(codes) == 1 and codes[0] in _territories()
    }


@cache
def _language_names() -> dict[str, str]:
    """The names of languages in English, and in each of those in which we know the names of countries."""
    own = {str(Locale(language).display_name).casefold(): language for language in _NAMED_IN}
    return {
        name.casefold(): code for code, name in Locale("en").languages.items() if code.isalpha() and len(code) == 2
    } | own


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
