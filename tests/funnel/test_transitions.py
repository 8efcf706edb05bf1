"""/api/v1/transitions: every move with its why, also as it was known on an earlier day."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from contacts.ingest import retract_event
from contacts.merging import merge_contacts
from funnel.advancing import advance_everything
from funnel.models import Transition
from tests.asking import asked_by
from tests.callers import Caller, make_caller
from tests.funnel.worlds import NOON, days, happened, install, person, source

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/transitions"


@pytest.fixture
def caller() -> Caller:
    install()
    return make_caller("contacts:read")


def moves(caller: Caller, query: str = "") -> list[tuple[Any, Any]]:
    answer = caller.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200, answer.json()
    return [(move["from"], move["to"]) for move in answer.json()["results"]]


def a_customer(at: datetime = NOON, **fields: Any) -> Any:
    contact = person(**fields)
    happened(contact, "content_downloaded", at)
    happened(contact, "order_completed", at + days(1), value_minor=100, currency="EUR")
    return contact


def test_a_move_says_everything_about_itself(caller: Caller) -> None:
    anna = person(origin_source=source("fair"))
    for day in range(3):
        last = happened(anna, "page_viewed", NOON + days(day))
    advance_everything()

    move = caller.get(ADDRESS).json()["results"][0]

    assert caller.get(f"{ADDRESS}/{move['id']}").json() == move
    assert move | {"id": 0, "recorded_at": "", "why": {**move["why"], "sentence": ""}} == {
        "id": 0,
        "contact": anna.pk,
        "dimension": "stage",
        "from": "prospecting",
        "to": "retargeting",
        "occurred_at": "2026-03-03T12:00:00Z",
        "recorded_at": "",
        "superseded_at": None,
        "visit": 1,
        "source": "fair",
        "is_visitor": False,
        "why": {
            "rule": "Three page views in a month make a friend",
            "sentence": "",
            "version": 1,
            "by_timer": False,
            "cause": {"id": last.pk, "type": "page_viewed", "occurred_at": "2026-03-03T12:00:00Z"},
            "evidence": [
                {
                    "condition": {
                        "measure": "count",
                        "of": ["page_viewed"],
                        "within_days": 30,
                        "at_least": 3,
                    },
                    "value": 3,
                }
            ],
        },
    }


def test_moves_are_filtered_by_what_they_say(caller: Caller) -> None:
    anna, berit = a_customer(), a_customer(NOON + days(10), origin_source=source("fair"))
    happened(berit, "postponed", NOON + days(12), properties={"until": "2999-01-01"})
    advance_everything()
    start, lead, customer = (None, "prospecting"), ("prospecting", "lead"), ("lead", "customer")

    assert moves(caller, f"contact={anna.pk}&dimension=stage&ordering=occurred_at") == [start, lead, customer]
    assert moves(caller, "to=customer") == [customer, customer]
    assert moves(caller, "from=lead&source=fair") == [customer]
    assert moves(caller, "to__in=not_now,lead") == [("open", "not_now"), lead, lead]
    assert moves(caller, "dimension=standing") == [("open", "not_now")]
    assert moves(caller, "rule=start") == [start, start]
    assert moves(caller, "rule=A first order makes a customer") == [customer, customer]
    assert moves(caller, "version=2") == []
    assert moves(caller, "occurred_at__lt=2026-03-02&to=lead") == [lead]
    assert len(moves(caller, "recorded_at__gte=2026-03-02&dimension=stage")) == 6
    assert moves(caller, "dimension=stage&to=customer&ordering=-occurred_at") == [customer, customer]


def test_visitors_are_left_out_unless_asked_for(caller: Caller) -> None:
    visitor = person(known=False)
    happened(visitor, "page_viewed")
    advance_everything()
    start = (None, "prospecting")

    assert (moves(caller), moves(caller, "visitors=only"), moves(caller, f"contact={visitor.pk}")) == (
        [],
        [start],
        [start],
    )


def test_superseded_moves_stay_to_be_seen(caller: Caller) -> None:
    anna = person()
    download = happened(anna, "content_downloaded")
    advance_everything()
    time.sleep(1.2)
    known_on = datetime.now(UTC)
    retract_event(event=download)
    advance_everything()
    time.sleep(1.2)

    assert moves(caller, f"contact={anna.pk}") == []
    assert len(moves(caller, f"contact={anna.pk}&history=superseded")) == 2
    assert len(moves(caller, f"contact={anna.pk}&history=all")) == 2
    before = moves(caller, f"contact={anna.pk}&known_on={known_on:%Y-%m-%dT%H:%M:%S.%fZ}")
    assert before == [("prospecting", "lead"), (None, "prospecting")]
    assert moves(caller, f"known_on={known_on:%Y-%m-%dT%H:%M:%S.%fZ}&as_of=2026-02-01") == []


def test_a_person_has_the_moves_of_all_who_were_merged(caller: Caller) -> None:
    anna, same = a_customer(), a_customer(NOON + days(5))
    advance_everything()
    merge_contacts(first=anna, second=same)
    advance_everything()

    of_both = moves(caller, f"contact={anna.pk}&history=all&dimension=stage")

    assert of_both == moves(caller, f"contact={same.pk}&history=all&dimension=stage")
    assert len(of_both) == Transition.objects.filter(dimension=0).count()


@pytest.mark.parametrize(
    ("query", "parameter", "words"),
    [
        ("dimension=mood", "?dimension", "It takes one of: stage, health, standing."),
        (
            "to=fan",
            "?to",
            "It takes one of: prospecting, retargeting, lead, customer, loyalty, advocate, none, active, cooling, "
            "lapsed, open, not_now, closed.",
        ),
        ("rule=Nonsense", "?rule", "It takes the name of a rule, start or erased."),
        ("history=old", "?history", "Allowed are: live, superseded, all."),
        ("contact=anna", "?contact", "It is a whole number from 1 to 999999999999999999."),
        ("ordering=occurred_at", "?ordering", "By occurred_at only with contact, or with dimension and to."),
        ("history=all&known_on=2026-03-01", "?history", "as_of and known_on say which moves were live then."),
    ],
)
def test_a_bad_parameter_is_refused_with_what_is_allowed(
    caller: Caller, query: str, parameter: str, words: str
) -> None:
    answer = caller.get(f"{ADDRESS}?{query}")

    assert answer.status_code == 400
    assert [(error["pointer"], error["detail"]) for error in answer.json()["errors"]] == [(parameter, words)]


def test_the_number_of_queries_does_not_grow(caller: Caller) -> None:
    def queries() -> int:
        assert caller.get(f"{ADDRESS}?dimension=stage").status_code == 200
        return len(asked_by(lambda: caller.get(f"{ADDRESS}?dimension=stage")))

    a_customer()
    advance_everything()
    few = queries()
    for place in range(5):
        a_customer(NOON + days(place), origin_source=source(f"source{place}"))
    advance_everything()

    assert queries() == few <= 7


def test_there_is_nothing_to_post(caller: Caller) -> None:
    assert caller.post(ADDRESS, {}).status_code == 405
    assert caller.get(f"{ADDRESS}/999999").status_code == 404
