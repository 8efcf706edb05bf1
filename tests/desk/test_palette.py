"""Find or do: people and companies by the beginnings of words, places, and only what one may see."""

import re
from typing import Any

import pytest
from django.test import Client

from contacts.catalogue import install_catalogue
from contacts.models import Company, Contact, Membership
from contacts.projecting import project
from crm.templatetags.palette import marked
from funnel.services import install_path
from staff.models import Role, Team
from tests.desk.scenes import at_desk, queries_for
from tests.factories import make_user
from tests.funnel.worlds import person

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def path():
    install_catalogue()
    install_path()


def known(name: str, **fields: Any) -> Contact:
    contact = person(name=name, **fields)
    project([contact.pk])
    return contact


def found(client: Client, typed: str, **also: Any) -> dict[str, list[str]]:
    """The groups of the palette, each with the texts of its lines."""
    page = client.get("/find", {"q": typed, **also}, headers=HTMX).text
    groups = re.findall(r'<div class="pg[^>]*>([^<]*)</div>(.*?)(?=<div role="group"|$)', page, re.S)
    return {label: re.findall(r'<span class="grow clip"><b>(.*?)</b>', _plain(lines)) for label, lines in groups}


def _plain(html: str) -> str:
    return re.sub(r"</?mark>", "", html)


def test_ae_finds_a_and_those_whose_name_begins_so_come_first():
    client, _user = at_desk()
    for name in ("Lauri Äinälä", "Aino Korhonen", "Aini Rantala", "Kainu Niemi"):
        known(name)

    assert found(client, "ain")["People"] == ["Aini Rantala", "Aino Korhonen", "Lauri Äinälä"]
    assert found(client, "äin")["People"] == ["Aini Rantala", "Aino Korhonen", "Lauri Äinälä"]


def test_people_are_found_by_surname_first_or_last_by_e_mail_and_by_digits():
    client, _user = at_desk()
    known("Aino Korhonen", emails=["aino@nordlogi.example"], phones=["+358401234567"])
    known("Aino Mäki")

    for typed in ("korh", "aino korh", "korh ai", "aino@nord", "nordlogi", "040 123", "+358 40 12"):
        assert found(client, typed)["People"] == ["Aino Korhonen"], typed


def test_companies_are_found_with_how_many_work_there():
    client, _user = at_desk()
    company = Company.objects.create(name="Ainola Logistics Oy", sort_key="ainola logistics oy")
    Membership.objects.create(contact=known("Matti Meri"), company=company)

    page = client.get("/find?q=ain", headers=HTMX).text

    assert "Logistics Oy" in page
    assert "1 person" in page
    assert f'data-url="/companies/{company.pk}"' in page


def test_sales_find_nobody_of_another_team():
    other = make_user("other@example.com", role=Role.SALES, team=Team.objects.create(name="North"))
    theirs = known("Aino Korhonen", owner=other)
    client, user = at_desk(Role.SALES)
    known("Aino Mäki", owner=user)

    assert found(client, "ain")["People"] == ["Aino Mäki"]
    assert "Lately" not in found(client, "", recent=str(theirs.pk))


def test_the_empty_palette_shows_whom_one_looked_at_lately_in_that_order_and_every_place():
    client, _user = at_desk()
    first, second = known("Aino Korhonen"), known("Matti Meri")

    shown = found(client, "", recent=f"{second.pk},{first.pk},999999,nonsense")

    assert shown["Lately"] == ["Matti Meri", "Aino Korhonen"]
    assert {"Path", "Contacts"} <= set(shown["Go"])


def test_a_deed_and_a_name_lead_to_the_deed_on_that_person():
    client, _user = at_desk()
    aino = known("Aino Korhonen")
    known("Matti Meri")

    page = client.get("/find?q=call ain", headers=HTMX).text

    assert f'data-url="/contacts/{aino.pk}?do=call#composer"' in page
    assert found(client, "call ain") == {"Do": ["Call"], "People": ["Aino Korhonen"]}


def test_on_the_page_of_somebody_their_deeds_come_first():
    client, _user = at_desk()
    aino = known("Aino Korhonen")

    assert found(client, "", here=str(aino.pk))["Do"][:2] == ["Note", "Call"]
    assert list(found(client, "tas", here=str(aino.pk)).items()) == [("Do", ["Task"]), ("Go", ["Tasks"])]


def test_who_may_only_read_is_offered_no_deed():
    client, _user = at_desk(Role.READ_ONLY)
    known("Aino Korhonen")

    assert "Do" not in found(client, "aino")


def test_a_place_is_found_by_its_name():
    client, _user = at_desk()

    assert found(client, "cont")["Go"] == ["Contacts"]


def test_without_script_the_same_is_a_page_of_links():
    client, _user = at_desk()
    aino = known("Aino Korhonen")

    page = client.get("/find?q=ain").text

    assert f'<a class="pi" href="/contacts/{aino.pk}">' in page


def test_nothing_found_says_what_can_be_typed():
    client, _user = at_desk()

    assert "Nobody and nothing is called “zzz”." in client.get("/find?q=zzz", headers=HTMX).text


@pytest.mark.parametrize("typed", ["'", "\\", ":*", "& |", "<b>", "%", "a" * 500, "'a':* | 'b'", "٣"])
def test_whatever_is_typed_is_answered(typed: str):
    client, _user = at_desk()

    assert client.get("/find", {"q": typed}, headers=HTMX).status_code == 200


def test_a_letter_more_costs_three_statements_however_many_are_found():
    client, _user = at_desk()
    for number in range(12):
        known(f"Aino Korhonen {number}")

    asked = [sql for sql in queries_for(client, "/find?q=aino") if "contacts_" in sql or "funnel_stage" in sql]

    assert len([sql for sql in asked if "pending" not in sql and "quarantine" not in sql]) == 3


@pytest.mark.parametrize(
    ("text", "typed", "shown"),
    [
        ("Lauri Äinälä", "ain", "Lauri <mark>Äin</mark>älä"),
        ("Straße & Co", "strass", "<mark>Straß</mark>e &amp; Co"),
        ("<b>ain</b>", "ai", "&lt;b&gt;<mark>ai</mark>n&lt;/b&gt;"),
        ("Aino", "", "Aino"),
    ],
)
def test_what_was_typed_is_underlined(text: str, typed: str, shown: str):
    assert marked(text, typed) == shown


def test_the_keys_are_a_page_too():
    client, _user = at_desk()

    assert "Undo the last deed" in client.get("/keys").text
