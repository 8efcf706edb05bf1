import pytest

from contacts.merging import merge_contacts
from contacts.models import Company, Contact, Event, Membership
from funnel.advancing import advance_everything
from staff.models import AuditRecord
from tests.callers import make_caller
from tests.desk.scenes import ago
from tests.factories import make_contact, make_team, make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    return make_caller()


def create(caller, **body):
    answer = caller.post("/api/v1/companies", body)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def join(caller, contact, company, **more):
    answer = caller.post("/api/v1/memberships", {"contact": contact.pk, "company": company["id"], **more})
    assert answer.status_code == 201, answer.json()
    return answer.json()


def names(caller, query=""):
    answer = caller.get(f"/api/v1/companies?{query}")
    assert answer.status_code == 200, answer.json()
    return [company["name"] for company in answer.json()["results"]]


ACME = {"name": "Acme Oy", "domains": ["WWW.Acme.FI", "acme.com"], "country": "Suomi", "external_id": "c1"}


def test_a_created_company_can_be_read(caller):
    owner, team = make_user(), make_team()
    answer = caller.post("/api/v1/companies", {**ACME, "owner": owner.pk, "team": team.pk})
    company = answer.json()

    assert (answer.status_code, answer["Location"], answer["ETag"]) == (
        201,
        f"/api/v1/companies/{company['id']}",
        '"1"',
    )
    assert caller.get(answer["Location"]).json() == company
    assert [company.pop("created_at")[-1], company.pop("updated_at")[-1]] == ["Z", "Z"]
    assert company == {
        "id": Company.objects.get().pk,
        "name": "Acme Oy",
        "domains": ["acme.fi", "acme.com"],
        "joining": "propose",
        "country": "FI",
        "external_id": "c1",
        "owner": owner.pk,
        "team": team.pk,
        "custom": {},
        "people": 0,
        "heard_on": None,
        "version": 1,
    }


def test_a_company_is_changed_only_where_it_differs(caller):
    company = create(caller, **ACME)
    address = f"/api/v1/companies/{company['id']}"
    same = caller.patch(address, {"name": "Acme Oy", "country": "FI"}).json()
    changed = caller.patch(address, {"name": "Acme Ab", "country": None, "external_id": None}).json()

    assert same == company
    assert (changed["name"], changed["country"], changed["external_id"], changed["version"]) == ("Acme Ab", "", None, 2)
    assert list(
        AuditRecord.objects.exclude(action="key_made").order_by("id").values_list("action", "object_id", "detail")
    ) == [
        ("company_created", company["id"], {}),
        ("company_changed", company["id"], {"fields": ["country", "external_id", "name"]}),
    ]


def test_an_edit_of_a_company_that_saw_an_older_version_is_refused(caller):
    address = f"/api/v1/companies/{create(caller, name='Acme')['id']}"

    assert caller.patch(address, {"name": "A"}, if_match='"1"').status_code == 200
    assert caller.patch(address, {"name": "B"}, if_match='"1"').json()["version"] == 2
    assert caller.get(address).json()["name"] == "A"


def test_custom_values_of_a_company_are_kept_one_by_one(caller):
    for key in ("size", "age"):
        caller.post("/api/v1/custom-fields", {"of": "company", "key": key, "label": key, "kind": "number"})
    company = create(caller, name="Acme", custom={"size": 5})
    changed = caller.patch(f"/api/v1/companies/{company['id']}", {"custom": {"age": 7, "size": None}}).json()

    assert (company["custom"], changed["custom"]) == ({"size": 5}, {"age": 7})


