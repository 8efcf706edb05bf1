"""What the fold remembers between two folds: all it needs, and no more."""

import json
from math import isclose

import pytest

from funnel.decay import decay_factors, decayed
from funnel.fold import State, fold
from funnel.state import DAY
from tests.funnel.people import DEFAULT, book, happened, playbooks, walked


def test_the_memory_of_a_customer_word_for_word():
    log = [
        happened(0, "page_viewed"),
        happened(1, "order_completed", value=5900, order_id="a"),
        happened(2, "order_refunded", value=900, order_id="a"),
        happened(3, "postponed", until="1970-02-01"),
    ]
    state, _ = walked(*log)
    order, postponed = log[1], log[3]
    assert state.memory() == {
        "stamp": playbooks(DEFAULT).stamp,
        "at": ["customer", 1 * DAY, "active", "not_now"],
        "score": [50_977, 1],
        "last": [3 * DAY, 6, postponed.key.hex()],
        "recall": [31 * DAY, postponed.key.hex(), postponed.id],
        "orders": [[1 * DAY, 3, order.key.hex(), order.id, "a", 5900, "EUR", 900]],
        "tallies": {"daily count page_viewed": [[0, 1]]},
        "latest": {},
        "attributes": {},
        "visits": [
            ["stage", "prospecting", 1],
            ["stage", "customer", 1],
            ["health", "active", 1],
            ["standing", "not_now", 1],
        ],
    }
    assert State.remember(json.loads(json.dumps(state.memory())), state.stamp) == state


def test_memory_of_other_playbooks_or_none_is_not_taken_up():
    state, _ = walked(happened(0, "page_viewed"))
    other = playbooks(DEFAULT | {"half_life_days": 31})
    assert State.remember(state.memory(), other.stamp) is None
    assert State.remember(None, other.stamp) is None
    assert State.remember({}, other.stamp) is None


def test_the_stamp_tells_versions_apart():
    books = [
        playbooks(book()),
        playbooks(book(half_life_days=31)),
        playbooks(book(), book(), since=(5,)),
        playbooks(book(), book(), since=(6,)),
    ]
    assert len({some.stamp for some in books}) == 4
    assert playbooks(book()).stamp == books[0].stamp


def counting(**parameters):
    return {"on": ["x"], "to": "hot", "when": [{"measure": "count", "of": ["seen"], "at_least": 99} | parameters]}


def test_days_that_all_windows_have_left_are_forgotten():
    log = [happened(day / 2, "seen") for day in range(1000)]
    state, _ = walked(*log, by=book(counting(within_days=5), counting(within_days=9), counting()))
    assert state.tallies == {
        "daily count seen": dict.fromkeys(range(490, 500), 2),
        "count seen": {-10_000_000: 998, 499: 2},
    }


def test_what_is_empty_or_null_takes_no_room():
    asking = {"on": ["x"], "to": "hot", "when": [{"measure": "attribute", "name": "size", "is": "S"}]}
    log = happened(0, "seen"), happened(0, "contact_created", size="M"), happened(9, "owner_changed", size=None)
    state, _ = walked(*log, by=book(counting(within_days=5), asking))
    assert (state.tallies, state.attributes) == ({}, {})


def test_the_longest_window_of_any_version_still_to_come_is_kept():
    log = [happened(day, "seen") for day in range(20)]
    books = playbooks(book(counting(within_days=8)), book(counting(within_days=2)), since=(15,))
    assert list(walked(*log[:15], by=books)[0].tallies["daily count seen"]) == list(range(6, 15))
    assert list(walked(*log, by=books)[0].tallies["daily count seen"]) == [17, 18, 19]


def test_what_only_past_versions_asked_for_is_forgotten():
    asking = book(
        counting(within_days=8),
        {"on": ["x"], "to": "hot", "when": [{"measure": "attribute", "name": "size", "is": "S"}]},
        {"on": ["x"], "to": "hot", "when": [{"measure": "days_since", "of": ["seen"], "at_least": 1}]},
    )
    log = happened(0, "contact_created", size="M"), happened(1, "seen")
    before, _ = walked(*log, by=playbooks(asking, book(), since=(9,)))
    after, _ = walked(*log, happened(9, "seen"), by=playbooks(asking, book(), since=(9,)))
    assert (len(before.tallies), before.attributes, len(before.latest)) == (1, {"size": "M"}, 1)
    assert (after.tallies, after.attributes, after.latest) == ({}, {}, {})


def test_events_need_their_properties_only_where_a_rule_may_look():
    rules = book(
        {"on": ["stage_set"], "to": {"property": "wanted"}},
        {"on": ["seen", "heard"], "to": "hot", "when": [{"measure": "property", "name": "kind", "is": 1}]},
        {"on": ["seen"], "to": "warm"},
        {"on": ["seen"], "to": "warm", "when": [{"measure": "attribute", "name": "size", "is": 1}]},
        {"on": ["seen"], "to": "warm", "when": [{"measure": "fit", "is": "A"}]},
    )
    assert playbooks(rules).property_names == {
        "order_completed": {"order_id"},
        "order_refunded": {"order_id"},
        "postponed": {"until"},
        "stage_set": {"wanted"},
        "seen": {"kind"},
        "heard": {"kind"},
        "contact_created": {"size", "fit"},
        "attributes_changed": {"size", "fit"},
        "owner_changed": {"size", "fit"},
    }
    assert playbooks(book()).types_with_properties == {"order_completed", "order_refunded", "postponed"}


def test_a_refunded_order_is_forgotten():
    state, _ = walked(happened(0, "order_completed"), happened(1, "order_refunded"))
    assert state.memory()["orders"] == []
    assert (state.orders.days, state.orders.newest, state.orders.usual_interval) == ({}, None, None)


def test_states_are_equal_when_they_remember_the_same():
    log = happened(0, "page_viewed"), happened(1, "page_viewed")
    books = playbooks(DEFAULT)
    one, _ = fold(State.start(), log[:1], books, DAY // 2)
    whole, _ = fold(State.start(), log, books, DAY)
    assert fold(one, log[1:], books, DAY) == (whole, [])
    assert one != whole


@pytest.mark.parametrize("half_life", [1, 2, 7, 30, 90])
def test_the_factors_of_fading_are_correctly_rounded(half_life):
    factors = decay_factors(half_life)
    exact = [2**32 * 2 ** (-day / half_life) for day in range(33 * half_life)]
    assert len(factors) == 33 * half_life
    pairs = zip(factors, exact, strict=True)
    assert all(abs(factor - number) < 0.5 or isclose(abs(factor - number), 0.5) for factor, number in pairs)
    assert [factors[half_life * n] for n in range(33)] == [2 ** (32 - n) for n in range(33)]


def test_fading_rounds_to_the_nearest_thousandth_and_ends_at_nothing():
    factors = decay_factors(30)
    assert [decayed(1000, days, factors) for days in (0, 1, 30, 300, 330, 33 * 30, 10**9)] == [
        *(1000, 977, 500, 1, 0, 0, 0),
    ]
    assert [decayed(-3, days, factors) for days in (0, 30, 60)] == [-3, -1, -1]
    assert decayed(10**15, 33 * 30 - 1, factors) == 232_831
    assert decayed(10**15, 33 * 30, factors) == 0
