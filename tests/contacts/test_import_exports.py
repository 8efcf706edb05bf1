"""Exports as other systems write them: what each column means, and that people arrive as a reader expects them."""

from typing import Any

import pytest

from contacts.importing.drafting import mapping_from
from contacts.importing.guessing import guess
from contacts.importing.preparing import bring_file, choose, draft_of, preview
from contacts.importing.steering import start_import_of
from contacts.importing.working import work_off_imports
from contacts.models import Contact, Event, Import
from staff.models import Role
from staff.policy import Principal
from tests.contacts.samples import open_document
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]
GOOGLE = (
    "First Name,Last Name,File As,Labels,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Value,Notes\n"
    "Aino,Mäki,,* myContacts ::: Customers,,aino@koti.example,040 123 0001,From Turku\n"
    "Putki,Mies,,* myContacts,,,040 999 8888,Good with pipes\n"
    "Vain,Nimi,,* myContacts,,,,\n"
)


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Any) -> None:
    settings.IMPORTS_ROOT = tmp_path / "imports"


@pytest.fixture
def by() -> Principal:
    return Principal(user=make_user("marketer@example.com", role=Role.MARKETER))


def brought(by: Principal, text: str | bytes) -> Import:
    return bring_file(by=by, name="people.csv", pieces=iter([text if isinstance(text, bytes) else text.encode()]))


def imported(by: Principal, text: str | bytes) -> Import:
    run = brought(by, text)
    start_import_of(by=by, run=run)
    work_off_imports()
    run.refresh_from_db()
    return run


def meanings(heads: str, *rows: str) -> dict[str, str]:
    names = heads.split("|")
    found = guess(names, [row.split("|") for row in rows], zone="Europe/Helsinki", country="FI")
    return {name: field for name, field in zip(names, found["columns"], strict=True) if field}


def test_of_outlook_the_job_is_the_title_and_every_number_counts():
    heads = (
        "Title|First Name|Last Name|Company|Job Title|Business Phone|Business Phone 2|Mobile Phone|"
        "E-mail Address|E-mail 2 Address|E-mail Type|Categories"
    )
    row = "Mr.|Olli|Outi|Outi Oy|Seller|+358 9 123 123||040 123 1231|olli@outi.example||SMTP|Friends"

    assert meanings(heads, row) == {
        "First Name": "first_name",
        "Last Name": "last_name",
        "Company": "company",
        "Job Title": "title",
        "Business Phone": "phone",
        "Business Phone 2": "phone",
        "Mobile Phone": "phone",
        "E-mail Address": "email",
        "E-mail 2 Address": "email",
        "Categories": "tags",
    }


def test_names_of_programs_are_read_word_by_word():
    heads = (
        "id|firstName|lastName|accountName|emailAddress|emailAddressIsOptedOut|phoneNumber|assignedUserName|createdAt"
    )
    row = "5f1|Elli|Esko|Esko Oy|elli@esko.example|1|+358401112222|Laura Lahti|2024-03-04 10:00:00"

    assert list(meanings(heads, row).values()) == [
        *("external_id", "first_name", "last_name", "company", "email", "refusal", "phone", "owner", "created")
    ]


def test_of_two_columns_the_one_counts_that_says_something():
    heads = "Name|Company Name|Related Company|Email"

    assert meanings(heads, "Bo Ek||Ek Oy|bo@ek.example")["Related Company"] == "company"
    assert meanings(heads, "Bo Ek|Ek Ab|Ek Oy|bo@ek.example")["Company Name"] == "company"


def test_a_column_is_not_believed_that_cannot_be_what_it_is_called():
    heads = "Asiakas|Sähköposti|Markkinointilupa (2026)|Summa €|Tilauspvm"

    assert meanings(heads, "Anna Virtanen|a@x.example|15.3.2024|12,50|1.3.2026") == {
        "Asiakas": "name",
        "Sähköposti": "email",
        "Summa €": "event_value",
        "Tilauspvm": "event_moment",
    }


@pytest.mark.parametrize(
    ("heads", "preset"),
    [
        ("Record ID,Company name,Company owner,Create Date,Phone Number", "hubspot_companies"),
        ("Record ID,Deal Name,Deal Stage,Close Date,Amount,Associated Contact", "hubspot_deals"),
        ("Account ID,Account Name,Type,Billing City", "salesforce_accounts"),
        ("Opportunity Name,Stage,Amount,Close Date", "salesforce_deals"),
        ("Organization - ID,Organization - Name,Organization - Owner", "pipedrive_organizations"),
    ],
)
def test_a_list_that_is_not_of_people_is_said_to_be_none(by, heads, preset):
    run = brought(by, f"{heads}\n{','.join('1' for _head in heads.split(','))}\n")

    assert (run.choices["preset"], set(run.choices["columns"]), run.choices["source"]) == (preset, {""}, "import")


