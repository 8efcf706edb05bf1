"""The page of a person: who they are, how they walked, why they stand there."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.ingest import retract_event
from contacts.merging import merge_contacts
from contacts.models import Company, Event, Identity, Membership
from funnel.advancing import advance_everything
from staff.models import Role
from tests.desk.scenes import ago, at_desk, buyer, queries_for
from tests.factories import make_team, make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def test_the_page_says_why_somebody_stands_where_they_stand():
    client, _user = at_desk()
    aino = person(name="Aino Korhonen")
    happened(aino, "content_downloaded", ago(20))
    happened(aino, "order_completed", ago(5), value_minor=59000, currency="EUR")
    advance_everything()

    page = client.get(f"/contacts/{aino.pk}")

    met = page.context["met"]
    assert (met.stage.key, met.place, met.health) == ("customer", 4, "active")
    assert met.here.rule == "A first order makes a customer"
    assert met.here.sentence in page.text.replace("&quot;", '"')
    assert met.here.cause.value_minor == 59000
    assert "<title>Aino Korhonen · Polku</title>" in page.text
    assert "€590.00" in page.text


def test_the_stops_tell_when_somebody_came_how_long_they_stayed_and_what_was_passed_by():
    client, _user = at_desk()
    aino = person()
    happened(aino, "page_viewed", ago(20))
    happened(aino, "content_downloaded", ago(12))
    happened(aino, "order_completed", ago(5))
    happened(aino, "order_refunded", ago(3))
    advance_everything()

    stops = client.get(f"/contacts/{aino.pk}").context["met"].stops

    assert [(stop.stage.key, stop.visits, stop.days, stop.is_here) for stop in stops] == [
        ("prospecting", 1, 8, False),
        ("retargeting", 0, 0, False),
        ("lead", 2, 10, True),
        ("customer", 1, 2, False),
        ("loyalty", 0, 0, False),
        ("advocate", 0, 0, False),
    ]


def test_the_page_says_what_the_next_step_would_take():
    client, _user = at_desk()
    aino = buyer(ago(5))
    advance_everything()

    ways = client.get(f"/contacts/{aino.pk}").context["met"].ways

    [again] = [way for way in ways if way.stage == "loyalty"]
    assert again.types == frozenset({"order_completed"})
    assert [(one.value, one.holds, one.lacking) for one in again.conditions] == [(1, False, 1)]


def test_the_timeline_shows_what_was_learned_late_and_what_was_retracted():
    client, _user = at_desk()
    aino = person()
    wrong = happened(aino, "content_downloaded", ago(2), recorded_at=ago(2) + timedelta(minutes=1))
    happened(aino, "page_viewed", ago(1), recorded_at=timezone.now())
    advance_everything()
    retract_event(event=wrong)
    advance_everything()

    page = client.get(f"/contacts/{aino.pk}")

    entries = [entry for entry in page.context["met"].timeline.entries if entry.event]
    assert [(entry.event.type.key, bool(entry.learned_late), bool(entry.event.retracted_at)) for entry in entries] == [
        ("page_viewed", True, False),
        ("content_downloaded", False, True),
    ]
    assert ", 1 day later" in page.text.replace("\xa0", " ")
    assert 'class="ev is-retracted"' in page.text
    assert page.context["met"].stage.key == "prospecting"


def test_a_move_stands_above_the_event_that_caused_it():
    client, _user = at_desk()
    aino = buyer(ago(5))
    advance_everything()

    timeline = client.get(f"/contacts/{aino.pk}").context["met"].timeline.entries

    assert [entry.event.type.key if entry.event else entry.to_name for entry in timeline] == [
        "Active",
        "Customer",
        "Prospecting",
        "order_completed",
    ]


def test_a_merged_person_is_met_at_their_leader_with_what_both_did():
    client, _user = at_desk()
    first, second = buyer(ago(9), name="Aino"), buyer(ago(5), name="Aino K.")
    merge_contacts(first=first, second=second)
    advance_everything()

    answer = client.get(f"/contacts/{second.pk}", follow=True)

    assert answer.redirect_chain == [(f"/contacts/{first.pk}", 302)]
    assert [one.name for one in answer.context["met"].members] == ["Aino K."]
    assert {entry.event.contact_id for entry in answer.context["met"].timeline.entries if entry.event} == {
        first.pk,
        second.pk,
    }
    assert answer.context["met"].stage.key == "loyalty"


def test_somebody_elses_contact_is_not_there_for_sales():
    client, seller = at_desk(Role.SALES, team=make_team())
    elses, own, nobodys = person(owner=make_user()), person(owner=seller), person()

    answers = [client.get(f"/contacts/{one.pk}").status_code for one in (elses, own, nobodys)]

    assert answers == [404, 200, 200]


def test_nobody_is_met_at_a_number_nobody_has():
    client, _user = at_desk()

    assert [client.get(f"/contacts/{number}").status_code for number in (0, 10**9)] == [404, 404]


def test_a_person_nobody_told_anything_of_has_a_page():
    client, _user = at_desk(Role.READ_ONLY)
    silent = person(name="", emails=["silent@example.com"])

    page = client.get(f"/contacts/{silent.pk}")

    assert "Nothing is recorded of this person yet." in page.text
    assert "silent@example.com" in page.text


def test_names_and_words_of_others_are_shown_as_they_are():
    client, _user = at_desk()
    aino = person(name='<script>alert("x")</script>', title="<b>", origin_campaign="<i>")
    happened(aino, "page_viewed", ago(1), campaign_key="<u>")

    text = client.get(f"/contacts/{aino.pk}").text

    assert [sign for sign in ("<script>alert", '<b>"', "<i>", "<u>") if sign in text] == []


def test_the_page_asks_no_more_for_60_events_than_for_3():
    client, _user = at_desk()
    company = Company.objects.create(name="Nordlogi Oy")

    def asked_with(number: int) -> int:
        contact = person(name="Aino")
        for day in range(number):
            happened(contact, "order_completed" if day % 2 else "order_refunded", ago(number - day + 1))
            Identity.objects.create(contact=contact, kind="email", value=f"{number}.{day}@example.com")
        Membership.objects.create(contact=contact, company=company)
        advance_everything()
        return len(queries_for(client, f"/contacts/{contact.pk}"))

    few, many = asked_with(3), asked_with(60)
    assert max(few, many) <= 26
    assert abs(many - few) <= 1  # what is remembered for a moment may have to be asked again
    assert Event.objects.count() == 63
