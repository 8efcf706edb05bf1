"""What the page of a person says: why and why not, the timeline by kind and page, figures, permissions, colleagues."""

import re
from typing import Any

import pytest

from contacts.models import Company, Membership
from funnel.advancing import advance_everything
from staff.models import Role
from tests.desk.scenes import ago, at_desk, buyer
from tests.factories import make_team, make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def met(client, contact, query=""):
    return client.get(f"/contacts/{contact.pk}{query}").context["met"]


def told(timeline):
    return [entry.event.type.key if entry.event else entry.to_name for entry in timeline.entries]


def test_the_why_names_the_rules_that_came_first_and_did_not_match():
    client, _user = at_desk()
    aino = buyer(ago(5), name="Aino")
    advance_everything()

    here = met(client, aino).here

    assert (here.number, here.version) == (6, 1)
    assert [(one.number, one.reason) for one in here.passed] == [(5, "they stood elsewhere")]


def test_the_why_shows_each_condition_with_what_was_measured():
    client, _user = at_desk()
    aino = buyer(ago(50), name="Aino")
    happened(aino, "order_completed", ago(5))
    advance_everything()

    here = met(client, aino).here

    assert here.number == 5
    assert here.held == ("the number of days with kept orders within 365 days is at least 2 (it was 2)",)


def test_the_page_tells_where_they_would_stand_without_the_fact():
    client, _user = at_desk()
    aino = person(name="Aino")
    happened(aino, "quote_requested", ago(9))
    order = happened(aino, "order_completed", ago(5))
    view = happened(aino, "page_viewed", ago(1))
    advance_everything()

    answers = [client.get(f"/contacts/{aino.pk}/without/{event.pk}").text for event in (order, view)]

    assert "Without this event (order) Aino would stand in" in answers[0]
    assert '<b class="ink-2">Lead</b>' in answers[0]
    assert answers[1].strip() == ""


def test_a_step_back_is_drawn_with_its_cause():
    client, _user = at_desk()
    aino = buyer(ago(9), name="Aino")
    happened(aino, "order_refunded", ago(4))
    advance_everything()

    page = client.get(f"/contacts/{aino.pk}")

    [step] = page.context["met"].back
    assert (step.from_place, step.to_place, step.why.cause.type.key) == (4, 3, "order_refunded")
    assert page.text.count('class="pl-back"') == 1


def test_the_timeline_is_filtered_by_kind_and_says_how_much_there_is_of_each():
    client, _user = at_desk()
    aino = buyer(ago(9), name="Aino")
    happened(aino, "call_held", ago(8), properties={"text": "They plan a day"})
    happened(aino, "page_viewed", ago(7), properties={"title": "Prices"})
    advance_everything()

    whole = met(client, aino)

    assert [(chip.key, chip.count) for chip in whole.chips] == [
        ("", 0),
        ("moves", 3),
        ("orders", 1),
        ("talks", 1),
        ("web", 1),
    ]
    assert told(met(client, aino, "?kind=talks").timeline) == ["call_held"]
    assert told(met(client, aino, "?kind=moves").timeline) == ["Active", "Customer", "Prospecting"]
    assert told(met(client, aino, "?kind=nonsense").timeline) == told(whole.timeline)


def test_older_pages_go_on_where_the_newer_ended_and_lose_no_move():
    client, _user = at_desk()
    aino = person(name="Aino")
    for day in range(95, 0, -1):
        happened(aino, "note_added", ago(day))
    happened(aino, "quote_requested", ago(70.5))
    advance_everything()
    assert "Show older" in client.get(f"/contacts/{aino.pk}").text

    pages: list[list[str]] = []
    query: str | None = ""
    while query is not None and len(pages) < 9:
        timeline = met(client, aino, query).timeline
        pages.append(told(timeline))
        query = f"?cursor={timeline.older}" if timeline.older else None

    flat = [one for page in pages for one in page]
    assert [len([one for one in page if one == "note_added"]) for page in pages] == [30, 30, 29, 6]
    assert flat.count("note_added") == 95
    assert [one for one in flat if one != "note_added"] == ["Lead", "quote_requested", "Prospecting"]
    assert told(met(client, aino, "?cursor=made-up").timeline) == pages[0]