def test_everything_hubspot_has_of_somebody_can_come(by):
    heads = "Additional email addresses,Email,Record ID,Country/Region,Preferred language,Create Date"
    heads += ",Unsubscribed from all email,Opted out of email: Marketing Information,Associated Note"
    said = [
        "ann@home.example;anna@old.example",
        "anna@virta.example",
        "101",
        "USA",
        "Finnish",
        "2025-03-01 09:12",
        "",
        "true",
        "x" * 60_000,
    ]
    properties = "".join(f",Property {number}" for number in range(600))
    run = imported(by, f"{heads}{properties}\n{','.join(said)}{',' * 600}\n")

    assert (run.created, run.rejected) == (1, 0)
    anna = Contact.objects.get()
    assert (anna.emails, anna.country, anna.language) == (
        ["anna@virta.example", "ann@home.example", "anna@old.example"],
        "US",
        "fi",
    )
    assert Event.objects.filter(type__key="consent_withdrawn").count() == 1


def test_who_unsubscribed_in_pipedrive_wants_no_letters(by):
    text = (
        "Person - ID,Person - Name,Person - Email - Work,Person - Marketing status\n"
        "7,Sari Laine,sari@laine.example,Subscribed\n8,Tom Smith,tom@smith.example,Unsubscribed\n"
        "9,Nick Noone,nick@noone.example,No consent\n"
    )

    assert imported(by, text).rejected == 0
    refusing = Event.objects.filter(type__key="consent_withdrawn").values_list("contact__name", flat=True)
    assert list(refusing) == ["Tom Smith"]


def test_who_has_no_address_is_known_by_name_and_number(by):
    run = imported(by, GOOGLE)

    people = Contact.objects.order_by("pk").values_list("name", "emails", "phones", "tags")
    assert list(people) == [
        ("Aino Mäki", ["aino@koti.example"], ["+358401230001"], ["customers"]),
        ("Putki Mies", [], ["+358409998888"], []),
    ]
    assert [(one.line, one.reason) for one in run.rejects.all()] == [(4, "missing-identity")]
    notes = Event.objects.filter(type__key="note_added").order_by("contact").values_list("contact__name", "properties")
    assert list(notes) == [("Aino Mäki", {"text": "From Turku"}), ("Putki Mies", {"text": "Good with pipes"})]
    again = imported(by, GOOGLE.replace("Vain", "Vielä"))
    assert (again.created, again.updated, again.unchanged, again.rejected) == (0, 0, 2, 1)


def test_orders_of_who_has_no_address_are_told_once(by):
    text = (
        "Name,Email,Phone,Order number,Order date,Total\n"
        "Bo Ek,bo@ek.example,040 123 0001,A1,2026-03-01,12.50\nPia Puu,,040 123 0002,A2,2026-03-02,9.00\n"
    )

    assert (imported(by, text).created, imported(by, text + ",,,,,\n").unchanged) == (2, 2)
    orders = (
        Event.objects.filter(type__key="order_completed")
        .order_by("message_id")
        .values_list("contact__name", "message_id")
    )
    assert list(orders) == [("Bo Ek", "order_completed-A1"), ("Pia Puu", "order_completed-A2")]


def test_a_table_of_open_document_is_read_as_one_of_excel(by):
    run = brought(by, open_document([["Nimi", "Sähköposti"], ["Anna & Ville", "anna@x.example"]]))

    assert (run.columns, run.choices["sheet"]) == (["Nimi", "Sähköposti"], "Taulukko1")
    assert preview(run) == [["Anna & Ville", "anna@x.example"]]


def test_titles_above_a_table_are_no_columns(by):
    run = brought(by, "Asiakkaat 2026\n\nNimi;Sähköposti\nAnna;anna@x.example\nVille;ville@x.example\n".encode())

    assert (run.columns, run.choices["skip"], run.choices["delimiter"]) == (["Nimi", "Sähköposti"], 1, ";")
    assert preview(run) == [["Anna", "anna@x.example"], ["Ville", "ville@x.example"]]
    choose(by=by, run=run, said={"skip": 0, "header": False})
    assert (run.columns, run.choices["skip"]) == (["1"], 0)
    choose(by=by, run=run, said={"skip": 1, "header": True})
    assert (mapping_from(draft_of(run)).file.skip, run.choices["columns"]) == (1, ["name", "email"])
