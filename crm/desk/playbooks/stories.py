"""Examples as a page shows them: what is expected, what came and why, red or green; and the form of the open one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.desk.finding import number_said
from crm.desk.playbooks.happenings import Happening, Row, lines_said, rows_of, told_in_words
from crm.desk.playbooks.telling import Teller
from crm.desk.playbooks.tokens import NONE, Choice, Vocabulary
from funnel import faults
from funnel.differences import examples_by_name
from funnel.examples import Verdict, examples_of, try_examples
from funnel.keeping import Step, steps_of
from funnel.playbook_words import HEALTHS, STANDINGS, Finding
from funnel.playbooks import DIMENSIONS

NEW: Final = "new"


@dataclass(frozen=True, slots=True)
class Place:
    """A stage, a health or a standing in words; `stop` of a stage, `health` of a health that has a mark."""

    label: str
    stop: int = 0
    health: str = ""


@dataclass(slots=True)
class Example:
    """A line of the list. `holds` is nothing where a fault keeps it from being tried; `mark`: new, changed, removed."""

    place: int
    name: str
    day: Any
    expected: list[Place]
    holds: bool | None = None
    came: list[Place] = field(default_factory=list)
    reason: str = ""
    story: list[Happening] = field(default_factory=list)
    mark: str = ""
    was: "Example | None" = None  # where it said something else of the end
    steps: list[Step] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Opened:
    """The example that is open as a form: its number or "new", and what was typed, as a whole or row by row."""

    place: str = ""
    typed: Any = None
    rows: list[Row] | None = None
    is_text: bool = False


NOTHING_OPEN: Final = Opened()


@dataclass(frozen=True, slots=True)
class ExampleForm:
    place: str
    name: str
    story: str
    rows: list[Row] | None  # nothing: the story is a text
    types: list[tuple[str, str]]
    day: Any
    picks: list[tuple[str, str, list[Choice]]]  # dimension, label, choices


def shown(
    document: Mapping[str, Any],
    teller: Teller,
    vocabulary: Vocabulary,
    findings: Sequence[Finding] = (),
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All examples of a document, tried where it has no faults; beside `before`, with what was changed in them."""
    lines = [_line(place, one, teller, vocabulary) for place, one in enumerate(examples_of(document))]
    gone = _beside(lines, document, before, teller, vocabulary) if before is not None else []
    for finding in findings:
        at = finding.pointer.split("/")
        if len(at) > 2 and at[1] == "examples" and at[2].isdecimal() and int(at[2]) < len(lines):
            lines[int(at[2])].faults.append(faults.sentence(finding, vocabulary.stages))
    if not findings:
        for line, verdict in zip(lines, try_examples(document), strict=True):
            _judge(line, verdict, document, teller, vocabulary)
    parted = [line for line in lines if line.holds is False]
    held = sum(line.holds is True for line in lines)
    return {"examples": lines, "held": held, "parted": parted, "examples_gone": gone}


def differing(
    before: Mapping[str, Any], after: Mapping[str, Any], teller: Teller, vocabulary: Vocabulary
) -> list[Example]:
    """The examples that are new, changed or gone from one document to another."""
    lines = [_line(place, one, teller, vocabulary) for place, one in enumerate(examples_of(after))]
    gone = _beside(lines, after, before, teller, vocabulary)
    return [line for line in lines if line.mark] + gone


def _beside(
    lines: Sequence[Example],
    after: Mapping[str, Any],
    before: Mapping[str, Any],
    teller: Teller,
    vocabulary: Vocabulary,
) -> list[Example]:
    """Mark what is new or changed in the lines, and return those that are gone."""
    old, new = examples_by_name(before), examples_by_name(after)
    places = {name: place for place, name in enumerate(old)}
    for line, (name, example) in zip(lines, new.items(), strict=False):
        if name not in old:
            line.mark = "new"
        elif old[name] != example:
            was = _line(places[name], old[name], teller, vocabulary)
            line.mark = "changed"
            line.was = was if (was.day, was.expected) != (line.day, line.expected) else None
            line.story = told_in_words(_story(example), vocabulary.types, _story(old[name]))
    gone = [_line(places[name], old[name], teller, vocabulary) for name in old if name not in new]
    for line in gone:
        line.mark = "removed"
    return gone


