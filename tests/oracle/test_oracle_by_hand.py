"""Small cases whose answers were worked out with pencil and paper from docs/fold.md."""

from typing import Any

import pytest

from tests.oracle.cases import at, event, fired, healths, order, playbook, refund, told, version
from tests.oracle.oracle import HOUR, Answer, Condition, answer
from tests.oracle.playbook import rule

# Walking


def test_nobody_stands_anywhere_before_the_first_event() -> None:
    assert told([], at(9)) == Answer(None, None, "open", 0, [], [])
    assert told([event("page_viewed", 1)], at(1) - 1) == Answer(None, None, "open", 0, [], [])


def test_a_path_starts_in_the_first_stage_with_health_and_standing_silent() -> None:
    start = ("stage", None, "prospecting", at(1), "start", 1, b"page_viewed@1", 1)

    assert told([event("page_viewed", 1)], at(1)) == Answer("prospecting", None, "open", 1000, [start], [[]])


def test_an_order_moves_stage_before_health_and_counts_its_visits() -> None:
    assert told([order(1)], at(1)).moves == [
        ("stage", None, "prospecting", at(1), "start", 1, b"order_completed@1", 1),
        ("stage", "prospecting", "customer", at(1), "bought", 1, b"order_completed@1", 1),
        ("health", None, "active", at(1), "buys", 1, b"order_completed@1", 1),
    ]


def test_events_of_one_moment_walk_by_rank_then_by_key() -> None:
    both = [refund(1, key="a"), order(1, key="b")]
    decisions = [event("stage_set", 2, stage=to, key=key) for key, to in [("b", "lead"), ("a", "retargeting")]]

    assert told(both, at(1)).stage == "lead"  # the order first, then its refund
    assert told(decisions, at(2)).stage == "lead"  # the greater key last


def test_a_second_order_on_another_utc_day_makes_loyalty() -> None:
    late_evening, same_day, next_day = order(1.9), order(1.2), order(2)

    assert told([late_evening, same_day], at(3)).stage == "customer"
    assert told([late_evening, next_day], at(3)).stage == "loyalty"


def test_a_second_order_a_year_and_a_day_later_does_not() -> None:
    assert told([order(0.5), order(365)], at(365)).stage == "loyalty"
    assert told([order(0.5), order(366)], at(366)).stage == "customer"


def test_a_public_event_goes_no_further_than_lead() -> None:
    assert told([order(1, public=True)], at(1)).stage == "prospecting"
    assert told([event("form_submitted", 1, public=True)], at(1)).stage == "lead"
    assert told([event("stage_set", 1, stage="advocate", public=True)], at(1)).stage == "prospecting"


def test_a_stage_that_the_playbook_does_not_have_is_not_entered() -> None:
    rules = [rule("decided", {"property": "stage"}, ["stage_set"]), rule("otherwise", "second", ["stage_set"])]

    assert fired([event("stage_set", 1, stage="third")], at(1), *rules) == [("decided", at(1))]
    assert fired([event("stage_set", 1, stage="gone")], at(1), *rules) == [("otherwise", at(1))]
    assert fired([event("stage_set", 1)], at(1), *rules) == [("otherwise", at(1))]


def test_a_chosen_rule_whose_target_is_there_keeps_the_next_from_being_tried() -> None:
    stay, leave = rule("stay", "first", ["page_viewed"]), rule("leave", "second", ["page_viewed"])

    assert fired([event("page_viewed", 1)], at(1), stay, leave) == []
    assert fired([event("page_viewed", 1)], at(1), leave, stay) == [("leave", at(1))]


def test_all_dimensions_choose_on_the_state_before_any_of_them_moves() -> None:
    still_first = {"measure": "stage", "is": "first"}
    no_health_yet = {"measure": "health", "exists": False}
    rules = [
        rule("step", "second", ["page_viewed"]),
        rule("well", {"health": "active"}, ["page_viewed"], still_first),
        rule("wait", {"standing": "not_now"}, ["page_viewed"], no_health_yet),
    ]

    assert fired([event("page_viewed", 1)], at(1), *rules) == [("step", at(1)), ("well", at(1)), ("wait", at(1))]


def test_a_visit_counts_every_entry_also_into_no_health() -> None:
    events = [order(1, order_id="A"), refund(2), order(3), refund(4)]
    moves = [(to, visit) for of, _, to, _, _, _, _, visit in told(events, at(5)).moves if of == "health"]

    assert moves == [("active", 1), (None, 1), ("active", 2), (None, 2)]


