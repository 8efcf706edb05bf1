"""The first page: the path, its figures and its newest moves."""

import pytest
from django.test import Client

from contacts.tasking import add_task, finish_task
from funnel import reports
from funnel.advancing import advance_everything
from funnel.models import Stage
from funnel.pictures import Picture
from staff.models import Role
from staff.policy import Principal
from tests.desk.scenes import ago, asker, at_desk, buyer, queries_for
from tests.factories import make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def counts(walk: object) -> dict[str, int]:
    return {step.stage.key: step.count for step in walk.steps if step.count}  # type: ignore[attr-defined]


def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_page():
    answers = [Client().get(address) for address in ("/", "/contacts", "/contacts/1")]

    assert [answer.headers["Location"] for answer in answers] == [
        "/accounts/login/?next=/",
        "/accounts/login/?next=/contacts",
        "/accounts/login/?next=/contacts/1",
    ]


def test_an_empty_installation_says_what_would_be_here():
    client, _user = at_desk()

    page = client.get("/")

    assert page.status_code == 200
    assert "Nobody walks here yet" in page.text
    assert '<svg class="flow-svg"' not in page.text


def test_the_counts_are_those_of_the_reports():
    client, user = at_desk()
    for _ in range(3):
        buyer(ago(3))
    asker(ago(2))
    closed = asker(ago(9))
    happened(closed, "disqualified", ago(8))
    happened(person(known=False), "page_viewed", ago(1))
    advance_everything()

    walk = client.get("/").context["walk"]

    places = reports.places(Picture.taken(), Principal(user=user))
    keys = dict(Stage.objects.values_list("pk", "key"))
    reported = {
        key: sum(
            n for at, n in places.items() if keys[at.stage] == key and not at.group.is_visitor and at.standing != 3
        )
        for key in keys.values()
    }
    assert counts(walk) == {key: n for key, n in reported.items() if n} == {"lead": 1, "customer": 3}
    assert (walk.people, walk.visitors, walk.closed) == (4, 1, 1)
    bands = client.get("/").context["shown"].bands
    assert [(band.phase, band.count) for band in bands] == [("stranger", 0), ("friend", 1), ("customer", 3)]
    assert walk.health == {"active": 3, "cooling": 0, "lapsed": 0}


def test_sales_see_the_path_of_the_people_they_may_see():
    client, seller = at_desk(Role.SALES)
    buyer(ago(3), owner=seller)
    buyer(ago(3))
    buyer(ago(3), owner=make_user())
    advance_everything()

    shown = client.get("/").context

    assert counts(shown["walk"]) == {"customer": 2}
    assert len(shown["newest"]) == 2


@pytest.mark.parametrize(
    ("asked", "shown"), [("7", 7), ("90", 90), ("365", 365), ("8", 30), ("x", 30), ("", 30), ("٣", 30)]
)
def test_the_period_is_one_of_four_whatever_is_asked(asked, shown):
    client, _user = at_desk()

    assert client.get("/", {"days": asked}).context["walk"].days == shown


def test_the_period_narrows_who_came():
    client, _user = at_desk()
    for days in (3, 20, 50, 50, 50):
        buyer(ago(days))
    advance_everything()

    customers = {
        days: next(one for one in client.get("/", {"days": days}).context["walk"].steps if one.stage.key == "customer")
        for days in (7, 30, 90)
    }

    assert {days: (one.came, one.came_before) for days, one in customers.items()} == {7: (1, 0), 30: (2, 3), 90: (5, 0)}


def test_the_newest_moves_come_first_each_with_its_why():
    client, _user = at_desk()
    for days in (9, 2, 5):
        buyer(ago(days), name=f"Buyer {days}")
    advance_everything()

    page = client.get("/")

    newest = page.context["newest"]
    assert [moved.contact.name for moved in newest] == ["Buyer 2", "Buyer 5", "Buyer 9"]
    assert {moved.why.rule for moved in newest} == {"A first order makes a customer"}
    assert page.text.count("Rule 6, “A first order makes a customer”") == 3
    assert "€25.50" in page.text


def test_the_leak_is_drawn_with_the_people_it_lost():
    client, _user = at_desk()
    for number in range(40):  # a month ago 30 of 40 went on within the month, now 10 of 40
        for came_at, went_on in ((70, number < 30), (40, number < 10)):
            contact = asker(ago(came_at))
            if went_on:
                happened(contact, "order_completed", ago(came_at - 5))
    advance_everything()

    page = client.get("/")

    walk = page.context["walk"]
    assert (walk.leak.stage.key, walk.after_leak.stage.key, walk.leak.missing) == ("lead", "customer", 20)
    assert 'The path leaks between <span class="leak-word">Lead and Customer</span>.' in page.text


def test_the_page_asks_no_more_for_60_people_than_for_3():
    client, _user = at_desk()

    def asked_with(more: int) -> int:
        for number in range(more):
            buyer(ago(number / 10 + 1), name=f"Buyer {number}")
        advance_everything()
        return len(queries_for(client, "/"))

    assert asked_with(3) == asked_with(57) <= 6


def test_the_parts_that_changed_come_again_and_no_others():
    client, user = at_desk()
    buyer(ago(3), name="Aino")
    advance_everything()
    seen = [part.stamp for part in client.get("/").context["parts"].values()]
    assert client.get("/path/changes", {"seen": seen}).status_code == 204

    task = add_task(contact=buyer(ago(400)), by=Principal(user=user), title="Call Aino", due_at=ago(1))

    changed = client.get("/path/changes", {"seen": seen})
    assert [part.name for part in changed.context["parts"]] == ["beside"]
    assert 'hx-swap-oob="true"' in changed.text
    assert "Call Aino" in changed.text
    again = [part.stamp for part in client.get("/").context["parts"].values()]
    assert client.get("/path/changes", {"seen": again}).status_code == 204
    assert client.post(f"/tasks/{task.pk}/done").status_code == 302
    assert [part.name for part in client.get("/path/changes", {"seen": again}).context["parts"]] == ["beside"]


def test_a_stage_is_drawn_by_the_name_it_has_now():
    client, _user = at_desk()
    buyer(ago(3), name="Aino")
    advance_everything()
    client.get("/")

    Stage.objects.filter(key="customer").update(label_en="Patron")

    assert ">Patron<" in client.get("/").context["parts"]["flow"].html


def test_today_holds_what_is_due_to_whoever_looks():
    client, user = at_desk()
    aino = buyer(ago(3), name="Aino")
    mine, other = Principal(user=user), Principal(user=make_user())
    add_task(contact=aino, by=mine, title="Later", due_at=ago(-2))
    add_task(contact=aino, by=other, title="Not mine", due_at=ago(1))
    add_task(contact=aino, by=mine, title="Late", due_at=ago(1))
    finish_task(task=add_task(contact=aino, by=mine, title="Done", due_at=ago(1)), by=mine)

    beside = client.get("/").context["beside"]

    assert [(task.title, task.is_late, task.contact.name) for task in beside.tasks] == [("Late", True, "Aino")]


def test_who_stands_still_is_counted_by_stage():
    client, _user = at_desk()
    for days in (10, 61, 80):
        asker(ago(days))
    happened(asker(ago(90)), "disqualified", ago(80))
    advance_everything()

    still = client.get("/").context["beside"].still

    assert [(one.step.stage.key, one.days, one.n, one.more) for one in still] == [("lead", 60, 2, False)]
