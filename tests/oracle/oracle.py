"""What docs/fold.md says, computed the slow and obvious way.

Written from docs/fold.md alone; it shares nothing with the engine. It keeps the list of events walked and the list of
moves made, and nothing else: every measure, the position included, is found by reading those lists from the beginning
each time it is asked. Timers are found by naming every moment at which anything could change and looking at each.

An event is a dict: `at` (microseconds), `rank`, `key` (bytes), `type`, `value`, `currency`, `properties`, `public`.
A version is a dict: `number`, `since` (None for the first), `document`. A move is the tuple
(dimension, from, to, at, rule name, version number, key of the cause or None, visit); its evidence stands apart.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.oracle.values import decay, is_number, letter_rank, moment_of, satisfies, scaled

Event = dict[str, Any]
Version = dict[str, Any]
Rule = dict[str, Any]
Condition = dict[str, Any]
Move = tuple[str, str | None, str | None, int, str, int, bytes | None, int]

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 86_400 * SECOND
YEAR_10000 = 253_402_300_800 * SECOND
DIMENSIONS = ("stage", "health", "standing")
ATTRIBUTE_TYPES = ("contact_created", "attributes_changed", "owner_changed")
UNITS = {"score": 1000, "days_since": DAY, "days_in_stage": DAY}
PARAMETERS = {"measure", "name", "of", "currency", "within_days", "distinct_days"}


class Answer(NamedTuple):
    stage: str | None
    health: str | None
    standing: str
    score: int
    moves: list[Move]
    evidence: list[list[Any]]  # of each move, one value for each condition


class Choice(NamedTuple):
    """A rule that matched, with what it would do and what was seen when it was chosen."""

    rule: Rule
    dimension: str
    target: str | None
    cause: bytes | None
    evidence: list[Any]


class EndlessRulesError(Exception):
    """The time rules of a playbook go on changing each other at one moment."""


def answer(events: list[Event], versions: list[Version], until: int) -> Answer:
    return Telling(versions).told(events, until)


class Telling:
    """One contact's events told from the beginning; `seen` and `moves` are all it remembers."""

    def __init__(self, versions: list[Version]) -> None:
        self.versions = versions
        self.seen: list[Event] = []
        self.moves: list[Move] = []
        self.evidence: list[list[Any]] = []

    def told(self, events: list[Event], until: int) -> Answer:
        walked = sorted((event for event in events if event["at"] <= until), key=self.order)
        for place, event in enumerate(walked):
            if self.seen and event["at"] > self.seen[-1]["at"]:
                self.look_between(self.seen[-1]["at"], event["at"])
            self.happen(event)
            is_last_of_moment = walked[place + 1 : place + 2] == [] or walked[place + 1]["at"] > event["at"]
            if is_last_of_moment:
                self.look_at(event["at"])
        if self.seen:
            self.look_between(self.seen[-1]["at"], until + 1)
        stage, health, standing = (self.now(dimension) for dimension in DIMENSIONS)
        return Answer(stage, health, standing, self.score(until), self.moves, self.evidence)

    def order(self, event: Event) -> tuple[Any, ...]:
        return event["at"], event["rank"], event["key"]

    # Walking

    def happen(self, event: Event) -> None:
        if not self.seen:
            first_stage = self.document(event["at"])["stages"][0]["key"]
            self.move(Choice({"name": "start"}, "stage", first_stage, event["key"], []), event["at"])
        self.seen.append(event)
        for choice in self.chosen(event, event["at"]):
            self.move(choice, event["at"])

    def look_between(self, after: int, before: int) -> None:
        """Look at each moment, later than `after` and earlier than `before`, at which a time rule could act."""
        before = min(before, YEAR_10000)
        while moments := [moment for moment in self.turning_points(after) if after < moment < before]:
            after = min(moments)
            self.look_at(after)

    def look_at(self, moment: int) -> None:
        for _ in range(101):
            made = len(self.moves)
            for choice in self.chosen(None, moment):
                self.move(choice, moment)
            if len(self.moves) == made:
                return
        raise EndlessRulesError(moment)

    def move(self, choice: Choice, at: int) -> None:
        rule, dimension, target, cause, evidence = choice
        present = self.now(dimension)
        if present != target:
            visit = self.visits(dimension, target) + 1
            self.moves.append((dimension, present, target, at, rule["name"], self.version(at)["number"], cause, visit))
            self.evidence.append(evidence)

    def visits(self, dimension: str, target: str | None) -> int:
        return sum(1 for move in self.moves if move[0] == dimension and move[2] == target)

    def now(self, dimension: str) -> Any:
        entered = [move[2] for move in self.moves if move[0] == dimension]
        if entered:
            return entered[-1]
        return "open" if dimension == "standing" else None

    # Rules

    def version(self, moment: int) -> Version:
        in_force = [v for v in self.versions if v["since"] is None or v["since"] <= moment]
        return max(in_force, key=lambda v: int(v["number"]))

    def document(self, moment: int) -> dict[str, Any]:
        document: dict[str, Any] = self.version(moment)["document"]
        return document

    def chosen(self, event: Event | None, moment: int) -> list[Choice]:
        """The first matching rule of each dimension; no event means time rules."""
        first: dict[str, Choice] = {}
        for rule in self.document(moment)["rules"]:
            dimension, target = self.target(rule, event)
            if dimension not in first and self.matches(rule, dimension, target, event, moment):
                cause = event["key"] if event else self.cause(rule)
                evidence = [self.seen_in(condition, event, moment) for condition in rule.get("when", [])]
                first[dimension] = Choice(rule, dimension, target, cause, evidence)
        return [first[dimension] for dimension in DIMENSIONS if dimension in first]

    def target(self, rule: Rule, event: Event | None) -> tuple[str, Any]:
        to = rule["to"]
        if isinstance(to, str):
            return "stage", to
        if "property" in to:
            return "stage", event["properties"].get(to["property"]) if event else None
        [(dimension, target)] = to.items()
        return dimension, target

    def matches(self, rule: Rule, dimension: str, target: Any, event: Event | None, moment: int) -> bool:
        return (
            self.is_named(rule, event)
            and ("from" not in rule or self.now(dimension) in rule["from"])
            and (dimension != "stage" or self.may_enter(target, event, moment))
            and all(self.holds(condition, event, moment) for condition in rule.get("when", []))
        )

    def is_named(self, rule: Rule, event: Event | None) -> bool:
        if rule["on"] == "time":
            return event is None
        return event is not None and event["type"] in rule["on"]

    def may_enter(self, stage: Any, event: Event | None, moment: int) -> bool:
        rows = [row for row in self.document(moment)["stages"] if row["key"] == stage]
        return bool(rows) and not (event and event["public"] and rows[0]["phase"] == "customer")

    def cause(self, rule: Rule) -> bytes | None:
        for condition in rule.get("when", []):
            if condition["measure"] == "silence":
                return key_of_last(self.kept_orders())
            if condition["measure"] == "recall":
                return key_of_last(self.of_types(["postponed"]))
            if condition["measure"] == "days_since":
                return key_of_last(self.of_types(condition["of"]))
        return None

    def seen_in(self, condition: Condition, event: Event | None, moment: int) -> Any:
        if condition["measure"] == "silence":
            return self.usual_interval() // SECOND
        if condition["measure"] == "recall":
            return self.recall()
        return self.value(condition, event, moment)

    # Orders

    def kept_orders(self) -> list[Event]:
        kept: list[Event] = []
        returned: dict[bytes, int] = {}
        for event in self.seen:
            if event["type"] == "order_completed":
                kept.append(event)
            elif event["type"] == "order_refunded":
                order = refunded_order(event, kept)
                if order and self.is_refunded_in_full(order, event, returned):
                    kept.remove(order)
        return kept

    def is_refunded_in_full(self, order: Event, refund: Event, returned: dict[bytes, int]) -> bool:
        if refund["value"] is None or order["value"] is None:
            return True
        if refund["currency"] == order["currency"]:
            returned[order["key"]] = returned.get(order["key"], 0) + refund["value"]
        return bool(returned.get(order["key"], 0) >= order["value"])

    def usual_interval(self) -> int:
        days = sorted({day(order["at"]) for order in self.kept_orders()})
        if len(days) == 1:
            return 90 * DAY
        seconds = (days[-1] - days[0]) * 86400
        return -(-seconds // (len(days) - 1)) * SECOND

    def silence_from(self, condition: Condition) -> int | None:
        kept = self.kept_orders()
        if not kept:
            return None
        wait = condition["usual_intervals"] * self.usual_interval()
        wait = max(condition["min_days"] * DAY, min(wait, condition["max_days"] * DAY))
        return int(kept[-1]["at"] + wait)

    def recall(self) -> int | None:
        postponed = self.of_types(["postponed"])
        return moment_of(postponed[-1]["properties"].get("until")) if postponed else None

    # Measures

    def of_types(self, types: list[str]) -> list[Event]:
        """The events walked of these types, refunded orders left out."""
        kept = [order["key"] for order in self.kept_orders()] if "order_completed" in types else []
        return [
            event
            for event in self.seen
            if event["type"] in types and (event["type"] != "order_completed" or event["key"] in kept)
        ]

    def counted(self, condition: Condition, moment: int) -> list[Event]:
        events = self.of_types(condition["of"])
        if condition["measure"] == "sum":
            events = [event for event in events if event["currency"] == condition.get("currency")]
        if "within_days" in condition:
            first_day = day(moment) - condition["within_days"]
            events = [event for event in events if first_day <= day(event["at"])]
        return events

    def value(self, condition: Condition, event: Event | None, moment: int) -> Any:
        """The measure's value; None when it is not known."""
        match condition["measure"]:
            case "property":
                return event["properties"].get(condition["name"]) if event else None
            case "count" if condition.get("distinct_days"):
                return len({day(counted["at"]) for counted in self.counted(condition, moment)})
            case "count":
                return len(self.counted(condition, moment))
            case "sum":
                return sum(counted["value"] or 0 for counted in self.counted(condition, moment))
            case "kept_orders":
                return len(self.kept_orders())
            case "days_since":
                events = self.of_types(condition["of"])
                return moment - events[-1]["at"] if events else None
            case "days_in_stage":
                return moment - self.entered_at()
            case "score":
                return self.score(moment)
            case "attribute":
                return self.attribute(condition["name"])
            case "fit":
                fit = self.attribute("fit")
                return fit if fit in ("A", "B", "C", "D", "E", "F") else None
            case "stage" | "health" | "standing" as dimension:
                return self.now(dimension)
        raise LookupError(condition["measure"])

    def entered_at(self) -> int:
        return [move[3] for move in self.moves if move[0] == "stage"][-1]

    def attribute(self, name: str) -> Any:
        given = [
            event["properties"][name] for event in self.of_types([*ATTRIBUTE_TYPES]) if name in event["properties"]
        ]
        return given[-1] if given else None

    def score(self, moment: int) -> int:
        score, score_day = 0, 0
        for event in self.seen:
            document = self.document(event["at"])
            points = document["points"].get(event["type"], 0)
            if points != 0:
                score = decay(score, day(event["at"]) - score_day, document["half_life_days"]) + 1000 * points
                score_day = day(event["at"])
        return decay(score, day(moment) - score_day, self.document(moment)["half_life_days"]) if self.seen else 0

    def holds(self, condition: Condition, event: Event | None, moment: int) -> bool:
        if condition["measure"] == "silence":
            return event is None and self.is_reached(self.silence_from(condition), moment)
        if condition["measure"] == "recall":
            return event is None and self.is_reached(self.recall(), moment)
        [operator] = condition.keys() - PARAMETERS
        operand = scaled(condition[operator], UNITS.get(condition["measure"], 1))
        value = self.value(condition, event, moment)
        if condition["measure"] == "fit" and operator in ("at_least", "at_most", "less_than", "more_than"):
            value, operand = letter_rank(value), letter_rank(operand)
        return satisfies(value, operator, operand)

    def is_reached(self, due: int | None, moment: int) -> bool:
        return due is not None and due <= moment

    # Timers

    def turning_points(self, now: int) -> Iterator[int]:
        """Every moment at which something could change by itself, and many more; some of them past."""
        for version in self.versions:
            if version["since"] is not None:
                yield version["since"]
            for rule in version["document"]["rules"]:
                if rule["on"] == "time":
                    for condition in rule.get("when", []):
                        yield from self.turning_points_of(condition, now)

    def turning_points_of(self, condition: Condition, now: int) -> Iterator[int]:
        match condition["measure"]:
            case "silence":
                yield from known(self.silence_from(condition))
            case "recall":
                yield from known(self.recall())
            case "days_since":
                for event in self.of_types(condition["of"])[-1:]:
                    yield from elapsing(event["at"], condition)
            case "days_in_stage":
                yield from elapsing(self.entered_at(), condition)
            case "count" | "sum" if "within_days" in condition:
                for event in self.of_types(condition["of"]):
                    yield (day(event["at"]) + condition["within_days"] + 1) * DAY
            case "score" if self.score(now) != 0:
                yield (day(now) + 1) * DAY


def day(moment: int) -> int:
    return moment // DAY


def key_of_last(events: list[Event]) -> bytes | None:
    return events[-1]["key"] if events else None


def known(moment: int | None) -> list[int]:
    return [] if moment is None else [moment]


def elapsing(since: int, condition: Condition) -> Iterator[int]:
    """The moments at which a whole number of days named in the condition has passed, and just has passed."""
    for operand in condition.values():
        for days in operand if isinstance(operand, list) else [operand]:
            if is_number(days):
                yield since + int(days * DAY)
                yield since + int(days * DAY) + 1


def order_id(event: Event) -> str | None:
    given = event["properties"].get("order_id")
    if isinstance(given, str):
        return given
    if is_number(given) and given == int(given):
        return str(int(given))
    return None


def refunded_order(refund: Event, kept: list[Event]) -> Event | None:
    wanted = order_id(refund)
    fitting = [order for order in kept if wanted is None or order_id(order) == wanted]
    return fitting[-1] if fitting else None
