"""A rule as a form of tokens, and back. What cannot be right is kept as it was typed: the checks say what is wrong."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.models import EventType
from funnel.explaining import Words
from funnel.faults import MEASURES
from funnel.models import Stage
from funnel.operators import is_number
from funnel.playbook_check import COMPARISONS, EQUALITIES, PARAMETERS, TIMED
from funnel.playbook_vocabulary import LANGUAGES
from funnel.playbook_words import HEALTHS, STANDINGS
from funnel.redrafting import dimension_of

TIME: Final = "time"
NONE: Final = "none"  # of health
OPERATORS: Final = {
    "is": gettext_lazy("is"),
    "is_not": gettext_lazy("is not"),
    "in": gettext_lazy("is one of"),
    "contains": gettext_lazy("contains"),
    "at_least": gettext_lazy("is at least"),
    "at_most": gettext_lazy("is at most"),
    "more_than": gettext_lazy("is more than"),
    "less_than": gettext_lazy("is less than"),
    "exists": gettext_lazy("is known"),
}
FRESH: Final[dict[str, dict[str, Any]]] = {
    "property": {"name": "kind", "is": ""},
    "attribute": {"name": "country", "is": ""},
    "count": {"of": ["page_viewed"], "within_days": 30, "at_least": 3},
    "sum": {"of": ["order_completed"], "currency": "EUR", "at_least": 100000},
    "kept_orders": {"at_least": 1},
    "days_since": {"of": ["page_viewed"], "at_least": 30},
    "days_in_stage": {"at_least": 30},
    "score": {"at_least": 50},
    "fit": {"at_least": "B"},
    "stage": {"is": "lead"},
    "health": {"is": "active"},
    "standing": {"is": "open"},
    "silence": {"usual_intervals": 2, "min_days": 30},
    "recall": {},
}


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Many:
    """A token that opens a list of boxes."""

    name: str
    said: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class ConditionForm:
    place: int
    measure: str
    measures: list[Choice]
    operators: list[Choice]
    of: Many | None
    fields: Mapping[str, Any]  # the plain parameters it has: name, within_days, currency, usual_intervals ...
    value: str
    values: list[Choice]  # where the value is one of few
    is_number: bool
    has_days: bool

    @property
    def prefix(self) -> str:
        return f"c{self.place}"


@dataclass(frozen=True, slots=True)
class RuleForm:
    name: str
    note: str  # why there is this rule
    is_timer: bool
    on: Many
    from_: Many
    targets: list[tuple[str, list[Choice]]]
    names_stage: str  # the property that names the stage, where one does
    conditions: list[ConditionForm]
    more: list[Choice]
    text: str = field(default="")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What rules can be made of here: event types, stages, and how they are called."""

    words: Words
    types: Mapping[str, str]
    stages: Mapping[str, str]

    @classmethod
    def read(cls, words: Words) -> "Vocabulary":
        types = EventType.objects.filter(alias_of=None).order_by("rank", "key").only("key", "label_en", "label_fi")
        named = {type_.key: str(type_) for type_ in types}
        stages = {stage.key: str(stage) for stage in Stage.objects.in_use()}
        return cls(words, dict(sorted(named.items(), key=lambda one: one[1].casefold())), stages)

    def values(self, dimension: str) -> dict[str, str]:
        said = LANGUAGES.get(self.words.language[:2], LANGUAGES["en"])
        if dimension == "stage":
            return dict(self.stages)
        if dimension == "health":
            return {key: said.healths[key] for key in HEALTHS} | {NONE: _("no health")}
        return {key: said.standings[key] for key in STANDINGS}

    # --- From a rule to its form

    def form(self, rule: Any) -> RuleForm:
        rule = rule if isinstance(rule, dict) else {}
        on, dimension = rule.get("on"), dimension_of(rule)
        timer = on == TIME
        when = rule.get("when") if isinstance(rule.get("when"), list) else []
        to = rule.get("to")
        return RuleForm(
            name=str(rule.get("name", "")),
            note=str(rule.get("note", "")),
            is_timer=timer,
            on=self._many("on", on if isinstance(on, list) else [], self.types, _("nothing yet")),
            from_=self._many("from", self._origins(rule), self.values(dimension), _("anybody")),
            targets=self._targets(to),
            names_stage=str(to["property"]) if isinstance(to, dict) and "property" in to else "",
            conditions=[self._condition(place, one, timer) for place, one in enumerate(when or [])],
            more=self._measures("", timer),
            text=json.dumps(rule, ensure_ascii=False, indent=2),
        )

    @staticmethod
    def _origins(rule: Mapping[str, Any]) -> list[str]:
        origins = rule.get("from")
        return [NONE if one is None else str(one) for one in origins] if isinstance(origins, list) else []

    @staticmethod
    def _many(name: str, chosen: list[Any], labels: Mapping[str, str], nothing: str) -> Many:
        first = {str(one): labels.get(str(one), str(one)) for one in chosen}  # they keep their order
        choices = [Choice(key, label, key in first) for key, label in (first | dict(labels)).items()]
        picked = [choice.label for choice in choices if choice.is_chosen]
        last = _(" or ").join([", ".join(picked[:-1]), picked[-1]]) if len(picked) > 1 else "".join(picked)
        return Many(name, last or nothing, choices)

    def _targets(self, to: Any) -> list[tuple[str, list[Choice]]]:
        dimension, target = ("stage", to) if isinstance(to, str) else next(iter(to.items())) if to else ("stage", "")
        chosen = "property:" if dimension == "property" else f"{dimension}:{NONE if target is None else target}"
        groups = []
        for name, label in (("stage", _("Stage")), ("health", _("Health")), ("standing", _("Standing"))):
            pairs = [(f"{name}:{key}", said) for key, said in self.values(name).items()]
            if name == "stage":
                pairs.append(("property:", _("the stage that the event names")))
            groups.append((label, [Choice(value, said, value == chosen) for value, said in pairs]))
        if chosen not in {choice.value for _label, choices in groups for choice in choices}:
            groups.append((_("Unknown"), [Choice(chosen, str(target), True)]))
        return groups

    @staticmethod
    def _measures(chosen: str, timer: bool) -> list[Choice]:
        fits = {name: label for name, label in MEASURES.items() if timer or name not in TIMED}
        fits = {name: label for name, label in fits.items() if not timer or name != "property"}
        if chosen and chosen not in fits:
            fits[chosen] = MEASURES.get(chosen) or gettext_lazy(chosen)
        return [Choice(name, str(label), name == chosen) for name, label in fits.items()]

    def _condition(self, place: int, condition: Any, timer: bool) -> ConditionForm:
        condition = condition if isinstance(condition, dict) else {}
        measure = str(condition.get("measure", ""))
        operator = next((name for name in OPERATORS if name in condition), "")
        operand, of = condition.get(operator), condition.get("of")
        parameters = {name.rstrip("*") for name in PARAMETERS.get(measure, {})}
        return ConditionForm(
            place=place,
            measure=measure,
            measures=self._measures(measure, timer),
            operators=[] if measure in TIMED else _operators(measure, operator),
            of=self._many(f"c{place}-of", of if isinstance(of, list) else [], self.types, _("nothing yet"))
            if "of" in parameters
            else None,
            fields={name: condition.get(name, "") for name in PARAMETERS_SHOWN if name in parameters},
            value=_written(operand, measure),
            values=self._operands(measure, operator, operand),
            is_number=operator in COMPARISONS and measure != "fit",
            has_days=measure in ("days_since", "days_in_stage"),
        )

    def _operands(self, measure: str, operator: str, operand: Any) -> list[Choice]:
        if operator == "exists":
            return [Choice("yes", _("yes"), operand is True), Choice("no", _("no"), operand is False)]
        if operator == "in" or measure not in ("stage", "health", "standing", "fit"):
            return []
        values = {letter: letter for letter in "ABCDEF"} if measure == "fit" else self.values(measure)
        values.pop(NONE, None)
        return [Choice(key, label, key == operand) for key, label in values.items()]


