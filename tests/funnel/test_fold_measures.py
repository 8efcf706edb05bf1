"""What each measure reads and each operator says, by whether a rule with that one condition fires."""

import pytest

from funnel.state import DAY
from tests.funnel.people import book, happened, walked

HOUR = 1 / 24
INSTANT = 1 / DAY


def evidence(condition, *log):
    """What was measured when the last event came, if the condition held; else None."""
    *before, last = log
    rule = {"on": ["asked"], "to": "hot", "when": [condition]}
    points = {"page_viewed": 1, "complaint_made": -2}
    _, moves = walked(*before, last._replace(type="asked"), by=book(rule, points=points))
    return moves[1].evidence[0] if moves[1:] else None


def holds(condition, *log):
    *before, last = log
    rule = {"on": ["asked"], "to": "hot", "when": [condition]}
    points = {"page_viewed": 1, "complaint_made": -2}
    return walked(*before, last._replace(type="asked"), by=book(rule, points=points))[0].stage == "hot"


def asked(day=0.0, **properties):
    return happened(day, "asked", **properties)


@pytest.mark.parametrize(
    ("operator", "operand", "value", "answer"),
    [
        ("is", "guide", "guide", True),
        ("is", "guide", "Guide", False),
        ("is", 1, 1.0, True),
        ("is", 1, True, False),
        ("is", True, True, True),
        ("is", "1", 1, False),
        ("is", [1, "a"], [1.0, "a"], True),
        ("is", [1], [True], False),
        ("is", {"a": [1]}, {"a": [1]}, True),
        ("is", {"a": 1}, {"a": 1, "b": 1}, False),
        ("is_not", "guide", "page", True),
        ("is_not", "guide", "guide", False),
        ("is_not", 5, "5", True),
        ("in", ["a", 2], "a", True),
        ("in", ["a", 2], 2.0, True),
        ("in", ["a", 2], "b", False),
        ("in", [], "b", False),
        ("contains", "hinnasto", "/fi/hinnasto?x", True),
        ("contains", "hinnasto", "/fi/", False),
        ("contains", "a", ["b", "a"], True),
        ("contains", 1, [1.0], True),
        ("contains", 1, [True], False),
        ("contains", "a", ["ab"], False),
        ("contains", 1, "1", False),
        ("contains", "a", {"a": 1}, False),
        ("at_least", 9, 9, True),
        ("at_least", 9, 8.99, False),
        ("at_least", 9, "10", False),
        ("at_least", "a", "b", False),
        ("at_least", 0, True, False),
        ("at_most", 9, 9, True),
        ("at_most", 9, 9.01, False),
        ("less_than", 9, 9, False),
        ("less_than", 9, 8.99, True),
        ("more_than", 9, 9, False),
        ("more_than", 9, 9.01, True),
        ("exists", True, "x", True),
        ("exists", True, False, True),
        ("exists", False, "x", False),
    ],
)
def test_a_property_of_the_event(operator, operand, value, answer):
    condition = {"measure": "property", "name": "x", operator: operand}
    assert holds(condition, asked(x=value)) is answer
    assert evidence(condition, asked(x=value)) == (value if answer else None)


@pytest.mark.parametrize("properties", [{}, {"x": None}, {"y": 1}])
@pytest.mark.parametrize(
    ("operator", "operand"),
    [("is", None), ("is_not", 5), ("in", [None]), ("at_most", 5), ("exists", True), ("contains", "a")],
)
def test_what_is_not_known_satisfies_nothing(properties, operator, operand):
    assert not holds({"measure": "property", "name": "x", operator: operand}, asked(**properties))


@pytest.mark.parametrize("properties", [{}, {"x": None}])
def test_but_that_it_does_not_exist(properties):
    assert holds({"measure": "property", "name": "x", "exists": False}, asked(**properties))


def viewed(*days):
    return [happened(day, "page_viewed") for day in days]


def counting(**parameters):
    return {"measure": "count", "of": ["page_viewed"], "at_least": 0} | parameters


def test_count_of_events_since_the_beginning():
    log = viewed(0, 0.5, 40, 41), asked(5000)
    assert evidence(counting(), *log[0], log[1]) == 4
    assert evidence(counting(of=["page_viewed", "call_held"]), *log[0], happened(41, "call_held"), log[1]) == 5
    assert evidence(counting(distinct_days=True), *log[0], log[1]) == 3
    assert evidence(counting(distinct_days=False), *log[0], log[1]) == 4
    assert evidence(counting(of=["call_held"]), *log[0], log[1]) == 0


def test_count_of_distinct_days_is_of_all_its_types_together():
    log = *viewed(0, 1, 2), happened(1.5, "call_held"), happened(3, "call_held"), asked(9)
    assert evidence(counting(of=["page_viewed", "call_held"], distinct_days=True), *log) == 4


