"""One look at the path over REST, and the pure parts of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.advancing import advance_everything
from funnel.rolling import LENGTHS
from funnel.spans import BLOCKS, Days, median, pieces
from tests.callers import make_caller
from tests.desk.scenes import ago, asker, buyer
from tests.funnel.worlds import install, person

SPANS = st.tuples(st.integers(0, 3000), st.integers(0, 800)).map(lambda pair: Days(pair[0], sum(pair)))


@given(SPANS, st.integers(0, 2))
def test_the_pieces_of_a_span_are_its_days_each_once(span, level):
    days = [
        day
        for piece in pieces(span, level)
        for block in range(piece.first, piece.last + 1)
        for day in range(block * BLOCKS[piece.level], (block + 1) * BLOCKS[piece.level])
    ]

    assert sorted(days) == list(range(span.first, span.last + 1))
    assert len(list(pieces(span, 2))) <= 5


def test_no_days_are_no_pieces():
    assert list(pieces(Days(5, 4))) == []


@pytest.mark.parametrize(
    ("lengths", "middle"),
    [
        ({}, None),
        ({3: 0}, None),
        ({3: 1}, 3.0),
        ({1: 1, 9: 1}, 1.0),
        ({1: 1, 9: 2}, 9.0),
        ({0: 2, 9: 2, 31: 5}, 31.0),
        ({34: 1}, 34.5),  # 34 and 35 days are one class
    ],
)
def test_the_median_is_the_middle_of_its_class(lengths, middle):
    assert median(lengths, LENGTHS) == middle


@given(st.integers(0, 4000))
def test_a_median_is_at_most_4_per_cent_off(days):
    shortest = max(bound for bound in LENGTHS if bound <= days)

    assert abs(median({shortest: 1}, LENGTHS) - days) <= 0.045 * days


@pytest.mark.django_db
def test_the_walk_over_the_api():
    install()
    for days in (2, 5, 40):
        buyer(ago(days))
    asker(ago(3), origin_campaign="fair")
    person(known=False)
    advance_everything()
    caller = make_caller("figures:read")

    seen = caller.get("/api/v1/funnel/walk").json()

    by_stage = {one["stage"]: one for one in seen["stages"]}
    assert (seen["live"], seen["days"], seen["within_days"], seen["people"]) == (True, 30, 30, 4)
    assert [by_stage["customer"][name] for name in ("standing", "came", "came_before")] == [3, 2, 1]
    assert by_stage["prospecting"]["cohort"] == {"entered": 1, "converted": 1, "rate": 1.0}
    assert seen["flows"] == [
        {"from": None, "to": "prospecting", "people": 3, "people_before": 1},
        {"from": "prospecting", "to": "lead", "people": 1, "people_before": 0},
        {"from": "prospecting", "to": "customer", "people": 2, "people_before": 1},
    ]
    assert (len(seen["trend"]["days"]), sum(seen["trend"]["came"]["customer"])) == (30, 2)
    assert caller.get("/api/v1/funnel/walk?campaign=fair&days=7").json()["people"] == 1
    assert caller.get("/api/v1/funnel/walk?owner=none").json()["people"] == 4
    assert caller.get("/api/v1/funnel/walk?owner=none&campaign=fair").json()["people"] == 1
    assert caller.get("/api/v1/funnel/walk?days=365").json()["trend"]["weekly"] is True
    for wrong in ("days=8", "within=5", "source=nowhere", "owner=x", "colour=red"):
        assert caller.get(f"/api/v1/funnel/walk?{wrong}").status_code == 400