# Orders


def test_partial_refunds_add_up_to_a_full_one() -> None:
    parts = [order(1, order_id="A"), refund(2, 40, order_id="A"), refund(3, 59, order_id="A")]

    assert told(parts, at(9)).stage == "customer"
    assert told([*parts, refund(4, 1, order_id="A")], at(9))[:2] == ("lead", None)
    assert told([*parts, refund(4, 700, order_id="A"), order(5)], at(9))[:2] == ("customer", "active")


def test_a_refund_without_an_order_id_goes_to_the_newest_kept_order() -> None:
    orders = [order(0, order_id="A"), order(100, order_id="B")]

    assert healths([*orders, refund(101)], at(300)) == [("active", at(0)), ("cooling", at(180))]
    assert healths([*orders, refund(101), refund(102)], at(300)) == [("active", at(0)), (None, at(102))]


def test_a_refund_goes_to_the_newest_kept_order_of_a_reused_id() -> None:
    orders = [order(1, order_id="A"), order(2, 50, order_id="A")]

    assert told([*orders, refund(3, 50, order_id="A"), refund(4, 50, order_id="A")], at(5)).health == "active"
    assert told([*orders, refund(3, 50, order_id="A"), refund(4, 100, order_id="A")], at(5)).health is None


def test_a_refund_before_its_order_or_of_another_order_changes_nothing() -> None:
    assert told([refund(1, order_id="A"), order(2, order_id="A")], at(3)).stage == "customer"
    assert told([order(2, order_id="A"), refund(3, order_id="B")], at(3)).stage == "customer"


def test_a_refund_in_another_currency_adds_nothing() -> None:
    assert told([order(1), refund(2, 100, "USD")], at(3)).stage == "customer"
    assert told([order(1), refund(2, 100, None)], at(3)).stage == "customer"
    assert told([order(1, 100, None), refund(2, 100, None)], at(3)).stage == "lead"
    assert told([order(1, 0), refund(2, 100, "USD")], at(3)).stage == "lead"  # nothing refunded reaches nothing paid


def test_an_order_or_a_refund_without_a_value_is_refunded_in_full() -> None:
    assert told([order(1, None), refund(2, 1, "USD")], at(3)).stage == "lead"
    assert told([order(1), refund(2, None, "USD")], at(3)).stage == "lead"


@pytest.mark.parametrize("order_id", ["7", 7, 7.0])
def test_an_order_id_may_be_text_or_a_whole_number(order_id: Any) -> None:
    assert told([order(1, order_id="7"), refund(2, order_id=order_id)], at(3)).stage == "lead"


@pytest.mark.parametrize("order_id", [7.5, True, None, ["7"]])
def test_anything_else_is_no_order_id(order_id: Any) -> None:
    orders = [order(1, order_id="7"), order(2, order_id="8")]

    assert told([*orders, refund(3, order_id=order_id), refund(4, order_id="8")], at(5)).stage == "loyalty"


# Versions


def test_the_highest_version_whose_moment_has_come_decides() -> None:
    to_second, to_third = (playbook(rule(to, to, ["page_viewed"])) for to in ("second", "third"))
    versions = [version(to_second), version(to_third, 2, at(5)), version(to_second, 3, at(4))]

    early = answer([event("page_viewed", 3)], versions[:2], at(9))
    exactly = answer([event("page_viewed", 5)], versions[:2], at(9))
    replaced = answer([event("page_viewed", 5)], versions, at(9))
    assert [(told.stage, told.moves[-1][5]) for told in (early, exactly, replaced)] == [
        ("second", 1),
        ("third", 2),
        ("second", 3),
    ]


def test_a_version_that_comes_into_force_can_make_a_rule_true() -> None:
    aged = rule("aged", "second", "time", {"measure": "days_in_stage", "at_least": 2})
    versions = [version(playbook()), version(playbook(aged), 2, at(7, 3))]

    assert answer([event("page_viewed", 1)], versions, at(9)).moves[1:] == [
        ("stage", "first", "second", at(7, 3), "aged", 2, None, 1)
    ]


# Measures


