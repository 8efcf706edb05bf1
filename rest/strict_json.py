"""JSON as we take it from outside: nothing that two readers could read differently, nothing PostgreSQL refuses.

`read` refuses what makes a whole body meaningless, naming the byte. What is only wrong with one value (not a number,
an integer beyond 64 bits, too deep, too many keys, characters that are no text) is found by `fault_in`, so that one
bad item of a batch does not take the others down. Pure.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple

import msgspec

DEEPEST: Final = 16
MOST_KEYS: Final = 255
LARGEST: Final = 2**63 - 1


class MalformedJson(ValueError):
    """The body means nothing: from which byte on, and why, in words with places for `values`."""

    def __init__(self, offset: int, words: str, **values: str) -> None:
        self.reason = words % values if values else words
        super().__init__(f"{self.reason} (byte {offset})")
        self.offset, self.words, self.values = offset, words, values


class Reading(NamedTuple):
    """What was read. `is_clean` says that `fault_in` would find nothing anywhere in `value`."""

    value: Any
    is_clean: bool


class Fault(NamedTuple):
    """What is wrong with one value: where (a JSON pointer), a code for programs, words with places for `values`."""

    pointer: str
    code: str
    detail: str
    values: Mapping[str, int | str] = MappingProxyType({})


def read(body: bytes) -> Reading:
    """Decode `body`; raises MalformedJson."""
    value = _read_clean(body)
    if value is not _UNCLEAN:
        return Reading(value, True)
    return Reading(_read_slowly(body), False)


def fault_in(value: Any, pointer: str = "", depth: int = 1) -> Fault | None:
    """The first fault of a value that `read` gave; `depth` is how deep the value itself may be said to lie."""
    if isinstance(value, str):
        return _fault_in_text(value, pointer)
    if isinstance(value, dict):
        return _fault_in_object(value, pointer, depth)
    if isinstance(value, list):
        return _fault_in_list(value, pointer, depth)
    if isinstance(value, float) and not math.isfinite(value):
        return Fault(pointer, "not-a-number", "NaN, infinities and numbers beyond 1.8e308 are not JSON.")
    if isinstance(value, int) and not -LARGEST - 1 <= value <= LARGEST:
        return Fault(pointer, "number-too-large", "Whole numbers must fit into 64 bits.")
    return None


# --- The fast way: most bodies have no fault, and one pass of a compiled decoder proves it ----------------------------

_UNCLEAN: Final = object()


def _bounded(depth: int) -> Any:
    """JSON of at most `depth` levels, with numbers and keys within bounds, as a type."""
    integer = Annotated[int, msgspec.Meta(ge=-LARGEST - 1, le=LARGEST)]
    level: Any = str | integer | float | bool | None
    scalar = level
    for _level in range(depth):
        level = scalar | list[level] | Annotated[dict[str, level], msgspec.Meta(max_length=MOST_KEYS)]
    return level


# The type doubles with each level; what lies deeper than this is rare and goes the slow way.
_USUAL_DEPTH: Final = 6
_decoder: Final = msgspec.json.Decoder(_bounded(_USUAL_DEPTH))
_UNTEXTUAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# what could stand for such a character, or for a colon that the count below would miss
_SUSPECT: Final = re.compile(rb"\\u00(?:[01]|7[fF]|3[aA])|\\[bf]|\x7f")


def _read_clean(body: bytes) -> Any:
    if _SUSPECT.search(body):
        return _UNCLEAN
    try:
        value = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _UNCLEAN
    # A key that came twice is gone from the value, and one colon with it.
    return value if body.count(b":") == msgspec.json.encode(value).count(b":") else _UNCLEAN


# --- The slow way: to the letter, and able to say what is wrong -------------------------------------------------------


class _RepeatedKey(ValueError):
    pass


def _read_slowly(body: bytes) -> Any:
    text = _text(body)
    try:
        value = json.loads(text, object_pairs_hook=_without_repetition, parse_int=_integer)
    except _RepeatedKey:
        at, key = next(_repeated_keys(text))
        raise MalformedJson(_offset(text, at), "the key %(key)s comes twice in one object", key=key) from None
    except json.JSONDecodeError as error:
        raise MalformedJson(_offset(text, error.pos), error.msg.lower()) from None
    except RecursionError:
        raise MalformedJson(0, "nested far too deeply") from None
    lone = next(_lone_surrogates(text), None)
    if lone is not None:
        raise MalformedJson(_offset(text, lone), "half a surrogate pair")
    return value


def _text(body: bytes) -> str:
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise MalformedJson(0, "a byte order mark; send UTF-8 without one")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise MalformedJson(error.start, "not UTF-8") from None


def _offset(text: str, position: int) -> int:
    return len(text[:position].encode())


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _RepeatedKey
    return made


def _integer(digits: str) -> int:
    # Python takes quadratic time over digits, and refuses after 4300 of them
    return int(digits) if len(digits) <= 20 else LARGEST + 1


_KEY_OR_BRACKET: Final = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")\s*(?P<colon>:)?|(?P<bracket>[{}\[\]])')


def _repeated_keys(text: str) -> Iterator[tuple[int, str]]:
    """Where keys of valid JSON come again in their object."""
    open_objects: list[set[str]] = [set()]
    for found in _KEY_OR_BRACKET.finditer(text):
        match found["bracket"]:
            case "{" | "[":
                open_objects.append(set())
            case "}" | "]":
                open_objects.pop()
        if found["colon"]:
            key = json.loads(found["text"])
            if key in open_objects[-1]:
                yield found.start(), found["text"]
            open_objects[-1].add(key)


_ESCAPE: Final = re.compile(r"\\(?:u(?P<unit>[0-9a-fA-F]{4})|.)")


def _lone_surrogates(text: str) -> Iterator[int]:
    """Where escapes of valid JSON name half a character."""
    high: int | None = None  # where a first half waits for its second
    for escape in _ESCAPE.finditer(text) if _HALF.search(text) else ():
        unit = int(escape["unit"] or "0", 16)
        is_second = 0xDC00 <= unit <= 0xDFFF
        if is_second and high == escape.start() - 6:
            high = None
            continue
        if high is not None:
            yield high
        high = escape.start() if 0xD800 <= unit <= 0xDBFF else None
        if is_second:
            yield escape.start()
    if high is not None:
        yield high


_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")


def _fault_in_text(text: str, pointer: str) -> Fault | None:
    found = _UNTEXTUAL.search(text)
    if not found:
        return None
    values = {"code": f"{ord(found.group()):04X}"}
    return Fault(pointer, "invalid-character", "The character U+%(code)s is no text.", values)


def _fault_in_object(value: dict[str, Any], pointer: str, depth: int) -> Fault | None:
    fault = _fault_in_shape(len(value) > MOST_KEYS, pointer, depth)
    for key, part in value.items():
        if fault:
            break
        fault = _fault_in_text(key, pointer) or fault_in(part, f"{pointer}/{escaped(key)}", depth + 1)
    return fault


def _fault_in_list(value: list[Any], pointer: str, depth: int) -> Fault | None:
    fault = _fault_in_shape(False, pointer, depth)
    for at, part in enumerate(value):
        if fault:
            break
        fault = fault_in(part, f"{pointer}/{at}", depth + 1)
    return fault


def _fault_in_shape(has_many_keys: bool, pointer: str, depth: int) -> Fault | None:
    if depth > DEEPEST:
        return Fault(pointer, "too-deep", "Values may lie %(most)d levels deep.", {"most": DEEPEST})
    if has_many_keys:
        return Fault(pointer, "too-many-keys", "An object may have %(most)d keys.", {"most": MOST_KEYS})
    return None


def escaped(key: str) -> str:
    """A key as it stands in a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")
