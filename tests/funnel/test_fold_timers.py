"""What time alone moves, at which very moment, and for which reason."""

from itertools import pairwise

import pytest

from funnel.fold import EndlessRules, State, fold, is_late, wake_at
from funnel.state import AFTER_EVENTS, DAY
from tests.funnel.people import book, happened, path, playbooks, walked

INSTANT = 1 / DAY


def timer(to, *when, **rule):
    return {"on": "time", "to": to, "when": list(when)} | rule


def seen(day):
    return happened(day, "seen")


def first_move(condition, *log, until=2000.0, **changes):
    """When a rule with that condition moves somebody who did these things."""
    moves = path(walked(*log, by=book(timer("hot", condition), **changes), until=until)[1])
    return moves[1][0] if moves[1:] else None


@pytest.mark.parametrize(
    ("condition", "day"),
    [
        ({"measure": "days_in_stage", "at_least": 3}, 3.5),
        ({"measure": "days_in_stage", "more_than": 3}, 3.5 + INSTANT),
        ({"measure": "days_in_stage", "is": 3}, 3.5),
        ({"measure": "days_in_stage", "at_most": 3}, 0.5),
        ({"measure": "days_since", "of": ["seen"], "at_least": 3}, 5),
        ({"measure": "days_since", "of": ["seen"], "is_not": 0}, 0.5 + INSTANT),
        ({"measure": "days_since", "of": ["seen"], "in": [4, 3]}, 5),
        ({"measure": "days_since", "of": ["call_held"], "exists": False}, 0.5),
        ({"measure": "days_since", "of": ["call_held"], "at_least": 0}, None),
        ({"measure": "count", "of": ["seen"], "within_days": 10, "at_most": 1}, 0.5),
        ({"measure": "count", "of": ["seen"], "within_days": 10, "at_most": 0}, 13),
        ({"measure": "count", "of": ["seen"], "within_days": 0, "is": 0}, 1),
        ({"measure": "count", "of": ["seen"], "distinct_days": True, "within_days": 10, "is": 1}, 0.5),
        ({"measure": "count", "of": ["seen"], "at_least": 2}, 2),
        ({"measure": "sum", "of": ["seen"], "currency": "EUR", "within_days": 1, "exists": True}, 0.5),
        ({"measure": "score", "less_than": 5}, 69),
        ({"measure": "score", "at_most": 0}, 468),
        ({"measure": "score", "at_least": 20}, 2),
        ({"measure": "property", "name": "x", "exists": False}, 0.5),
        ({"measure": "property", "name": "x", "is_not": 5}, None),
        ({"measure": "stage", "is": "cold"}, 0.5),
        ({"measure": "kept_orders", "at_least": 1}, None),
    ],
)
def test_each_measure_comes_true_at_its_moment(condition, day):
    points = {"seen": 12}
    assert first_move(condition, seen(0.5), seen(2), points=points) == (None if day is None else pytest.approx(day))
    if day is not None:
        books = playbooks(book(timer("hot", condition), points=points))
        assert first_move(condition, seen(0.5), seen(2), points=points, until=round(day * DAY) / DAY) is not None
        if day > 2:
            before = round(day * DAY) - 1
            state, moves = fold(State.start(), [seen(0.5), seen(2)], books, before)
            assert (len(moves), wake_at(state, books, before)) == (1, before + 1)


def test_nothing_fires_before_the_first_event():
    assert path(walked(seen(5), by=book(timer("hot")), until=9)[1]) == [(5, "cold"), (5, "hot")]


def test_events_of_a_moment_come_before_its_timers_whatever_their_rank():
    rules = book(
        timer("warm", {"measure": "days_in_stage", "at_least": 3}, **{"from": ["cold"]}),
        {"on": ["stage_set"], "to": {"property": "stage"}},
    )
    decided = happened(3, "stage_set", stage="hot")
    assert path(walked(seen(0), decided, by=rules, until=9)[1]) == [(0, "cold"), (3, "hot")]


def test_what_an_event_makes_true_of_the_past_fires_at_the_event_after_all_of_its_moment():
    rules = book(
        timer({"standing": "open"}, {"measure": "recall"}), {"on": ["postponed"], "to": {"standing": "not_now"}}
    )
    log = happened(30, "postponed", until="1970-01-05"), happened(30, "stage_set")
    _, moves = walked(*log, by=rules, until=30)
    assert [(move.to, move.at, move.cause_key) for move in moves[1:]] == [
        ("not_now", 30 * DAY, log[0].key),
        ("open", 30 * DAY, log[0].key),
    ]


