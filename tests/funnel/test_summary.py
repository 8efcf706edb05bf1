"""/api/v1/funnel/summary: who stands where, people and visitors apart."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from contacts.models import Contact
from funnel import figures
from funnel.advancing import advance_everything
from funnel.pictures import Picture, path_in
from funnel.publishing import mark_publications, publish_playbook, start_draft
from staff.models import Role
from staff.policy import Principal
from tests.asking import asked_by
from tests.callers import Caller, make_caller
from tests.factories import make_user
from tests.funnel.worlds import NOON, days, happened, install, person, source

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/funnel/summary"


@pytest.fixture
def caller() -> Caller:
    install()
    return make_caller("figures:read")


def buys(contact: Contact, at: datetime = NOON) -> None:
    happened(contact, "order_completed", at, value_minor=1200, currency="EUR")


def living(crowd: dict[str, Any], part: str, name: str) -> dict[str | None, int]:
    return {line[name]: line["living"] for line in crowd[part] if line["living"]}


def test_people_are_counted_by_phase_stage_health_and_standing(caller: Caller) -> None:
    buys(person(), NOON - days(500))
    happened(person(), "content_downloaded")
    happened(person(), "page_viewed")
    gone = person()
    happened(gone, "content_downloaded")
    happened(gone, "disqualified", NOON + days(1))
    later = person()
    happened(later, "content_downloaded")
    happened(later, "postponed", NOON + days(1), properties={"until": "2999-01-01"})
    advance_everything()

    people = caller.get(ADDRESS).json()["people"]

    assert (people["living"], people["closed"]) == (4, 1)
    assert living(people, "phases", "phase") == {"stranger": 1, "friend": 2, "customer": 1}
    assert [(line["stage"], line["living"], line["closed"]) for line in people["stages"]] == [
        ("prospecting", 1, 0),
        ("retargeting", 0, 0),
        ("lead", 2, 1),
        ("customer", 1, 0),
        ("loyalty", 0, 0),
        ("advocate", 0, 0),
    ]
    assert {line["health"]: line["living"] + line["closed"] for line in people["health"]} == {
        "active": 0,
        "cooling": 0,
        "lapsed": 1,
        None: 4,
    }
    assert people["standing"] == [
        {"standing": "open", "count": 3},
        {"standing": "not_now", "count": 1},
        {"standing": "closed", "count": 1},
    ]


def test_visitors_are_counted_apart(caller: Caller) -> None:
    happened(person(known=False), "page_viewed")
    happened(person(), "page_viewed")
    advance_everything()

    answer = caller.get(ADDRESS).json()

    assert (answer["people"]["living"], answer["visitors"]["living"]) == (1, 1)


def test_by_source_everybody_counts_where_they_came_from(caller: Caller) -> None:
    for _ in range(2):
        happened(person(origin_source=source("fair")), "content_downloaded")
    happened(person(known=False, origin_source=source("web")), "page_viewed")
    advance_everything()

    answer = caller.get(f"{ADDRESS}?group_by=source").json()

    assert [(s["source"], s["people"]["living"], s["visitors"]["living"]) for s in answer["sources"]] == [
        ("fair", 2, 0),
        ("web", 0, 1),
    ]
    assert living(answer["sources"][0]["people"], "stages", "stage") == {"lead": 2}
    assert "sources" not in caller.get(ADDRESS).json()


def test_it_shows_how_things_stood_on_a_day_of_the_organisation(caller: Caller) -> None:
    """As known now: 23:30 in Helsinki is the same day, half past midnight the next."""
    helsinki = ZoneInfo("Europe/Helsinki")
    anna, berit = person(), person()
    happened(anna, "page_viewed", datetime(2026, 2, 1, tzinfo=UTC))
    happened(berit, "page_viewed", datetime(2026, 2, 1, tzinfo=UTC))
    happened(anna, "content_downloaded", datetime(2026, 3, 10, 23, 30, tzinfo=helsinki))
    happened(berit, "content_downloaded", datetime(2026, 3, 11, 0, 30, tzinfo=helsinki))
    advance_everything()
    time.sleep(1.1)

    answer = caller.get(f"{ADDRESS}?as_of=2026-03-10").json()

    assert living(answer["people"], "stages", "stage") == {"prospecting": 1, "lead": 1}
    assert answer["as_of"] == "2026-03-10T21:59:59.999999Z"
    assert answer["known_on"] == answer["settled_at"]
    assert answer["live"] is False


def test_what_was_not_known_yet_is_not_in_the_picture(caller: Caller) -> None:
    happened(person(), "page_viewed")
    advance_everything()

    answer = caller.get(f"{ADDRESS}?as_of=2026-06-01&known_on=2026-06-01").json()

    assert answer["people"]["living"] == 0


def test_the_head_names_the_version_and_those_being_applied(caller: Caller) -> None:
    happened(person(), "page_viewed")
    advance_everything()
    by = Principal(user=make_user(role=Role.MARKETER))
    publish_playbook(draft=start_draft(name="Next", by=by), since=NOON, by=by)

    during = caller.get(ADDRESS).json()["playbook"]
    earlier = caller.get(f"{ADDRESS}?known_on=2026-06-01").json
    mark_publications()
    advance_everything()

    assert during == {"version": 2, "being_applied": [2]}
    assert caller.get(ADDRESS).json()["playbook"] == {"version": 2, "being_applied": []}
    assert earlier().get("playbook", {"version": 1}) == {"version": 1, "being_applied": []}


@pytest.mark.parametrize(
    ("query", "parameter", "words"),
    [
        ("as_of=0001-01-01", "?as_of", "It must not be before the year 1900."),
        ("as_of=yesterday", "?as_of", "It is a day, 2026-03-01, or a moment, 2026-03-01T12:00:00Z."),
        ("as_of=2026-03-01T12:00:00", "?as_of", "Say the time zone too, such as 2026-03-01T12:00:00Z."),
        ("as_of=9999-12-31", "?as_of", "It is a day, 2026-03-01, or a moment, 2026-03-01T12:00:00Z."),
        ("group_by=owner", "?group_by", "Allowed are: source."),
        ("stage=lead", "?stage", "There is no such parameter. Parameters are: as_of, group_by, known_on."),
    ],
)
def test_a_bad_parameter_is_refused_with_what_is_allowed(
    caller: Caller, query: str, parameter: str, words: str
) -> None:
    answer = caller.get(f"{ADDRESS}?{query}")

    assert answer.status_code == 400
    assert answer.json()["type"] == "/api/problems/invalid-query"
    assert [(error["pointer"], error["detail"]) for error in answer.json()["errors"]] == [(parameter, words)]


def test_what_is_not_settled_is_refused_naming_both_moments(caller: Caller) -> None:
    later = caller.get(f"{ADDRESS}?known_on=2999-01-01")
    wrong_way_round = caller.get(f"{ADDRESS}?as_of=2026-03-02T00:00:00%2B02:00&known_on=2026-03-01T00:00:00Z")

    assert (later.status_code, wrong_way_round.status_code) == (400, 400)
    assert [error["pointer"] for error in later.json()["errors"]] == ["?known_on"]
    assert [error["pointer"] for error in wrong_way_round.json()["errors"]] == ["?as_of", "?known_on"]
    assert wrong_way_round.json()["detail"].startswith(
        "as_of (2026-03-01T22:00:00Z) must not be after known_on (2026-03-01T00:00:00Z), and that not after 20"
    )


def test_sales_staff_count_their_own_and_what_nobody_owns(caller: Caller) -> None:
    seller, other = make_user(), make_user()
    for owner in (seller, other, None):
        happened(person(owner=owner), "content_downloaded")
    advance_everything()
    now = datetime.now(UTC)
    for picture in (Picture(now, now, now, live=True), Picture(now, now, now)):
        counted = [
            figures.summary(picture, Principal(user=user), path_in(picture), by_source=False)[0].living
            for user in (seller, make_user(role=Role.READ_ONLY))
        ]
        assert counted == [2, 3]


def test_the_number_of_queries_does_not_grow(caller: Caller) -> None:
    def queries(question: str) -> int:
        assert caller.get(f"{ADDRESS}{question}").status_code == 200
        return len(asked_by(lambda: caller.get(f"{ADDRESS}{question}")))

    happened(person(), "content_downloaded")
    advance_everything()
    few = [queries(question) for question in ("", "?group_by=source", "?as_of=2026-03-01")]
    for place in range(5):
        happened(person(origin_source=source(f"source{place}")), "content_downloaded")
    advance_everything()
    many = [queries(question) for question in ("", "?group_by=source", "?as_of=2026-03-01")]

    assert few == many
    assert max(many) <= 5


@pytest.mark.django_db(transaction=True)
def test_the_room_a_question_gets_is_given_back(caller: Caller) -> None:
    def settings() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('work_mem'), current_setting('statement_timeout')")
            return list(cursor.fetchone())

    before = settings()
    assert caller.get(f"{ADDRESS}?as_of=2026-03-01").status_code == 200

    assert settings() == before


def test_without_the_scope_there_are_no_figures() -> None:
    install()

    assert make_caller("contacts:read").get(ADDRESS).status_code == 403


def test_a_live_answer_is_of_now(caller: Caller) -> None:
    answer = caller.get(ADDRESS).json()

    as_of = datetime.fromisoformat(answer["as_of"])
    assert answer["live"] is True
    assert answer["known_on"] == answer["as_of"]
    assert abs(as_of - datetime.now(UTC)) < timedelta(seconds=10)
