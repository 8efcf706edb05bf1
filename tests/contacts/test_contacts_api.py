import msgspec
import pytest

from contacts.merging import cut_merge, merge_contacts
from contacts.models import Contact, Event, Identity
from contacts.shapes import contact_shape
from staff.models import AuditRecord
from tests.callers import make_caller
from tests.factories import make_contact, make_source, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    return make_caller()


ANNA = {"name": "Anna Virtanen", "email": "Anna@Example.com", "phone": "+358 40 1234567", "country": "Finland"}


def create(caller, **body):
    answer = caller.post("/api/v1/contacts", body)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def change(caller, contact, **body):
    answer = caller.patch(f"/api/v1/contacts/{contact['id']}", body)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def errors_of(answer):
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def log_of(contact):
    events = Event.objects.filter(contact=contact["id"]).order_by("id")
    return list(events.values_list("type__key", "source__key", "properties"))


# --- Creating ---------------------------------------------------------------------------------------------------------


def test_a_created_contact_can_be_read(caller):
    answer = caller.post("/api/v1/contacts", {**ANNA, "external_id": "17", "campaign": "fair"})
    contact = answer.json()

    assert (answer.status_code, answer["Location"], answer["ETag"]) == (
        201,
        f"/api/v1/contacts/{contact['id']}",
        f'"{contact["version"]}"',
    )
    assert caller.get(answer["Location"]).json() == contact
    moments = {contact.pop("created_at")[-1], contact.pop("updated_at")[-1]}
    assert moments == {"Z"}
    assert contact.pop("version") > 0
    assert contact.pop("id") == Contact.objects.get().pk
    assert contact == {
        "name": "Anna Virtanen",
        "emails": ["anna@example.com"],
        "phones": ["+358401234567"],
        "title": "",
        "country": "FI",
        "language": "",
        "time_zone": "",
        "owner": None,
        "team": None,
        "companies": [],
        "external_ids": [{"source": "shop", "id": "17"}],
        "user_ids": [],
        "merged_ids": [],
        "custom": {},
        "tags": [],
        "is_known": True,
        "source": "shop",
        "campaign": "fair",
        "position": None,
    }


def test_a_creation_is_recorded_as_an_event_of_the_keys_source(caller):
    contact = create(caller, **ANNA)

    assert log_of(contact) == [
        (
            "contact_created",
            "shop",
            {
                "name": "Anna Virtanen",
                "email": "anna@example.com",
                "phone": "+358401234567",
                "country": "FI",
            },
        )
    ]


def test_a_name_or_a_number_is_enough(caller):
    named, numbered = create(caller, name="Anna"), create(caller, phone="+358401234567")

    assert (named["name"], numbered["phones"]) == ("Anna", ["+358401234567"])
    assert named["is_known"] is numbered["is_known"] is True


def test_nobody_at_all_is_not_created(caller):
    answer = caller.post("/api/v1/contacts", {"title": "Manager"})

    assert (answer.status_code, errors_of(answer)) == (422, [("", "missing-identity")])
    assert Contact.objects.count() == 0


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("ANNA@EXAMPLE.COM", "anna@example.com"),
        ("  anna@example.com ", "anna@example.com"),
        ("anna+crm@example.com", "anna+crm@example.com"),
        ("anna@äiti.fi", "anna@xn--iti-pla.fi"),
    ],
)
def test_an_address_is_kept_in_its_one_form(caller, said, kept):
    assert create(caller, email=said)["emails"] == [kept]


@pytest.mark.parametrize(
    "email",
    [
        "anna",
        "anna@",
        "@example.com",
        "a b@example.com",
        "anna@example",
        f"{'a' * 250}@example.com",
        "a@b@c.fi",
        5,
        [],
        {},
    ],
)
def test_an_address_that_is_none_is_pointed_at(caller, email):
    answer = caller.post("/api/v1/contacts", {"name": "Anna", "email": email})

    assert (answer.status_code, errors_of(answer)) == (422, [("/email", "invalid")])


def test_every_mistake_is_pointed_at_at_once(caller):
    body = {
        "name": "x" * 201,
        "emails": ["anna@example.com", "nonsense"],
        "phone": "12",
        "country": "Narnia",
        "language": "klingon",
        "time_zone": "Mars/Olympus",
        "fit": "G",
        "owner": 999,
        "team": "sales",
        "custom": {"size": 5},
    }
    answer = caller.post("/api/v1/contacts", body)

    assert answer.status_code == 422
    assert dict(errors_of(answer)) == {
        "/name": "invalid",
        "/emails": "invalid",
        "/phone": "invalid",
        "/country": "invalid",
        "/language": "invalid",
        "/time_zone": "invalid",
        "/fit": "invalid",
        "/owner": "does_not_exist",
        "/team": "invalid",
        "/custom/size": "unknown-field",
    }
    assert Contact.objects.count() == 0


