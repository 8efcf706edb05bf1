"""Many contacts in one request, each taken by itself."""

import pytest

from contacts.models import Contact
from tests.callers import make_caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    return make_caller()


def existing(caller, **body):
    answer = caller.post("/api/v1/contacts", body)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def errors_of(answer):
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def batch(caller, *people, **more):
    answer = caller.post("/api/v1/contacts/batch", {"contacts": people, **more})
    assert answer.status_code == 200, answer.json()
    return answer.json()["results"]


def test_each_person_of_a_batch_is_taken_by_itself(caller):
    eva = existing(caller, email="eva@example.com")
    results = batch(
        caller,
        {"name": "Anna", "email": "anna@example.com"},
        {"name": "Nobody", "email": "nonsense"},
        {"email": "eva@example.com"},
        {"name": "Anna again", "email": "anna@example.com"},
        {"name": "Ada", "shoe": 43},
        {"name": "Liisa"},
    )

    assert [result["status"] for result in results] == [
        "created",
        "refused",
        "refused",
        "refused",
        "refused",
        "created",
    ]
    kinds = [result["problem"]["type"].removeprefix("/api/problems/") for result in results if "problem" in result]
    assert kinds == ["invalid-value", "conflict", "conflict", "unknown-field"]
    assert results[2]["problem"]["existing"] == eva["id"]
    assert dict(Contact.objects.values_list("id", "name")) == {
        eva["id"]: "",
        results[0]["id"]: "Anna",
        results[5]["id"]: "Liisa",
    }


def test_a_batch_may_bring_those_who_exist_up_to_date(caller):
    eva = existing(caller, email="eva@example.com", name="Eva")
    results = batch(
        caller,
        {"email": "eva@example.com", "title": "CEO", "external_id": "e1"},
        {"email": "new@example.com", "name": "New"},
        {"email": "new@example.com", "title": "CTO"},
        on_existing="update",
    )

    assert [result["status"] for result in results] == ["updated", "created", "created"]
    assert results[1]["id"] == results[2]["id"]
    now = caller.get(f"/api/v1/contacts/{eva['id']}").json()
    assert (now["name"], now["title"], now["external_ids"]) == ("Eva", "CEO", [{"source": "shop", "id": "e1"}])


def test_names_of_different_people_in_one_row_are_refused(caller):
    existing(caller, email="eva@example.com")
    existing(caller, external_id="17")
    [result] = batch(caller, {"email": "eva@example.com", "external_id": "17"}, on_existing="update")

    assert (result["status"], result["problem"]["type"]) == ("refused", "/api/problems/conflict")
    assert Contact.objects.filter(leader_id__lt=2**62).count() == 2


def test_a_batch_has_1_to_1000_people(caller):
    for contacts in ([], [{"name": "x"}] * 1001):
        answer = caller.post("/api/v1/contacts/batch", {"contacts": contacts})
        assert (answer.status_code, errors_of(answer)[0][0]) == (422, "/contacts")


def test_a_whole_batch_costs_few_statements(caller, django_assert_max_num_queries):
    caller.get("/api/v1/custom-fields")
    with django_assert_max_num_queries(40):
        results = batch(caller, *({"name": f"N{n}", "email": f"n{n}@example.com"} for n in range(200)))

    assert {result["status"] for result in results} == {"created"}
