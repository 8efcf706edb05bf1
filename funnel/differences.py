"""What sets one playbook document apart from another, by the names of rules. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

Document = Mapping[str, Any]
WORDS: Final = frozenset({"name", "note"})  # of a rule: what people call it and why, by which nobody moves


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing under the same name, before and after."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """From one document to another. A rule is *moved* when the order of the rules that both have is another."""

    rules_added: tuple[str, ...]
    rules_removed: tuple[str, ...]
    rules_changed: tuple[Changed, ...]
    rules_moved: tuple[Changed, ...]  # places, from 1
    points_changed: tuple[Changed, ...]
    stages_changed: Changed | None
    half_life_changed: Changed | None
    examples_added: tuple[str, ...]
    examples_removed: tuple[str, ...]
    examples_changed: tuple[Changed, ...]

    def __bool__(self) -> bool:
        return any(getattr(self, part) for part in self.__slots__)


def difference(before: Document, after: Document) -> Difference:
    old, new = rules_by_name(before), rules_by_name(after)
    told, telling = examples_by_name(before), examples_by_name(after)
    return Difference(
        rules_added=_without(new, old),
        rules_removed=_without(old, new),
        rules_changed=_rewritten(old, new),
        rules_moved=_moved(list(old), list(new)),
        points_changed=_points(before.get("points") or {}, after.get("points") or {}),
        stages_changed=_changed("stages", _keys(before), _keys(after)),
        half_life_changed=_changed("half_life_days", before.get("half_life_days"), after.get("half_life_days")),
        examples_added=_without(telling, told),
        examples_removed=_without(told, telling),
        examples_changed=_rewritten(told, telling),
    )


def written_in(versions: Sequence[tuple[int, Document]]) -> dict[str, int]:
    """Of each rule of the last version: the version in which it took its present form. Versions from the first on.

    Another note or another place makes no other rule; a rule that was away and came back counts from its return.
    """
    found: dict[str, int] = {}
    last: dict[str, Any] = {}
    for number, document in versions:
        rules = {name: deed_of(rule) for name, rule in rules_by_name(document).items()}
        found = {name: found[name] if last.get(name) == deed else number for name, deed in rules.items()}
        last = rules
    return found


def deed_of(rule: Any) -> Any:
    """What a rule does: all but what it is called and why it is there."""
    return {key: value for key, value in rule.items() if key not in WORDS} if isinstance(rule, Mapping) else rule


def _without(some: Mapping[str, Any], others: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in some if name not in others)


def _rewritten(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Changed, ...]:
    return tuple(Changed(name, old[name], new[name]) for name in new if name in old and old[name] != new[name])


def rules_by_name(document: Document) -> dict[str, Any]:
    """The rules in order. A draft may hold a rule without a name yet: it goes by its place."""
    return _by_name(document.get("rules"))


def examples_by_name(document: Document) -> dict[str, Any]:
    """The examples in order, named as the rules are."""
    return _by_name(document.get("examples"))


def _by_name(parts: Any) -> dict[str, Any]:
    return {_name(part, place): part for place, part in enumerate(parts if isinstance(parts, list) else [], start=1)}


def _name(part: Any, place: int) -> str:
    name = part.get("name") if isinstance(part, Mapping) else None
    return name if isinstance(name, str) else f"#{place}"


def _moved(old: Sequence[str], new: Sequence[str]) -> tuple[Changed, ...]:
    old_order, new_order = [name for name in old if name in new], [name for name in new if name in old]
    blocks = SequenceMatcher(None, old_order, new_order, autojunk=False).get_matching_blocks()
    still = {name for block in blocks for name in old_order[block.a : block.a + block.size]}
    return tuple(Changed(name, old.index(name) + 1, new.index(name) + 1) for name in new_order if name not in still)


def _points(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Changed, ...]:
    """No points are 0 points."""
    names = sorted({*old, *new})
    changed = (_changed(name, old.get(name, 0), new.get(name, 0)) for name in names)
    return tuple(change for change in changed if change)


def _keys(document: Document) -> list[str]:
    return [stage["key"] for stage in document.get("stages", ())]


def _changed(name: str, before: Any, after: Any) -> Changed | None:
    return None if before == after else Changed(name, before, after)
