"""The conditions of rules, compiled: what each measure reads from the state, and when it changes by itself."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from funnel.decay import decayed
from funnel.moments import DAY, NEVER
from funnel.operators import COMPARISONS, FIT_RANKS, OPERATORS, is_number, scaled
from funnel.state import Properties, State, Trace
from funnel.tallies import LEARNING, ORDER, POSTPONED, REFUND, Need

SECOND = 1_000_000

Reader = Callable[[State, int, Properties], Any]  # None: not known
Holds = Callable[[State, int, Properties], bool]
NextChange = Callable[[State, int], int]  # the first moment after the given one at which it may come out differently
Factors = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    read: Reader
    unit: int = 1  # an operand of 1 stands for so many of what `read` answers
    numeric: bool = False  # `read` always answers a number
    needs: tuple[Need, ...] = ()
    moved_by: frozenset[str] = frozenset()  # the event types that can change it
    every_point: bool = False  # any type with points can change it
    next_change: Callable[[list[Any]], NextChange] | None = None  # made for the operands it is compared with
    due: Reader | None = None  # instead of an operator: holds from that moment on, in time rules only
    cause: Callable[[State], tuple[bytes, int] | None] | None = None  # of a timer's move


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    document: Mapping[str, Any]
    measure: Measure
    holds: Holds
    next_change: NextChange | None

    def read(self, state: State, moment: int, properties: Properties) -> Any:
        return self.measure.read(state, moment, properties)


def compile_condition(document: Mapping[str, Any], factors: Factors, *, timer: bool) -> Condition:
    """`factors` are the decay of the version; `timer` tells whether the rule is a time rule."""
    kind = document["measure"]
    measure = MEASURES[kind](document, factors)
    if measure.due:
        holds = _has_come(measure.due) if timer else _never
        return Condition(document=document, measure=measure, holds=holds, next_change=_coming(measure.due))
    operator, given = next((name, document[name]) for name in OPERATORS if name in document)
    operands = [scaled(value, measure.unit) for value in (given if operator == "in" else [given])]
    return Condition(
        document=document,
        measure=measure,
        holds=_test(measure, operator, operands if operator == "in" else operands[0], fit=kind == "fit"),
        next_change=measure.next_change([o for o in operands if is_number(o)]) if measure.next_change else None,
    )


# Whether it holds


def _test(measure: Measure, operator: str, operand: Any, *, fit: bool) -> Holds:
    if operator == "exists":
        return _existence(measure.read, operand)
    if measure.numeric and operator in COMPARISONS and is_number(operand):
        return _comparison(COMPARISONS[operator], measure.read, operand)
    return _known_and(OPERATORS[operator](operand, fit), measure.read)


def _known_and(passes: Callable[[Any], bool], read: Reader) -> Holds:
    def holds(state: State, moment: int, properties: Properties) -> bool:
        value = read(state, moment, properties)
        return value is not None and passes(value)

    return holds


def _comparison(compare: Callable[[Any, Any], bool], read: Reader, bound: Any) -> Holds:
    return lambda state, moment, properties: compare(read(state, moment, properties), bound)


def _existence(read: Reader, wanted: Any) -> Holds:
    return lambda state, moment, properties: (read(state, moment, properties) is not None) is wanted


def _has_come(due: Reader) -> Holds:
    def holds(state: State, moment: int, properties: Properties) -> bool:
        at = due(state, moment, properties)
        return at is not None and moment >= at

    return holds


def _coming(due: Reader) -> NextChange:
    def next_change(state: State, moment: int) -> int:
        at = due(state, moment, None)
        return at if at is not None and at > moment else NEVER

    return next_change


def _never(state: State, moment: int, properties: Properties) -> bool:
    return False


# Measures of the event and of the position


def _property(document: Mapping[str, Any], _: Factors) -> Measure:
    name = document["name"]
    return Measure(read=lambda state, moment, properties: properties.get(name) if properties else None)


def _attribute(document: Mapping[str, Any], _: Factors) -> Measure:
    name = document["name"]
    return Measure(
        read=lambda state, moment, properties: state.attributes.get(name),
        needs=(Need("attribute", LEARNING, name, None),),
        moved_by=LEARNING,
    )


def _fit(_: Mapping[str, Any], __: Factors) -> Measure:
    def read(state: State, moment: int, properties: Properties) -> str | None:
        letter = state.attributes.get("fit")
        return letter if isinstance(letter, str) and letter in FIT_RANKS else None

    return Measure(read=read, needs=(Need("attribute", LEARNING, "fit", None),), moved_by=LEARNING)


def _standing_in(dimension: str) -> Callable[[Mapping[str, Any], Factors], Measure]:
    return lambda _, __: Measure(read=lambda state, moment, properties: getattr(state, dimension))


# Measures of what was counted


def _total(days: dict[int, int] | None, since: int | None) -> int:
    if not days:
        return 0
    if since is None:
        return sum(days.values())
    total = 0
    for day in reversed(days):
        if day < since:
            break
        total += days[day]
    return total


def _days_of(days: dict[int, int] | None, since: int | None) -> list[int]:
    if not days:
        return []
    if since is None:
        return list(days)
    found = []
    for day in reversed(days):
        if day < since:
            break
        found.append(day)
    return found


def _since(moment: int, within: int | None) -> int | None:
    return None if within is None else moment // DAY - within


def _leaving(within: int, keys: list[str], orders: bool) -> Callable[[list[Any]], NextChange]:
    """A windowed number changes at the midnight at which the oldest day in the window leaves it."""

    def next_change(state: State, moment: int) -> int:
        since = moment // DAY - within
        windows = [state.tallies.get(key) for key in keys] + [state.orders.days if orders else None]
        oldest = [days[-1] for days in (_days_of(window, since) for window in windows) if days]
        return (min(oldest) + within + 1) * DAY if oldest else NEVER

    return lambda operands: next_change


def _moved_by(types: frozenset[str]) -> frozenset[str]:
    return types | {REFUND} if ORDER in types else types


def _count(document: Mapping[str, Any], _: Factors) -> Measure:
    types, within = frozenset(document["of"]), document.get("within_days")
    others, orders, distinct = types - {ORDER}, ORDER in types, document.get("distinct_days") is True
    need = _need_of_count(others, within, distinct=distinct, orders=orders)
    key = need.key

    def count(state: State, moment: int, properties: Properties) -> int:
        since = _since(moment, within)
        return _total(state.tallies.get(key), since) + (_total(state.orders.days, since) if orders else 0)

    def count_days(state: State, moment: int, properties: Properties) -> int:
        since = _since(moment, within)
        if not orders:
            days = state.tallies.get(key)
            return _total(days, None) if since is None else len(_days_of(days, since))
        if not others:
            return len(_days_of(state.orders.days, since))
        return len({*_days_of(state.tallies.get(key), since), *_days_of(state.orders.days, since)})

    return Measure(
        read=count_days if distinct else count,
        numeric=True,
        needs=(need,) if others else (),
        moved_by=_moved_by(types),
        next_change=None if within is None else _leaving(within, [key], orders),
    )


def _need_of_count(others: frozenset[str], within: int | None, *, distinct: bool, orders: bool) -> Need:
    if within is not None or not distinct:
        return Need("count", others, "", within)
    # Days shared with orders that may yet be refunded can't be told from a number: these are kept one by one.
    return Need("count", others, "", EVER) if orders else Need("days", others, "", None)


EVER = 10_000_000  # days; a window that nothing leaves


def _sum(document: Mapping[str, Any], _: Factors) -> Measure:
    types, within, currency = frozenset(document["of"]), document.get("within_days"), document.get("currency")
    others, orders = types - {ORDER}, ORDER in types
    need = Need("sum", others, currency or "", within)
    key = need.key

    def read(state: State, moment: int, properties: Properties) -> int:
        since = _since(moment, within)
        total = _total(state.tallies.get(key), since)
        if orders:
            for order in reversed(state.orders):
                if since is not None and order.at < since * DAY:
                    break
                if order.currency == currency:
                    total += order.value or 0
        return total

    return Measure(
        read=read,
        numeric=True,
        needs=(need,) if others else (),
        moved_by=_moved_by(types),
        next_change=None if within is None else _leaving(within, [key], orders),
    )


# Measures of orders and of time


def _kept_orders(_: Mapping[str, Any], __: Factors) -> Measure:
    def read(state: State, moment: int, properties: Properties) -> int:
        return len(state.orders)

    return Measure(read=read, numeric=True, moved_by=frozenset({ORDER, REFUND}))


def _silence(document: Mapping[str, Any], _: Factors) -> Measure:
    intervals: int = document["usual_intervals"]
    least: int = document.get("min_days", 0) * 86_400
    most: int = document.get("max_days", 3_650_000) * 86_400

    def due(state: State, moment: int, properties: Properties) -> int | None:
        orders = state.orders
        interval, newest = orders.usual_interval, orders.newest
        if interval is None or newest is None:
            return None
        quiet = intervals * interval
        if quiet < least:
            quiet = least
        if quiet > most:
            quiet = most
        return newest.at + quiet * SECOND

    return Measure(
        read=lambda state, moment, properties: state.orders.usual_interval,
        moved_by=frozenset({ORDER, REFUND}),
        due=due,
        cause=_last_order,
    )


def _last_order(state: State) -> tuple[bytes, int] | None:
    newest = state.orders.newest
    return (newest.key, newest.id) if newest else None


def _recall(_: Mapping[str, Any], __: Factors) -> Measure:
    def due(state: State, moment: int, properties: Properties) -> int | None:
        return state.recall.due if state.recall else None

    return Measure(read=due, moved_by=frozenset({POSTPONED}), due=due, cause=_postponement)


def _postponement(state: State) -> tuple[bytes, int] | None:
    return (state.recall.key, state.recall.id) if state.recall else None


def _elapsed(since: Callable[[State], int | None]) -> tuple[Reader, Callable[[list[Any]], NextChange]]:
    def read(state: State, moment: int, properties: Properties) -> int | None:
        start = since(state)
        return None if start is None else moment - start

    def next_change(bounds: list[Any]) -> NextChange:
        edges = sorted({edge for bound in bounds for edge in (ceil(bound), floor(bound) + 1)})

        def first_edge(state: State, moment: int) -> int:
            start = since(state)
            return NEVER if start is None else next((start + e for e in edges if start + e > moment), NEVER)

        return first_edge

    return read, next_change


def _days_since(document: Mapping[str, Any], _: Factors) -> Measure:
    types = frozenset(document["of"])
    others, orders = types - {ORDER}, ORDER in types
    need = Need("latest", others, "", None)
    key = need.key

    def latest(state: State) -> Trace | None:
        found = state.latest.get(key)
        if not (orders and state.orders.newest):
            return found
        order = Trace(*state.orders.newest[:4])
        return order if found is None else max(found, order)

    def since(state: State) -> int | None:
        found = latest(state)
        return None if found is None else found.at

    def cause(state: State) -> tuple[bytes, int] | None:
        found = latest(state)
        return None if found is None else (found.key, found.id)

    read, next_change = _elapsed(since)
    needs = (need,) if others else ()
    return Measure(read=read, unit=DAY, needs=needs, moved_by=_moved_by(types), next_change=next_change, cause=cause)


def _days_in_stage(_: Mapping[str, Any], __: Factors) -> Measure:
    read, next_change = _elapsed(lambda state: state.entered)
    return Measure(read=read, unit=DAY, next_change=next_change)


def _score(_: Mapping[str, Any], factors: Factors) -> Measure:
    def score_on(state: State, day: int) -> int:
        return decayed(state.score, day - state.score_day, factors)

    def next_change(bounds: list[Any]) -> NextChange:
        def standing_to(score: int) -> list[int]:
            return [(score > bound) - (score < bound) for bound in bounds]

        def next_crossing(state: State, moment: int) -> int:
            """The score only fades, so it stands differently to the bounds from one day on: find it by halving."""
            today = moment // DAY
            now = standing_to(score_on(state, today))
            days = range(today + 1, max(today, state.score_day + len(factors)) + 1)
            place = bisect_left(days, True, key=lambda day: standing_to(score_on(state, day)) != now)
            return days[place] * DAY if place < len(days) else NEVER

        return next_crossing

    def read(state: State, moment: int, properties: Properties) -> int:
        return score_on(state, moment // DAY)

    return Measure(read=read, unit=1000, numeric=True, every_point=True, next_change=next_change)


MEASURES: dict[str, Callable[[Mapping[str, Any], Factors], Measure]] = {
    "property": _property,
    "count": _count,
    "sum": _sum,
    "kept_orders": _kept_orders,
    "silence": _silence,
    "recall": _recall,
    "days_since": _days_since,
    "days_in_stage": _days_in_stage,
    "score": _score,
    "attribute": _attribute,
    "fit": _fit,
    "stage": _standing_in("stage"),
    "health": _standing_in("health"),
    "standing": _standing_in("standing"),
}
