"""What is wrong with a playbook's document, found before it is published."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from funnel.playbook_sense import senseless
from funnel.playbook_words import HEALTHS, PHASES, STANDINGS, Finding, found
from funnel.stories import read_line

MOST_RULES, MOST_CONDITIONS, MOST_NAMES = 200, 20, 100
LONGEST_WINDOW, LONGEST_TIME = 1_100, 36_500  # days; the memory of the fold grows with the windows
MOST_POINTS = 100_000
LONGEST_NOTE = 500
MOST_EXAMPLES, MOST_EVENTS = 50, 200
RESERVED_NAMES = ("start", "staff", "erased")


def check(document: Any, *, types: Collection[str]) -> list[Finding]:
    """All faults of the document; `types` are the known event types. Empty: it can be published.

    Whether the rules make sense is asked only when each of them can be read.
    """
    return list(_shape(document, frozenset(types))) or list(senseless(document))


class Kind(NamedTuple):
    """A kind of value, with the words for it."""

    words: str
    accepts: Callable[[Any], bool]


def whole(least: int, most: int) -> Kind:
    def accepts(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return Kind(f"a whole number from {least} to {most}", accepts)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _is_note(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_NOTE


def _is_scalar(value: Any) -> bool:
    return _is_text(value) or isinstance(value, bool) or _is_finite(value)


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def one_of(values: Collection[str]) -> Kind:
    words = ", ".join(sorted(values))
    return Kind(f"one of {words}", lambda value: isinstance(value, str) and value in values)


TEXT = Kind("a text of 1 to 200 characters", _is_text)
NOTE = Kind(f"a text of at most {LONGEST_NOTE} characters", _is_note)
SCALAR = Kind("a text, a number, true or false", _is_scalar)
NUMBER = Kind("a number", _is_finite)
TRUTH = Kind("true or false", lambda value: isinstance(value, bool))
CURRENCY = Kind(
    "a currency of three capital letters", lambda v: _is_text(v) and len(v) == 3 and v.isalpha() and v.isupper()
)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
LIST = Kind("a list", lambda value: isinstance(value, list))
WINDOW, TIME = whole(0, LONGEST_WINDOW), whole(0, LONGEST_TIME)
WHOLE = whole(-(10**12), 10**12)
STORY_DAY = whole(0, 3_650)
LETTER = one_of("ABCDEF")
TYPES = Kind("a list of event types", lambda value: isinstance(value, list))
ANY = Kind("anything", lambda value: True)

# The parameters of each measure; the starred ones are required.
PARAMETERS: dict[str, dict[str, Kind]] = {
    "property": {"name*": TEXT},
    "attribute": {"name*": TEXT},
    "count": {"of*": TYPES, "within_days": WINDOW, "distinct_days": TRUTH},
    "sum": {"of*": TYPES, "currency*": CURRENCY, "within_days": WINDOW},
    "kept_orders": {},
    "silence": {"usual_intervals*": whole(1, 100), "min_days": TIME, "max_days": TIME},
    "recall": {},
    "days_since": {"of*": TYPES},
    "days_in_stage": {},
    "score": {},
    "fit": {},
    "stage": {},
    "health": {},
    "standing": {},
}
TIMED = frozenset({"silence", "recall"})  # in time rules only, and without an operator
EQUALITIES = frozenset({"is", "is_not"})
COMPARISONS = frozenset({"at_least", "at_most", "less_than", "more_than"})
OPERATORS = EQUALITIES | COMPARISONS | {"in", "contains", "exists"}


def _shape(document: Any, types: frozenset[str]) -> Iterator[Finding]:
    if not isinstance(document, dict):
        yield found("wrong_kind", "", kind=OBJECT.words)
        return
    fields = {
        "stages*": LIST,
        "half_life_days*": whole(1, 3_650),
        "points*": OBJECT,
        "rules*": LIST,
        "examples": LIST,
    }
    faults = list(_fields(document, "", fields))
    yield from faults
    if faults:
        return
    yield from _stages(document["stages"])
    yield from _points(document["points"], types)
    stages = [stage["key"] for stage in document["stages"] if isinstance(stage, dict) and _is_text(stage.get("key"))]
    yield from _rules(document["rules"], stages, types)
    yield from _examples(document.get("examples", []), stages, types)


def _fields(value: Mapping[str, Any], pointer: str, kinds: Mapping[str, Kind]) -> Iterator[Finding]:
    """Every required field is there, every field is known, and of its kind."""
    known = {name.rstrip("*"): kind for name, kind in kinds.items()}
    for name in [name for name in value if name not in known]:
        yield found("unknown_field", f"{pointer}/{_escaped(name)}", name=name)
    for name in [starred[:-1] for starred in kinds if starred.endswith("*")]:
        if name not in value:
            yield found("missing", pointer, name=name)
    for name in [name for name in known if name in value]:
        if not known[name].accepts(value[name]):
            yield found("wrong_kind", f"{pointer}/{name}", kind=known[name].words)


def _escaped(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def _members(values: list[Any], pointer: str, kind: Kind, most: int = MOST_NAMES) -> Iterator[Finding]:
    if not 0 < len(values) <= most:
        yield found("wrong_length", pointer, most=most)
    for place, value in enumerate(values):
        if not kind.accepts(value):
            yield found("wrong_kind", f"{pointer}/{place}", kind=kind.words)


def _type_list(values: Any, pointer: str, types: frozenset[str]) -> Iterator[Finding]:
    if not isinstance(values, list):
        yield found("wrong_kind", pointer, kind=TYPES.words)
        return
    if not 0 < len(values) <= MOST_NAMES:
        yield found("wrong_length", pointer, most=MOST_NAMES)
    for place, type_ in enumerate(values):
        if not isinstance(type_, str) or type_ not in types:
            yield found("unknown_type", f"{pointer}/{place}", type=str(type_))


def _stages(stages: list[Any]) -> Iterator[Finding]:
    yield from _members(stages, "/stages", OBJECT)
    keys: set[str] = set()
    for place, stage in enumerate(stages):
        if isinstance(stage, dict):
            yield from _fields(stage, f"/stages/{place}", {"key*": TEXT, "phase*": one_of(PHASES)})
            yield from _unique(stage.get("key"), f"/stages/{place}/key", keys, "duplicate_stage")


def _unique(name: Any, pointer: str, names: set[str], code: str) -> Iterator[Finding]:
    if _is_text(name):
        if name in names:
            yield found(code, pointer, name=name)
        names.add(name)


def _points(points: Mapping[str, Any], types: frozenset[str]) -> Iterator[Finding]:
    kind = whole(-MOST_POINTS, MOST_POINTS)
    for type_, value in points.items():
        pointer = f"/points/{_escaped(type_)}"
        if type_ not in types:
            yield found("unknown_type", pointer, type=str(type_))
        if not kind.accepts(value):
            yield found("wrong_kind", pointer, kind=kind.words)


def _rules(rules: list[Any], stages: list[str], types: frozenset[str]) -> Iterator[Finding]:
    yield from _members(rules, "/rules", OBJECT, MOST_RULES)
    names: set[str] = set()
    for place, rule in enumerate(rules):
        if isinstance(rule, dict):
            yield from _rule(rule, f"/rules/{place}", stages, types)
            yield from _unique(rule.get("name"), f"/rules/{place}/name", names, "duplicate_name")
            if rule.get("name") in RESERVED_NAMES:
                yield found("reserved_name", f"/rules/{place}/name", name=rule["name"])


def _examples(examples: list[Any], stages: list[str], types: frozenset[str]) -> Iterator[Finding]:
    if examples:
        yield from _members(examples, "/examples", OBJECT, MOST_EXAMPLES)
    names: set[str] = set()
    for place, example in enumerate(examples):
        if isinstance(example, dict):
            pointer = f"/examples/{place}"
            kinds = {"name*": TEXT, "events*": LIST, "day*": STORY_DAY, "then*": OBJECT}
            yield from _fields(example, pointer, kinds)
            yield from _unique(example.get("name"), f"{pointer}/name", names, "duplicate_example")
            yield from _story(example.get("events"), example.get("day"), f"{pointer}/events", types)
            yield from _outcome(example.get("then"), f"{pointer}/then", stages)


def _story(lines: Any, day: Any, pointer: str, types: frozenset[str]) -> Iterator[Finding]:
    """Each line can be read, and the days go on to the one that is asked about."""
    if not isinstance(lines, list):
        return
    if not 0 < len(lines) <= MOST_EVENTS:
        yield found("wrong_length", pointer, most=MOST_EVENTS)
    last, is_empty = 0, bool(lines)
    for place, line in enumerate(lines[:MOST_EVENTS]):
        told = read_line(line)
        if told is None:
            is_empty = False
            yield found("bad_story", f"{pointer}/{place}", line=str(line))
            continue
        if told.type not in types:
            yield found("unknown_type", f"{pointer}/{place}", type=told.type)
        is_empty = is_empty and told.is_claim
        if told.day < last or (STORY_DAY.accepts(day) and told.day > day):
            yield found("story_order", f"{pointer}/{place}", line=str(line))
        last = max(last, told.day)
    if is_empty:
        yield found("only_claims", pointer)


def _outcome(then: Any, pointer: str, stages: list[str]) -> Iterator[Finding]:
    if not isinstance(then, dict):
        return
    yield from _fields(then, pointer, {"stage": ANY, "health": ANY, "standing": ANY})
    if not then:
        yield found("missing", pointer, name="stage")
    for name, value in then.items():
        if name in ("stage", "health", "standing") and not _is_value(name, value, stages):
            yield found("unknown_value", f"{pointer}/{name}", dimension=name, value=str(value))


def _rule(rule: dict[str, Any], pointer: str, stages: list[str], types: frozenset[str]) -> Iterator[Finding]:
    kinds = {"name*": TEXT, "note": NOTE, "to*": ANY, "on*": ANY, "from": LIST, "when": LIST}
    yield from _fields(rule, pointer, kinds)
    timer = rule.get("on") == "time"
    if "on" in rule and not timer:
        yield from _type_list(rule["on"], f"{pointer}/on", types)
    if "to" in rule:
        yield from _target(rule, pointer, stages, timer=timer)
    conditions = rule.get("when", [])
    if isinstance(conditions, list):
        if len(conditions) > MOST_CONDITIONS:
            yield found("wrong_length", f"{pointer}/when", most=MOST_CONDITIONS)
        for place, condition in enumerate(conditions):
            yield from _condition(condition, f"{pointer}/when/{place}", stages, types, timer=timer)


def _target(rule: dict[str, Any], pointer: str, stages: list[str], *, timer: bool) -> Iterator[Finding]:
    to = rule["to"]
    dimension, target = ("stage", to) if isinstance(to, str) else _only_pair(to)
    if dimension == "property":
        if timer:
            yield found("needs_event", f"{pointer}/to", what="the stage that a property names")
        if not _is_text(target):
            yield found("wrong_kind", f"{pointer}/to/property", kind=TEXT.words)
        dimension = "stage"
    elif dimension not in ("stage", "health", "standing") or (dimension == "stage" and not isinstance(to, str)):
        yield found("wrong_kind", f"{pointer}/to", kind='a stage, or an object with "property", "health" or "standing"')
        return
    elif not _is_value(dimension, target, stages):
        yield found("unknown_value", f"{pointer}/to", dimension=dimension, value=str(target))
    origins = rule.get("from")
    if isinstance(origins, list):
        yield from _origins(origins, f"{pointer}/from", dimension, stages)


def _only_pair(to: Any) -> tuple[str, Any]:
    if isinstance(to, dict) and len(to) == 1:
        return next(iter(to.items()))
    return "", None


def _origins(origins: list[Any], pointer: str, dimension: str, stages: list[str]) -> Iterator[Finding]:
    if not origins:
        yield found("wrong_length", pointer, most=MOST_NAMES)
    for place, value in enumerate(origins):
        if not _is_value(dimension, value, stages):
            yield found("unknown_value", f"{pointer}/{place}", dimension=dimension, value=str(value))


def _is_value(dimension: str, value: Any, stages: Collection[str]) -> bool:
    if value is None:
        return dimension == "health"
    return isinstance(value, str) and value in _values(dimension, stages)


def _values(dimension: str, stages: Collection[str]) -> Collection[str]:
    return {"stage": stages, "health": HEALTHS, "standing": STANDINGS}[dimension]


def _condition(
    condition: Any, pointer: str, stages: list[str], types: frozenset[str], *, timer: bool
) -> Iterator[Finding]:
    if not isinstance(condition, dict):
        yield found("wrong_kind", pointer, kind=OBJECT.words)
        return
    if "measure" not in condition:
        yield found("no_measure", pointer)
        return
    measure = condition["measure"]
    if not isinstance(measure, str) or measure not in PARAMETERS:
        yield found("unknown_measure", f"{pointer}/measure", measure=str(measure))
        return
    operators = sorted(OPERATORS & condition.keys())
    parameters = {name: value for name, value in condition.items() if name not in ("measure", *operators)}
    yield from _fields(parameters, pointer, PARAMETERS[measure])
    if "of" in parameters and isinstance(parameters["of"], list):
        yield from _type_list(parameters["of"], f"{pointer}/of", types)
    if measure == "property" and timer:
        yield found("needs_event", pointer, what="a property")
    if measure in TIMED:
        yield from _timed(condition, measure, operators, pointer, timer=timer)
    elif len(operators) != 1:
        yield found("one_operator", pointer, measure=measure)
    else:
        yield from _operand(operators[0], condition[operators[0]], measure, pointer, stages)


def _timed(
    condition: Mapping[str, Any], measure: str, operators: list[str], pointer: str, *, timer: bool
) -> Iterator[Finding]:
    if not timer:
        yield found("time_only", pointer, measure=measure)
    for name in operators:
        yield found("no_operator", f"{pointer}/{name}", measure=measure)
    least, most = condition.get("min_days"), condition.get("max_days")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield found("wrong_way_round", pointer, least=least, most=most)


def _operand(name: str, operand: Any, measure: str, pointer: str, stages: list[str]) -> Iterator[Finding]:
    pointer = f"{pointer}/{name}"
    kind = _operand_kind(name, measure, stages)
    if kind is None:
        yield found("operator_unfit", pointer, operator=name, measure=measure)
    elif name != "in":
        if not kind.accepts(operand):
            yield found("wrong_kind", pointer, kind=kind.words)
    elif isinstance(operand, list):
        yield from _members(operand, pointer, kind)
    else:
        yield found("wrong_kind", pointer, kind=LIST.words)


def _operand_kind(name: str, measure: str, stages: list[str]) -> Kind | None:
    """What the operator takes with this measure (each member, for `in`); None when they don't go together."""
    if name == "exists":
        return TRUTH
    if measure in ("property", "attribute"):
        return NUMBER if name in COMPARISONS else SCALAR
    if name == "contains" or (measure in ("stage", "health", "standing") and name in COMPARISONS):
        return None
    if measure in ("stage", "health", "standing"):
        return one_of(_values(measure, stages))
    return LETTER if measure == "fit" else WHOLE
