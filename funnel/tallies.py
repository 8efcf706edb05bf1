"""What events leave behind in the state, so that measures can be read and timers set."""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from funnel.orders import Order
from funnel.state import Event, Properties, Recall, State, Trace

ORDER, REFUND, POSTPONED = "order_completed", "order_refunded", "postponed"
LEARNING = frozenset({"contact_created", "attributes_changed", "owner_changed"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BEFORE = -10_000_000  # stands for all days but the last where no window looks

Update = Callable[[State, Event, int], None]  # the state, the event and its day


class Need(NamedTuple):
    """What the state must count so that a measure can read it. `within` None: since the beginning."""

    kind: str  # count | sum | days | latest | attribute
    types: frozenset[str]
    name: str  # currency of a sum, name of an attribute
    within: int | None

    @property
    def key(self) -> str:
        windowed = "" if self.within is None else "daily "
        return f"{windowed}{self.kind} {'+'.join(sorted(self.types))} {self.name}".rstrip()


class Kept(NamedTuple):
    """What the versions in force from some moment on can still ask for."""

    horizons: dict[str, int | None]  # for each thing counted the longest window that looks at it; None: no window
    attributes: frozenset[str]

    @classmethod
    def for_needs(cls, needs: Iterable[Need]) -> "Kept":
        horizons: dict[str, int | None] = {}
        for need in needs:
            if need.kind != "attribute":
                known = horizons.get(need.key)
                horizons[need.key] = need.within if known is None else max(known, need.within or 0)
        return cls(horizons, frozenset(need.name for need in needs if need.kind == "attribute"))

    def forget_the_rest(self, state: State, today: int) -> None:
        """Drop what nobody can ask for any more, and the days that all windows have left."""
        if state.tallies:
            for key in [key for key, days in state.tallies.items() if self._is_past(key, days, today)]:
                del state.tallies[key]
        if state.latest:
            for key in [key for key in state.latest if key not in self.horizons]:
                del state.latest[key]
        if state.attributes:
            for name in [name for name in state.attributes if name not in self.attributes]:
                del state.attributes[name]

    def _is_past(self, key: str, days: dict[int, int], today: int) -> bool:
        """Whether nothing is left of a tally once the days that its windows have left are gone."""
        if key not in self.horizons:
            return True
        horizon = self.horizons[key]
        if horizon is None:
            return False
        while days and (day := next(iter(days))) < today - horizon:
            del days[day]
        return not days


def updates(needs: Collection[Need]) -> dict[str, tuple[Update, ...]]:
    """For each event type what it does to the state besides moving it."""
    found: dict[str, list[Update]] = {ORDER: [_keep], REFUND: [_refund], POSTPONED: [_postpone]}
    learned = frozenset(need.name for need in needs if need.kind == "attribute")
    if learned:
        found |= {type_: [_learning(learned)] for type_ in LEARNING}
    for need in {need.key: need for need in needs if need.kind != "attribute"}.values():
        for type_ in need.types:
            found.setdefault(type_, []).append(_counting(need))
    return {type_: tuple(some) for type_, some in found.items()}


def _counting(need: Need) -> Update:
    if need.kind == "latest":
        return _remembering(need.key)
    if need.kind == "sum":
        return _adding(need)
    return _counting_days(need.key) if need.kind == "days" else _counting_events(need)


def _counting_events(need: Need) -> Update:
    key = need.key

    def count(state: State, event: Event, day: int) -> None:
        tally = state.tallies.get(key)
        if tally is None:
            tally = state.tallies[key] = {}
        tally[day] = tally.get(day, 0) + 1

    def count_all(state: State, event: Event, day: int) -> None:
        _add(state.tallies.setdefault(key, {}), day, 1, True)

    return count_all if need.within is None else count


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
    state.orders.keep(Order(at, rank, key, number, _order_id(properties), value, currency))


def _refund(state: State, event: Event, day: int) -> None:
    state.orders.refund(_order_id(event[6]), event[4], event[5])


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