@pytest.mark.parametrize(("day", "seen"), [(10, 4), (10.999, 4), (11, 2), (12, 1), (13, 0)])
def test_a_window_is_of_whole_days_and_the_day_itself(day, seen):
    log = *viewed(0, 0.999, 1, 2), asked(day)
    assert evidence(counting(within_days=10), *log) == seen
    assert evidence(counting(within_days=10, distinct_days=True), *log) == min(seen, 3)


def test_count_includes_the_event_itself_and_sees_kept_orders_only():
    log = [happened(day, "order_completed", order_id=str(day)) for day in (0, 1, 1.5, 2)]
    refunded = happened(2.5, "order_refunded", order_id="1")
    count = counting(of=["order_completed"], at_least=1)
    rule = {"on": ["order_completed"], "to": "hot", "when": [count | {"at_least": 4}]}
    assert walked(*log, by=book(rule))[0].stage == "hot"
    assert evidence(count, *log, refunded, asked(3)) == 3
    assert evidence(count | {"distinct_days": True}, *log, refunded, asked(3)) == 3
    assert evidence(count | {"distinct_days": True}, *log, refunded, happened(2.6, "order_refunded"), asked(3)) == 2
    assert evidence(count | {"within_days": 1}, *log, refunded, asked(3)) == 1
    assert evidence(count | {"within_days": 2, "distinct_days": True}, *log, refunded, asked(3)) == 2


def test_distinct_days_of_orders_and_other_events_share_their_days():
    bought = happened(1, "order_completed"), happened(2, "order_completed")
    condition = counting(of=["order_completed", "page_viewed"], distinct_days=True)
    log = *viewed(0, 1), *bought
    assert evidence(condition, *log, asked(400)) == 3
    assert evidence(condition, *log, happened(3, "order_refunded"), asked(400)) == 2
    assert evidence(condition | {"within_days": 399}, *log, asked(400)) == 2
    assert evidence(condition | {"distinct_days": False}, *log, asked(400)) == 4


def test_sum_is_of_one_currency_and_of_kept_orders():
    paid = {"measure": "sum", "of": ["order_completed", "meeting_held"], "currency": "EUR", "at_least": 0}
    log = [
        happened(0, "order_completed", value=100),
        happened(1, "order_completed", value=30, order_id="b"),
        happened(1, "order_completed", value=7)._replace(currency="SEK"),
        happened(2, "order_completed"),
        happened(3, "meeting_held", value=4),
        happened(3, "meeting_held", value=1)._replace(currency=None),
    ]
    assert evidence(paid, asked()) == 0
    assert evidence(paid, *log, asked(5)) == 134
    assert evidence(paid, *log, happened(4, "order_refunded", order_id="b"), asked(5)) == 104
    assert evidence(paid | {"within_days": 4}, *log, asked(5)) == 34
    assert evidence(paid | {"within_days": 2}, *log, asked(5)) == 4
    assert evidence(paid | {"currency": "SEK"}, *log, asked(5)) == 7


def test_kept_orders():
    kept = {"measure": "kept_orders", "at_least": 0}
    bought = happened(0, "order_completed"), happened(1, "order_completed")
    assert evidence(kept, asked()) == 0
    assert evidence(kept, *bought, asked(2)) == 2
    assert evidence(kept, *bought, happened(2, "order_refunded"), asked(3)) == 1


@pytest.mark.parametrize(
    ("operator", "days", "answer"),
    [
        ("at_least", 3, True),
        ("at_least", 3 + INSTANT, True),
        ("at_least", 3 - INSTANT, False),
        ("more_than", 3, False),
        ("more_than", 3 + INSTANT, True),
        ("at_most", 3, True),
        ("at_most", 3 + INSTANT, False),
        ("less_than", 3, False),
        ("less_than", 3 - INSTANT, True),
        ("is", 3, True),
        ("is", 3 + INSTANT, False),
        ("is_not", 3, False),
        ("is_not", 3 + INSTANT, True),
    ],
)
def test_days_since_an_event_and_days_in_a_stage_are_exact(operator, days, answer):
    log = happened(5.3, "call_held"), asked(5.3 + days)
    for condition in ({"measure": "days_since", "of": ["call_held"]}, {"measure": "days_in_stage"}):
        assert holds(condition | {operator: 3}, *log) is answer
        if answer:
            assert evidence(condition | {operator: 3}, *log) == log[1].at - log[0].at


