"""Examples kept with a playbook: stories and where they end, tried without writing anything."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.catalogue import EVENT_TYPES
from funnel.examples import try_examples
from funnel.playbooks import Playbook, Playbooks
from funnel.rules import check
from funnel.stories import Told, read_line, written
from funnel.texts import as_text
from tests.funnel.people import DEFAULT

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.one_of(TEXTS, st.booleans(), st.integers(-(10**9), 10**9), st.sampled_from(["1", "true", "day 30", "2.5"]))


def document(*examples: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(DEFAULT) | {"examples": list(examples)}


def example(*events: str, day: int = 30, **then: str | None) -> dict[str, Any]:
    return {"name": "A story", "events": list(events), "day": day, "then": then}


def test_the_examples_of_the_default_playbook_hold():
    verdicts = try_examples(DEFAULT)
    assert (len(verdicts), [one.name for one in verdicts if not one.holds]) == (7, [])


def test_a_story_that_ends_elsewhere_says_where_since_when_and_by_which_rule():
    [verdict] = try_examples(document(example("day 0 page_viewed", "day 3 form_submitted", stage="customer")))

    assert (verdict.holds, verdict.parted) == (False, ("stage",))
    assert verdict.came == {"stage": "lead", "health": None, "standing": "open"}
    assert [(move.to, move.rule, verdict.cause_of(move)) for move in verdict.moves] == [
        ("prospecting", None, Told(0, None, "page_viewed")),
        ("lead", 6, Told(3, None, "form_submitted")),
    ]


def test_events_of_a_day_come_as_they_are_told_and_time_goes_on_to_the_end_of_the_last_day():
    order = "day 1 order_completed 59.00 EUR order_id=1"
    refund = "day 1 order_refunded 59.00 EUR order_id=1"
    cases = [
        example(order, refund, day=1, stage="lead", health=None),
        example(refund, order, day=1, stage="customer", health="active"),
        example("day 0 order_completed", day=179, health="active"),
        example("day 0 order_completed", day=180, health="cooling"),
        example("day 0 quote_requested", 'day 2 postponed until="day 9"', day=8, standing="not_now"),
        example("day 0 quote_requested", 'day 2 postponed until="day 9"', day=9, standing="open"),
    ]
    assert [(one.parted, dict(one.came)) for one in try_examples(document(*cases)) if not one.holds] == []


def test_a_public_source_makes_nobody_a_customer_and_what_it_claims_does_nothing():
    rule = {"name": "A sample makes a customer", "to": "customer", "on": ["content_downloaded"]}
    rules = [rule, *DEFAULT["rules"]]
    lived = [
        example("day 0 content_downloaded", stage="customer"),
        example("day 0 public content_downloaded", stage="lead"),
        example("day 0 public page_viewed", "day 0 public order_completed 9.00 EUR", stage="prospecting", health=None),
    ]
    assert [one.parted for one in try_examples(document(*lived) | {"rules": rules})] == [(), (), ()]


@given(
    st.builds(
        Told,
        st.integers(0, 3650),
        st.none() | st.integers(0, 1439),
        st.sampled_from(sorted(EVENT_TYPES)),
        st.none(),
        st.none(),
        is_public=st.booleans(),
        properties=st.dictionaries(st.from_regex(r"[a-z_]{1,10}", fullmatch=True), SCALARS, max_size=3),
    ),
    st.none() | st.tuples(st.integers(-(10**6), 10**6), st.sampled_from(["EUR", "JPY"])),
)
def test_a_line_says_all_of_an_event(told: Told, worth: tuple[int, str] | None):
    told = told._replace(value=worth[0], currency=worth[1]) if worth else told
    assert read_line(written(told)) == told


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"events": ["form_submitted"]}, "bad_story", "/examples/0/events/0"),
        ({"events": [7]}, "bad_story", "/examples/0/events/0"),
        ({"events": ["day 0 order_completed 5.5 JPY"]}, "bad_story", "/examples/0/events/0"),
        ({"events": ["day 0 waved"]}, "unknown_type", "/examples/0/events/0"),
        ({"events": ["day 3 page_viewed", "day 2 page_viewed"]}, "story_order", "/examples/0/events/1"),
        ({"events": ["day 31 page_viewed"]}, "story_order", "/examples/0/events/0"),
        ({"events": []}, "wrong_length", "/examples/0/events"),
        ({"events": ["day 0 public order_completed 5.00 EUR"]}, "only_claims", "/examples/0/events"),
        ({"day": "soon"}, "wrong_kind", "/examples/0/day"),
        ({"then": {}}, "missing", "/examples/0/then"),
        ({"then": {"stage": "moon"}}, "unknown_value", "/examples/0/then/stage"),
        ({"then": {"standing": None}}, "unknown_value", "/examples/0/then/standing"),
        ({"rule": 1}, "unknown_field", "/examples/0/rule"),
    ],
)
def test_an_example_that_can_not_be_read_is_a_fault(changes, code, pointer):
    faulty = document(example("day 0 form_submitted", stage="lead") | changes)
    assert [(one.code, one.pointer) for one in check(faulty, types=EVENT_TYPES)] == [(code, pointer)]


def test_examples_are_in_the_text_and_not_in_the_stamp():
    with_other = document(example("day 0 form_submitted", stage="advocate"))
    stamps = {Playbooks([Playbook.parse(one, 1, None)]).stamp for one in (DEFAULT, with_other, document())}

    assert json.loads(as_text(with_other)) == with_other
    assert len(stamps) == 1
