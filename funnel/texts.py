"""A playbook's document as text to keep under version control: the same document gives the same lines. Pure."""

import json
from collections.abc import Mapping
from typing import Any

WIDTH = 120
# The order in which people read the parts of a document, of a stage, a condition and a rule; others follow by name.
ORDER = (
    *("stages", "half_life_days", "points", "rules", "examples"),
    *("key", "phase", "measure", "name", "note", "from", "to", "on", "when"),
    *("of", "currency", "usual_intervals", "min_days", "max_days", "within_days", "distinct_days"),
    *("events", "day", "then", "stage", "health", "standing"),
)


def as_text(document: Mapping[str, Any]) -> str:
    return _lines(ordered(document), 0, 0) + "\n"


def ordered(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same with its parts in the order of reading, which the database doesn't keep; fewest points first."""
    found: dict[str, Any] = _ordered(document)
    if isinstance(points := found.get("points"), dict) and all(isinstance(worth, int) for worth in points.values()):
        found["points"] = dict(sorted(points.items(), key=lambda one: (one[1], one[0])))
    return found


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _ordered(value[name]) for name in sorted(value, key=_place)}
    return [_ordered(one) for one in value] if isinstance(value, list) else value


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name), "") if name in ORDER else (len(ORDER), name)


def _lines(value: Any, depth: int, before: int) -> str:
    """On one line where it fits behind what stands `before` it; the document, its parts and its rules never do."""
    line = json.dumps(value, ensure_ascii=False)
    is_rule = isinstance(value, dict) and ("on" in value or "events" in value)
    if not isinstance(value, dict | list) or not value or (depth > 1 and not is_rule and before + len(line) < WIDTH):
        return line
    inner = "  " * (depth + 1)
    if isinstance(value, list):
        parts = [inner + _lines(one, depth + 1, len(inner)) for one in value]
    else:
        names = {name: f"{inner}{json.dumps(name, ensure_ascii=False)}: " for name in value}
        parts = [names[name] + _lines(one, depth + 1, len(names[name])) for name, one in value.items()]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return f"{opening}\n" + ",\n".join(parts) + f"\n{'  ' * depth}{closing}"
