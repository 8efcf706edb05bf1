"""The board as a page: lanes, filters, pages of a lane, moves by form and by script, and what others did."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact, Event
from funnel.advancing import advance_everything
from funnel.boards import LANES_BY
from funnel.models import Stage
from staff.models import Role
from tests.desk.scenes import ago, asker, at_desk, buyer, queries_for
from tests.factories import make_team, make_user
from tests.funnel.worlds import happened, install, stage_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def faces(client: Client, **asked: str) -> dict[str, list[Any]]:
    columns = client.get("/board", asked).context["columns"]
    return {column.lane.key: list(column.faces) for column in columns if column.faces}


def names(client: Client, **asked: str) -> dict[str, list[str]]:
    return {key: [face.card.name for face in some] for key, some in faces(client, **asked).items()}


def moved(client: Client, contact: Contact, **said: str) -> tuple[int, dict[str, Any]]:
    answer = client.post(reverse("desk:board-move", args=[contact.pk]), {"by": "stage", **said}, headers=HTMX)
    return answer.status_code, json.loads(answer.content)


def lead(name: str = "Heidi Mattila", **fields: Any) -> Contact:
    contact = asker(ago(2), name=name, **fields)
    advance_everything()
    return contact


def test_the_board_stands_under_the_bands_of_the_path():
    client, _user = at_desk()
    lead()
    buyer(ago(3), name="Aino")
    advance_everything()

    shown = client.get("/board")

    assert [(band.label, band.count, len(band.columns)) for band in shown.context["bands"]] == [
        ("Strangers", 0, 1), ("Friends", 1, 2), ("Customers", 1, 3),
    ]  # fmt: skip
    assert names(client) == {"lead": ["Heidi Mattila"], "customer": ["Aino"]}
    assert "Quote requested" in shown.text
    assert "Nobody stands here." in shown.text


def test_a_card_gives_a_reason_to_care_and_one_warm_line():
    client, user = at_desk()
    buyer(ago(3), name="Fresh")
    cooling = buyer(ago(250), name="Cooling")
    soon = buyer(ago(172), name="Soon")
    by_hand = lead("By hand")
    moved(client, by_hand, lane="retargeting", **{"from": "lead"}, reason="Met in person")
    advance_everything()

    told = {face.card.name: face for some in faces(client).values() for face in some}

    assert told["Fresh"].reason == "Order €25.50"
    assert (told["Fresh"].warm, told["Fresh"].days) == (None, "3 d")
    assert told["By hand"].reason == "Met in person"
    assert told["Cooling"].warm.text.startswith("Lapses on ")
    assert told["Soon"].warm.text.startswith("Cools on ")
    assert (cooling.pk, soon.pk, user.pk) is not None


@pytest.mark.parametrize("by", LANES_BY)
def test_lanes_may_be_of_stages_owners_or_health(by: str):
    client, user = at_desk()
    buyer(ago(3), name="Aino", owner=user)
    advance_everything()

    [key] = names(client, by=by)

    assert key == {"stage": "customer", "owner": str(user.pk), "health": "active"}[by]


def test_filters_stand_in_the_address_and_in_the_links_to_the_other_lanes():
    client, user = at_desk(team=make_team())
    lead("Own", owner=user)
    lead("Other's", owner=make_user())

    shown = client.get("/board?owner=mine&order=longest")

    assert names(client, owner="mine") == {"lead": ["Own"]}
    assert '<a href="/board?by=health&amp;owner=mine&amp;order=longest">' in shown.text
    assert '<option value="mine" selected>' in shown.text
    assert names(client, owner="nobody") == {}


@pytest.mark.parametrize(
    "query",
    ["by=nonsense", "owner=x'--", "source=99999", "lane=nonsense", "size=0", "after=made-up&lane=lead", "q=%00", "by="],
)
def test_an_address_somebody_made_up_shows_a_board(query: str):
    client, _user = at_desk()
    lead()

    assert client.get(f"/board?{query}", follow=True).status_code == 200


def test_a_lane_goes_on_page_by_page():
    client, _user = at_desk()
    for number in range(45):
        asker(ago(1), name=f"Person {number:02}")
    advance_everything()
    first = client.get("/board")
    [column] = [column for column in first.context["columns"] if column.faces]
    seen = [face.card.name for face in column.faces]
    address = f"/board?lane=lead&after={column.lane.next}"

    while address:
        page = client.get(address, headers=HTMX)
        assert "<html" not in page.text
        [column] = page.context["columns"]
        seen += [face.card.name for face in column.faces]
        address = column.lane.next and f"/board?lane=lead&after={column.lane.next}"

    assert (len(seen), len(set(seen))) == (45, 45)
    assert "Show more" in first.text


def test_a_card_that_was_dropped_is_recorded_and_can_be_taken_back():
    client, user = at_desk()
    heidi = lead()

    status, said = moved(client, heidi, lane="customer", **{"from": "lead"}, reason="Paid in cash")

    assert (status, said["said"], said["lane"]) == (200, "Heidi Mattila moved to Customer", "customer")
    [decision] = Event.objects.filter(type__key="stage_set")
    assert decision.properties == {"stage": "customer", "from": "lead", "reason": "Paid in cash"}
    assert decision.by == user
    card = client.get(f"/board/cards/{heidi.pk}").text
    assert "is-folding" in card
    assert "data-head" not in card  # what the lanes say now is not what it is waited for
    advance_everything()
    card = client.get(f"/board/cards/{heidi.pk}").text
    assert 'data-lane="customer"' in card
    assert "is-folding" not in card
    heads = dict(re.findall(r'data-head="(\w+)"><span [^>]*data-count="(\d+)" data-exact', card))
    assert {key: n for key, n in heads.items() if n != "0"} == {"customer": "1"}

    client.post("/undo", {"token": said["undo"]})
    advance_everything()

    assert stage_of(heidi) == "lead"


def test_a_card_whose_person_stands_elsewhere_by_now_is_refused_and_shows_where():
    client, _user = at_desk()
    heidi = lead()
    moved(client, heidi, lane="customer", **{"from": "lead"}, reason="Paid")

    status, said = moved(client, heidi, lane="advocate", **{"from": "lead"}, reason="Brought a friend")

    assert status == 200
    assert said == {
        "refused": "Somebody moved Heidi Mattila meanwhile: they stand in Customer now.",
        "code": "stage_changed",
        "lane": "customer",
        "way": None,
    }


def test_a_refusal_names_the_way_out():
    client, _user = at_desk()
    closed, leader, member = lead("Closed"), lead("Leader"), lead("Member")
    happened(closed, "disqualified", ago(1))
    advance_everything()
    Contact.objects.filter(pk=member.pk).update(leader=leader)

    refused = {
        one.name: moved(client, one, lane="customer", **{"from": "lead"}, reason="x")[1] for one in (closed, member)
    }

    assert refused["Closed"]["way"] == {"url": f"/contacts/{closed.pk}?do=reopen#composer", "label": "Reopen"}
    assert refused["Member"]["way"] == {"url": f"/contacts/{leader.pk}", "label": "Open that person"}


def test_a_card_put_under_another_owner_gives_them_the_person():
    client, user = at_desk()
    other, heidi = make_user(name="Laura Lahti"), lead()

    status, said = moved(client, heidi, by="owner", lane=str(other.pk), **{"from": "nobody"})

    heidi.refresh_from_db()
    assert (status, said["said"], heidi.owner) == (200, "Heidi Mattila belongs to Laura Lahti now", other)
    status, said = moved(client, heidi, by="owner", lane=str(user.pk), **{"from": "nobody"})
    assert (status, said["code"], said["lane"]) == (200, "owner_changed", str(other.pk))
    status, _said = moved(client, heidi, by="owner", lane="nobody", **{"from": str(other.pk)})
    heidi.refresh_from_db()
    assert (status, heidi.owner) == (200, None)


def test_nobody_s_health_is_set_by_hand():
    client, _user = at_desk()
    aino = buyer(ago(3), name="Aino")
    advance_everything()

    status, said = moved(client, aino, by="health", lane="lapsed", **{"from": "active"})

    assert (status, said["code"], said["lane"]) == (200, "health", "active")
    assert "Nobody sets it by hand" in said["refused"]


def test_the_form_moves_without_a_script_and_leads_back_to_the_same_board():
    client, _user = at_desk()
    heidi = lead()
    address = f"/board/cards/{heidi.pk}/move?by=health&owner=mine"

    form = client.get(address)
    answer = client.post(address, {"stage": "customer", "from": "lead", "reason": "Paid"}, follow=True)

    assert 'value="lead" required disabled' in form.text
    assert answer.redirect_chain == [("/board?by=health&owner=mine", 302)]
    assert "Heidi Mattila moved to Customer" in answer.text
    advance_everything()
    assert stage_of(heidi) == "customer"
    answer = client.post(address, {"stage": "customer", "from": "lead", "reason": "Paid"}, follow=True)
    assert "Somebody moved Heidi Mattila meanwhile" in answer.text


def test_whoever_may_only_look_has_no_way_to_move_and_no_door_to_it():
    client, _user = at_desk(Role.READ_ONLY)
    heidi = lead()

    assert "data-may-move" not in client.get("/board").text
    assert client.get(f"/board/cards/{heidi.pk}/move").status_code == 403
    assert client.post(f"/board/cards/{heidi.pk}/lane", {"lane": "customer"}).status_code == 403
    assert not Event.objects.filter(type__key="stage_set").exists()


def test_of_others_people_sales_see_no_card_and_move_nobody():
    client, _user = at_desk(Role.SALES)
    other = lead("Other's", owner=make_user())

    assert names(client) == {}
    assert client.get(f"/board/cards/{other.pk}").status_code == 404
    assert client.get(f"/board/cards/{other.pk}/move").status_code == 404
    status, said = moved(client, other, lane="customer", **{"from": "lead"})
    assert (status, said["code"]) == (404, "not_found")
    answer = client.post(f"/board/cards/{other.pk}/move", {"stage": "customer", "reason": "x"})
    assert answer.status_code == 404


def test_what_others_moved_is_told_until_one_looks_and_not_what_one_did_oneself():
    client, _user = at_desk()
    laura_s_client, _laura = at_desk(name="Laura Lahti")
    heidi, sari, own = lead(), lead("Sari"), lead("Own")
    latest = client.get("/board").context["latest"]

    def told() -> tuple[str, list[int]]:
        said = client.get("/board/changes", {"since": latest}, headers=HTMX).json()
        return said["said"], said["people"]

    assert told() == ("", [])
    moved(client, own, lane="customer", **{"from": "lead"}, reason="x")
    advance_everything()
    assert told() == ("", [])
    for one in (heidi, sari):
        moved(laura_s_client, one, lane="customer", **{"from": "lead"}, reason="x")
    advance_everything()
    assert told() == ("Laura moved 2", [heidi.pk, sari.pk])
    buyer(ago(0.1), name="By the rules")
    advance_everything()
    assert told()[0] == "3 people moved"
    latest = client.get("/board").context["latest"]
    assert told() == ("", [])


def test_what_others_took_back_is_told_and_not_what_one_took_back_oneself():
    client, _user = at_desk()
    laura_s_client, _laura = at_desk(name="Laura Lahti")
    heidi = lead()
    _status, said = moved(laura_s_client, heidi, lane="customer", **{"from": "lead"}, reason="x")
    advance_everything()
    seen = client.get("/board").context["latest"]
    assert client.get("/board/changes", {"since": seen}, headers=HTMX).json() == {"people": [], "said": ""}

    laura_s_client.post("/undo", {"token": said["undo"]}, headers=HTMX)
    advance_everything()

    told = [one.get("/board/changes", {"since": seen}, headers=HTMX).json() for one in (client, laura_s_client)]
    assert told == [{"people": [heidi.pk], "said": "Laura moved 1"}, {"people": [], "said": ""}]
    assert names(client) == {"lead": ["Heidi Mattila"]}


@pytest.mark.parametrize("since", ["x", "-1", "1", "1-x", "9" * 30])
def test_changes_since_nothing_are_not_there(since: str):
    client, _user = at_desk()

    assert client.get("/board/changes", {"since": since}).status_code == 404


def test_an_archived_stage_takes_nobody():
    client, _user = at_desk()
    lead("Left behind")
    Stage.objects.filter(key="lead").update(archived_at=timezone.now())

    shown = client.get("/board")

    assert "archived: nobody comes here" in shown.text
    assert '<ul class="cards" data-lane="lead">' in shown.text
    assert '<ul class="cards" data-lane="customer" data-takes>' in shown.text


@pytest.mark.parametrize("by", LANES_BY)
def test_the_board_asks_no_more_for_60_people_than_for_3(by: str):
    client, user = at_desk()

    def asked_with(more: int) -> int:
        for number in range(more):
            buyer(ago(2), name=f"Buyer {number}", owner=user)
        advance_everything()
        asked = queries_for(client, f"/board?by={by}")
        return len(
            [sql for sql in asked if "funnel_playbook" not in sql and "funnel_pacecount" not in sql]
        )  # remembered

    assert asked_with(3) == asked_with(57)
