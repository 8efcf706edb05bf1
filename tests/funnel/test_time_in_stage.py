"""/api/v1/funnel/time-in-stage: how long the stays were that ended in a period, and how many go on."""

from typing import Any

import pytest

from funnel.advancing import advance_everything
from tests.callers import Caller, make_caller
from tests.funnel.worlds import NOON, days, happened, install, person, source

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/funnel/time-in-stage"


@pytest.fixture
def caller() -> Caller:
    install()
    return make_caller("figures:read")


def a_lead_for(length: float | None, **fields: Any) -> None:
    contact = person(**fields)
    happened(contact, "content_downloaded", NOON)
    if length is not None:
        happened(contact, "order_completed", NOON + days(length), value_minor=100, currency="EUR")


def in_stage(answer: Any, stage: str) -> dict[str, Any]:
    return next(line for line in answer.json()["results"] if line["stage"] == stage)


def test_the_percentiles_lie_between_the_stays_they_separate(caller: Caller) -> None:
    for length in (1, 2, 3, 10.5):
        a_lead_for(length)
    advance_everything()

    assert in_stage(caller.get(ADDRESS), "lead") == {
        "stage": "lead",
        "phase": "friend",
        "people": {"ended": 4, "median": 2.5, "p75": 4.875, "p90": 8.25, "running": 0},
        "visitors": {"ended": 0, "median": None, "p75": None, "p90": None, "running": 0},
    }


def test_a_stage_passed_through_in_a_moment_was_not_stayed_in(caller: Caller) -> None:
    a_lead_for(2)
    advance_everything()

    assert in_stage(caller.get(ADDRESS), "prospecting")["people"]["ended"] == 0


def test_only_stays_that_ended_in_the_period_count(caller: Caller) -> None:
    for length in (1, 2, 3):
        a_lead_for(length)
    advance_everything()

    people = in_stage(caller.get(f"{ADDRESS}?from=2026-03-03&to=2026-03-03"), "lead")["people"]

    assert (people["ended"], people["median"]) == (1, 2.0)


def test_running_stays_are_those_of_the_living(caller: Caller) -> None:
    a_lead_for(None)
    a_lead_for(None)
    gone = person()
    happened(gone, "content_downloaded", NOON)
    happened(gone, "relationship_ended", NOON + days(1))
    advance_everything()

    assert in_stage(caller.get(ADDRESS), "lead")["people"]["running"] == 2


def test_each_source_has_stays_of_its_own(caller: Caller) -> None:
    a_lead_for(1, origin_source=source("fair"))
    a_lead_for(3, origin_source=source("web"))
    a_lead_for(None, origin_source=source("web"))
    advance_everything()

    lead = in_stage(caller.get(f"{ADDRESS}?group_by=source"), "lead")

    assert lead["people"]["median"] == 2.0
    assert [(s["source"], s["people"]["median"], s["people"]["running"]) for s in lead["sources"]] == [
        ("fair", 1.0, 0),
        ("web", 3.0, 1),
    ]


def test_a_parameter_of_another_report_is_refused(caller: Caller) -> None:
    answer = caller.get(f"{ADDRESS}?window=3")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"] == (
        "There is no such parameter. Parameters are: as_of, from, group_by, known_on, to."
    )