BOUGHT = happened(0, "order_completed"), happened(100, "order_completed", order_id="b")
REFUNDED = happened(150, "order_refunded", order_id="b")


@pytest.mark.parametrize(
    ("condition", "log"),
    [
        ({"measure": "silence", "usual_intervals": 1}, [*BOUGHT, REFUNDED]),
        ({"measure": "days_since", "of": ["order_completed"], "at_least": 60}, [*BOUGHT, REFUNDED]),
        ({"measure": "days_since", "of": ["order_completed", "x"], "at_least": 60}, [*BOUGHT, REFUNDED]),
        ({"measure": "days_since", "of": ["called"], "exists": True}, [seen(0), happened(150, "called")]),
        (
            {"measure": "count", "of": ["order_completed"], "at_least": 2},
            [BOUGHT[0], happened(150, "order_completed")],
        ),
        ({"measure": "count", "of": ["order_completed"], "is": 0}, [seen(0), BOUGHT[1], REFUNDED]),
        ({"measure": "count", "of": ["seen"], "at_least": 2}, [seen(0), seen(150)]),
        (
            {"measure": "sum", "of": ["seen"], "currency": "EUR", "at_least": 9},
            [seen(0), happened(150, "seen", value=9)],
        ),
        ({"measure": "kept_orders", "at_least": 2}, [BOUGHT[0], happened(150, "order_completed")]),
        ({"measure": "kept_orders", "is": 1}, [*BOUGHT, REFUNDED]),
        ({"measure": "score", "at_least": 2}, [seen(0), seen(150), seen(150)]),
        ({"measure": "recall"}, [seen(0), happened(150, "postponed", until="1970-01-09")]),
        ({"measure": "attribute", "name": "x", "is": 1}, [seen(0), happened(150, "attributes_changed", x=1)]),
        ({"measure": "fit", "is": "A"}, [seen(0), happened(150, "owner_changed", fit="A")]),
    ],
)
def test_what_an_event_makes_true_fires_before_the_next_event(condition, log):
    not_at_once = {"measure": "days_in_stage", "at_least": 120}
    rules = book(timer("hot", condition, not_at_once), points={"seen": 1})
    days = path(walked(*log, happened(160, "x_ray"), happened(170, "x_ray"), by=rules, until=180)[1])
    assert days == [(log[0].at / DAY, "cold"), (150, "hot")]


def test_the_oldest_day_of_all_windows_decides_when_a_count_changes():
    both = {"measure": "count", "of": ["seen", "order_completed"], "within_days": 10, "at_most": 1}
    rules = book(timer("hot", both, {"measure": "days_in_stage", "at_least": 4}))
    log = seen(2), happened(5, "order_completed")
    assert path(walked(*log, by=rules, until=99)[1]) == [(2, "cold"), (13, "hot")]


def test_timers_between_events_fire_in_their_order():
    log = seen(0), happened(10, "back"), seen(20)
    rules = book(
        timer("warm", {"measure": "days_in_stage", "at_least": 4}, **{"from": ["cold"]}),
        timer("hot", {"measure": "days_in_stage", "at_least": 4}, **{"from": ["warm"]}),
        {"on": ["back"], "to": "cold"},
    )
    days = [(0, "cold"), (4, "warm"), (8, "hot"), (10, "cold"), (14, "warm"), (18, "hot")]
    assert path(walked(*log, by=rules)[1]) == days


def test_a_moment_is_looked_at_again_until_nothing_changes():
    rules = book(
        timer("warm", {"measure": "health", "is": "active"}),
        timer({"health": "active"}, {"measure": "days_in_stage", "at_least": 2}, **{"from": [None]}),
        timer({"standing": "closed"}, {"measure": "stage", "is": "warm"}),
    )
    _, moves = walked(seen(0), by=rules, until=5)
    assert [(move.dimension, move.at / DAY) for move in moves[1:]] == [("health", 2), ("stage", 2), ("standing", 2)]


