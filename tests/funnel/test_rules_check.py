"""Faults of a playbook are found before it is published, and only faults."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.fold import EndlessRules, State, fold
from funnel.playbook_sense import senseless
from funnel.rules import MESSAGES, Finding, Playbook, Playbooks, check
from funnel.state import DAY
from tests.funnel.strategies import RANKS, documents, logs, patient

DEFAULT = json.loads((Path(__file__).parents[2] / "funnel/default_playbook.json").read_text())
TYPES = {
    *DEFAULT["points"],
    *("stage_set", "order_refunded", "postponed", "disqualified", "relationship_ended", "reopened"),
}


def document(*rules, **changes):
    stages = [("cold", "stranger"), ("warm", "friend"), ("hot", "customer"), ("gold", "customer")]
    return {
        "stages": [{"key": key, "phase": phase} for key, phase in stages],
        "half_life_days": 30,
        "points": {"page_viewed": 1},
        "rules": [{"name": f"rule {place}"} | rule for place, rule in enumerate(rules)] + [BY_HAND],
    } | changes


BY_HAND = {"name": "by hand", "to": {"property": "stage"}, "on": ["stage_set"]}
VIEWED = {"on": ["page_viewed"], "to": "warm", "from": ["cold"]}


def faults(*rules, **changes):
    return [(finding.code, finding.pointer) for finding in check(document(*rules, **changes), types=TYPES)]


def when(*conditions, **rule):
    return faults(VIEWED | {"when": list(conditions)} | rule)


def test_the_default_playbook_has_no_fault():
    assert check(DEFAULT, types=TYPES) == []


def test_a_finding_says_what_and_where_in_words_and_in_parts():
    (finding,) = check(document(VIEWED | {"on": ["page_vewed"]}), types=TYPES)

    assert finding == Finding(
        code="unknown_type",
        pointer="/rules/0/on/0",
        message="There is no event type “page_vewed”.",
        parameters={"type": "page_vewed"},
    )
    assert MESSAGES[finding.code].format(**finding.parameters) == finding.message


@pytest.mark.parametrize("broken", [None, [], "rules", 7, {"rules": []}, {**DEFAULT, "rules": {}}, {**DEFAULT, "x": 1}])
def test_what_is_no_playbook_at_all_is_refused_without_falling_over(broken):
    assert check(broken, types=TYPES) != []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"half_life_days": 0}, ("wrong_kind", "/half_life_days")),
        ({"half_life_days": 1.5}, ("wrong_kind", "/half_life_days")),
        ({"half_life_days": True}, ("wrong_kind", "/half_life_days")),
        ({"points": {"page_viewed": 0.5}}, ("wrong_kind", "/points/page_viewed")),
        ({"points": {"a/b~c": 1}}, ("unknown_type", "/points/a~1b~0c")),
        ({"stages": []}, ("wrong_length", "/stages")),
        ({"stages": [{"key": "cold", "phase": "ally"}]}, ("wrong_kind", "/stages/0/phase")),
        ({"stages": [{"key": "", "phase": "friend"}]}, ("wrong_kind", "/stages/0/key")),
        ({"stages": [{"phase": "friend"}]}, ("missing", "/stages/0")),
        ({"stages": ["cold"]}, ("wrong_kind", "/stages/0")),
        ({"stages": 2 * [{"key": "cold", "phase": "friend"}]}, ("duplicate_stage", "/stages/1/key")),
        ({"rules": ["rule"]}, ("wrong_kind", "/rules/0")),
        ({"rules": [BY_HAND | {"name": "start"}]}, ("reserved_name", "/rules/0/name")),
        ({"rules": [BY_HAND, BY_HAND]}, ("duplicate_name", "/rules/1/name")),
    ],
)
def test_faults_of_the_document_itself(changes, expected):
    assert expected in faults(**changes)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"to": "boiling"}, ("unknown_value", "/rules/0/to")),
        ({"to": {"health": "fine"}}, ("unknown_value", "/rules/0/to")),
        ({"to": {"standing": None}}, ("unknown_value", "/rules/0/to")),
        ({"to": {"stage": "warm"}}, ("wrong_kind", "/rules/0/to")),
        ({"to": {"mood": "good"}}, ("wrong_kind", "/rules/0/to")),
        ({"to": {"property": 5}}, ("wrong_kind", "/rules/0/to/property")),
        ({"to": {"property": "stage"}, "on": "time"}, ("needs_event", "/rules/0/to")),
        ({"to": ["warm"]}, ("wrong_kind", "/rules/0/to")),
        ({"from": ["boiling"]}, ("unknown_value", "/rules/0/from/0")),
        ({"from": ["cold", None]}, ("unknown_value", "/rules/0/from/1")),
        ({"from": []}, ("wrong_length", "/rules/0/from")),
        ({"from": "cold"}, ("wrong_kind", "/rules/0/from")),
        ({"on": []}, ("wrong_length", "/rules/0/on")),
        ({"on": "midnight"}, ("wrong_kind", "/rules/0/on")),
        ({"on": [["page_viewed"]]}, ("unknown_type", "/rules/0/on/0")),
        ({"when": {"measure": "score"}}, ("wrong_kind", "/rules/0/when")),
        ({"when": ["score"]}, ("wrong_kind", "/rules/0/when/0")),
        ({"when": 21 * [{"measure": "score", "at_least": 1}]}, ("wrong_length", "/rules/0/when")),
        ({"then": "smile"}, ("unknown_field", "/rules/0/then")),
        ({"name": None}, ("wrong_kind", "/rules/0/name")),
    ],
)
def test_faults_of_a_rule(rule, expected):
    assert expected in faults(VIEWED | rule)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"measure": "mood", "is": "good"}, ("unknown_measure", "/rules/0/when/0/measure")),
        ({"silence_days": 30}, ("no_measure", "/rules/0/when/0")),
        ({"measure": "score"}, ("one_operator", "/rules/0/when/0")),
        ({"measure": "score", "at_least": 1, "at_most": 5}, ("one_operator", "/rules/0/when/0")),
        ({"measure": "score", "at_least": "5"}, ("wrong_kind", "/rules/0/when/0/at_least")),
        ({"measure": "score", "at_least": 2.5}, ("wrong_kind", "/rules/0/when/0/at_least")),
        ({"measure": "score", "contains": 5}, ("operator_unfit", "/rules/0/when/0/contains")),
        ({"measure": "score", "in": 5}, ("wrong_kind", "/rules/0/when/0/in")),
        ({"measure": "score", "in": []}, ("wrong_length", "/rules/0/when/0/in")),
        ({"measure": "score", "in": [1, True]}, ("wrong_kind", "/rules/0/when/0/in/1")),
        ({"measure": "score", "exists": 1}, ("wrong_kind", "/rules/0/when/0/exists")),
        ({"measure": "score", "of": ["page_viewed"], "is": 1}, ("unknown_field", "/rules/0/when/0/of")),
        ({"measure": "property", "is": "x"}, ("missing", "/rules/0/when/0")),
        ({"measure": "property", "name": "x", "is": None}, ("wrong_kind", "/rules/0/when/0/is")),
        ({"measure": "property", "name": "x", "at_least": "9"}, ("wrong_kind", "/rules/0/when/0/at_least")),
        ({"measure": "count", "at_least": 1}, ("missing", "/rules/0/when/0")),
        ({"measure": "count", "of": ["nothing"], "at_least": 1}, ("unknown_type", "/rules/0/when/0/of/0")),
        ({"measure": "count", "of": "page_viewed", "at_least": 1}, ("wrong_kind", "/rules/0/when/0/of")),
        (
            {"measure": "count", "of": ["page_viewed"], "within_days": 5000, "at_least": 1},
            ("wrong_kind", "/rules/0/when/0/within_days"),
        ),
        ({"measure": "sum", "of": ["page_viewed"], "at_least": 1}, ("missing", "/rules/0/when/0")),
        (
            {"measure": "sum", "of": ["page_viewed"], "currency": "euro", "at_least": 1},
            ("wrong_kind", "/rules/0/when/0/currency"),
        ),
        ({"measure": "fit", "at_least": "G"}, ("wrong_kind", "/rules/0/when/0/at_least")),
        ({"measure": "stage", "at_least": "warm"}, ("operator_unfit", "/rules/0/when/0/at_least")),
        ({"measure": "health", "is": "fine"}, ("wrong_kind", "/rules/0/when/0/is")),
        ({"measure": "silence", "usual_intervals": 2}, ("time_only", "/rules/0/when/0")),
        ({"measure": "recall", "at_least": 2}, ("no_operator", "/rules/0/when/0/at_least")),
    ],
)
def test_faults_of_a_condition(condition, expected):
    assert expected in when(condition)


def test_time_rules_know_no_property_and_no_silence_turned_round():
    silence = {"measure": "silence", "usual_intervals": 2, "min_days": 9, "max_days": 5}
    assert when({"measure": "property", "name": "x", "is": 1}, silence, on="time") == [
        ("needs_event", "/rules/0/when/0"),
        ("wrong_way_round", "/rules/0/when/1"),
    ]


def test_a_rule_from_its_own_target_moves_nobody():
    assert faults(VIEWED | {"from": ["warm"]}) == [("own_target", "/rules/0")]


def count(**test):
    return {"measure": "count", "of": ["page_viewed"]} | test


def clicks(**test):
    return {"measure": "count", "of": ["ad_clicked"]} | test


def known(**test):
    return {"measure": "property", "name": "kind"} | test


@pytest.mark.parametrize(
    "conditions",
    [
        [count(at_least=5), count(at_most=3)],
        [count(more_than=2), count(less_than=3)],
        [count(at_least=3, within_days=7), count(at_most=2, within_days=14)],  # what the week holds the fortnight holds
        [count(at_least=3, within_days=7), count(is_=2)],
        [count(at_least=3, distinct_days=True), count(less_than=3)],
        [{"measure": "kept_orders", "at_most": 1}, {"measure": "count", "of": ["order_completed"], "at_least": 2}],
        [clicks(at_least=1, within_days=20), {"measure": "days_since", "of": ["ad_clicked"], "at_least": 30}],
        [clicks(at_least=1, within_days=29), {"measure": "days_since", "of": ["ad_clicked"], "at_least": 30}],
        [count(at_most=0)],  # the page view itself is one
        [count(less_than=0)],
        [{"measure": "days_since", "of": ["page_viewed"], "at_least": 30}],  # the page view itself was just now
        [{"measure": "days_since", "of": ["page_viewed"], "exists": False}],
        [{"measure": "kept_orders", "exists": False}],
        [known(is_="a"), known(is_="b")],
        [known(is_="a"), known(is_not="a")],
        [known(in_=["a", "b"]), known(in_=["c"])],
        [known(exists=False), known(is_="a")],
        [known(is_=5), known(contains="a")],
        [known(at_least=3), known(contains="a")],
        [{"measure": "stage", "is": "hot"}],  # the rule is for those in cold
        [{"measure": "fit", "at_least": "B"}, {"measure": "fit", "at_most": "C"}],
        [{"measure": "standing", "is_not": standing} for standing in ("open", "not_now", "closed")],
    ],
)
def test_conditions_that_cannot_hold_together(conditions):
    named = [{name.rstrip("_"): value for name, value in condition.items()} for condition in conditions]
    assert when(*named) == [("contradiction", "/rules/0")]


@pytest.mark.parametrize(
    "conditions",
    [
        [count(at_least=3), count(at_most=3)],
        [count(at_least=5), count(at_most=3) | {"within_days": 7}],
        [count(at_least=3, within_days=14), count(at_most=2, within_days=7)],
        [count(at_least=3, within_days=7), count(at_most=2, within_days=7, distinct_days=True)],
        [count(at_least=8, within_days=7, distinct_days=True)],
        [count(at_least=2, within_days=0)],
        [clicks(at_least=1, within_days=30), {"measure": "days_since", "of": ["ad_clicked"], "at_least": 30}],
        [known(more_than=3), known(less_than=3.2)],
        [known(is_not="a"), known(is_not="b"), known(exists=True)],
        [known(contains="a"), known(contains="b")],
        [known(contains=1), known(contains="b")],
        [known(in_=["a", "b"]), known(in_=["b", "c"])],
        [{"measure": "score", "more_than": 2}, {"measure": "score", "less_than": 3}],
        [{"measure": "days_since", "of": ["page_viewed", "ad_clicked"], "is": 0}],
        [{"measure": "days_since", "of": ["ad_clicked"], "exists": False}],
        [{"measure": "health", "exists": False}],
        [{"measure": "fit", "at_least": "C"}, {"measure": "fit", "less_than": "A"}],
        [{"measure": "sum", "of": ["order_completed"], "currency": "EUR", "less_than": 0}],
    ],
)
def test_conditions_that_can_hold_together(conditions):
    named = [{name.rstrip("_"): value for name, value in condition.items()} for condition in conditions]
    assert when(*named) == []


WIDE = {"on": ["page_viewed", "ad_clicked"], "to": "warm"}
NARROW = {"on": ["ad_clicked"], "from": ["cold"], "to": "hot"}


def test_a_rule_behind_a_wider_one_never_fires():
    assert check(document(WIDE, NARROW), types=TYPES) == [
        (
            "shadowed",
            "/rules/1",
            "This rule can never fire: “rule 0” comes before it and always matches first.",
            {"by": "rule 0"},
        )
    ]


def test_a_rule_whose_types_are_all_taken_by_several_others_never_fires():
    clicked = {"on": ["ad_clicked"], "to": "warm"}
    both = {"on": ["page_viewed", "ad_clicked"], "from": ["cold"], "to": "hot"}
    assert faults(VIEWED, clicked, both) == [("shadowed", "/rules/2")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"at_least": 3}, {"at_least": 5}),
        ({"at_least": 3}, {"more_than": 3}),
        ({"at_most": 5}, {"less_than": 5}),
        ({"less_than": 5}, {"is": 4}),
        ({"exists": True}, {"is": 4}),
        ({"in": [3, 4]}, {"in": [4]}),
    ],
)
def test_a_narrower_condition_behind_a_wider_one_never_fires(first, second):
    score = {"measure": "score"}
    assert faults(WIDE | {"when": [score | first]}, NARROW | {"when": [score | second]}) == [("shadowed", "/rules/1")]
    assert faults(WIDE | {"when": [score | second]}, NARROW | {"when": [score | first]}) == []


def test_more_days_than_a_window_holds_are_never_counted():
    wanted = count(at_least=9, within_days=7, distinct_days=True)
    [finding] = check(document(VIEWED | {"when": [wanted]}), types=TYPES)
    assert (finding.code, finding.pointer, finding.parameters) == (
        "too_many_days",
        "/rules/0",
        {"within": 7, "days": 8},
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (clicks(at_least=2, within_days=14), clicks(at_least=3, within_days=7)),
        (clicks(at_least=2), clicks(more_than=2, distinct_days=True)),
        (clicks(at_most=5, within_days=7), clicks(at_most=5, within_days=14)),
        (clicks(more_than=0, within_days=30), clicks(is_=4, within_days=7)),
    ],
)
def test_a_narrower_window_behind_a_wider_one_never_fires(first, second):
    one, other = ({name.rstrip("_"): value for name, value in part.items()} for part in (first, second))
    assert faults(WIDE | {"when": [one]}, NARROW | {"when": [other]}) == [("shadowed", "/rules/1")]
    assert faults(WIDE | {"when": [other]}, NARROW | {"when": [one]}) == []


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (WIDE | {"from": ["hot"]}, NARROW),
        (WIDE | {"on": ["page_viewed"]}, NARROW),
        (WIDE | {"to": {"health": "active"}}, NARROW),
        (WIDE | {"when": [{"measure": "score", "at_least": 3}]}, NARROW),
        (WIDE | {"to": "hot"}, NARROW | {"to": "warm"}),  # public events pass by a rule that makes customers
        (BY_HAND | {"name": "first", "on": ["ad_clicked"]}, NARROW),
    ],
)
def test_a_rule_behind_one_that_may_not_match_can_fire(wide, narrow):
    assert faults(wide, narrow) == []


def test_longer_silence_behind_a_shorter_one_never_fires():
    def silent(intervals, to):
        quiet = {"measure": "silence", "usual_intervals": intervals}
        return {"on": "time", "from": ["active"], "to": {"health": to}, "when": [quiet]}

    bought = {"on": ["order_completed"], "to": {"health": "active"}}
    assert faults(bought, silent(2, "cooling"), silent(4, "lapsed")) == [("shadowed", "/rules/2")]
    assert faults(bought, silent(4, "lapsed"), silent(2, "cooling")) == []


def test_stages_that_nothing_leads_to_and_rules_that_start_there():
    rules = [
        VIEWED | {"name": "viewed"},
        {"name": "from nowhere", "on": ["ad_clicked"], "from": ["hot"], "to": "gold"},
        {"name": "asks for it", "on": ["ad_clicked"], "to": "gold", "when": [{"measure": "health", "is": "lapsed"}]},
    ]
    assert faults(rules=rules) == [
        ("unreachable_from", "/rules/1"),
        ("unreachable_from", "/rules/2"),
        ("unreachable_stage", "/stages/2"),
        ("unreachable_stage", "/stages/3"),
    ]


def after(days, origin, to):
    return {"on": "time", "from": [origin], "to": to, "when": [{"measure": "days_in_stage", "at_least": days}]}


def test_time_rules_that_turn_in_a_circle_are_refused():
    assert check(document(after(30, "cold", "warm"), after(30, "warm", "cold")), types=TYPES) == [
        (
            "loop",
            "/rules/0",
            "These time rules set each other off for ever, without any event: “rule 0”, “rule 1”.",
            {"rules": "“rule 0”, “rule 1”"},
        )
    ]


@pytest.mark.parametrize(
    "back",
    [
        {"measure": "count", "of": ["page_viewed"], "within_days": 30, "at_least": 1},  # empties
        {"measure": "score", "at_least": 5},  # fades
        {"measure": "days_since", "of": ["page_viewed"], "at_most": 5},  # passes
    ],
)
def test_a_circle_that_comes_to_rest_by_itself_is_none(back):
    again = {"on": "time", "from": ["warm"], "to": "cold", "when": [back]}
    assert faults(after(30, "cold", "warm"), again) == []


def test_an_earlier_silence_that_lasts_holds_its_place_against_a_later_one():
    def silent(intervals, to):
        return {"on": "time", "to": {"health": to}, "when": [{"measure": "silence", "usual_intervals": intervals}]}

    assert faults(silent(4, "lapsed"), silent(2, "cooling")) == []


@patient
@given(documents(), logs())
def test_a_rule_said_never_to_fire_never_fires(some, log):
    never = {
        finding.pointer
        for finding in senseless(some)
        if finding.code in ("own_target", "contradiction", "shadowed", "unreachable_from")
    }
    try:
        _, moves = fold(State.start(), log, Playbooks([Playbook.parse(some, 1, None)]), 140 * DAY)
    except EndlessRules:
        return

    assert not [move for move in moves if f"/rules/{move.rule}" in never]


@patient
@given(documents(), logs())
def test_rules_that_run_in_circles_were_said_to(some, log):
    try:
        fold(State.start(), log, Playbooks([Playbook.parse(some, 1, None)]), 140 * DAY)
    except EndlessRules:
        assert "loop" in [finding.code for finding in senseless(some)]


@patient
@given(documents(), st.data())
def test_the_check_reads_any_damaged_playbook_without_falling_over(some, data):
    damaged = json.loads(json.dumps(some))
    parent: Any = damaged
    while True:
        key = data.draw(st.sampled_from(sorted(parent) if isinstance(parent, dict) else range(len(parent))))
        if not isinstance(parent[key], dict | list) or not parent[key] or data.draw(st.booleans()):
            break
        parent = parent[key]
    parent[key] = data.draw(st.sampled_from([None, [], {}, "", "x", -1, 1e300, True, [None], {"x": 1}]))

    assert all(finding.message for finding in check(damaged, types=RANKS))
