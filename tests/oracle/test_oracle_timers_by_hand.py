"""What time alone does: cases worked out with pencil and paper from docs/fold.md."""

from typing import Any

import pytest

from tests.oracle.cases import at, event, fired, healths, moves_of, order, playbook, refund, told
from tests.oracle.oracle import HOUR, SECOND, Condition, EndlessRulesError
from tests.oracle.playbook import rule, silence

# Silence


def test_one_order_cools_after_180_days_and_lapses_after_360() -> None:
    expected = [
        ("active", at(0.5), "buys", b"order_completed@0.5"),
        ("cooling", at(180.5), "quiet", b"order_completed@0.5"),
        ("lapsed", at(360.5), "gone", b"order_completed@0.5"),
    ]

    assert moves_of("health", [order(0.5)], at(360.5)) == expected
    assert moves_of("health", [order(0.5)], at(360.5) - 1) == expected[:2]
    assert moves_of("health", [order(0.5)], at(180.5) - 1) == expected[:1]


def test_an_order_at_the_due_moment_comes_before_the_timer() -> None:
    assert healths([order(0), order(180)], at(181)) == [("active", at(0))]
    assert healths([order(0), event("order_completed", 180, 1)], at(181)) == [
        ("active", at(0)),
        ("cooling", at(180)),
        ("active", at(180, 1)),
    ]


def test_a_due_moment_that_a_refund_moves_into_the_past_fires_at_the_refund() -> None:
    orders = [order(0), order(100)]  # silence of two intervals of a hundred days: due on day 300

    assert healths(orders, at(301)) == [("active", at(0)), ("cooling", at(300))]
    assert healths([*orders, refund(250)], at(301)) == [("active", at(0)), ("cooling", at(250))]
    assert healths([*orders, refund(299)], at(361)) == [("active", at(0)), ("cooling", at(299)), ("lapsed", at(360))]


def test_the_usual_interval_is_clamped_and_rounded_up_to_the_second() -> None:
    week = [order(day) for day in (0, 1, 2, 3, 4, 5, 6, 10)]  # ten days in seven steps: 123428.57... seconds

    assert healths(week, at(40)) == [("active", at(0)), ("cooling", at(40))]  # at least thirty days
    quiet = rule("quiet", "second", "time", silence(1, 3, 99), {"measure": "kept_orders", "at_least": 8})
    sooner = rule("sooner", "second", "time", silence(1, 0, 99), {"measure": "kept_orders", "at_least": 8})
    assert fired(week, at(14), quiet) == [("quiet", at(13))]
    assert fired(week, at(14), sooner) == [("sooner", at(10) + 123_429 * SECOND)]


def test_silence_never_holds_without_a_kept_order() -> None:
    quiet = rule("quiet", "second", "time", silence(1, 1, 2))

    assert fired([event("page_viewed", 0)], at(9), quiet) == []
    assert fired([order(0), refund(1)], at(9), quiet) == []


# Standing


def test_a_postponed_contact_comes_back_at_the_beginning_of_its_date() -> None:
    postponed = event("postponed", 1.5, until="2025-01-11")

    assert told([postponed], at(10)).moves[1:] == [
        ("standing", "open", "not_now", at(1.5), "later", 1, b"postponed@1.5", 1),
        ("standing", "not_now", "open", at(10), "date came", 1, b"postponed@1.5", 1),
    ]
    assert told([postponed], at(10) - 1).standing == "not_now"


def test_a_date_already_past_opens_again_at_once() -> None:
    postponed = event("postponed", 5, until="2025-01-02T12:00:00+02:00")

    assert moves_of("standing", [postponed], at(9)) == [
        ("not_now", at(5), "later", b"postponed@5"),
        ("open", at(5), "date came", b"postponed@5"),
    ]


def test_a_moment_counts_in_its_zone_and_without_one_as_utc() -> None:
    for until, moment in [("2025-01-03T12:00:00-02:00", at(2, 14 * HOUR)), ("2025-01-03 12:00", at(2, 12 * HOUR))]:
        events = [event("postponed", 1, until=until)]
        assert moves_of("standing", events, at(9))[1:] == [("open", moment, "date came", b"postponed@1")]


@pytest.mark.parametrize("until", ["soon", None, 20250103, ["2025-01-03"]])
def test_an_unreadable_date_never_comes_and_hides_the_one_before(until: Any) -> None:
    events = [event("postponed", 1, until="2025-01-05"), event("postponed", 2, until=until)]

    assert told(events, at(99)).standing == "not_now"


def test_whoever_acts_is_open_again() -> None:
    events = [event("postponed", 1, until="2025-01-05"), event("page_viewed", 2)]

    assert moves_of("standing", events, at(9))[1:] == [("open", at(2), "acted", b"page_viewed@2")]


# Timers