def test_rules_of_one_moment_are_chosen_on_the_same_state():
    due = {"measure": "days_since", "of": ["seen"], "at_least": 2}
    rules = book(timer("warm", due), timer({"health": "active"}, due, {"measure": "stage", "is": "cold"}))
    assert [move.to for move in walked(seen(0), by=rules, until=5)[1]] == ["cold", "warm", "active"]


def test_a_matching_rule_whose_target_is_there_holds_its_dimension_while_it_matches():
    rules = book(
        timer("cold", {"measure": "days_since", "of": ["seen"], "at_most": 3}),
        timer("hot", {"measure": "days_since", "of": ["seen"], "at_least": 1}),
    )
    assert path(walked(seen(0), by=rules, until=9)[1]) == [(0, "cold"), (pytest.approx(3 + INSTANT), "hot")]


def test_rules_without_end_at_one_moment_are_an_error():
    rules = book(timer("warm", **{"from": ["cold"]}), timer("cold", **{"from": ["warm"]}))
    with pytest.raises(EndlessRules, match="without end"):
        walked(seen(0), by=rules, until=5)


def test_a_hundred_rounds_at_one_moment_are_none_yet():
    ladder = [f"step {n}" for n in range(101)]
    stages = [{"key": key, "phase": "friend"} for key in ladder]
    rules = [timer(to, **{"from": [origin]}) for origin, to in pairwise(ladder)]
    assert len(walked(seen(0), by=book(*rules, stages=stages), until=1)[1]) == 101
    stages.append({"key": "one more", "phase": "friend"})
    rules.append(timer("one more", **{"from": [ladder[-1]]}))
    with pytest.raises(EndlessRules):
        walked(seen(0), by=book(*rules, stages=stages), until=1)


def test_rounds_are_counted_for_each_moment_alone():
    ladder = [f"step {n}" for n in range(150)]
    stages = [{"key": key, "phase": "friend"} for key in ladder]
    day = {"measure": "days_in_stage", "at_least": 1}
    rules = [timer(to, day, **{"from": [origin]}) for origin, to in pairwise(ladder)]
    assert len(walked(seen(0), by=book(*rules, stages=stages), until=200)[1]) == 150


def test_a_version_that_comes_into_force_can_make_a_rule_true():
    late = book(timer("hot", {"measure": "days_in_stage", "at_least": 3}))
    books = playbooks(book(), late, since=(10,))
    _, moves = walked(seen(0), by=books, until=20)
    assert [(move.at / DAY, move.to, move.version) for move in moves] == [(0, "cold", 1), (10, "hot", 2)]
    assert wake_at(walked(seen(0), by=books, until=9)[0], books, 9 * DAY) == 10 * DAY


def test_a_version_that_goes_out_of_force_takes_its_timers_along():
    soon = book(timer("hot", {"measure": "days_in_stage", "at_least": 30}))
    books = playbooks(soon, book(), soon, since=(20, 50))
    assert path(walked(seen(0), by=books, until=90)[1]) == [(0, "cold"), (50, "hot")]


def test_a_half_life_that_comes_into_force_can_make_a_score_rule_true():
    def fading(days):
        return book(timer("hot", {"measure": "score", "at_most": 5}), points={"seen": 10}, half_life_days=days)

    books = playbooks(fading(100), fading(1), since=(10.5,))
    assert path(walked(seen(0), by=books, until=90)[1]) == [(0, "cold"), (10.5, "hot")]


@pytest.mark.parametrize(
    ("until", "day"),
    [
        ("1970-01-09", 8),
        ("1970-01-09T12:00:00", 8.5),
        ("1970-01-09T12:00:00Z", 8.5),
        ("1970-01-09T12:00:00+06:00", 8.25),
        ("1970-01-09 12:00", 8.5),
        ("1969-01-01", 1),
        ("9. tammikuuta", None),
        ("1970-02-30", None),
        ("", None),
        (8 * 86_400, None),
        (None, None),
    ],
)
def test_a_recall_date_is_a_date_or_an_iso_moment(until, day):
    assert first_move({"measure": "recall"}, seen(0), happened(1, "postponed", until=until)) == day


def test_the_last_postponement_decides_also_when_it_has_no_date():
    recall = {"measure": "recall"}
    first = happened(1, "postponed", until="1970-02-01")
    assert first_move(recall, first, happened(2, "postponed", until="1970-01-20")) == 19
    assert first_move(recall, first, happened(2, "postponed", until="1970-03-01")) == 59
    assert first_move(recall, first, happened(2, "postponed")) is None