def test_pages_looked_at_one_after_another_are_one_visit():
    client, _user = at_desk()
    aino = person(name="Aino")
    happened(aino, "quote_requested", ago(9))
    for minutes in (0, 5, 9):
        happened(aino, "page_viewed", ago(2 + minutes / 1440), properties={"title": f"Page {minutes}"})
    happened(aino, "page_viewed", ago(5), properties={"title": "Long ago"})
    advance_everything()

    visits = [(entry.told.rest, len(entry.others)) for entry in met(client, aino).timeline.entries if entry.event]

    assert visits == [("Page 0", 2), ("Long ago", 0), ("", 0)]


def test_the_score_is_told_item_by_item_and_adds_up():
    client, _user = at_desk()
    aino = buyer(ago(40), name="Aino")
    for day in (1, 2, 3):
        happened(aino, "page_viewed", ago(day))
    happened(aino, "call_held", ago(31))
    advance_everything()

    person_ = met(client, aino)

    assert [(item.type.key, item.number, item.was) for item in person_.items] == [
        ("order_completed", 1, 50),
        ("call_held", 1, 10),
        ("page_viewed", 3, 3),
    ]
    assert sum(item.points for item in person_.items) == pytest.approx(person_.score, abs=0.01)


def test_orders_are_summed_by_currency_without_what_came_back():
    client, _user = at_desk()
    aino = person(name="Aino")
    for number, (value, currency) in enumerate([(1000, "EUR"), (5000, "EUR"), (700, "USD")]):
        happened(
            aino,
            "order_completed",
            ago(20 - number),
            value_minor=value,
            currency=currency,
            properties={"order_id": str(number)},
        )
    happened(aino, "order_refunded", ago(5), value_minor=1000, currency="EUR", properties={"order_id": "0"})
    happened(aino, "order_refunded", ago(4), value_minor=500, currency="EUR", properties={"order_id": "1"})
    advance_everything()

    orders = met(client, aino).orders

    assert (orders.kept, orders.refunded) == (2, 1)
    assert [(one.value_minor, one.currency) for one in orders.sums] == [(4500, "EUR"), (700, "USD")]
    lines = [(line.number, line.is_kept, line.refunded.value_minor if line.refunded else 0) for line in orders.lines]
    assert lines == [("2", True, 0), ("1", True, 500), ("0", False, 0)]


def test_health_says_when_it_changes_next():
    client, _user = at_desk()
    aino = buyer(ago(170), name="Aino")
    advance_everything()

    line = met(client, aino).line

    assert (line.days, line.usual_days) == (170, 90)
    assert (line.cools_at - line.last_order_at).days == 180
    assert (line.lapses_at - line.last_order_at).days == 360
    assert line.is_soon


def test_permissions_stand_there_with_their_wording_and_evidence():
    client, _user = at_desk()
    aino = person(name="Aino")
    given = {"channel": "email", "purpose": "marketing", "wording": "3", "evidence": "The form of the fair"}
    happened(aino, "consent_given", ago(9), properties=given)
    happened(aino, "consent_withdrawn", ago(3), properties={"channel": "phone", "purpose": "marketing"})
    advance_everything()

    page = client.get(f"/contacts/{aino.pk}")

    assert [(one.channel, one.given) for one in page.context["met"].consents] == [("email", True), ("phone", False)]
    said = re.sub(r"<[^>]+>", "", page.text)
    assert "wording 3" in said
    assert "The form of the fair" in said


def test_colleagues_are_those_one_may_see():
    client, seller = at_desk(Role.SALES, team=make_team())
    company = Company.objects.create(name="Nordlogi Oy")
    people: dict[str, dict[str, Any]] = {"Aino": {"owner": seller}, "Petri": {}, "Elsewhere": {"owner": make_user()}}
    contacts = {name: person(name=name, **fields) for name, fields in people.items()}
    for contact in contacts.values():
        Membership.objects.create(contact=contact, company=company)
    happened(contacts["Petri"], "quote_requested", ago(3))
    advance_everything()

    [work] = met(client, contacts["Aino"]).workplaces

    assert [(mate.contact.name, mate.stage.key) for mate in work.people] == [("Petri", "lead")]