PARAMETERS_SHOWN: Final = (
    "name",
    "currency",
    "within_days",
    "distinct_days",
    "usual_intervals",
    "min_days",
    "max_days",
)


def _operators(measure: str, chosen: str) -> list[Choice]:
    fits = frozenset(OPERATORS)
    if measure in ("stage", "health", "standing"):
        fits = EQUALITIES | {"in", "exists"}
    elif measure not in ("property", "attribute"):
        fits = fits - {"contains"}
    return [Choice(name, str(label), name == chosen) for name, label in OPERATORS.items() if name in fits | {chosen}]


def _written(operand: Any, measure: str) -> str:
    """As one types it: a text that looks like a number stands in quotes, so that it stays a text."""
    if isinstance(operand, list):
        return ", ".join(_written(one, measure) for one in operand)
    if isinstance(operand, str):
        return json.dumps(operand) if not isinstance(_read(operand), str) or operand != operand.strip() else operand
    if operand is None:
        return ""
    if measure == "sum" and isinstance(operand, int):
        return f"{operand / 100:.2f}".rstrip("0").rstrip(".")
    return json.dumps(operand)


# --- From the form to a rule ------------------------------------------------------------------------------------------


def rule_of(sent: QueryDict) -> dict[str, Any]:
    """What was sent, as a rule."""
    kind, _colon, value = sent.get("to", "stage:").partition(":")
    timer = sent.get("moment") == TIME
    rule: dict[str, Any] = {"name": sent.get("name", "").strip()}
    if note := sent.get("note", "").replace("\r\n", "\n").strip():
        rule["note"] = note
    origins = [None if one == NONE and kind == "health" else one for one in sent.getlist("from")]
    if origins and sent.get("was_to", kind).partition(":")[0].replace("property", "stage") == kind.replace(
        "property", "stage"
    ):
        rule["from"] = origins
    if kind == "property":
        rule["to"] = {"property": sent.get("names_stage", "").strip() or "stage"}
    else:
        rule["to"] = value if kind == "stage" else {kind: None if value == NONE else value}
    rule["on"] = TIME if timer else sent.getlist("on")
    conditions = list(_conditions(sent))
    if fresh := sent.get("more"):
        conditions.append({"measure": fresh, **FRESH.get(fresh, {})})
    if conditions:
        rule["when"] = conditions
    return rule


