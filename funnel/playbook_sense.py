"""Rules that can be read but make no sense: never firing, never reached, or turning in circles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

from funnel.operators import OPERATORS, is_number, same
from funnel.playbook_windows import exclude_each_other, implies, too_many_days
from funnel.playbook_words import HEALTHS, STANDINGS, Finding, found
from funnel.playbooks import read_target

Condition = Mapping[str, Any]
Place = tuple[str, str | None]  # a dimension and a value of it

TIME = "time"
DIMENSIONS = ("stage", "health", "standing")
COUNTING = frozenset({"count", "kept_orders"})


@dataclass(frozen=True, eq=False)
class Reading:
    """A rule as the checks see it."""

    place: int
    name: str
    dimension: str
    to: str | None
    named: bool  # the target is named by the event
    types: frozenset[str]
    origins: frozenset[str | None]
    when: tuple[Condition, ...]
    ranges: Mapping[str, frozenset[str | None]]  # what each dimension may be when it fires

    @property
    def timer(self) -> bool:
        return TIME in self.types

    @property
    def pointer(self) -> str:
        return f"/rules/{self.place}"


def senseless(document: Mapping[str, Any]) -> Iterator[Finding]:
    """The faults of a document whose every part can be read."""
    stages = [stage["key"] for stage in document["stages"]]
    values = {"stage": frozenset(stages), "health": frozenset({None, *HEALTHS}), "standing": frozenset(STANDINGS)}
    rules = [_reading(place, rule, values) for place, rule in enumerate(document["rules"])]
    dead = {finding.pointer: finding for rule in rules for finding in _dead_alone(rule)}
    living = [rule for rule in rules if rule.pointer not in dead]
    reached = _reached(living, stages)
    customer = frozenset(stage["key"] for stage in document["stages"] if stage["phase"] == "customer")
    for rule in rules:
        if rule.pointer in dead:
            yield dead[rule.pointer]
        else:
            yield from _dead_among(rule, living, reached, customer)
    for place, stage in enumerate(stages):
        if ("stage", stage) not in reached:
            yield found("unreachable_stage", f"/stages/{place}", stage=stage)
    yield from _loops([rule for rule in living if rule.timer])


def _reading(place: int, rule: Mapping[str, Any], values: Mapping[str, frozenset[Any]]) -> Reading:
    dimension, to, to_property = read_target(rule["to"])
    origins = frozenset(rule["from"]) if "from" in rule else values[dimension]
    return Reading(
        place=place,
        name=rule["name"],
        dimension=dimension,
        to=to,
        named=to_property is not None,
        types=frozenset({TIME} if rule["on"] == TIME else rule["on"]),
        origins=origins,
        when=tuple(rule.get("when", ())),
        ranges={**values, dimension: origins},
    )


# Dead by itself


def _dead_alone(rule: Reading) -> Iterator[Finding]:
    if not rule.named and rule.origins == {rule.to}:
        yield found("own_target", rule.pointer)
    else:
        yield from _contradictions(rule)


def _contradictions(rule: Reading) -> Iterator[Finding]:
    asked: dict[str, list[tuple[Condition, str, Any]]] = {}
    for condition in rule.when:
        for operator in OPERATORS.keys() & condition.keys():
            asked.setdefault(_subject(condition), []).append((condition, operator, condition[operator]))
    for some in asked.values():
        condition = some[0][0]
        if not _can_hold(rule, condition, [(operator, operand) for _, operator, operand in some]):
            yield found("contradiction", rule.pointer, measure=condition["measure"])
            return
    for condition in rule.when:
        if days := too_many_days(condition):
            yield found("too_many_days", rule.pointer, within=condition["within_days"], days=days)
            return
    if measure := exclude_each_other(rule.when):
        yield found("contradiction", rule.pointer, measure=measure)


def _subject(condition: Condition) -> str:
    """What is measured, without what it is compared with."""
    return repr(sorted((name, _plain(value)) for name, value in condition.items() if name not in OPERATORS))


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def _can_hold(rule: Reading, condition: Condition, tests: list[tuple[str, Any]]) -> bool:
    absent = [operand is False for operator, operand in tests if operator == "exists"]
    if any(absent):
        return all(absent) and len(absent) == len(tests) and _can_be_unknown(rule, condition)
    tests = [(operator, operand) for operator, operand in tests if operator != "exists"]
    candidates = _candidates(rule, condition, tests)
    fit = condition["measure"] == "fit"
    return any(all(_passes(operator, operand, value, fit=fit) for operator, operand in tests) for value in candidates)


def _passes(operator: str, operand: Any, value: Any, *, fit: bool) -> bool:
    return value is not None and OPERATORS[operator](operand, fit)(value)


def _can_be_unknown(rule: Reading, condition: Condition) -> bool:
    measure = condition["measure"]
    if measure == "days_since":
        return not rule.types <= set(condition["of"])
    if measure == "health":
        return None in rule.ranges["health"]
    return measure in ("property", "attribute", "fit")


def _candidates(rule: Reading, condition: Condition, tests: list[tuple[str, Any]]) -> list[Any]:
    """Values of the measure of which one passes the tests if any value does."""
    measure = condition["measure"]
    if measure in DIMENSIONS:
        return list(rule.ranges[measure])
    if measure == "fit":
        return list("ABCDEF")
    if measure == "days_since" and rule.types <= set(condition["of"]):
        return [0]  # the event itself is the last one
    edges = [member for _, operand in tests for member in _members(operand)]
    numbers = _around(sorted({0, *(edge for edge in edges if is_number(edge))}))
    if measure in ("property", "attribute"):
        joined = "".join(str(operand) for operator, operand in tests if operator == "contains")
        return [*edges, *numbers, joined, edges, object()]
    least = -1e15 if measure in ("score", "sum") else _least(rule, condition)
    whole = measure in COUNTING or measure == "sum"
    return [number for number in [*numbers, least] if number >= least and (not whole or number == int(number))]


def _around(edges: list[Any]) -> list[Any]:
    """The edges, what is beside them and what is between them."""
    between = [(one + other) / 2 for one, other in pairwise(edges)]
    return [*edges, *between, *(edge + step for edge in edges for step in (-1, 1))]


def _members(operand: Any) -> list[Any]:
    return operand if isinstance(operand, list) else [operand]


def _least(rule: Reading, condition: Condition) -> int:
    """A number of events includes the event that asks."""
    counted = {"order_completed"} if condition["measure"] == "kept_orders" else set(condition.get("of", ()))
    return int(condition["measure"] in COUNTING and rule.types <= counted)


# Dead because of others


def _reached(rules: list[Reading], stages: list[str]) -> set[Place]:
    """Where anybody can come, from the start of a path."""
    reached: set[Place] = {("stage", stages[0]), ("health", None), ("standing", "open")}
    before = 0
    while before != len(reached):
        before = len(reached)
        for rule in rules:
            if any((rule.dimension, origin) in reached for origin in rule.origins) and _asks_reached(rule, reached):
                reached |= {("stage", stage) for stage in stages} if rule.named else {(rule.dimension, rule.to)}
    return reached


def _asks_reached(rule: Reading, reached: set[Place]) -> bool:
    """Whether the stages, healths and standings that its conditions ask for are ever reached."""
    for condition in rule.when:
        dimension = condition["measure"]
        wanted = condition.get("in", [condition["is"]] if "is" in condition else [])
        if dimension in DIMENSIONS and wanted and not any((dimension, value) in reached for value in wanted):
            return False
    return True


def _dead_among(
    rule: Reading, living: list[Reading], reached: set[Place], customer: frozenset[str]
) -> Iterator[Finding]:
    origins = {origin for origin in rule.origins if (rule.dimension, origin) in reached}
    if not origins or not _asks_reached(rule, reached):
        yield found("unreachable_from", rule.pointer)
        return
    earlier = [other for other in living if other.place < rule.place and _comes_first(other, rule, customer)]
    first = None
    for type_, origin in product(sorted(rule.types), origins - ({rule.to} if not rule.named else set())):
        coverer = next((other for other in earlier if type_ in other.types and origin in other.origins), None)
        if coverer is None:
            return
        first = first or coverer
    if first:
        yield found("shadowed", rule.pointer, by=first.name)


def _comes_first(other: Reading, rule: Reading, customer: frozenset[str]) -> bool:
    """Whether `other` matches wherever `rule` would. A public event passes by a rule that makes customers."""
    if other.dimension != rule.dimension or other.named:
        return False
    passed_by = not rule.timer and other.dimension == "stage" and other.to in customer
    if passed_by and (rule.named or rule.to not in customer):
        return False
    return all(any(_implies(given, asked) for given in rule.when) for asked in other.when)


def _implies(given: Condition, asked: Condition) -> bool:
    """Whether whatever satisfies `given` satisfies `asked`; True only when that is sure."""
    if given["measure"] == asked["measure"] == "silence":
        return all(mine >= theirs for mine, theirs in zip(_patience(given), _patience(asked), strict=True))
    if _subject(given) != _subject(asked):
        return implies(given, asked)
    (mine,), (theirs,) = _tests(given) or [("", None)], _tests(asked) or [("", None)]
    if mine[0] == theirs[0] and same(mine[1], theirs[1]):
        return True
    if theirs == ("exists", True):
        return mine[0] != "exists"
    fit = asked["measure"] == "fit"
    if mine[0] == "is":
        return _passes(*theirs, mine[1], fit=fit)
    if mine[0] == "in":
        return all(_passes(*theirs, member, fit=fit) for member in mine[1])
    return not fit and _narrower(mine, theirs)


def _patience(silence: Condition) -> tuple[int, int, int]:
    return silence["usual_intervals"], silence.get("min_days", 0), silence.get("max_days", 10**9)


def _tests(condition: Condition) -> list[tuple[str, Any]]:
    return [(operator, condition[operator]) for operator in OPERATORS.keys() & condition.keys()]


def _narrower(mine: tuple[str, Any], theirs: tuple[str, Any]) -> bool:
    """Whether one half-line of numbers lies in the other."""
    upwards, downwards = ("at_least", "more_than"), ("at_most", "less_than")
    if mine[0] in upwards and theirs[0] in upwards:
        return bool(
            mine[1] > theirs[1] or (mine[1] == theirs[1] and (theirs[0] == "at_least" or mine[0] == "more_than"))
        )
    if mine[0] in downwards and theirs[0] in downwards:
        return bool(
            mine[1] < theirs[1] or (mine[1] == theirs[1] and (theirs[0] == "at_most" or mine[0] == "less_than"))
        )
    return False


# Circles


def _loops(timers: list[Reading]) -> Iterator[Finding]:
    """Rules by which time alone could move somebody in a circle for ever.

    With no event left, windows empty, scores fade and silences last: what can't hold then can't turn for ever.
    """
    for dimension in DIMENSIONS:
        rules = [rule for rule in timers if rule.dimension == dimension]
        edges = {
            (origin, rule.to): rule
            for rule in reversed(rules)
            if all(_lasting(condition) for condition in rule.when)
            for origin in rule.origins - {rule.to}
            if not any(_held_by(other, rule, origin) for other in rules if other.place < rule.place)
        }
        circle = _circle(list(edges))
        if circle:
            some = sorted({edges[edge] for edge in circle}, key=lambda rule: rule.place)
            yield found("loop", some[0].pointer, rules=", ".join(f"“{rule.name}”" for rule in some))


def _lasting(condition: Condition) -> bool:
    """Whether it may hold at last, when nothing happens any more."""
    measure = condition["measure"]
    ((operator, operand),) = _tests(condition) or [("", None)]
    if measure == "score" or (measure in ("count", "sum") and "within_days" in condition):
        return _passes(operator, operand, 0, fit=False)
    if measure == "days_since":
        return operator in ("at_least", "more_than", "is_not", "exists")
    return True


def _held_by(other: Reading, rule: Reading, origin: str | None) -> bool:
    """Whether at last `other` matches wherever `rule` would, and so keeps it from being tried."""
    return origin in other.origins and all(
        _lasts_with(asked, rule.when) or any(_implies(given, asked) for given in rule.when) for asked in other.when
    )


def _lasts_with(asked: Condition, when: tuple[Condition, ...]) -> bool:
    measure = asked["measure"]
    if measure in ("silence", "recall"):
        return any(given["measure"] == measure for given in when)
    fading = measure == "score" or (measure in ("count", "sum") and "within_days" in asked)
    return fading and _lasting(asked)


def _circle(edges: list[tuple[str | None, str | None]]) -> list[tuple[str | None, str | None]]:
    """The edges left when all that lead nowhere or come from nowhere are taken away: none without a circle."""
    before = -1
    while before != len(edges):
        before = len(edges)
        sources, targets = {source for source, _ in edges}, {target for _, target in edges}
        edges = [edge for edge in edges if edge[1] in sources and edge[0] in targets]
    return edges