def test_days_since_goes_by_the_last_of_its_types_and_by_kept_orders():
    since = {"measure": "days_since", "of": ["call_held", "order_completed"], "exists": True}
    log = happened(0, "call_held"), happened(2, "order_completed"), happened(4, "order_completed")
    assert evidence(since, *log, asked(10)) == 6 * DAY
    assert evidence(since, *log, happened(5, "order_refunded"), asked(10)) == 8 * DAY
    assert evidence(since, *log, happened(5, "order_refunded"), happened(6, "call_held"), asked(10)) == 4 * DAY
    assert evidence(since, log[0], asked(10)) == 10 * DAY
    assert not holds(since, asked(10))
    assert holds(since | {"exists": False}, asked(10))
    assert not holds({"measure": "days_since", "of": ["call_held"], "at_most": 9}, asked(10))


def test_days_since_counts_the_event_itself():
    assert evidence({"measure": "days_since", "of": ["asked"], "at_most": 5}, asked(3), asked(9)) == 0


@pytest.mark.parametrize(
    ("operator", "operand", "answer"),
    [("at_least", 3, True), ("at_least", 4, False), ("is", 3, True), ("in", [1, 3], True), ("more_than", 3, False)],
)
def test_score_is_compared_in_whole_points(operator, operand, answer):
    log = *viewed(0, 0, 0), asked(0.5)
    assert holds({"measure": "score", operator: operand}, *log) is answer


def test_score_fades_by_the_day_and_can_be_negative():
    score = {"measure": "score", "exists": True}
    assert evidence(score, asked()) == 0
    assert evidence(score, *viewed(0, 30), asked(30.9)) == 1500
    assert evidence(score, *viewed(0), asked(15)) == 707
    assert evidence(score, happened(0, "complaint_made"), asked(15)) == -1414
    assert evidence(score, *viewed(0), asked(34 * 30)) == 0


def changed(day, **properties):
    return happened(day, "attributes_changed", **properties)


def test_attributes_are_the_last_ones_given():
    size = {"measure": "attribute", "name": "size", "exists": True}
    log = happened(0, "contact_created", size="S"), changed(1, size="M", colour="red"), changed(2, colour="blue")
    assert evidence(size, *log, asked(5)) == "M"
    assert evidence(size, *log, happened(3, "owner_changed", size=7), asked(5)) == 7
    assert not holds(size, *log, changed(3, size=None), asked(5))
    assert not holds(size, happened(0, "form_submitted", size="L"), asked(5, size="L"))
    assert holds(size | {"is": "M"}, *log, asked(5))


@pytest.mark.parametrize(
    ("operator", "operand", "letters"),
    [
        ("at_least", "B", "AB"),
        ("more_than", "B", "A"),
        ("at_most", "B", "BCDEF"),
        ("less_than", "B", "CDEF"),
        ("is", "B", "B"),
        ("is_not", "B", "ACDEF"),
        ("in", ["A", "F"], "AF"),
        ("exists", True, "ABCDEF"),
        ("at_least", 2, ""),
        ("at_least", "G", ""),
    ],
)
def test_fit_is_a_letter_and_a_is_the_highest(operator, operand, letters):
    fits = [
        letter
        for letter in "ABCDEFGa"
        if holds({"measure": "fit", operator: operand}, changed(0, fit=letter), asked(1))
    ]
    assert "".join(fits) == letters


def test_fit_that_is_no_letter_is_not_known():
    for fit in ("G", "AA", "", 1, None, ["A"]):
        assert holds({"measure": "fit", "exists": False}, changed(0, fit=fit), asked(1))


def test_places_are_those_before_any_move_of_the_event():
    def placed(measure, **test):
        return {"on": ["asked"], "to": {"standing": "closed"}, "when": [{"measure": measure} | test]}

    moving = {"on": ["asked"], "to": "warm"}, {"on": ["asked"], "to": {"health": "active"}}
    for measure, place in (("stage", "cold"), ("standing", "open")):
        assert walked(asked(), by=book(*moving, placed(measure, **{"is": place})))[0].standing == "closed"
        assert walked(asked(), by=book(*moving, placed(measure, is_not=place)))[0].standing == "open"
    assert walked(asked(), by=book(*moving, placed("health", exists=False)))[0].standing == "closed"
    assert walked(asked(), by=book(*moving, placed("health", is_not="lapsed")))[0].standing == "open"


@pytest.mark.parametrize("timed", [{"measure": "recall"}, {"measure": "silence", "usual_intervals": 1}])
def test_silence_and_recall_say_nothing_to_events(timed):
    log = happened(0, "order_completed"), happened(0, "postponed", until="1970-01-02"), asked(900)
    assert not holds(timed, *log)


def test_all_conditions_must_hold():
    both = {"measure": "property", "name": "x", "is": 1}, {"measure": "property", "name": "y", "is": 2}
    rule = {"on": ["asked"], "to": "hot", "when": list(both)}
    assert walked(asked(x=1, y=2), by=book(rule))[1][1].evidence == (1, 2)
    assert walked(asked(x=1, y=3), by=book(rule))[0].stage == "cold"
    assert walked(asked(x=0, y=2), by=book(rule))[0].stage == "cold"
