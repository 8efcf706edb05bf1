"""Rules said in words, one line each: what a draft changes in them is struck out or underlined in its place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final

from django.utils.translation import gettext as _

from funnel import rules
from funnel.differences import deed_of, rules_by_name
from funnel.explaining import Words
from funnel.models import Stage
from funnel.redrafting import dimension_of, rules_of
from funnel.texts import ordered

UNREADABLE: Final = (KeyError, TypeError, ValueError, AttributeError, StopIteration, IndexError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of a sentence. `mark`: del or ins, where two sides differ; `stop`: of the stage that is the target."""

    kind: str
    text: str
    mark: str = ""
    stop: int = 0


@dataclass(slots=True)
class Line:
    """A rule as a line of the list. `mark`: new, changed, removed or nothing; `was`: its number before it moved."""

    place: int
    name: str
    said: list[Said]
    dimension: str
    mark: str = ""
    was: int | None = None
    renamed: str = ""
    foreseen: int | None = None
    note: str = ""  # why there is this rule
    is_noted: bool = False  # the note is another than before
    faults: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.place + 1


@dataclass(frozen=True, slots=True)
class Teller:
    """How rules are said: the words of whoever asks, and the stops of the path."""

    words: Words
    stops: Mapping[str, int]

    @classmethod
    def read(cls) -> "Teller":
        stages = list(Stage.objects.order_by("order"))
        return cls(Words.of(stages), {stage.key: place for place, stage in enumerate(stages, start=1)})

    def say(self, rule: Any) -> list[Said]:
        """In words; one that can't be read yet, as it is written."""
        try:
            parts = rules.sentence_parts(rule, self.words.language, self.words.labels)
            target = rule["to"] if isinstance(rule["to"], str) else ""
        except UNREADABLE:
            return [Said("code", str(ordered(rule) if isinstance(rule, Mapping) else rule))]
        said = [Said(part.kind, part.text) for part in parts]
        at = max((place for place, part in enumerate(parts) if part.kind == "stage" and part.key == target), default=-1)
        if target in self.stops and at >= 0:
            said[at] = Said("target", parts[at].text, stop=min(self.stops[target], 6))
        return said

    def lines(self, document: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> list[Line]:
        """All rules in order; beside `before`, with what was changed, and those that are gone where they stood."""
        if before is None:
            return [self._line(place, rule) for place, rule in enumerate(rules_of(document))]
        return list(self._changed(document, before))

    def _line(self, place: int, rule: Any) -> Line:
        return Line(place, _name(rule, place), self.say(rule), dimension_of(rule), note=note_of(rule))

    def _changed(self, document: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Line]:
        old, new = rules_by_name(before), rules_of(document)
        origins = _origins(old, new)
        turns = _moved([name for name in origins if name], list(old))
        gone = [name for name in old if name not in origins]
        for place, (rule, origin) in enumerate(zip(new, origins, strict=True)):
            line = self._line(place, rule)
            if origin is None:
                line.mark = "new"
            else:
                yield from self._gone_before(origin, old, gone)
                line.was = turns.get(origin)
                line.renamed = _(origin) if origin != rule.get("name") else ""
                line.is_noted = note_of(old[origin]) != line.note
                if deed_of(old[origin]) != deed_of(rule):
                    line.mark, line.said = "changed", compared(self.say(old[origin]), line.said)
            yield line
        yield from (self._gone(name, old) for name in gone)

    def _gone_before(self, origin: str, old: Mapping[str, Any], gone: list[str]) -> Iterator[Line]:
        order = list(old)
        for name in [one for one in gone if order.index(one) < order.index(origin)]:
            gone.remove(name)
            yield self._gone(name, old)

    def _gone(self, name: str, old: Mapping[str, Any]) -> Line:
        struck = [Said(one.kind, one.text, "del", one.stop) for one in self.say(old[name])]
        return Line(list(old).index(name), _(name), struck, dimension_of(old[name]), "removed")


def compared(before: Sequence[Said], after: Sequence[Said]) -> list[Said]:
    """Both sentences in one, word by word."""
    old, new = list(_atoms(before)), list(_atoms(after))
    said: list[Said] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            said += new[c:d]
            continue
        said += [Said(one.kind, one.text, "del", one.stop) for one in old[a:b]]
        said += [Said(one.kind, one.text, "ins", one.stop) for one in new[c:d]]
    return list(_aired(_joined(said)))


def _aired(said: Iterator[Said]) -> Iterator[Said]:
    """What is struck or underlined ends with its word, not with the blank behind it."""
    for one in said:
        if one.mark and one.text != one.text.rstrip():
            yield Said(one.kind, one.text.rstrip(), one.mark, one.stop)
            yield Said("text", " ")
        else:
            yield one


def _atoms(said: Sequence[Said]) -> Iterator[Said]:
    for one in said:
        if one.kind in ("target", "stage", "health", "standing"):
            yield one
        else:
            words = one.text.split(" ")
            for place, word in enumerate(words):
                yield Said(one.kind, word + (" " if place < len(words) - 1 else ""))


def _joined(said: Sequence[Said]) -> Iterator[Said]:
    """Neighbours of one kind and mark are one piece."""
    last: Said | None = None
    for one in said:
        if last and (last.kind, last.mark) == (one.kind, one.mark) and not (last.stop or one.stop):
            last = Said(last.kind, last.text + one.text, last.mark)
        else:
            if last:
                yield last
            last = one
    if last:
        yield last


def note_of(rule: Any) -> str:
    """Why there is this rule, in the words of whoever wrote it."""
    return str(rule.get("note") or "") if isinstance(rule, Mapping) else ""


def _origins(old: Mapping[str, Any], new: Sequence[Any]) -> list[str | None]:
    """What each rule was called before: by its name, or by what it says where the name is another. None: it is new."""
    left = dict(old)
    origins: list[str | None] = []
    for rule in new:
        name = str(rule.get("name")) if isinstance(rule, Mapping) else ""
        origins.append(name if name in left else None)
        left.pop(name, None)
    for place, rule in enumerate(new):
        if origins[place] is None and (same := [name for name in left if deed_of(left[name]) == deed_of(rule)]):
            origins[place] = same[0]
            del left[same[0]]
    return origins


def _moved(new: Sequence[str], old: Sequence[str]) -> dict[str, int]:
    """The numbers before of rules that stand in another order among those that both have."""
    shared = [name for name in new if name in old]
    before = [name for name in old if name in shared]
    blocks = SequenceMatcher(None, before, shared, autojunk=False).get_matching_blocks()
    still = {name for block in blocks for name in before[block.a : block.a + block.size]}
    return {name: old.index(name) + 1 for name in shared if name not in still}


def _name(rule: Any, place: int) -> str:
    name = rule.get("name") if isinstance(rule, Mapping) else None
    return _(name) if isinstance(name, str) and name else f"#{place + 1}"


@dataclass(frozen=True, slots=True)
class Point:
    """What an event is worth, and what it was before."""

    type: str
    label: str
    worth: int
    was: int | None = None