def test_an_unknown_field_is_refused_and_the_known_ones_named(caller):
    answer = caller.post("/api/v1/contacts", {"name": "Anna", "naem": "Anna"})

    assert (answer.status_code, answer.json()["type"]) == (400, "/api/problems/unknown-field")
    [error] = answer.json()["errors"]
    assert (error["pointer"], "email, emails" in error["detail"]) == ("/naem", True)


@pytest.mark.parametrize("body", [[], "anna", 5, None, True])
def test_a_body_that_is_no_object_is_refused(caller, body):
    assert caller.post("/api/v1/contacts", body).status_code == 400


@pytest.mark.parametrize("field", ["id", "stage", "position", "is_known", "created_at", "version"])
def test_what_we_decide_ourselves_cannot_be_written(caller, field):
    contact = create(caller, name="Anna")
    for answer in (
        caller.post("/api/v1/contacts", {"name": "Eva", field: 1}),
        caller.patch(f"/api/v1/contacts/{contact['id']}", {field: 1}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (403, "/api/problems/field-not-writable")
        assert errors_of(answer) == [(f"/{field}", "field-not-writable")]
    assert Contact.objects.count() == 1


@pytest.mark.parametrize("same", [{"email": "anna@example.COM"}, {"external_id": "17"}, {"user_id": "u1"}])
def test_somebody_who_exists_is_not_created_again(caller, same):
    contact = create(caller, name="Anna", email="anna@example.com", external_id="17", user_id="u1")
    answer = caller.post("/api/v1/contacts", {"name": "Other", **same})

    assert (answer.status_code, answer.json()["type"]) == (409, "/api/problems/conflict")
    assert errors_of(answer) == [(f"/{next(iter(same))}", "already_exists")]
    assert answer.json()["existing"] == contact["id"]
    assert (Contact.objects.count(), Event.objects.count()) == (1, 1)


def test_another_sources_ids_are_its_own(caller):
    create(caller, external_id="17")
    other = make_caller(source=make_source("till"))

    assert create(other, external_id="17")["external_ids"] == [{"source": "till", "id": "17"}]
    assert Contact.objects.count() == 2


def test_a_visitor_with_the_address_is_no_obstacle(caller):
    contact = create(caller, name="Anna", emails=["anna@example.com", "anna@work.fi"])

    assert contact["emails"] == ["anna@example.com", "anna@work.fi"]
    assert Identity.objects.live().count() == 2


# --- Changing ---------------------------------------------------------------------------------------------------------


def test_a_change_is_recorded_and_shown(caller):
    contact = create(caller, **ANNA)
    owner, team = make_user(), make_team()
    changed = change(caller, contact, name="Anna Korhonen", title="CEO", phone=None, owner=owner.pk, team=team.pk)

    assert (changed["name"], changed["title"], changed["phones"]) == ("Anna Korhonen", "CEO", [])
    assert (changed["owner"], changed["team"]) == (owner.pk, team.pk)
    assert changed["version"] > contact["version"]
    assert {kind: said for kind, _source, said in log_of(contact)[1:]} == {
        "owner_changed": {"owner": owner.pk, "team": team.pk},
        "attributes_changed": {"name": "Anna Korhonen", "title": "CEO", "phone": None},
    }


def test_what_is_the_same_already_is_not_recorded(caller):
    contact = create(caller, **ANNA)

    assert change(caller, contact, **ANNA, title=None, owner=None) == contact
    assert len(log_of(contact)) == 1


def test_all_addresses_can_be_replaced_at_once(caller):
    contact = create(caller, emails=["a@example.com", "b@example.com"])
    changed = change(caller, contact, emails=["c@example.com", "a@example.com"])

    assert changed["emails"] == ["c@example.com", "a@example.com"]
    assert sorted(Identity.objects.live().values_list("value", flat=True)) == ["a@example.com", "c@example.com"]


def test_nobody_takes_the_address_of_another(caller):
    anna, eva = create(caller, email="anna@example.com"), create(caller, email="eva@example.com")
    for body in ({"email": "eva@example.com"}, {"emails": ["anna@example.com", "eva@example.com"]}):
        answer = caller.patch(f"/api/v1/contacts/{anna['id']}", body)

        assert (answer.status_code, answer.json()["existing"]) == (409, eva["id"])
    assert caller.get(f"/api/v1/contacts/{anna['id']}").json() == anna


def test_an_edit_that_saw_an_older_version_is_refused(caller):
    contact = create(caller, name="Anna")
    address, seen = f"/api/v1/contacts/{contact['id']}", f'"{contact["version"]}"'
    first = caller.patch(address, {"name": "Eva"}, if_match=seen)
    second = caller.patch(address, {"name": "Ada"}, if_match=seen)

    assert (first.status_code, second.status_code) == (200, 412)
    assert (second["ETag"], second.json()["version"]) == (first["ETag"], first.json()["version"])
    assert caller.get(address).json()["name"] == "Eva"
    assert caller.patch(address, {"name": "Ada"}, if_match=f'"x", {second["ETag"]}').status_code == 200


def test_custom_fields_are_declared_and_checked(caller):
    for field in (
        {"of": "contact", "key": "size", "label": "Size", "kind": "number"},
        {"of": "contact", "key": "plan", "label": "Plan", "kind": "choice", "choices": ["small", "big"]},
        {"of": "contact", "key": "renews", "label": "Renews on", "kind": "date"},
    ):
        assert caller.post("/api/v1/custom-fields", field).status_code == 201
    contact = create(caller, name="Anna", custom={"size": 5, "plan": "big"})
    wrong = caller.patch(
        f"/api/v1/contacts/{contact['id']}", {"custom": {"size": "5", "plan": "huge", "renews": "soon"}}
    )

    assert contact["custom"] == {"size": 5, "plan": "big"}
    assert (wrong.status_code, sorted(errors_of(wrong))) == (
        422,
        [("/custom/plan", "invalid"), ("/custom/renews", "invalid"), ("/custom/size", "invalid")],
    )
    changed = change(caller, contact, custom={"size": None, "renews": "2026-03-01"})
    assert changed["custom"] == {"plan": "big", "renews": "2026-03-01"}
    assert [field["key"] for field in caller.get("/api/v1/custom-fields").json()["results"]] == [
        "size",
        "plan",
        "renews",
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"of": "contact", "key": "name", "label": "Name"}, 422),
        ({"of": "contact", "key": "Bad Key", "label": "Bad"}, 422),
        ({"of": "contact", "key": "plan", "label": "Plan", "kind": "choice"}, 422),
        ({"of": "deal", "key": "plan", "label": "Plan"}, 422),
        ({"of": "contact", "key": "size", "label": "Again"}, 409),
    ],
)
def test_a_field_that_cannot_be_declared_is_refused(caller, body, status):
    caller.post("/api/v1/custom-fields", {"of": "contact", "key": "size", "label": "Size"})

    assert caller.post("/api/v1/custom-fields", body).status_code == status


