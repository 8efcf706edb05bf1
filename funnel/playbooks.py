"""Published playbooks, compiled so that the fold finds what an event can do by two dictionary look-ups."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple, Self

from funnel.decay import decay_factors
from funnel.measures import Condition, Holds, NextChange, Reader, compile_condition
from funnel.moments import LONG_AGO, NEVER
from funnel.state import FORMAT, Properties, State
from funnel.tallies import LEARNING, ORDER, POSTPONED, REFUND, Kept, Need, Update, updates

DIMENSIONS = ("stage", "health", "standing")
ALWAYS = LONG_AGO  # a version is in force from the beginning of time


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a version. The target is `to`, or the stage that the event's property `to_property` names."""

    place: int
    name: str
    dimension: str
    types: frozenset[str] | None  # None: a time rule
    from_: frozenset[str | None] | None
    to: str | None
    to_property: str | None
    makes_customers: bool  # its target is a stage that a public source can't bring anybody to
    conditions: tuple[Condition, ...]
    tests: tuple[Holds, ...]  # of the conditions, within short reach
    reads: tuple[Reader, ...]

    def allows(self, present: str | None) -> bool:
        return self.from_ is None or present in self.from_

    @property
    def certain(self) -> bool:
        """Matches whatever the event says, so that no later rule is tried."""
        return not (self.conditions or self.to_property or self.makes_customers)

    def cause(self, state: State) -> tuple[bytes, int] | None:
        """What set the timer of a time rule."""
        for condition in self.conditions:
            if condition.measure.cause:
                return condition.measure.cause(state)
        return None

    def evidence(self, state: State, moment: int, properties: Properties) -> tuple[Any, ...]:
        return tuple([read(state, moment, properties) for read in self.reads]) if self.reads else ()


class Playbook:
    """One version, read from its document, which `check` has found no fault in."""

    def __init__(self, document: Mapping[str, Any], number: int, since: int | None) -> None:
        self.document, self.number = document, number
        self.since = ALWAYS if since is None else since
        self.half_life_days: int = document["half_life_days"]
        self.factors = decay_factors(self.half_life_days)
        self.points = {type_: 1000 * points for type_, points in document["points"].items() if points}
        self.stages = tuple(stage["key"] for stage in document["stages"])
        self.customer_stages = frozenset(s["key"] for s in document["stages"] if s["phase"] == "customer")
        self.rules = tuple(self._rule(place, rule) for place, rule in enumerate(document["rules"]))

    @classmethod
    def parse(cls, document: Mapping[str, Any], number: int, since: int | None) -> Self:
        return cls(document, number, since)

    def _rule(self, place: int, rule: Mapping[str, Any]) -> Rule:
        dimension, to, to_property = read_target(rule["to"])
        timer = rule["on"] == "time"
        conditions = [compile_condition(condition, self.factors, timer=timer) for condition in rule.get("when", ())]
        return Rule(
            place=place,
            name=rule["name"],
            dimension=dimension,
            types=None if timer else frozenset(rule["on"]),
            from_=frozenset(rule["from"]) if "from" in rule else None,
            to=to,
            to_property=to_property,
            makes_customers=dimension == "stage" and to in self.customer_stages,
            conditions=tuple(conditions),
            tests=tuple(condition.holds for condition in conditions),
            reads=tuple(condition.measure.read for condition in conditions),
        )

    def named_stage(self, name: str, properties: Properties, public: bool) -> str | None:
        """The stage that a property names, if there is such a stage and its event may bring somebody there."""
        stage = properties.get(name) if properties else None
        if not isinstance(stage, str) or stage not in self.stages or (public and stage in self.customer_stages):
            return None
        return stage

    def needs(self) -> list[Need]:
        return [need for rule in self.rules for condition in rule.conditions for need in condition.measure.needs]


def read_target(to: Any) -> tuple[str, str | None, str | None]:
    """The dimension, the target, and the property that names the target in place of it."""
    if isinstance(to, str):
        return "stage", to, None
    ((kind, target),) = to.items()
    return ("stage", None, target) if kind == "property" else (kind, target, None)


def _folded_with(document: Mapping[str, Any]) -> dict[str, Any]:
    """All of a document but its examples, by which nobody is moved: with others nobody has to be folded again."""
    return {part: said for part, said in document.items() if part != "examples"}


Ladder = tuple[Rule, ...]  # the rules of one dimension, first match first

# What an event of one type does to a person who stands in one place: points, updates of the state, rules to try,
# and whether it may change when the next timer fires.
Step = tuple[int, tuple[Update, ...], tuple[Ladder, ...], bool]


class Plan(NamedTuple):
    """What can happen, within one period, to a person who stands in one place. Types not in `steps` do nothing."""

    steps: dict[str, Step]
    timers: tuple[Ladder, ...]
    changes: tuple[NextChange, ...]  # of all conditions of the timers that change by themselves
    idle: bool  # no timer can fire in this period or a later one


