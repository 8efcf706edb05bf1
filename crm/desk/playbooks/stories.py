"""Examples as a page shows them: what is expected, what came and why, red or green; and the form of the open one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.desk.playbooks.telling import Teller
from crm.desk.playbooks.tokens import NONE, Choice, Vocabulary
from funnel import faults
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
    """A line of the list. `holds` is nothing where a fault keeps it from being tried."""

    place: int
    name: str
    day: Any
    expected: list[Place]
    holds: bool | None = None
    came: list[Place] = field(default_factory=list)
    reason: str = ""
    story: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExampleForm:
    place: str  # its number, or "new"
    name: str
    story: str
    day: Any
    picks: list[tuple[str, str, list[Choice]]]  # dimension, label, choices


def shown(
    document: Mapping[str, Any], teller: Teller, vocabulary: Vocabulary, findings: Sequence[Finding] = ()
) -> dict[str, Any]:
    """All examples of a document, tried where it has no faults."""
    lines = [_line(place, one, teller, vocabulary) for place, one in enumerate(examples_of(document))]
    for finding in findings:
        at = finding.pointer.split("/")
        if len(at) > 2 and at[1] == "examples" and at[2].isdecimal() and int(at[2]) < len(lines):
            lines[int(at[2])].faults.append(faults.sentence(finding, vocabulary.stages))
    if not findings:
        for line, verdict in zip(lines, try_examples(document), strict=True):
            _judge(line, verdict, document, teller, vocabulary)
    parted = [line for line in lines if line.holds is False]
    return {"examples": lines, "held": sum(line.holds is True for line in lines), "parted": parted}


def _line(place: int, example: Any, teller: Teller, vocabulary: Vocabulary) -> Example:
    said = example if isinstance(example, dict) else {}
    then = said.get("then") if isinstance(said.get("then"), dict) else {}
    name = said.get("name")
    return Example(
        place,
        _(name) if isinstance(name, str) and name else f"#{place + 1}",
        said.get("day", ""),
        _places(then or {}, teller, vocabulary),
        story=[str(line) for line in _list(said.get("events"))],
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


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


def form_of(document: Mapping[str, Any], opened: str, vocabulary: Vocabulary, typed: Any = None) -> ExampleForm | None:
    """The form of the example with this number, of a new one, or of what was typed."""
    examples = examples_of(document)
    if typed is None and opened == NEW:
        typed = {"events": ["day 0 form_submitted"], "day": 30, "then": {"stage": "lead"}}
    elif typed is None:
        typed = examples[int(opened)] if opened.isdecimal() and int(opened) < len(examples) else None
    if typed is None:
        return None
    said = typed if isinstance(typed, dict) else {}
    then = said.get("then") if isinstance(said.get("then"), dict) else {}
    labels = {"stage": _("Stage"), "health": _("Health"), "standing": _("Standing")}
    picks = [(name, labels[name], _choices(name, then or {}, vocabulary)) for name in DIMENSIONS]
    story = "\n".join(str(line) for line in _list(said.get("events")))
    return ExampleForm(opened, str(said.get("name", "")), story, said.get("day", ""), picks)


def _choices(dimension: str, then: Mapping[str, Any], vocabulary: Vocabulary) -> list[Choice]:
    chosen = "" if dimension not in then else NONE if then[dimension] is None else str(then[dimension])
    values = {"": _("not asked"), **vocabulary.values(dimension)}
    if chosen not in values:
        values[chosen] = chosen
    return [Choice(value, label, value == chosen) for value, label in values.items()]


def example_said(post: QueryDict) -> dict[str, Any]:
    """What the form says; what can't be right is kept, so that the checks can say so."""
    day = post.get("day", "").strip()
    lines = [line.strip() for line in post.get("story", "").replace(", day ", "\nday ").splitlines()]
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
