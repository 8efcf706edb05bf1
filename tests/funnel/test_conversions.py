"""/api/v1/funnel/conversions: of those who first reached a stage, how many reached another within a window."""

from datetime import UTC, datetime
from typing import Any

import pytest

from funnel.advancing import advance_everything
from tests.callers import Caller, make_caller
from tests.funnel.worlds import NOON, days, happened, install, person, source

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/funnel/conversions"


@pytest.fixture
def caller() -> Caller:
    install()
    return make_caller("figures:read")


def a_lead(at: datetime = NOON, bought_after: float | None = None, **fields: Any) -> None:
    contact = person(**fields)
    happened(contact, "content_downloaded", at)
    if bought_after is not None:
        happened(contact, "order_completed", at + days(bought_after), value_minor=100, currency="EUR")


def people(answer: Any) -> dict[str, tuple[int, int, float | None]]:
    results = answer.json()["results"]
    return {line["goal"]: tuple(line["people"][name] for name in ("entered", "converted", "rate")) for line in results}


def test_each_stage_after_the_cohorts_has_its_rate(caller: Caller) -> None:
    a_lead()
    a_lead(bought_after=10)
    a_lead(bought_after=20)
    advance_everything()

    assert people(caller.get(f"{ADDRESS}?stage=lead")) == {
        "customer": (3, 2, 0.6667),
        "loyalty": (3, 0, 0.0),
        "advocate": (3, 0, 0.0),
    }


def test_the_last_moment_of_the_window_counts(caller: Caller) -> None:
    a_lead(bought_after=10)
    a_lead(bought_after=10 + 1e-9)
    advance_everything()

    assert people(caller.get(f"{ADDRESS}?stage=lead&goal=customer&window=10")) == {"customer": (2, 1, 0.5)}
    assert people(caller.get(f"{ADDRESS}?stage=lead&goal=customer&window=9")) == {"customer": (2, 0, 0.0)}


def test_whoever_jumps_over_the_stage_has_reached_it(caller: Caller) -> None:
    buyer = person()
    happened(buyer, "order_completed", NOON, value_minor=100, currency="EUR")
    happened(buyer, "content_downloaded", NOON + days(5))
    advance_everything()

    assert people(caller.get(f"{ADDRESS}?stage=lead&goal=customer&window=0")) == {"customer": (1, 1, 1.0)}


def test_the_cohort_is_of_first_entries_ever_in_the_period(caller: Caller) -> None:
    a_lead(NOON - days(40))
    a_lead(NOON)
    back = person()
    happened(back, "content_downloaded", NOON - days(40))
    happened(back, "order_completed", NOON - days(30), value_minor=100, currency="EUR")
    happened(back, "order_refunded", NOON)  # a lead again
    advance_everything()

    answer = caller.get(f"{ADDRESS}?stage=lead&goal=customer&from=2026-03-01&to=2026-03-01")

    assert people(answer) == {"customer": (1, 0, 0.0)}
    assert (answer.json()["entered_from"], answer.json()["entered_to"]) == (
        "2026-02-28T22:00:00Z",
        "2026-03-01T21:59:59.999999Z",
    )


def test_visitors_and_sources_are_apart(caller: Caller) -> None:
    a_lead(bought_after=1, origin_source=source("fair"))
    a_lead(origin_source=source("web"))
    happened(person(known=False, origin_source=source("web")), "ad_clicked")
    advance_everything()

    [line, *_] = caller.get(f"{ADDRESS}?stage=retargeting&goal=customer&group_by=source").json()["results"]

    nobody = {"entered": 0, "converted": 0, "rate": None}
    assert line["visitors"] == {"entered": 1, "converted": 0, "rate": 0.0}
    assert line["sources"] == [
        {"source": "fair", "people": {"entered": 1, "converted": 1, "rate": 1.0}, "visitors": nobody},
        {
            "source": "web",
            "people": {"entered": 1, "converted": 0, "rate": 0.0},
            "visitors": {"entered": 1, "converted": 0, "rate": 0.0},
        },
    ]


def test_a_cohort_is_complete_once_the_window_of_its_last_member_has_passed(caller: Caller) -> None:
    def complete(query: str) -> bool | None:
        return caller.get(f"{ADDRESS}?stage=lead&{query}").json()["complete"]

    today = datetime.now(UTC).date()
    assert complete("to=2026-03-01&window=90") is True
    assert complete(f"to={today}&window=1") is False
    assert complete("window=90") is False
    assert complete("to=2026-03-01") is None


@pytest.mark.parametrize(
    ("query", "parameter", "words"),
    [
        (
            "",
            "?stage",
            "It must be given. Allowed are: prospecting, retargeting, lead, customer, loyalty.",
        ),
        ("stage=fan", "?stage", "Allowed are: prospecting, retargeting, lead, customer, loyalty."),
        ("stage=advocate", "?stage", "Allowed are: prospecting, retargeting, lead, customer, loyalty."),
        ("stage=lead&goal=retargeting", "?goal", "Allowed are: customer, loyalty, advocate."),
        ("stage=lead&window=1e3", "?window", "It is a whole number from 0 to 3650."),
        ("stage=lead&window=-1", "?window", "It is a whole number from 0 to 3650."),
        ("stage=lead&from=2026-03-02&to=2026-03-01", "?to", "It must not be before the beginning, from."),
    ],
)
def test_a_bad_parameter_is_refused_with_what_is_allowed(
    caller: Caller, query: str, parameter: str, words: str
) -> None:
    answer = caller.get(f"{ADDRESS}?{query}")

    assert answer.status_code == 400
    assert [(error["pointer"], error["detail"]) for error in answer.json()["errors"]] == [(parameter, words)]