@pytest.mark.parametrize(("field", "value"), [("external_id", "c1"), ("domains", ["other.fi", "acme.com"])])
def test_a_company_is_not_created_twice(caller, field, value):
    acme, other = create(caller, **ACME), create(caller, name="Other")
    for answer in (
        caller.post("/api/v1/companies", {"name": "Again", field: value}),
        caller.patch(f"/api/v1/companies/{other['id']}", {field: value}),
    ):
        assert (answer.status_code, answer.json()["existing"]) == (409, acme["id"])
        assert answer.json()["errors"][0]["pointer"] == f"/{field}"
    assert Company.objects.count() == 2
    assert caller.patch(f"/api/v1/companies/{acme['id']}", {field: value}).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/name"]),
        ({"name": ""}, ["/name"]),
        ({"name": "x" * 201}, ["/name"]),
        ({"name": None}, ["/name"]),
        ({"name": "A", "domains": ["acme.com", "no domain"]}, ["/domains/1"]),
        ({"name": "A", "domains": "acme.com"}, ["/domains"]),
        ({"name": "A", "country": "Narnia", "owner": 0}, ["/country", "/owner"]),
        ({"name": "A", "custom": {"size": 1}}, ["/custom/size"]),
    ],
)
def test_what_no_company_has_is_pointed_at(caller, body, pointers):
    answer = caller.post("/api/v1/companies", body)

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, pointers)


def test_companies_can_be_found_and_narrowed(caller):
    user = make_user()
    create(caller, **ACME, owner=user.pk)
    create(caller, name="Ärla Ab", country="SE")

    for query, found in {
        "": ["Ärla Ab", "Acme Oy"],
        "q=arl": ["Ärla Ab"],
        "domain=acme.com": ["Acme Oy"],
        "external_id=c1": ["Acme Oy"],
        "country=SE": ["Ärla Ab"],
        f"owner={user.pk}": ["Acme Oy"],
        "owner=none&ordering=name": ["Ärla Ab"],
        "ordering=name": ["Acme Oy", "Ärla Ab"],
        "ordering=-people": ["Ärla Ab", "Acme Oy"],
        "ordering=heard_on": ["Acme Oy", "Ärla Ab"],
        "updated_since=2100-01-01": [],
    }.items():
        assert (query, names(caller, query)) == (query, found)


# --- Places in companies ----------------------------------------------------------------------------------------------


def test_somebody_gets_a_place_and_leaves_it(caller):
    anna, acme = make_contact(name="Anna"), create(caller, name="Acme")
    place = join(caller, anna, acme, role="decision_maker", title="CEO", since="2020-01-01")
    shown = caller.get(f"/api/v1/contacts/{anna.pk}").json()["companies"]
    left = caller.patch(f"/api/v1/memberships/{place['id']}", {"until": "2026-01-01"})

    assert shown == [
        {"id": acme["id"], "name": "Acme", "role": "decision_maker", "title": "CEO", "since": "2020-01-01"}
    ]
    assert (left.status_code, left.json()["until"]) == (200, "2026-01-01")
    assert caller.get(f"/api/v1/contacts/{anna.pk}").json()["companies"] == []
    assert [row["id"] for row in caller.get(f"/api/v1/memberships?contact={anna.pk}").json()["results"]] == [
        place["id"]
    ]
    assert Event.objects.count() == 0


def test_nobody_has_two_present_places_in_one_company(caller):
    anna, acme = make_contact(name="Anna"), create(caller, name="Acme")
    first = join(caller, anna, acme, until="2020-01-01")
    join(caller, anna, acme)
    again = caller.post("/api/v1/memberships", {"contact": anna.pk, "company": acme["id"]})
    reopened = caller.patch(f"/api/v1/memberships/{first['id']}", {"until": None})

    assert (again.status_code, reopened.status_code) == (409, 409)
    assert Membership.objects.current().count() == 1


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"since": "2026-01-02", "until": "2026-01-01"}, "/until"),
        ({"role": "boss"}, "/role"),
        ({"since": "soon"}, "/since"),
        ({"company": 999}, "/company"),
        ({"contact": 999}, "/contact"),
    ],
)
def test_a_place_that_cannot_be_is_pointed_at(caller, more, pointer):
    body = {"contact": make_contact(name="Anna").pk, "company": create(caller, name="Acme")["id"], **more}
    answer = caller.post("/api/v1/memberships", body)

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])


def test_a_place_that_ends_before_it_began_is_refused_when_changed_too(caller):
    place = join(caller, make_contact(name="Anna"), create(caller, name="Acme"), since="2026-01-02")
    answer = caller.patch(f"/api/v1/memberships/{place['id']}", {"until": "2026-01-01"})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "ends_before_start")