def test_a_named_company_becomes_a_place(caller):
    anna, eva = (
        create(caller, name="Anna", company="Äkäslompolo Oy"),
        create(caller, name="Eva", company="äkäslompolo oy"),
    )

    assert anna["companies"] == eva["companies"]
    assert [(place["name"], place["role"]) for place in anna["companies"]] == [("Äkäslompolo Oy", "")]
    assert len(change(caller, anna, company="Äkäslompolo Oy")["companies"]) == 1


# --- Merged people ----------------------------------------------------------------------------------------------------


def test_a_merged_contact_answers_with_the_person_both_are(caller):
    older, newer = create(caller, name="Anna", email="anna@example.com"), create(caller, email="anna@work.fi")
    merge = merge_contacts(first=Contact.objects.get(pk=older["id"]), second=Contact.objects.get(pk=newer["id"]))
    one, other = (caller.get(f"/api/v1/contacts/{contact['id']}").json() for contact in (older, newer))

    assert one == other
    assert (one["id"], one["merged_ids"]) == (older["id"], [newer["id"]])
    assert sorted(one["emails"]) == ["anna@example.com", "anna@work.fi"]
    assert [contact["id"] for contact in caller.get("/api/v1/contacts").json()["results"]] == [older["id"]]

    cut_merge(merge=merge)
    assert caller.get(f"/api/v1/contacts/{newer['id']}").json()["id"] == newer["id"]
    assert len(caller.get("/api/v1/contacts").json()["results"]) == 2


# --- What is not there ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["contacts/999", "contacts/0", "contacts/99999999999999999999", "contacts/x", "companies/999"]
)
def test_what_is_not_there_is_not_found(caller, path):
    for answer in (caller.get(f"/api/v1/{path}"), caller.patch(f"/api/v1/{path}", {"name": "Anna"})):
        assert (answer.status_code, answer.json()["type"]) == (404, "/api/problems/not-found")


def test_an_erased_contact_is_not_there(caller):
    contact = make_contact(name="Anna")
    Contact.objects.filter(pk=contact.pk).update(erased_at=contact.created_at)

    assert caller.get(f"/api/v1/contacts/{contact.pk}").status_code == 404
    assert caller.get("/api/v1/contacts").json()["results"] == []


@pytest.mark.parametrize("scope", ["events:write", "contacts:read"])
def test_writing_needs_its_scope_and_a_refusal_writes_nothing(scope):
    answer = make_caller(scope).post("/api/v1/contacts", {"name": "Anna"})

    assert (answer.status_code, answer.json()["scope"]) == (403, "contacts:write")
    assert (Contact.objects.count(), AuditRecord.objects.filter(action="refused").count()) == (0, 1)


# --- Shapes -----------------------------------------------------------------------------------------------------------


def test_answers_have_the_shape_that_is_described(caller):
    create(caller, **ANNA, external_id="17", user_id="u", company="Acme", custom={})
    [contact] = caller.get("/api/v1/contacts").json()["results"]
    shape = contact_shape()

    assert set(contact) == set(shape.__struct_fields__)
    assert msgspec.to_builtins(msgspec.convert(contact, shape), str_keys=True).keys() == contact.keys()