def _line(place: int, example: Any, teller: Teller, vocabulary: Vocabulary) -> Example:
    said = example if isinstance(example, dict) else {}
    then = said.get("then") if isinstance(said.get("then"), dict) else {}
    name = said.get("name")
    return Example(
        place,
        _(name) if isinstance(name, str) and name else f"#{place + 1}",
        said.get("day", ""),
        _places(then or {}, teller, vocabulary),
        story=told_in_words(_story(said), vocabulary.types),
    )


def _story(example: Any) -> list[str]:
    events = example.get("events") if isinstance(example, dict) else None
    return [str(line) for line in events] if isinstance(events, list) else []


def _places(then: Mapping[str, Any], teller: Teller, vocabulary: Vocabulary) -> list[Place]:
    return [_place(name, then[name], teller, vocabulary) for name in DIMENSIONS if name in then]


def _place(dimension: str, value: Any, teller: Teller, vocabulary: Vocabulary) -> Place:
    key = NONE if value is None else str(value)
    label = vocabulary.values(dimension).get(key, key)
    if dimension == "stage":
        return Place(label if value else _("nowhere"), min(teller.stops.get(key, 0), 6))
    return Place(label, health=key if dimension == "health" and key in HEALTHS else "")


def _judge(
    line: Example, verdict: Verdict, document: Mapping[str, Any], teller: Teller, vocabulary: Vocabulary
) -> None:
    line.holds = verdict.holds
    line.steps = steps_of(verdict, document, teller.words)
    if verdict.parted:
        line.came = _places({name: verdict.came[name] for name in verdict.parted}, teller, vocabulary)
        decided = [step for step in line.steps if step.move.dimension in verdict.parted and step.rule]
        line.reason = decided[-1].sentence if decided else _("No rule moved them.")


# --- The open one -----------------------------------------------------------------------------------------------------


def form_of(document: Mapping[str, Any], opened: Opened, vocabulary: Vocabulary) -> ExampleForm | None:
    """The form of the example with this number, of a new one, or of what was typed."""
    examples, place, typed = examples_of(document), opened.place, opened.typed
    if typed is None and place == NEW:
        typed = {"events": ["day 0 form_submitted"], "day": 30, "then": {"stage": "lead"}}
    elif typed is None:
        number = number_said(place)
        typed = examples[number] if number is not None and number < len(examples) else None
    if typed is None:
        return None
    said = typed if isinstance(typed, dict) else {}
    then = said.get("then") if isinstance(said.get("then"), dict) else {}
    labels = {"stage": _("Stage"), "health": _("Health"), "standing": _("Standing")}
    picks = [(name, labels[name], _choices(name, then or {}, vocabulary)) for name in DIMENSIONS]
    rows = None if opened.is_text else opened.rows or rows_of(_story(said))
    return ExampleForm(
        place=place,
        name=str(said.get("name", "")),
        story="\n".join(_story(said)),
        rows=rows,
        types=_types(rows or [], vocabulary),
        day=said.get("day", ""),
        picks=picks,
    )


def _types(rows: Sequence[Row], vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """What can happen, by name; what a row says and nobody knows stays as it is."""
    unknown = {row.type: row.type for row in rows if row.type and row.type not in vocabulary.types}
    return list((unknown | dict(vocabulary.types)).items())


def _choices(dimension: str, then: Mapping[str, Any], vocabulary: Vocabulary) -> list[Choice]:
    chosen = "" if dimension not in then else NONE if then[dimension] is None else str(then[dimension])
    values = {"": _("not asked"), **vocabulary.values(dimension)}
    if chosen not in values:
        values[chosen] = chosen
    return [Choice(value, label, value == chosen) for value, label in values.items()]


def example_said(post: QueryDict) -> dict[str, Any]:
    """What the form says, as a text or in rows; what can't be right is kept, so that the checks can say so."""
    day = post.get("day", "").strip()
    text = [line.strip() for line in post.get("story", "").replace(", day ", "\nday ").splitlines()]
    lines = text if "story" in post else lines_said(post)
    then = {name: _said(name, value) for name in DIMENSIONS if (value := post.get(name, ""))}
    return {
        "name": post.get("name", "").strip()[:200],
        "events": [line[:1000] for line in lines if line][:500],
        "day": int(day) if day.isdecimal() and len(day) < 7 else day[:20],
        "then": then,
    }


def _said(dimension: str, value: str) -> str | None:
    known = {"health": HEALTHS, "standing": STANDINGS}.get(dimension)
    return None if value == NONE and known is HEALTHS else value[:200]
