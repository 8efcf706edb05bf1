"""/api/v1/board and /api/v1/contacts/{id}/move."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import Contact, Event, Source, Trust
from funnel.advancing import advance_everything
from funnel.models import Stage
from tests.callers import Caller, make_caller
from tests.desk.scenes import ago, asker, buyer
from tests.factories import make_user
from tests.funnel.worlds import install, person, stage_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def lead(name: str = "Heidi", **fields: Any) -> Contact:
    contact = asker(ago(2), name=name, **fields)
    advance_everything()
    return contact


def move(caller: Caller, contact: Contact, **body: Any) -> Any:
    headers = body.pop("headers", {})
    return caller.post(f"/api/v1/contacts/{contact.pk}/move", body, **headers)


def decisions() -> int:
    return Event.objects.filter(type__key="stage_set").count()


def test_a_program_moves_a_person_and_takes_it_back():
    caller, heidi = make_caller(), lead()

    answer = move(caller, heidi, stage="customer", reason="Paid", **{"from": "lead"})

    event = answer.json()["event"]
    assert (answer.status_code, answer.json()) == (
        200, {"contact": heidi.pk, "event": event, "from": "lead", "to": "customer"},
    )  # fmt: skip
    advance_everything()
    assert stage_of(heidi) == "customer"
    assert caller.post(f"/api/v1/events/{event}/retract").status_code == 200
    advance_everything()
    assert stage_of(heidi) == "lead"


def test_whoever_stands_elsewhere_by_now_stays_and_it_is_said_where():
    caller, heidi = make_caller(), lead()

    answer = move(caller, heidi, stage="advocate", **{"from": "customer"})

    problem = answer.json()
    assert (answer.status_code, problem["type"], problem["stage"]) == (409, "/api/problems/conflict", "lead")
    assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [("/from", "stage_changed")]
    assert decisions() == 0


def test_a_repetition_under_the_same_idempotency_key_moves_once():
    caller, heidi = make_caller(), lead()

    first, second = (
        move(caller, heidi, stage="customer", headers={"idempotency_key": "k1"}) for _ in range(2)
    )  # fmt: skip
    other = move(caller, heidi, stage="advocate", headers={"idempotency_key": "k1"})

    assert (first.json(), second["Idempotent-Replayed"]) == (second.json(), "true")
    assert (other.status_code, decisions()) == (422, 1)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/stage"]),
        ({"stage": 7}, ["/stage"]),
        ({"stage": "nonsense"}, ["/stage"]),
        ({"stage": "loyalty"}, ["/stage"]),  # archived below
        ({"stage": "customer", "reason": "x" * 501}, ["/reason"]),
        ({"stage": "customer", "from": 1}, ["/from"]),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_place(body: dict[str, Any], pointers: list[str]):
    caller, heidi = make_caller(), lead()
    Stage.objects.filter(key="loyalty").update(archived_at=timezone.now())

    answer = move(caller, heidi, **body)

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == pointers
    assert decisions() == 0


def test_unknown_fields_and_bodies_that_are_no_json_are_refused():
    caller, heidi = make_caller(), lead()
    address = f"/api/v1/contacts/{heidi.pk}/move"

    assert move(caller, heidi, stage="customer", colour="red").status_code == 400
    assert caller.post(address, b"{").status_code == 400
    assert caller.post(address, [1]).status_code == 400
    assert caller.send("POST", address, b"stage=lead", content_type="text/plain").status_code == 415
    assert caller.get(address).status_code == 405
    assert decisions() == 0


def test_erased_and_unknown_people_are_not_there_and_merged_ones_name_their_leader():
    caller, heidi, erased, member = make_caller(), lead(), lead("Erased"), lead("Member")
    Contact.objects.filter(pk=erased.pk).update(erased_at=timezone.now())
    Contact.objects.filter(pk=member.pk).update(leader=heidi)

    assert move(caller, erased, stage="customer").status_code == 404
    assert caller.post("/api/v1/contacts/999999999/move", {"stage": "customer"}).status_code == 404
    answer = move(caller, member, stage="customer")
    assert (answer.status_code, answer.json()["existing"]) == (409, heidi.pk)


def test_a_key_without_the_scope_a_public_one_and_no_key_move_nobody():
    heidi = lead()
    public = Source.objects.create(key="site", name="Site", trust=Trust.PUBLIC)

    assert move(make_caller("contacts:write"), heidi, stage="customer").status_code == 403
    assert move(make_caller(source=public), heidi, stage="customer").status_code == 403
    assert Client().post(f"/api/v1/contacts/{heidi.pk}/move", {}).status_code == 401
    assert decisions() == 0


def test_the_board_is_told_as_lanes_of_cards():
    caller, owner = make_caller(), make_user()
    heidi = lead(owner=owner)

    told = caller.get("/api/v1/board").json()
    lanes = told["lanes"]

    assert (told["currency"], told["currencies"]) == (None, [])
    assert [lane["key"] for lane in lanes] == [
        "prospecting", "retargeting", "lead", "customer", "loyalty", "advocate",
    ]  # fmt: skip
    [card] = lanes[2].pop("cards")
    assert lanes[2] == {
        "key": "lead", "title": "Lead", "count": 1, "count_is_exact": True, "value_minor": None, "usual_days": None,
        "next": None,
    }  # fmt: skip
    assert {name: card[name] for name in ("contact", "name", "owner", "stage", "health", "standing")} == {
        "contact": heidi.pk, "name": "Heidi", "owner": owner.pk, "stage": "lead", "health": None, "standing": "open",
    }  # fmt: skip
    assert card["cause"]["type"] == "quote_requested"


def test_a_lane_of_the_board_goes_on_by_its_cursor():
    caller = make_caller()
    for number in range(5):
        asker(ago(number + 1), name=f"Person {number}")
    advance_everything()

    seen, cursor = [], ""
    while cursor is not None:
        [lane] = caller.get(f"/api/v1/board?lane=lead&limit=2{f'&cursor={cursor}' if cursor else ''}").json()["lanes"]
        seen += [card["name"] for card in lane["cards"]]
        cursor = lane["next"]

    assert seen == [f"Person {number}" for number in range(5)]


def test_the_board_takes_the_filters_of_the_page():
    caller, owner = make_caller(), make_user()
    lead("Own", owner=owner)
    buyer(ago(2), name="Nobody's")
    person(known=False)
    advance_everything()

    def names(query: str) -> list[str]:
        lanes = caller.get(f"/api/v1/board?{query}").json()["lanes"]
        return [card["name"] for lane in lanes for card in lane["cards"]]

    assert names(f"owner={owner.pk}") == ["Own"]
    assert names("owner=nobody") == ["Nobody's"]
    assert names("by=health") == ["Nobody's"]
    assert sorted(names("by=owner")) == ["Nobody's", "Own"]
    assert sorted(names("source=shop&ordering=entered_at")) == ["Nobody's", "Own"]


@pytest.mark.parametrize(
    "query",
    ["by=x", "owner=x", "source=x", "ordering=name", "limit=401", "limit=0", "cursor=x", "lane=lead&cursor=x", "z=1"],
)
def test_a_board_that_cannot_be_meant_is_refused(query: str):
    assert make_caller().get(f"/api/v1/board?{query}").status_code == 400
