"""Small random playbooks and logs: few names, near moments and many edges, so that everything meets everything."""

from collections.abc import Iterable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from funnel.fold import Event
from funnel.rules import Playbook, Playbooks
from funnel.state import DAY

STAGES = ("cold", "warm", "hot", "gold")
HEALTHS = (None, "active", "cooling", "lapsed")
STANDINGS = ("open", "not_now", "closed")
RANKS = {
    "attributes_changed": 0,
    "page_viewed": 1,
    "poke": 1,
    "form_submitted": 2,
    "order_completed": 3,
    "order_refunded": 4,
    "stage_set": 6,
    "postponed": 6,
}
COUNTED = ("page_viewed", "form_submitted", "order_completed")
HORIZON = 40  # days in which everything happens

# `thorough` for what everything rests on.
patient = settings(max_examples=40)
thorough = settings(max_examples=120)

few_types = st.lists(st.sampled_from(sorted(RANKS)), min_size=1, max_size=3, unique=True)
counted_types = st.lists(st.sampled_from(COUNTED), min_size=1, max_size=2, unique=True)
small = st.integers(0, 4)


def moments(first_day: int = 0, last_day: int = HORIZON) -> st.SearchStrategy[int]:
    """Midnights, noons and the microseconds beside them, so that edges are met and moments shared."""
    within = st.sampled_from([0, 0, 1, DAY // 2, DAY - 1])
    return st.builds(lambda day, time: day * DAY + time, st.integers(first_day, last_day), within)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


comparisons = st.one_of(
    st.builds(
        lambda name, bound: {name: bound},
        st.sampled_from(["is", "is_not", "at_least", "at_most", "less_than", "more_than"]),
        small,
    ),
    st.builds(lambda bounds: {"in": bounds}, st.lists(small, max_size=3)),
    st.builds(lambda known: {"exists": known}, st.booleans()),
)
texts = st.sampled_from(["a", "b", "ab"])
json_values = st.one_of(st.none(), st.booleans(), small, texts, st.lists(st.one_of(small, texts), max_size=2))
tests_of_values = st.one_of(
    comparisons,
    st.builds(lambda name, value: {name: value}, st.sampled_from(["is", "is_not", "contains"]), json_values),
)
tests_of_letters = st.builds(
    lambda name, letter: {name: letter},
    st.sampled_from(["is", "at_least", "at_most", "less_than", "more_than"]),
    st.sampled_from("ABF"),
)


def measure(name: str, *parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda given: {"measure": name} | {k: v for part in given for k, v in part.items()})


def one_of_types(types: st.SearchStrategy[list[str]]) -> st.SearchStrategy[dict[str, Any]]:
    return types.map(lambda of: {"of": of})


windows = optional(within_days=st.integers(0, 12))
steady_conditions = st.one_of(
    measure("count", one_of_types(counted_types), windows, optional(distinct_days=st.booleans()), comparisons),
    measure("sum", one_of_types(counted_types), st.just({"currency": "EUR"}), windows, comparisons),
    measure("kept_orders", comparisons),
    measure("days_since", one_of_types(counted_types), comparisons),
    measure("days_in_stage", comparisons),
    measure("score", comparisons),
    measure("attribute", st.just({"name": "tier"}), tests_of_values),
    measure("fit", tests_of_letters),
    measure("stage", st.sampled_from(STAGES).map(lambda stage: {"is": stage})),
    measure("health", st.sampled_from([{"is": "active"}, {"is_not": "active"}, {"exists": False}])),
    measure("standing", st.sampled_from([{"in": ["open", "closed"]}, {"is_not": "closed"}])),
)
event_conditions = st.one_of(steady_conditions, measure("property", st.just({"name": "score"}), tests_of_values))
time_conditions = st.one_of(
    steady_conditions,
    st.just({"measure": "recall"}),
    measure(
        "silence",
        st.integers(1, 3).map(lambda number: {"usual_intervals": number}),
        optional(min_days=st.integers(0, 3), max_days=st.integers(4, 9)),
    ),
)


@st.composite
def rules(draw: st.DrawFn, place: int) -> dict[str, Any]:
    timer = draw(st.booleans())
    dimension = draw(st.sampled_from(["stage", "stage", "health", "standing"]))
    rule: dict[str, Any] = {"name": f"rule {place}", "on": "time" if timer else draw(few_types)}
    if dimension == "stage":
        target = draw(st.integers(0, 3))
        rule["to"] = STAGES[target]
        origins = st.sampled_from(STAGES)
        if timer:  # upwards only: stages that time moves in circles would never end
            rule["to"], origins = STAGES[max(target, 1)], st.sampled_from(STAGES[: max(target, 1)])
        elif draw(st.integers(0, 4)) == 0:
            rule["to"] = {"property": "stage"}
    else:
        values = HEALTHS if dimension == "health" else STANDINGS
        rule["to"], origins = {dimension: draw(st.sampled_from(values))}, st.sampled_from(values)
    if timer or draw(st.booleans()):
        rule["from"] = draw(st.lists(origins, min_size=1, max_size=2, unique=True))
    rule["when"] = draw(st.lists(time_conditions if timer else event_conditions, min_size=int(timer), max_size=2))
    return rule


def usual_rules(place: int) -> st.SearchStrategy[dict[str, Any]]:
    """Rules of the kinds that every playbook has, so that orders, silence and recalls meet often."""
    silence: dict[str, Any] = {"measure": "silence", "usual_intervals": 2, "min_days": 1, "max_days": 9}
    bought, refunded = ["order_completed"], ["order_refunded"]
    found: list[dict[str, Any]] = [
        {"to": "hot", "on": bought, "from": ["cold", "warm"]},
        {"to": "gold", "on": bought, "from": ["hot"], "when": [{"measure": "kept_orders", "at_least": 2}]},
        {"to": "warm", "on": refunded, "when": [{"measure": "kept_orders", "at_most": 0}]},
        {"to": {"health": "active"}, "on": bought},
        {"to": {"health": None}, "on": refunded, "when": [{"measure": "kept_orders", "at_most": 0}]},
        {"to": {"health": "cooling"}, "on": "time", "from": ["active"], "when": [silence]},
        {"to": {"health": "lapsed"}, "on": "time", "when": [silence | {"usual_intervals": 3}]},
        {"to": {"standing": "not_now"}, "on": ["postponed"]},
        {"to": {"standing": "open"}, "on": "time", "from": ["not_now"], "when": [{"measure": "recall"}]},
        {"to": {"property": "stage"}, "on": ["stage_set"]},
    ]
    return st.sampled_from(found).map(lambda rule: {"name": f"rule {place}"} | rule)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    phases = ["stranger", "friend", "customer", "customer"]
    return {
        "stages": [{"key": key, "phase": phase} for key, phase in zip(STAGES, phases, strict=True)],
        "half_life_days": draw(st.integers(1, 4)),
        "points": draw(st.dictionaries(st.sampled_from(sorted(RANKS)), st.integers(-2, 5), max_size=4)),
        "rules": [draw(usual_rules(place) | rules(place)) for place in range(draw(st.integers(2, 8)))],
    }


@st.composite
def playbooks(draw: st.DrawFn) -> Playbooks:
    later = draw(st.lists(moments(), max_size=2))
    return Playbooks([Playbook.parse(draw(documents()), n + 1, since) for n, since in enumerate([None, *later])])


@st.composite
def events(draw: st.DrawFn, number: int) -> Event:
    type_ = draw(st.sampled_from(sorted(RANKS)))
    return Event(
        at=draw(moments()),
        rank=RANKS[type_],
        key=number.to_bytes(16, "big"),
        type=type_,
        value=draw(st.one_of(st.none(), st.integers(0, 4))),
        currency=draw(st.sampled_from(["EUR", "EUR", "SEK", None])),
        properties=draw(properties),
        public=draw(st.integers(0, 4)) == 0,
        id=number,
    )


properties = optional(
    stage=st.sampled_from([*STAGES, "elsewhere", 5]),
    order_id=st.sampled_from(["1", "2", 1, 2.0, True]),
    until=st.sampled_from(["1970-01-09", "1970-01-20T12:00:00Z", "1970-01-20T12:00:00+02:00", "soon", 7]),
    score=json_values,
    tier=json_values,
    fit=st.sampled_from(["A", "B", "F", "G", None]),
)


@st.composite
def logs(draw: st.DrawFn, most: int = 14) -> list[Event]:
    """Events of one person in walking order."""
    size = draw(st.integers(0, most))
    keys = draw(st.permutations(range(1, most + 1)))
    return in_order([draw(events(key)) for key in keys[:size]])


def in_order(log: Iterable[Event]) -> list[Event]:
    return sorted(log, key=lambda event: event[:3])
