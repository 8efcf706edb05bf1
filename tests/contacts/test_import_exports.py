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
from tests.contacts.samples import open_document, workbook
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


@pytest.mark.parametrize(
    ("heads", "preset", "found"),
    [
        (  # people beside their companies: what stands a second time is the company's
            "Record ID - Contact|First Name|Last Name|Email|Phone Number|Contact owner|Lead Status|"
            "Record ID - Company|Company name|Company owner|Phone Number|Country/Region",
            "hubspot",
            "external_id first_name last_name email phone owner - - company - - country",
        ),
        (
            "hs_object_id|firstname|lastname|email|phone|jobtitle|company|lifecyclestage|hubspot_owner_id|createdate|"
            "hs_email_optout",
            "hubspot",
            "external_id first_name last_name email phone title company stage owner created refusal",
        ),
        (
            "Datensatz-ID|Vorname|Nachname|E-Mail|Telefonnummer|Zuständiger Mitarbeiter|Zugeordnetes Unternehmen|"
            "Lead-Status|Lifecycle-Phase|Erstellungsdatum|Land/Region",
            "hubspot",
            "external_id first_name last_name email phone owner company - stage created country",
        ),
        (
            "Tietueen tunnus|Etunimi|Sukunimi|Sähköposti|Puhelinnumero|Yhteyshenkilön omistaja|Elinkaaren vaihe|"
            "Luontipäivä|Maa/alue",
            "hubspot",
            "external_id first_name last_name email phone owner stage created country",
        ),
        (
            "ID de fiche d'informations|Prénom|Nom|Adresse e-mail|Numéro de téléphone|Propriétaire du contact|"
            "Phase du cycle de vie|Date de création",
            "hubspot",
            "external_id first_name last_name email phone owner stage created",
        ),
        (
            "Record ID|Email|Lifecycle Stage|Opted out of email: Newsletter|Opted out of email: One to One|"
            "Opted out of email: Customer Service Communication",
            "hubspot",
            "external_id email stage refusal - -",
        ),
        (
            "Contact ID|Contact: First Name|Contact: Last Name  ↑|Account Name: Account Name|"
            "Contact Owner: Full Name|Email|Phone|Contact: Created Date|Mailing Country (text only)|Email Opt Out",
            "salesforce",
            "external_id first_name last_name company owner email phone created country refusal",
        ),
        (
            "Lead Owner|First Name|Last Name|Title|Company / Account|Email|Lead Source|Street|Rating|Lead Status|"
            "Created Date|Description",
            "salesforce",
            "owner first_name last_name title company email - - - stage created note",
        ),
        (
            "Kontakt-ID|Vorname|Nachname|Titel|Accountname|Accountinhaber|E-Mail|Telefon|Mobil",
            "salesforce",
            "external_id first_name last_name title company owner email phone phone",
        ),
        (
            "Person - ID|Person - Vorname|Person - Nachname|Person - Organisation|Person - Telefon - Büro|"
            "Person - Telefon - Mobil|Person - E-Mail-Adresse - Büro|Person - E-Mail-Adresse - Privat|"
            "Person - Besitzer|Person - Label|Person - Notizen",
            "pipedrive",
            "external_id first_name last_name company phone phone email email owner tags note",
        ),
        (
            "Persona - Nombre|Persona - Correo electrónico - Trabajo|Persona - Teléfono - Otro|"
            "Persona - Organización|Persona - Propietario|Persona - Etiquetas",
            "pipedrive",
            "name email phone company owner tags",
        ),
        (
            "First Name|Middle Name|Last Name|File As|Labels|Phone 1 - Label|Phone 1 - Value|Phone 7 - Value|"
            "Organization Name|Organization Title|Notes",
            "google",
            "first_name - last_name - tags - phone phone company title note",
        ),
        (
            "Record Id|Contact Owner.id|Contact Owner|First Name|Last Name|Account Name.id|Account Name|Email|Phone|"
            "Email Opt Out",
            "",  # of Zoho: no export of HubSpot, though it has a Record Id and a Contact Owner
            "external_id - owner first_name last_name - company email phone refusal",
        ),
    ],
)
def test_each_way_these_systems_write_their_heads_is_understood(heads, preset, found):
    names = heads.split("|")
    choices = guess(names, [["1" for _name in names]], zone="Europe/Helsinki", country="FI")

    assert choices["preset"] == preset
    assert [(name, field or "-") for name, field in zip(names, choices["columns"], strict=True)] == list(
        zip(names, found.split(), strict=True)
    )


