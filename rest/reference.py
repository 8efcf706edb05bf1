"""The API's description of itself, arranged for people to read. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

Schema = Mapping[str, Any]

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_REFERENCE: Final = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is, in words; `shape` names a component it is made of."""

    words: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A parameter or a field; `variants` are the same parameter with other operators, such as __gte."""

    name: str
    kind: Kind
    meaning: str
    is_needed: bool
    variants: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    meaning: str
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class Operation:
    anchor: str
    method: str
    path: str
    summary: str
    meaning: str
    scope: str
    parameters: Sequence[Entry]
    headers: Sequence[Entry]
    body: Kind | None
    answers: Sequence[Answer]
    example: str


@dataclass(frozen=True, slots=True)
class Shape:
    name: str
    meaning: str
    fields: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Reference:
    groups: Mapping[str, Sequence[Operation]]
    shapes: Sequence[Shape]


def arranged(schema: Schema, site: str) -> Reference:
    """Operations by tag, and the shapes of what goes in and out. `site` is where the examples are sent."""
    schema = _without_lists_of_words(schema, _components(schema))
    groups: dict[str, list[Operation]] = {}
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = item[method].get("tags", [""])[0]
                groups.setdefault(tag, []).append(_operation(path, method, item[method], site))
    return Reference(groups, [_shape(name, one) for name, one in sorted(_components(schema).items()) if _is_shape(one)])


def _components(schema: Schema) -> Mapping[str, Schema]:
    found: Mapping[str, Schema] = schema.get("components", {}).get("schemas", {})
    return found


def _is_shape(component: Schema) -> bool:
    return "properties" in component


def _without_lists_of_words(said: Any, components: Mapping[str, Schema]) -> Any:
    """References to components that are no shapes (lists of words) give way to what they refer to."""
    if isinstance(said, list):
        return [_without_lists_of_words(part, components) for part in said]
    if not isinstance(said, Mapping):
        return said
    named = said.get("$ref", "")
    component = components.get(named.removeprefix(_REFERENCE)) if isinstance(named, str) else None
    if component is not None and not _is_shape(component):
        return component
    return {name: _without_lists_of_words(part, components) for name, part in said.items()}


def _operation(path: str, method: str, said: Schema, site: str) -> Operation:
    parameters = [(one["in"], _parameter(one)) for one in said.get("parameters", [])]
    body, example = _body(said)
    return Operation(
        anchor=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        meaning=" ".join(said.get("description", "").split()),
        scope=said.get("x-scope", ""),
        parameters=_together([entry for place, entry in parameters if place != "header"]),
        headers=[entry for place, entry in parameters if place == "header"],
        body=body,
        answers=[_answer(status, answer) for status, answer in sorted(said.get("responses", {}).items())],
        example=_curl(path, method, example, site),
    )


def _parameter(said: Schema) -> Entry:
    return Entry(said["name"], _kind(said.get("schema", {})), said.get("description", ""), said.get("required", False))


def _together(entries: Sequence[Entry]) -> list[Entry]:
    """One entry for a parameter with all its operators."""
    found: dict[str, Entry] = {}
    for entry in entries:
        name, mark, operator = entry.name.partition("__")
        first = found.get(name)
        if first is None or first.meaning != entry.meaning:
            found[entry.name if first else name] = entry
        else:
            found[name] = replace(first, variants=(*first.variants, mark + operator))
    return list(found.values())


def _body(said: Schema) -> tuple[Kind | None, Any]:
    for content in said.get("requestBody", {}).get("content", {}).values():
        examples = content.get("examples", {})
        example = next((one.get("value") for one in examples.values()), None)
        return _kind(content.get("schema", {})), example
    return None, None


def _answer(status: str, said: Schema) -> Answer:
    kinds = [_kind(content.get("schema", {})) for content in said.get("content", {}).values()]
    return Answer(status, said.get("description", ""), kinds[0] if kinds else None)


def _shape(name: str, component: Schema) -> Shape:
    needed = component.get("required", [])
    fields = [
        Entry(field, _kind(said), said.get("description", ""), field in needed)
        for field, said in component["properties"].items()
    ]
    return Shape(name, " ".join(component.get("description", "").split()), fields)


def _kind(said: Schema) -> Kind:
    """A schema in a few words: text, list of Contact, moment or null."""
    if "$ref" in said:
        name = said["$ref"].removeprefix(_REFERENCE)
        return Kind(name, name)
    parts = said.get("anyOf") or said.get("oneOf") or said.get("allOf")
    if parts:
        kinds = [_kind(part) for part in parts]
        return Kind(" or ".join(dict.fromkeys(kind.words for kind in kinds if kind.words)), _first_shape(kinds))
    if "enum" in said:
        return Kind(" | ".join(str(value) for value in said["enum"] if value not in {"", None}))
    types = said.get("type", "")
    if isinstance(types, list):
        kinds = [_kind({**said, "type": one}) for one in types]
        return Kind(" or ".join(kind.words for kind in kinds), _first_shape(kinds))
    if types == "array":
        inner = _kind(said.get("items", {}))
        return Kind(f"list of {inner.words}" if inner.words else "list", inner.shape)
    return Kind(_WORDS.get((types, said.get("format"))) or _WORDS.get((types, None), ""))


_WORDS: Final[dict[tuple[str, str | None], str]] = {
    ("string", None): "text",
    ("string", "date-time"): "moment",
    ("string", "date"): "date",
    ("string", "uri"): "address",
    ("integer", None): "whole number",
    ("number", None): "number",
    ("boolean", None): "true or false",
    ("object", None): "object",
    ("null", None): "null",
}


def _first_shape(kinds: Sequence[Kind]) -> str:
    return next((kind.shape for kind in kinds if kind.shape), "")


def _curl(path: str, method: str, example: Any, site: str) -> str:
    return " \\\n  ".join(_curl_parts(path, method, example, site))


def _curl_parts(path: str, method: str, example: Any, site: str) -> Iterator[str]:
    yield "curl" if method == "get" else f"curl -X {method.upper()}"
    yield f"'{site}{path}'"
    yield '-H "Authorization: Bearer $KEY"'
    if example is not None:
        yield "-H 'Content-Type: application/json'"
        yield "-d '" + json.dumps(example, ensure_ascii=False).replace("'", "'\\''") + "'"
