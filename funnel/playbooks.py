"""Published playbooks, compiled so that the fold finds what an event can do by two dictionary look-ups."""

import json
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple, Self

from funnel.decay import decay_factors
from funnel.measures import LEARNING, ORDER, POSTPONED, REFUND, Condition, Need, compile_condition
from funnel.state import FORMAT, NEVER, Event, Order, Properties, Recall, State, Trace

DIMENSIONS = ("stage", "health", "standing")
ALWAYS = -(1 << 62)  # a moment before all others
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Update = Callable[[State, Event, int], None]  # the state, the event and its day


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
    stages: frozenset[str]
    customer_stages: frozenset[str]  # of these, the ones a public source can't reach
    conditions: tuple[Condition, ...]

    def allows(self, present: str | None) -> bool:
        return self.from_ is None or present in self.from_

    def matches(self, state: State, moment: int, properties: Properties, public: bool) -> bool:
        """Whether it holds here; `from` and `on` were seen to before."""
        if self.dimension == "stage":
            target = self.target(properties)
            if target not in self.stages or (public and target in self.customer_stages):
                return False
        return all(condition.holds(state, moment, properties) for condition in self.conditions)

    def target(self, properties: Properties) -> str | None:
        if self.to_property is None:
            return self.to
        named = properties.get(self.to_property) if properties else None
        return named if isinstance(named, str) else None

    @property
    def certain(self) -> bool:
        """Matches whatever the event says, so that no later rule is tried."""
        if self.conditions or self.to_property:
            return False
        return self.to in self.stages - self.customer_stages if self.dimension == "stage" else True

    def cause(self, state: State) -> tuple[bytes, int] | None:
        """What set the timer of a time rule."""
        for condition in self.conditions:
            if condition.measure.cause:
                return condition.measure.cause(state)
        return None

    def evidence(self, state: State, moment: int, properties: Properties) -> tuple[Any, ...]:
        return tuple(condition.read(state, moment, properties) for condition in self.conditions)


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
        return Rule(
            place=place,
            name=rule["name"],
            dimension=dimension,
            types=None if timer else frozenset(rule["on"]),
            from_=frozenset(rule["from"]) if "from" in rule else None,
            to=to,
            to_property=to_property,
            stages=frozenset(self.stages),
            customer_stages=self.customer_stages,
            conditions=tuple(compile_condition(when, self.factors, timer=timer) for when in rule.get("when", ())),
        )

    def needs(self) -> list[Need]:
        return [need for rule in self.rules for condition in rule.conditions for need in condition.measure.needs]


def read_target(to: Any) -> tuple[str, str | None, str | None]:
    """The dimension, the target, and the property that names the target in place of it."""
    if isinstance(to, str):
        return "stage", to, None
    ((kind, target),) = to.items()
    return ("stage", None, target) if kind == "property" else (kind, target, None)


Ladder = tuple[Rule, ...]  # the rules of one dimension, first match first


class Step(NamedTuple):
    """What an event of one type does to a person who stands in one place."""

    points: int
    updates: tuple[Update, ...]
    ladders: tuple[Ladder, ...]
    rewinds: bool  # may change when the next timer fires


class Plan(NamedTuple):
    """What can happen, within one period, to a person who stands in one place. Types not in `steps` do nothing."""

    steps: dict[str, Step]
    timers: tuple[Ladder, ...]
    first_stage: str
    version: int
    points_fade: tuple[int, ...]
    end: int
    idle: bool  # no timer can fire in this period or a later one


class Period:
    """A stretch of time with one version in force."""

    def __init__(self, playbook: Playbook, start: int, end: int, updates: Mapping[str, tuple[Update, ...]]) -> None:
        self.playbook, self.start, self.end = playbook, start, end
        self.next: Period | None = None
        self.horizons: dict[str, int | None] = {}
        self.attributes: frozenset[str] = frozenset()
        self._updates = updates
        self._plans: dict[tuple[str | None, str | None, str], Plan] = {}

    def plan(self, state: State) -> Plan:
        place = (state.stage, state.health, state.standing)
        return self._plans.get(place) or self._plans.setdefault(place, self._made_for(state))

    def _made_for(self, state: State) -> Plan:
        playbook = self.playbook
        timers = self._ladders(state, None)
        movers = {type_ for ladder in timers for rule in ladder for type_ in self._moved_by(rule)}
        types = {*self._updates, *playbook.points, *(t for rule in playbook.rules for t in rule.types or ())}
        steps = {
            type_: Step(
                points=playbook.points.get(type_, 0),
                updates=self._updates.get(type_, ()),
                ladders=self._ladders(state, type_),
                rewinds=type_ in movers,
            )
            for type_ in types
        }
        return Plan(
            steps=steps,
            timers=timers,
            first_stage=playbook.stages[0],
            version=playbook.number,
            points_fade=playbook.factors,
            end=self.end,
            idle=not timers and (self.next is None or self.next.plan(state).idle),
        )

    def _ladders(self, state: State, type_: str | None) -> tuple[Ladder, ...]:
        ladders = (self._ladder(dimension, getattr(state, dimension), type_) for dimension in DIMENSIONS)
        return tuple(ladder for ladder in ladders if ladder)

    def _ladder(self, dimension: str, present: str | None, type_: str | None) -> Ladder:
        """The rules that could match, without those that are never tried or could only stay in `present`."""
        ladder: list[Rule] = []
        for rule in self.playbook.rules:
            concerned = rule.types is None if type_ is None else rule.types is not None and type_ in rule.types
            if concerned and rule.dimension == dimension and rule.allows(present):
                ladder.append(rule)
                if rule.certain:
                    break
        while ladder and ladder[-1].to_property is None and ladder[-1].to == present:
            ladder.pop()
        return tuple(ladder)

    def _moved_by(self, rule: Rule) -> Collection[str]:
        moved = {type_ for condition in rule.conditions for type_ in condition.measure.moved_by}
        if any(condition.measure.every_point for condition in rule.conditions):
            moved |= self.playbook.points.keys()
        return moved