def cause(*when, log, until=900):
    move = walked(*log, by=book(timer("hot", *when)), until=until)[1][1]
    return move.cause_key, move.cause_id


def test_the_cause_of_a_timer_is_what_set_it():
    log = [
        seen(0),
        happened(1, "order_completed"),
        happened(2, "order_completed", order_id="b"),
        happened(3, "postponed", until="1970-01-20"),
        seen(4),
        happened(2.5, "order_refunded", order_id="b"),
    ]
    kept, postponed, last_seen = ((event.key, event.id) for event in (log[1], log[3], log[4]))
    silence = {"measure": "silence", "usual_intervals": 1}
    recall, since = {"measure": "recall"}, {"measure": "days_since", "of": ["seen"], "at_least": 3}

    assert cause(silence, log=log) == cause(silence, recall, since, log=log) == kept
    assert cause(recall, silence, log=log) == postponed
    assert cause({"measure": "score", "is": 0}, since, silence, log=log) == last_seen
    assert cause({"measure": "days_since", "of": ["order_completed"], "at_least": 9}, log=log) == kept
    assert cause({"measure": "days_since", "of": ["order_completed", "seen"], "at_least": 9}, log=log) == last_seen
    assert cause({"measure": "days_in_stage", "at_least": 9}, log=log) == (None, None)
    assert cause({"measure": "days_since", "of": ["call_held"], "exists": False}, since, log=log) == (None, None)


def test_silence_keeps_to_its_bounds():
    def silence(**bounds):
        return {"measure": "silence", "usual_intervals": 2} | bounds

    log = happened(0, "order_completed"), happened(10.5, "order_completed")
    assert first_move(silence(), *log) == 30.5
    assert first_move(silence(min_days=25), *log) == 35.5
    assert first_move(silence(max_days=15), *log) == 25.5
    assert first_move(silence(), seen(0)) is None


def test_evidence_of_timers_is_what_was_measured_then():
    log = happened(0, "order_completed"), happened(4, "postponed", until="1970-01-20")
    when = [
        {"measure": "silence", "usual_intervals": 1, "max_days": 30},
        {"measure": "recall"},
        {"measure": "days_since", "of": ["postponed"], "at_least": 2},
        {"measure": "count", "of": ["order_completed"], "at_least": 1},
        {"measure": "health", "exists": False},
    ]
    move = walked(*log, by=book(timer("hot", *when)), until=99)[1][1]
    assert (move.at, move.evidence) == (30 * DAY, (90 * 86_400, 19 * DAY, 26 * DAY, 1, None))


def test_an_event_of_the_moment_of_a_timer_that_moved_is_late():
    state, _ = walked(seen(0), by=book(timer("hot", {"measure": "days_in_stage", "at_least": 3})), until=9)
    assert state.last == (3 * DAY, AFTER_EVENTS, b"")
    assert is_late(state, 3 * DAY, 6, b"\xff" * 16)
    assert not is_late(state, 3 * DAY + 1, 0, b"")


def test_an_event_is_late_unless_it_comes_after_the_last_one():
    event = happened(3, "form_submitted")
    state, _ = walked(event, until=9)
    at, rank, key = event[:3]
    assert is_late(state, at, rank, key)
    assert is_late(state, at, rank - 1, b"\xff" * 16)
    assert is_late(state, at - 1, 6, b"\xff" * 16)
    assert not is_late(state, at, rank, key + b"\x00")
    assert not is_late(state, at, rank + 1, b"")
    assert not is_late(walked(event, until=2)[0], 0, 0, b"")


def test_no_timer_fires_after_the_year_9999():
    assert first_move({"measure": "days_in_stage", "at_least": 10**8}, seen(0), until=10**9) is None


def test_nobody_is_woken_without_a_timer_to_come():
    books = playbooks(book(timer("hot", {"measure": "days_in_stage", "at_least": 3})))
    assert wake_at(walked(seen(5), by=books, until=4)[0], books, 4 * DAY) is None
    assert wake_at(walked(seen(5), by=books, until=6)[0], books, 6 * DAY) == 8 * DAY
    assert wake_at(walked(seen(5), by=books, until=9)[0], books, 9 * DAY) is None