def test_an_export_of_hubspot_in_german_arrives_as_one_in_english(by):
    text = (
        "Datensatz-ID;Vorname;Nachname;E-Mail;Telefonnummer;Zugeordnetes Unternehmen;Lifecycle-Phase;"
        "Erstellungsdatum;Von allen E-Mails abgemeldet\n"
        "7;Jörg;Weiß;joerg@weiss.example;+49 30 1234567;Weiß GmbH;Kunde;2025-03-01 09:12;Ja\n"
        "8;Änne;Groß;aenne@gross.example;;;Lead;2025-04-01 09:12;Nein\n"
    )
    run = imported(by, text)

    assert (run.choices["stages"], run.created, run.rejected) == ({"Kunde": "customer", "Lead": "lead"}, 2, 0)
    people = Contact.objects.order_by("pk").values_list("name", "emails", "phones")
    assert list(people) == [
        ("Jörg Weiß", ["joerg@weiss.example"], ["+49301234567"]),
        ("Änne Groß", ["aenne@gross.example"], []),
    ]
    told = Event.objects.filter(type__key__in=["stage_set", "consent_withdrawn"]).order_by("type__key", "contact")
    assert list(told.values_list("type__key", "contact__name", "properties__stage")) == [
        ("consent_withdrawn", "Jörg Weiß", None),
        ("stage_set", "Jörg Weiß", "customer"),
        ("stage_set", "Änne Groß", "lead"),
    ]


def test_a_report_of_salesforce_tells_of_converted_leads_only(by):
    heads = '"Lead Owner","First Name","Last Name","Company / Account","Email","Lead Status","Created Date"'
    rows = [
        '"Laura Lahti","Liisa","Lahtinen","Lahti Oy","liisa@lahti.example","Nurturing","3/24/2025"',
        '"Laura Lahti","Tom","Smith","Smith Ltd","tom@smith.example","Converted","3/25/2025"',
    ]
    run = imported(by, "\n".join([heads, *rows, ""]))

    assert (run.choices["stages"], run.created) == ({"Converted": "lead", "Nurturing": ""}, 2)
    staged = Event.objects.filter(type__key="stage_set").values_list("contact__name", "properties__stage")
    assert list(staged) == [("Tom Smith", "lead")]


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


def test_of_a_workbook_a_sheet_is_read_that_one_sees_and_hidden_ones_can_be_chosen(by):
    secret: list[list[object]] = [["Salary", "Email"], [1, "boss@x.example"]]
    shown = [["Name", "Email"], ["Anna", "anna@x.example"]]
    run = brought(by, workbook(secret, shown, hidden={1}))

    assert (run.choices["sheet"], run.choices["sheets"]) == ("Sheet2", ["Sheet1", "Sheet2"])
    assert preview(run) == [["Anna", "anna@x.example"]]
    choose(by=by, run=run, said={"sheet": "Sheet1"})
    assert preview(run) == [["1", "boss@x.example"]]
    assert brought(by, workbook(secret, hidden={1})).choices["sheet"] == "Sheet1"


def test_titles_above_a_table_are_no_columns(by):
    run = brought(by, "Asiakkaat 2026\n\nNimi;Sähköposti\nAnna;anna@x.example\nVille;ville@x.example\n".encode())

    assert (run.columns, run.choices["skip"], run.choices["delimiter"]) == (["Nimi", "Sähköposti"], 1, ";")
    assert preview(run) == [["Anna", "anna@x.example"], ["Ville", "ville@x.example"]]
    choose(by=by, run=run, said={"skip": 0, "header": False})
    assert (run.columns, run.choices["skip"]) == (["1"], 0)
    choose(by=by, run=run, said={"skip": 1, "header": True})
    assert (mapping_from(draft_of(run)).file.skip, run.choices["columns"]) == (1, ["name", "email"])