def test_places_of_merged_contacts_are_the_persons(caller):
    anna, twin, acme = make_contact(name="Anna"), make_contact(), create(caller, name="Acme")
    join(caller, twin, acme)
    merge_contacts(first=anna, second=twin)

    assert [place["name"] for place in caller.get(f"/api/v1/contacts/{anna.pk}").json()["companies"]] == ["Acme"]


def test_places_of_erased_people_are_not_shown(caller):
    anna, acme = make_contact(name="Anna"), create(caller, name="Acme")
    place = join(caller, anna, acme)
    Contact.objects.filter(pk=anna.pk).update(erased_at=anna.created_at)

    assert caller.get("/api/v1/memberships").json()["results"] == []
    assert caller.patch(f"/api/v1/memberships/{place['id']}", {"title": "x"}).status_code == 404


def test_ties_network_and_proposed_people_are_told_and_decided(caller):
    acme, other = create(caller, name="Acme", domains=["acme.fi"]), create(caller, name="Other")
    anna, boris = (
        caller.post("/api/v1/contacts", {"name": name, "email": f"{name}@acme.fi"}).json()["id"]
        for name in ("anna", "boris")
    )
    tie = caller.post("/api/v1/ties", {"company": acme["id"], "kind": "owner", "other": other["id"]})
    again = caller.post("/api/v1/ties", {"company": acme["id"], "kind": "owner", "other": other["id"]})
    both = caller.post("/api/v1/ties", {"company": acme["id"], "kind": "owner", "other": other["id"], "contact": anna})

    assert (tie.status_code, again.status_code, both.status_code) == (201, 409, 422)
    proposed = caller.get(f"/api/v1/companies/{acme['id']}/proposed").json()["results"]
    assert [one["id"] for one in proposed] == [anna, boris]
    decided = caller.post(f"/api/v1/companies/{acme['id']}/proposed", {"join": [anna], "not_there": [boris]}).json()
    assert (len(decided["memberships"]), decided["not_there"]) == (1, 1)
    assert caller.get(f"/api/v1/companies/{acme['id']}/proposed").json()["results"] == []

    ended = caller.patch(f"/api/v1/ties/{tie.json()['id']}", {"until": "2026-01-31"}).json()
    assert ended["until"] == "2026-01-31"
    network = caller.get(f"/api/v1/companies/{other['id']}/network").json()["results"]
    assert [(one["kind"], one["name"], one["until"]) for one in network] == [("owned", "Acme", "2026-01-31")]
    assert caller.send("DELETE", f"/api/v1/ties/{ended['id']}").status_code == 204
    assert caller.send("DELETE", f"/api/v1/memberships/{decided['memberships'][0]}").status_code == 204
    assert (caller.get("/api/v1/ties").json()["results"], Membership.objects.count()) == ([], 0)


def test_breadth_and_timeline_of_a_company_are_told(caller):
    install()
    acme = create(caller, name="Acme")
    buyer, asker = person(name="Buyer"), person(name="Asker")
    happened(buyer, "order_completed", ago(2), value_minor=2550, currency="EUR")
    happened(asker, "quote_requested")
    join(caller, buyer, acme, role="decision_maker")
    join(caller, asker, acme)
    advance_everything()

    breadth = caller.get(f"/api/v1/companies/{acme['id']}/breadth").json()
    breadth.pop("last_event_at")
    assert breadth == {
        "people": 2,
        "closed": 0,
        "roles": [
            {"role": "", "stage": "lead", "people": 1},
            {"role": "decision_maker", "stage": "customer", "people": 1},
        ],
        "health": {"active": 1},
        "orders": 1,
        "value": [{"value_minor": 2550, "currency": "EUR"}],
    }
    events = caller.get(f"/api/v1/companies/{acme['id']}/timeline").json()["results"]
    assert {(one["type"], one["person"]) for one in events} == {
        ("order_completed", buyer.pk),
        ("quote_requested", asker.pk),
    }
