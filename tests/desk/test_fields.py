"""Fields that the organisation declares: made in the settings, asked for by forms, shown on pages, dropped."""

import pytest

from contacts.declaring import free_key
from contacts.models import Company, Contact, CustomField
from contacts.services import NewContact, create_contact
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.callers import make_caller
from tests.desk.scenes import at_desk
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def declared() -> list[tuple]:
    return list(CustomField.objects.order_by("pk").values_list("of", "key", "label", "kind", "choices"))


def test_a_field_is_declared_changed_dropped_and_there_again_with_what_was_written():
    client, _admin = at_desk(Role.ADMIN)
    said = {"label": "Class of customer", "of": "contact", "kind": "choice", "choices": "gold\n\n silver \ngold"}
    assert client.post("/settings/fields", said).status_code == 302
    assert declared() == [("contact", "class_of_customer", "Class of customer", "choice", ["gold", "silver"])]
    assert ">gold\nsilver</textarea>" in client.get("/settings/fields").text

    aino = create_contact(by=make_principal(), new=NewContact({"name": "Aino", "class_of_customer": "gold"}))
    [field] = CustomField.objects.all()
    changed = {"label": "Class", "choices": "gold\nbronze"}
    assert client.post(f"/settings/fields/{field.pk}/change", changed).status_code == 302
    assert '<dt>Class</dt><dd class="anywhere">gold</dd>' in page_of(client, aino)

    assert client.post(f"/settings/fields/{field.pk}/drop").status_code == 302
    assert (declared(), "<dt>Class</dt>" in page_of(client, aino)) == ([], False)
    client.post("/settings/fields", said | {"label": "Class of customer"})
    assert '<dt>Class of customer</dt><dd class="anywhere">gold</dd>' in page_of(client, aino)
    deeds = AuditRecord.objects.filter(object_kind="field").order_by("pk").values_list("action", flat=True)
    assert list(deeds) == ["field_declared", "field_changed", "field_dropped", "field_declared"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"kind": "choice", "choices": ""}, "A choice needs choices, and nothing else has any."),
        ({"kind": "number", "choices": "a\nb"}, "A choice needs choices, and nothing else has any."),
        ({"kind": "choice", "choices": "x" * 81}, "At most 200 choices of at most 80 characters."),
        ({"label": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_declared_is_said_beside_the_field_and_what_was_typed_stays(said, words):
    client, _admin = at_desk(Role.ADMIN)
    asked = {"label": "Kept", "of": "company", "kind": "text", "choices": ""} | said

    answer = client.post("/settings/fields", asked)

    page = answer.content.decode()
    assert (answer.status_code, words in page, declared()) == (422, True, [])
    assert (asked["label"] or "company") in page


def test_a_company_is_asked_for_its_own_fields_and_shows_them():
    client, _admin = at_desk(Role.ADMIN)
    client.post("/settings/fields", {"label": "Staff", "of": "company", "kind": "number"})
    client.post("/settings/fields", {"label": "Partner", "of": "company", "kind": "yes_no"})
    said = {"name": "Nordlogi Oy", "joining": "propose", "own-staff": "many", "own-partner": "true"}
    assert "This does not fit the field." in client.post("/companies/new", said).content.decode()

    client.post("/companies/new", said | {"own-staff": "1,5"})
    [nordlogi] = Company.objects.all()
    page = client.get(f"/companies/{nordlogi.pk}").content.decode()
    assert nordlogi.custom == {"staff": 1.5, "partner": True}
    assert '<dt>Staff</dt><dd class="anywhere">1.5</dd>' in page
    assert '<dt>Partner</dt><dd class="anywhere">yes</dd>' in page

    client.post(f"/companies/{nordlogi.pk}/edit", said | {"own-staff": "", "version": nordlogi.version})
    nordlogi.refresh_from_db()
    assert nordlogi.custom == {"partner": True}


def test_programs_change_and_drop_fields_but_never_their_key():
    program = make_caller("fields:manage", "contacts:read")
    body = {"of": "contact", "key": "plan", "label": "Plan", "kind": "choice", "choices": ["small"]}
    made = program.post("/api/v1/custom-fields", body).json()

    refused = program.patch(f"/api/v1/custom-fields/{made['id']}", {"key": "other"})
    changed = program.patch(f"/api/v1/custom-fields/{made['id']}", {"choices": ["small", "big"]}).json()

    assert refused.json()["type"] == "/api/problems/field-not-writable"
    assert changed == body | {"id": made["id"], "choices": ["small", "big"]}
    assert program.send("DELETE", f"/api/v1/custom-fields/{made['id']}").status_code == 204
    assert program.get("/api/v1/custom-fields").json()["results"] == []


def test_a_key_is_made_of_the_letters_of_a_name_and_is_free():
    CustomField.objects.create(of="contact", key="koko", label="Koko")

    assert [free_key("contact", label) for label in ("Koko", "Tiimin koko, henkeä", "title", "3. vuosi", "日本")] == [
        "koko_2",
        "tiimin_koko_henkea",
        "title_2",
        "field_3_vuosi",
        "field",
    ]


def make_principal() -> Principal:
    return Principal()


def page_of(client, contact: Contact) -> str:
    return client.get(f"/contacts/{contact.pk}").content.decode()