class Playbooks:
    """All published versions: which is in force when, and what the state must keep for them."""

    def __init__(self, versions: Iterable[Playbook]) -> None:
        self.versions = sorted(versions, key=lambda version: version.number)
        if not self.versions or self.versions[0].since != ALWAYS:
            raise ValueError("The first version of the playbook must be in force from the beginning of time.")
        written = [[v.number, v.since, v.document] for v in self.versions]
        digest = blake2b(json.dumps(written, sort_keys=True).encode(), digest_size=8)
        self.stamp = f"{FORMAT}-{digest.hexdigest()}"
        in_force = self._in_force()
        needs = {need for _, version in in_force for need in version.needs()}
        self._updates = _updates(needs)
        self.periods = self._periods(in_force)
        self._starts = [period.start for period in self.periods]
        self.property_names = self._property_names(needs, [version for _, version in in_force])
        self.types_with_properties = frozenset(self.property_names)

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
            period.horizons = _horizons(later_needs)
            period.attributes = frozenset(need.name for need in later_needs if need.kind == "attribute")
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
        return self.periods[bisect_right(self._starts, moment) - 1]

    def at(self, moment: int) -> Playbook:
        return self.period(moment).playbook


# What the state counts


def _horizons(needs: Iterable[Need]) -> dict[str, int | None]:
    """For each thing counted the longest window that looks at it; None: no window."""
    horizons: dict[str, int | None] = {}
    for need in needs:
        if need.kind != "attribute":
            known = horizons.get(need.key)
            horizons[need.key] = need.within if known is None else max(known, need.within or 0)
    return horizons


def _updates(needs: Collection[Need]) -> dict[str, tuple[Update, ...]]:
    updates: dict[str, list[Update]] = {ORDER: [_keep], REFUND: [_refund], POSTPONED: [_postpone]}
    learned = frozenset(need.name for need in needs if need.kind == "attribute")
    if learned:
        updates |= {type_: [_learning(learned)] for type_ in LEARNING}
    for need in {need.key: need for need in needs if need.kind != "attribute"}.values():
        for type_ in need.types:
            updates.setdefault(type_, []).append(_counting(need))
    return {type_: tuple(some) for type_, some in updates.items()}


def _counting(need: Need) -> Update:
    if need.kind == "latest":
        return _remembering(need.key)
    if need.kind == "sum":
        return _adding(need)
    return _counting_days(need.key) if need.kind == "days" else _counting_events(need)


def _counting_events(need: Need) -> Update:
    key, whole = need.key, need.within is None

    def count(state: State, event: Event, day: int) -> None:
        _add(state.tallies.setdefault(key, {}), day, 1, whole)

    return count


def _counting_days(key: str) -> Update:
    def count(state: State, event: Event, day: int) -> None:
        tally = state.tallies.setdefault(key, {})
        if day not in tally:
            _add(tally, day, 1, True)

    return count


def _adding(need: Need) -> Update:
    key, whole, currency = need.key, need.within is None, need.name or None

    def add(state: State, event: Event, day: int) -> None:
        if event[5] == currency:
            _add(state.tallies.setdefault(key, {}), day, event[4] or 0, whole)

    return add


BEFORE = -10_000_000  # stands for all days but the last where no window looks


def _add(tally: dict[int, int], day: int, number: int, whole: bool) -> None:
    if whole and tally and day not in tally:
        before = sum(tally.values())
        tally.clear()
        tally[BEFORE] = before
    tally[day] = tally.get(day, 0) + number


def _remembering(key: str) -> Update:
    def remember(state: State, event: Event, day: int) -> None:
        state.latest[key] = Trace(event[0], event[1], event[2], event[8])

    return remember


def _learning(names: frozenset[str]) -> Update:
    def learn(state: State, event: Event, day: int) -> None:
        properties = event[6] or {}
        for name in names & properties.keys():
            if properties[name] is None:
                state.attributes.pop(name, None)
            else:
                state.attributes[name] = properties[name]

    return learn


def _keep(state: State, event: Event, day: int) -> None:
    at, rank, key, _, value, currency, properties, _, number = event
    state.keep(Order(at, rank, key, number, _order_id(properties), value, currency))


def _refund(state: State, event: Event, day: int) -> None:
    state.refund(_order_id(event[6]), event[4], event[5])


def _order_id(properties: Properties) -> str | None:
    given = properties.get("order_id") if properties else None
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    return str(given) if isinstance(given, str | int) and not isinstance(given, bool) else None


def _postpone(state: State, event: Event, day: int) -> None:
    state.recall = Recall(_moment((event[6] or {}).get("until")), event[2], event[8])


def _moment(until: Any) -> int | None:
    """A date or an ISO 8601 moment, without a zone in UTC; None when it is neither."""
    try:
        read = datetime.fromisoformat(until)
    except (TypeError, ValueError):
        return None
    return ((read if read.tzinfo else read.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND


def forget(state: State, period: Period, today: int) -> None:
    """Drop what no version in force from this period on can ask for, and the days that all windows have left."""
    for key in [key for key in state.tallies if key not in period.horizons]:
        del state.tallies[key]
    for key in [key for key in state.latest if key not in period.horizons]:
        del state.latest[key]
    for name in state.attributes.keys() - period.attributes:
        del state.attributes[name]
    for key, tally in list(state.tallies.items()):
        horizon = period.horizons[key]
        if horizon is not None:
            for day in [day for day in tally if day < today - horizon]:
                del tally[day]
            if not tally:
                del state.tallies[key]
