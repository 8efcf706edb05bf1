"""What modules that know no languages say of a message or a body, in the language of whoever reads it.

They say a sentence in English with places in it, and what belongs there: it is kept like that, and told at the edge.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext, gettext_noop

from rest.strict_json import Fault, MalformedJson

MALFORMED: Final = gettext_noop("At byte %(offset)d: %(reason)s.")
# What the reader of JSON may find at fault, in its own words.
_OF_JSON: Final = (
    gettext_noop("expecting value"),
    gettext_noop("expecting property name enclosed in double quotes"),
    gettext_noop("expecting ',' delimiter"),
    gettext_noop("expecting ':' delimiter"),
    gettext_noop("extra data"),
    gettext_noop("illegal trailing comma before end of object"),
    gettext_noop("illegal trailing comma before end of array"),
    gettext_noop("invalid \\escape"),
    gettext_noop("invalid \\uxxxx escape"),
    gettext_noop("invalid control character at"),
    gettext_noop("unterminated string starting at"),
)
# What belongs to a place, and what is there.
_SORTS: Final = (
    gettext_noop("text"),
    gettext_noop("a whole number"),
    gettext_noop("a number"),
    gettext_noop("true or false"),
    gettext_noop("an object"),
    gettext_noop("a list"),
    gettext_noop("nothing"),
)
_WITHIN: Final = ("reason", "expected", "got", "kept_as")  # values that are words themselves


def told(words: str | None, values: Mapping[str, Any] | None = None) -> str:
    """The sentence with what belongs into it; some of that is words again."""
    if not words or not values:
        return gettext(words) if words else ""
    within = {name: gettext(values[name]) % values for name in _WITHIN if values.get(name)}
    return gettext(words) % {**values, **within}


def told_of(fault: Fault) -> str:
    return told(fault.detail, fault.values)


def malformed_values(error: MalformedJson) -> dict[str, Any]:
    """What belongs into MALFORMED."""
    return {"offset": error.offset, "reason": error.words, **error.values}