def test_days_are_exact_and_more_is_a_microsecond_later() -> None:
    page, since = event("page_viewed", 1.5), {"measure": "days_since", "of": ["page_viewed"]}

    assert fired([page], at(9), rule("r", "second", "time", since | {"at_least": 2})) == [("r", at(3.5))]
    assert fired([page], at(9), rule("r", "second", "time", since | {"more_than": 2})) == [("r", at(3.5, 1))]
    assert fired([page], at(9), rule("r", "second", "time", since | {"is": 2})) == [("r", at(3.5))]
    assert fired([page], at(9), rule("r", "second", "time", since | {"at_most": 2})) == [("r", at(1.5))]
    assert fired([event("note_added", 1)], at(9), rule("r", "second", "time", since | {"is_not": 2})) == []


def test_the_last_event_of_the_types_starts_the_days_anew_and_is_the_cause() -> None:
    since = {"measure": "days_since", "of": ["page_viewed", "ad_clicked"], "at_least": 2}
    events = [event("page_viewed", 1), event("ad_clicked", 2.5), event("note_added", 4)]
    quiet = playbook(rule("quiet", "second", "time", since))

    assert moves_of("stage", events, at(9), quiet)[1:] == [("second", at(4.5), "quiet", b"ad_clicked@2.5")]


def test_days_in_stage_begin_again_with_each_entry() -> None:
    rules = [
        rule("decided", {"property": "stage"}, ["stage_set"]),
        rule("aged", "third", "time", {"measure": "days_in_stage", "at_least": 2}, of=["second"]),
    ]
    events = [event("stage_set", day, stage=to) for day, to in [(1, "second"), (2, "first"), (2.5, "second")]]

    assert fired(events, at(9), *rules)[-1] == ("aged", at(4.5))


def test_a_time_rule_held_back_fires_when_the_one_before_it_ends() -> None:
    fresh = {"measure": "days_since", "of": ["page_viewed"], "at_most": 3}
    rules = [rule("fresh", {"health": "active"}, "time", fresh), rule("stale", {"health": "cooling"}, "time")]

    assert fired([event("page_viewed", 1)], at(9), *rules) == [("fresh", at(1)), ("stale", at(4, 1))]


def test_a_moment_is_looked_at_again_until_nothing_changes() -> None:
    rules = [
        rule("then", {"health": "lapsed"}, "time", {"measure": "stage", "is": "second"}),
        rule("quiet", "second", "time", {"measure": "days_in_stage", "at_least": 1}, of=["first"]),
    ]

    assert fired([event("page_viewed", 1)], at(9), *rules) == [("quiet", at(2)), ("then", at(2))]


def test_rules_that_set_each_other_off_for_ever_are_an_error() -> None:
    rules = [rule("there", "second", "time", of=["first"]), rule("back", "first", "time", of=["second"])]

    with pytest.raises(EndlessRulesError):
        told([event("page_viewed", 1)], at(1), playbook(*rules))


def test_a_window_of_days_empties_at_midnight() -> None:
    few = {"measure": "count", "of": ["page_viewed"], "within_days": 2, "less_than": 2}
    events = [event("page_viewed", 1.5), event("page_viewed", 1.7), event("page_viewed", 3.5)]

    # the first look is at the first event alone; then from day 4 on (days 2 to 4) only the last page is seen
    rules = [rule("few", {"health": "cooling"}, "time", few), rule("many", {"health": "active"}, ["page_viewed"])]
    assert fired(events, at(9), *rules) == [
        ("many", at(1.5)),
        ("few", at(1.5)),
        ("many", at(1.7)),
        ("few", at(4)),
    ]


def test_a_score_rule_fires_at_midnight() -> None:
    document = playbook(
        rule("cold", "second", "time", {"measure": "score", "less_than": 5}),
        points={"page_viewed": 8},
        half_life_days=3,
    )

    # 8000, 6350, 5040, 4000 thousandths on the days 1, 2, 3, 4
    assert moves_of("stage", [event("page_viewed", 1.9)], at(9), document)[1:] == [("second", at(4), "cold", None)]


def test_a_time_rule_knows_no_property() -> None:
    unknown = rule("unknown", "second", "time", {"measure": "property", "name": "x", "exists": False})
    known = rule("known", "third", "time", {"measure": "property", "name": "x", "exists": True})

    assert fired([event("note_added", 1, x=1)], at(9), known, unknown) == [("unknown", at(1))]


def test_the_cause_is_that_of_the_first_condition_which_has_one() -> None:
    since: Condition = {"measure": "days_since", "of": ["note_added"], "at_least": 1}
    recall: Condition = {"measure": "recall"}
    events = [event("note_added", 1), event("postponed", 1.5, until="2025-01-05")]

    for conditions, cause in [([since, recall], b"note_added@1"), ([recall, since], b"postponed@1.5")]:
        document = playbook(rule("both", "second", "time", {"measure": "score", "at_most": 9}, *conditions))
        assert moves_of("stage", events, at(9), document)[1:] == [("second", at(4), "both", cause)]