def test_distinct_days_count_utc_days() -> None:
    days = {"measure": "count", "of": ["page_viewed"], "distinct_days": True, "at_least": 2}
    events = [event("page_viewed", 1.2), event("page_viewed", 1.9), event("page_viewed", 2)]

    assert fired(events, at(9), rule("twice", "second", ["page_viewed"], days)) == [("twice", at(2))]


def test_a_sum_sees_one_currency_and_kept_orders_only() -> None:
    enough = {"measure": "sum", "of": ["order_completed"], "currency": "EUR", "at_least": 200}
    rich = rule("rich", "second", ["order_completed", "note_added"], enough)
    orders = [order(1), order(2, 900, "USD"), order(3, order_id="B"), order(4, None)]

    assert fired(orders, at(9), rich) == [("rich", at(3))]
    assert fired([order(1), order(2, order_id="B"), refund(2, order_id="B"), event("note_added", 3)], at(9), rich) == [
        ("rich", at(2))
    ]
    assert fired([order(1, order_id="B"), refund(1.5, 99), refund(1.7), order(2)], at(9), rich) == []


def test_a_score_halves_in_its_half_life_by_utc_days() -> None:
    viewed = [event("page_viewed", 1.9), event("page_viewed", 4)]
    document = playbook(points={"page_viewed": 8}, half_life_days=3)

    assert [told(viewed[:1], at(day), document).score for day in (1.9, 2, 4, 7, 103)] == [8000, 6350, 4000, 2000, 0]
    assert told(viewed, at(7), document).score == 6000


def test_the_half_life_is_that_of_the_version_at_the_later_moment() -> None:
    slow, fast = (playbook(points={"page_viewed": 8}, half_life_days=days) for days in (4, 2))
    versions = [version(slow), version(fast, 2, at(5))]

    assert [answer([event("page_viewed", 1)], versions, at(5) - after).score for after in (1, 0)] == [4757, 2000]


@pytest.mark.parametrize(
    ("given", "test", "holds"),
    [
        (1.0, {"is": 1}, True),
        (True, {"is": 1}, False),
        ("1", {"is_not": 1}, True),
        (None, {"is_not": 1}, False),
        ([True], {"in": [[1]]}, False),
        ([1.0], {"in": [[1]]}, True),
        ("guidebook", {"contains": "book"}, True),
        ([1, 2], {"contains": 2.0}, True),
        ({"a": 1}, {"contains": "a"}, False),
        (True, {"at_least": 0}, False),
        ("9", {"at_least": 9}, False),
        (9, {"more_than": 8.5}, True),
        (False, {"exists": True}, True),
        (None, {"exists": False}, True),
    ],
)
def test_a_property_is_compared_as_a_json_value(given: Any, test: dict[str, Any], holds: bool) -> None:
    condition = {"measure": "property", "name": "x"} | test

    assert (
        fired([event("note_added", 1, x=given)], at(1), rule("r", "second", ["note_added"], condition))
        == [("r", at(1))] * holds
    )


def test_an_attribute_is_the_last_value_given_and_null_takes_it_away() -> None:
    finnish = rule("finnish", "second", ["note_added"], {"measure": "attribute", "name": "country", "is": "FI"})
    given, other = event("contact_created", 1, country="FI"), event("attributes_changed", 2, city="Oulu")
    taken = event("owner_changed", 3, country=None)

    assert fired([given, other, event("note_added", 4)], at(9), finnish) == [("finnish", at(4))]
    assert fired([given, other, taken, event("note_added", 4)], at(9), finnish) == []


def test_fit_compares_letters_with_a_the_highest() -> None:
    good = rule("good", "second", ["contact_created"], {"measure": "fit", "at_least": "C"})

    assert [
        fit for fit in ["A", "C", "D", "G", "c", 1] if fired([event("contact_created", 1, fit=fit)], at(1), good)
    ] == [
        "A",
        "C",
    ]


def test_the_evidence_is_what_each_condition_saw_when_the_rule_was_chosen() -> None:
    seen: list[Condition] = [
        {"measure": "stage", "is": "first"},
        {"measure": "score", "at_least": 8},
        {"measure": "days_since", "of": ["page_viewed"], "at_least": 1},
        {"measure": "attribute", "name": "country", "exists": False},
    ]
    document = playbook(rule("noted", "second", ["note_added"], *seen), points={"page_viewed": 9}, half_life_days=30)

    assert told([event("page_viewed", 1), event("note_added", 2.5)], at(9), document).evidence == [
        [],
        ["first", 8794, 36 * HOUR, None],
    ]