class Period:
    """A stretch of time with one version in force."""

    def __init__(self, playbook: Playbook, start: int, end: int, updates: Mapping[str, tuple[Update, ...]]) -> None:
        self.playbook, self.start, self.end = playbook, start, end
        self.next: Period | None = None
        self.kept = Kept({}, frozenset())
        self._updates = updates
        rules = playbook.rules
        self.types = frozenset({*updates, *playbook.points, *(type_ for rule in rules for type_ in rule.types or ())})
        self._plans: dict[tuple[str | None, str | None, str], Plan] = {}

    def plan(self, state: State) -> Plan:
        place = (state.stage, state.health, state.standing)
        return self._plans.get(place) or self._plans.setdefault(place, self._made_for(state))

    def _made_for(self, state: State) -> Plan:
        timers = self._ladders(state, None)
        conditions = [condition for ladder in timers for rule in ladder for condition in rule.conditions]
        movers = self._moving(conditions)
        points = self.playbook.points
        return Plan(
            steps={
                type_: (
                    points.get(type_, 0),
                    self._updates.get(type_, ()),
                    self._ladders(state, type_),
                    type_ in movers,
                )
                for type_ in self.types
            },
            timers=timers,
            changes=tuple(condition.next_change for condition in conditions if condition.next_change),
            idle=not timers and (self.next is None or self.next.plan(state).idle),
        )

    def _moving(self, conditions: Iterable[Condition]) -> set[str]:
        """The event types that can change how these conditions come out."""
        moving = {type_ for condition in conditions for type_ in condition.measure.moved_by}
        scored = any(condition.measure.every_point for condition in conditions)
        return moving | self.playbook.points.keys() if scored else moving

    def _ladders(self, state: State, type_: str | None) -> tuple[Ladder, ...]:
        ladders = (self._ladder(dimension, getattr(state, dimension), type_) for dimension in DIMENSIONS)
        return tuple(ladder for ladder in ladders if ladder)

    def _ladder(self, dimension: str, present: str | None, type_: str | None) -> Ladder:
        """The rules that could match, without those that are never tried or could only stay in `present`."""
        ladder: list[Rule] = []
        for rule in self.playbook.rules:
            concerned = rule.types is None if type_ is None else rule.types is not None and type_ in rule.types
            if concerned and rule.dimension == dimension and rule.allows(present) and self._possible(rule):
                ladder.append(rule)
                if rule.certain:
                    break
        while ladder and ladder[-1].to == present:
            ladder.pop()
        return tuple(ladder)

    def _possible(self, rule: Rule) -> bool:
        """Whether its target can be entered at all."""
        return rule.dimension != "stage" or rule.to_property is not None or rule.to in self.playbook.stages


class Playbooks:
    """All published versions: which is in force when, and what the state must keep for them."""

    def __init__(self, versions: Iterable[Playbook]) -> None:
        self.versions = sorted(versions, key=lambda version: version.number)
        if not self.versions or self.versions[0].since != ALWAYS:
            raise ValueError("The first version of the playbook must be in force from the beginning of time.")
        written = [[v.number, v.since, _folded_with(v.document)] for v in self.versions]
        digest = blake2b(json.dumps(written, sort_keys=True).encode(), digest_size=8)
        self.stamp = f"{FORMAT}-{digest.hexdigest()}"
        in_force = self._in_force()
        needs = {need for _, version in in_force for need in version.needs()}
        self._updates = updates(needs)
        self.periods = self._periods(in_force)
        self._starts = [period.start for period in self.periods]
        self._first_end = self.periods[0].end
        self.types = frozenset[str]().union(*(period.types for period in self.periods))  # others only begin a path
        self.property_names = self._property_names(needs, [version for _, version in in_force])
        self.types_with_properties = frozenset(self.property_names)
        summed = {type_ for need in needs if need.kind == "sum" for type_ in need.types}
        self.types_with_details = self.types_with_properties | summed  # of which value or properties are looked at

    def _in_force(self) -> list[tuple[int, Playbook]]:
        """At any moment the highest number whose moment has come."""
        turns: list[tuple[int, Playbook]] = []
        for start in sorted({version.since for version in self.versions}):
            version = max((v for v in self.versions if v.since <= start), key=lambda v: v.number)
            if not turns or turns[-1][1] is not version:
                turns.append((start, version))
        return turns

    def _periods(self, in_force: list[tuple[int, Playbook]]) -> list[Period]:
        ends = [start for start, _ in in_force[1:]] + [NEVER]
        periods = [
            Period(version, start, end, self._updates) for (start, version), end in zip(in_force, ends, strict=True)
        ]
        later_needs: set[Need] = set()
        following: Period | None = None
        for period in reversed(periods):
            later_needs.update(period.playbook.needs())
            period.kept = Kept.for_needs(later_needs)
            period.next, following = following, period
        return periods

    @staticmethod
    def _property_names(needs: set[Need], versions: list[Playbook]) -> dict[str, frozenset[str]]:
        """For each type the properties that the fold could look at."""
        names: dict[str, set[str]] = {ORDER: {"order_id"}, REFUND: {"order_id"}, POSTPONED: {"until"}}
        for need in needs:
            if need.kind == "attribute":
                for type_ in LEARNING:
                    names.setdefault(type_, set()).add(need.name)
        for rule in (rule for version in versions for rule in version.rules):
            asked = {c.document["name"] for c in rule.conditions if c.document["measure"] == "property"}
            if rule.to_property:
                asked.add(rule.to_property)
            for type_ in rule.types or () if asked else ():
                names.setdefault(type_, set()).update(asked)
        return {type_: frozenset(asked) for type_, asked in names.items()}

    def period(self, moment: int) -> Period:
        if moment < self._first_end:
            return self.periods[0]
        return self.periods[bisect_right(self._starts, moment) - 1]

    def at(self, moment: int) -> Playbook:
        return self.period(moment).playbook