def _conditions(sent: QueryDict) -> Iterator[dict[str, Any]]:
    dropped = sent.get("drop_condition")
    place = 0
    while (measure := sent.get(f"c{place}-measure")) is not None:
        if str(place) != dropped:
            yield _condition_of(sent, f"c{place}", measure)
        place += 1


def _condition_of(sent: QueryDict, prefix: str, measure: str) -> dict[str, Any]:
    if measure != sent.get(f"{prefix}-was", measure):
        return {"measure": measure, **FRESH.get(measure, {})}
    condition: dict[str, Any] = {"measure": measure}
    parameters = {name.rstrip("*") for name in PARAMETERS.get(measure, {})}
    if "of" in parameters:
        condition["of"] = sent.getlist(f"{prefix}-of")
    for name in PARAMETERS_SHOWN:
        if name not in parameters:
            continue
        typed = sent.get(f"{prefix}-{name}", "").strip()
        if name == "distinct_days":
            if typed:
                condition[name] = True
        elif typed:
            condition[name] = typed if name in ("name", "currency") else _read(typed)
        elif name in ("name", "currency", "usual_intervals"):
            condition[name] = typed
    operator = sent.get(f"{prefix}-operator")
    if operator in OPERATORS and measure not in TIMED:
        condition[operator] = _operand(operator, sent.get(f"{prefix}-value", "").strip(), measure)
    return condition


def _operand(operator: str, typed: str, measure: str) -> Any:
    if operator == "exists":
        return typed != "no"
    if operator == "in":
        return [_one(one.strip(), measure) for one in typed.split(",") if one.strip()]
    return _one(typed, measure)


def _one(typed: str, measure: str) -> Any:
    value = _read(typed)
    if measure == "sum" and is_number(value):
        return round(value * 100)
    return value


def _read(typed: str) -> Any:
    """A number, true, false or a text in quotes as such; everything else as the text it is."""
    plain = typed.replace("\N{NO-BREAK SPACE}", "").replace(",", ".") if typed[:1].isdigit() else typed
    try:
        value = json.loads(plain)
    except (ValueError, RecursionError):
        return typed
    return value if isinstance(value, bool | int | float | str) and value == value else typed
