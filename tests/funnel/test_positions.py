"""/api/v1/positions: where people stand, why, and what would move them on; and the same in and about contacts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contacts.merging import merge_contacts
from contacts.models import Contact
from funnel.advancing import advance_everything
from funnel.api.positions import seen_by
from funnel.models import Position
from staff.policy import Principal
from tests.asking import asked_by
from tests.callers import Caller, make_caller
from tests.factories import make_user
from tests.funnel.worlds import NOON, days, happened, install, person, source

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/positions"


@pytest.fixture
def caller() -> Caller:
    install()
    return make_caller("contacts:read")


def found(caller: Caller, query: str = "") -> list[int]:
    answer = caller.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200, answer.json()
    return [position["contact"] for position in answer.json()["results"]]


def a_lead(at: datetime = NOON, **fields: Any) -> Contact:
    contact = person(**fields)
    happened(contact, "content_downloaded", at)
    return contact


def test_a_position_says_where_somebody_stands(caller: Caller) -> None:
    anna = a_lead(NOON, origin_source=source("fair"))
    happened(anna, "postponed", NOON + days(1), properties={"until": "2999-01-01"})
    advance_everything()

    [position] = caller.get(ADDRESS).json()["results"]

    assert position | {"score": None} == {
        "contact": anna.pk,
        "stage": "lead",
        "entered_at": "2026-03-01T12:00:00Z",
        "health": None,
        "standing": "not_now",
        "recall_at": "2999-01-01T00:00:00Z",
        "score": None,
        "last_event_at": "2026-03-02T12:00:00Z",
        "wake_at": "2999-01-01T00:00:00Z",
        "source": "fair",
        "is_visitor": False,
    }


def test_the_score_is_that_of_now(caller: Caller) -> None:
    a_lead(datetime.now(UTC) - days(30))
    advance_everything()

    assert caller.get(ADDRESS).json()["results"][0]["score"] == 5.0  # 10 points, a half-life ago


def test_who_entered_last_comes_first_page_by_page(caller: Caller) -> None:
    contacts = [a_lead(NOON + days(day)).pk for day in (0, 2, 1, 2)]
    advance_everything()
    newest_first = [contacts[3], contacts[1], contacts[2], contacts[0]]

    page = caller.get(f"{ADDRESS}?stage=lead&limit=3").json()
    rest = caller.get(page["next"]).json()

    assert [position["contact"] for position in (*page["results"], *rest["results"])] == newest_first
    assert rest["next"] is None
    assert found(caller, "ordering=contact") == sorted(contacts)


def test_positions_are_filtered_by_what_they_say(caller: Caller) -> None:
    owner = make_user()
    lead = a_lead(owner=owner, origin_source=source("fair")).pk
    buyer = person()
    happened(buyer, "order_completed", NOON - days(400), value_minor=100, currency="EUR")
    gone = a_lead(NOON - days(1))
    happened(gone, "disqualified", NOON)
    visitor = person(known=False)
    happened(visitor, "page_viewed")
    advance_everything()

    assert found(caller, "stage=lead") == [lead, gone.pk]
    assert found(caller, "stage__in=customer,loyalty") == [buyer.pk]
    assert found(caller, "stage__not=lead") == [buyer.pk]
    assert found(caller, "health=lapsed") == [buyer.pk]
    assert found(caller, "health=none&standing=open") == [lead]
    assert found(caller, "standing=closed") == [gone.pk]
    assert found(caller, f"owner={owner.pk}") == [lead]
    assert found(caller, "owner=none&source=shop&stage=lead") == [gone.pk]
    assert found(caller, "source=fair") == [lead]
    assert found(caller, "entered_at__gte=2026-03-01") == [lead]
    assert found(caller, "visitors=only") == [visitor.pk]
    assert set(found(caller, "visitors=include")) == {lead, buyer.pk, gone.pk, visitor.pk}


@pytest.mark.parametrize(
    ("query", "parameter", "words"),
    [
        ("stage=fan", "?stage", "It takes one of: prospecting, retargeting, lead, customer, loyalty, advocate."),
        ("health=good", "?health", "It takes one of: active, cooling, lapsed, none."),
        ("standing=never", "?standing", "It takes one of: open, not_now, closed."),
        ("visitors=yes", "?visitors", "Allowed are: exclude, only, include."),
        ("owner=me", "?owner", "It takes an id, or none."),
        (
            "ordering=name",
            "?ordering",
            "Orders are: contact, entered_at, score; each also backwards, with a - before it.",
        ),
        ("limit=1e9", "?limit", "It is a whole number from 1 to 200."),
    ],
)
def test_a_bad_parameter_is_refused_with_what_is_allowed(
    caller: Caller, query: str, parameter: str, words: str
) -> None:
    answer = caller.get(f"{ADDRESS}?{query}")

    assert answer.status_code == 400
    assert [(error["pointer"], error["detail"]) for error in answer.json()["errors"]] == [(parameter, words)]


def test_an_unknown_parameter_is_refused(caller: Caller) -> None:
    answer = caller.get(f"{ADDRESS}?colour=red")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?colour")


def test_one_position_says_why(caller: Caller) -> None:
    anna = a_lead()
    order = happened(anna, "order_completed", NOON + days(1), value_minor=100, currency="EUR")
    advance_everything()

    answer = caller.get(f"{ADDRESS}/{anna.pk}").json()
    why = {move["dimension"]: move for move in answer["why"]}

    assert answer["stage"] == "customer"
    assert set(why) == {"stage", "health"}
    assert (why["stage"]["from"], why["stage"]["to"]) == ("lead", "customer")
    assert why["stage"]["why"] | {"sentence": None} == {
        "rule": "A first order makes a customer",
        "sentence": None,
        "version": 1,
        "by_timer": False,
        "cause": {"id": order.pk, "type": "order_completed", "occurred_at": "2026-03-02T12:00:00Z"},
        "evidence": [],
    }
    assert "order" in why["stage"]["why"]["sentence"]
    assert (why["health"]["to"], why["health"]["why"]["by_timer"]) == ("lapsed", True) or why["health"][
        "to"
    ] == "cooling"


def test_one_position_says_what_the_next_stages_would_take(caller: Caller) -> None:
    anna = person()
    happened(anna, "page_viewed", datetime.now(UTC) - days(3))
    happened(anna, "page_viewed", datetime.now(UTC) - days(2))
    advance_everything()

    ways = caller.get(f"{ADDRESS}/{anna.pk}").json()["next"]
    views = next(way for way in ways if way["events"] == ["page_viewed"])

    assert [way["stage"] for way in ways] == ["retargeting", "retargeting", "lead", "customer"]
    assert views["rule"] == "Three page views in a month make a friend"
    [condition] = views["conditions"]
    assert (condition["value"], condition["holds"], condition["lacking"]) == (2, False, 1)
    assert condition["condition"]["at_least"] == 3
    assert condition["changes_at"] is not None


def test_the_id_of_a_merged_contact_answers_with_the_person(caller: Caller) -> None:
    anna, same = a_lead(), a_lead(NOON + days(1))
    merge_contacts(first=anna, second=same)
    advance_everything()

    assert caller.get(f"{ADDRESS}/{same.pk}").json()["contact"] == anna.pk
    assert found(caller) == [anna.pk]


def test_who_stands_nowhere_is_not_found(caller: Caller) -> None:
    nobody = person()

    assert caller.get(f"{ADDRESS}/{nobody.pk}").status_code == 404
    assert caller.get(f"{ADDRESS}/999999").status_code == 404
    assert caller.get(f"{ADDRESS}/9999999999999999999999").status_code == 404


def test_contacts_show_where_they_stand(caller: Caller) -> None:
    anna, silent = a_lead(datetime.now(UTC) - days(30)), person()
    advance_everything()

    shown = {row["id"]: row["position"] for row in caller.get("/api/v1/contacts").json()["results"]}

    assert shown[silent.pk] is None
    assert shown[anna.pk] | {"entered_at": None} == {
        "stage": "lead",
        "entered_at": None,
        "health": None,
        "standing": "open",
        "recall_at": None,
        "score": 5.0,
    }


def test_contacts_are_filtered_by_where_they_stand(caller: Caller) -> None:
    anna, silent = a_lead(datetime.now(UTC) - days(30)), person()
    advance_everything()

    def contacts(query: str) -> list[int]:
        return [row["id"] for row in caller.get(f"/api/v1/contacts?{query}").json()["results"]]

    assert contacts("stage=lead") == [anna.pk]
    assert contacts("stage=customer") == []
    assert contacts("health=none&standing=open&stage__in=lead,customer") == [anna.pk]
    assert contacts("score__gte=5") == [anna.pk]
    assert contacts("score__gt=5") == []
    assert contacts("score__lte=5") == [anna.pk]
    assert contacts("score__lt=5") == []
    assert contacts("stage_entered_at__lt=2001-01-01") == []
    assert silent.pk in contacts("")


def test_the_number_of_queries_does_not_grow(caller: Caller) -> None:
    def queries(address: str) -> int:
        assert caller.get(address).status_code == 200
        return len(asked_by(lambda: caller.get(address)))

    addresses = (ADDRESS, f"{ADDRESS}?stage=lead&owner=none", "/api/v1/contacts?stage=lead")
    a_lead()
    advance_everything()
    few = [queries(address) for address in addresses]
    for place in range(5):
        a_lead(NOON + days(place), origin_source=source(f"source{place}"))
    advance_everything()

    assert [queries(address) for address in addresses] == few
    assert max(few) <= 6


def test_sales_staff_see_the_positions_of_their_own_and_of_nobodys() -> None:
    install()
    seller, other = make_user(), make_user()
    mine, _foreign, nobodys = a_lead(owner=seller), a_lead(owner=other), a_lead()
    advance_everything()

    seen = seen_by(Position.objects.live(), Principal(user=seller))

    assert set(seen.values_list("pk", flat=True)) == {mine.pk, nobodys.pk}
