"""Lists for programs: saved views, tags, work on many, files."""

import pytest

from contacts.catalogue import install_catalogue
from contacts.jobs import work_off_jobs
from contacts.models import Contact, SavedView
from contacts.projecting import keep_tags
from staff.keys import create_key
from staff.models import AuditRecord
from staff.policy import Principal
from tests.callers import Caller, make_caller
from tests.factories import make_contact, make_source, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    install_catalogue()
    return make_caller()


def test_many_are_tagged_by_a_job_that_can_be_read_and_undone(caller):
    make_contact(name="Ann"), make_contact(name="Ben", tags=["fair"])
    asked = {"deed": "tag", "params": {"tag": "fair"}, "filter": None}

    told = caller.post("/api/v1/contacts/bulk", {**asked, "preview": True})
    begun = caller.post("/api/v1/contacts/bulk", asked)
    work_off_jobs()
    job = caller.get(begun["Location"]).json()

    assert (told.status_code, told.json()) == (
        200,
        {"total": 2, "done": 1, "left": [{"detail": "They have this tag already.", "people": 1}]},
    )
    assert (begun.status_code, begun.json()["state"], begun.json()["total"]) == (202, "running", 2)
    assert (job["state"], job["done"], job["left_alone"]) == ("done", 1, 1)
    assert [one["code"] for one in job["left"]] == ["tagged"]
    undoing = caller.post(f"{begun['Location']}/undo")
    work_off_jobs()
    assert (undoing.status_code, caller.get(undoing["Location"]).json()["undoes"]) == (202, job["id"])
    assert sorted(Contact.objects.values_list("tags", flat=True)) == [[], ["fair"]]
    assert caller.post(f"{begun['Location']}/undo").status_code in {409, 422}


def test_a_job_is_stopped_and_is_nobody_elses(caller):
    make_contact(name="Ann")
    begun = caller.post("/api/v1/contacts/bulk", {"deed": "tag", "params": {"tag": "vip"}, "q": ""})

    other = make_caller(source=make_source("other"))

    assert other.get(begun["Location"]).status_code == 404
    assert caller.post(f"{begun['Location']}/cancel").json()["state"] == "stopped"


@pytest.mark.parametrize(
    "body",
    [
        {"deed": "tag", "params": {"tag": "vip"}},
        {"deed": "shout", "filter": None},
        {"deed": "tag", "params": {"tag": ""}, "filter": None},
        {"deed": "tag", "params": {"tag": "vip"}, "ids": ["x"]},
        {"deed": "tag", "params": {"tag": "vip"}, "filter": {"field": "nonsense", "is": 1}},
        {"deed": "tag", "params": {"tag": "vip"}, "filter": {"field": "owner", "is": "me"}},
    ],
)
def test_what_cannot_be_done_is_refused(caller, body):
    answer = caller.post("/api/v1/contacts/bulk", body)

    assert answer.status_code == (400 if isinstance(body.get("filter"), dict) else 422), answer.json()


def test_tags_are_listed_with_how_many_have_them(caller):
    make_contact(tags=["vip"]), make_contact(tags=["fair", "vip"])
    keep_tags(["vip", "fair", "old"])

    assert caller.get("/api/v1/tags").json() == {
        "results": [{"name": "fair", "people": 1}, {"name": "old", "people": 0}, {"name": "vip", "people": 2}]
    }


def test_tags_are_changed_one_by_one(caller):
    contact = caller.post("/api/v1/contacts", {"name": "Ann", "tags": ["VIP", "fair"]}).json()

    changed = caller.patch(f"/api/v1/contacts/{contact['id']}", {"tags": ["fair", "new"]}).json()

    assert (contact["tags"], changed["tags"]) == (["fair", "vip"], ["fair", "new"])


def test_a_view_of_a_program_is_shared_and_belongs_to_whoever_made_its_key(caller):
    user = make_user()
    by = Principal(user=user)
    key = Caller(*create_key(name="Shop", source="shop", scopes=caller.key.scopes, public=False, by=by))

    made = key.post("/api/v1/views", {"name": "Finns", "filter": {"field": "country", "is": "FI"}})
    changed = key.patch(f"/api/v1/views/{made.json()['id']}", {"name": "All Finns"})

    assert (made.status_code, made.json()["shared"], made.json()["owner"]) == (201, "everybody", user.pk)
    assert [view["name"] for view in key.get("/api/v1/views").json()["results"]] == [changed.json()["name"]]
    assert caller.patch(f"/api/v1/views/{made.json()['id']}", {"name": "Mine"}).status_code == 404
    assert caller.post("/api/v1/views", {"name": "Nobody's"}).status_code == 422
    assert key.send("DELETE", f"/api/v1/views/{made.json()['id']}").status_code == 204
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(("kind", "version"), [("vcard4", "4.0"), ("vcard3", "3.0")])
def test_people_come_as_cards_whose_lines_are_folded(caller, kind, version):
    make_contact(name="Ann, Lee;", email="ann@example.com", phones=["+358401234567"], title="ä" * 60)
    make_contact(name="Ben", country="SE")

    answer = caller.get(f'/api/v1/contacts/export?format={kind}&filter={{"field":"email","is":"ann@example.com"}}')
    text = b"".join(answer.streaming_content).decode()

    assert (answer["Content-Type"], text.count("BEGIN:VCARD")) == ("text/vcard; charset=utf-8", 1)
    assert f"VERSION:{version}\r\n" in text
    assert "FN:Ann\\, Lee\\;\r\n" in text
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert f"TITLE:{'ä' * 60}" in text.replace("\r\n ", "")
    assert AuditRecord.objects.get(action="contacts_exported").detail["people"] == 1


def test_a_table_has_a_line_of_everybody(caller):
    make_contact(name="Ann"), make_contact(name="Ben")

    text = b"".join(caller.get("/api/v1/contacts/export").streaming_content).decode()

    assert [line.split(",")[1] for line in text.splitlines()] == ["name", "Ann", "Ben"]
    assert caller.get("/api/v1/contacts/export?format=xls").status_code == 400
    assert make_caller("contacts:read").get("/api/v1/contacts/export").status_code == 403
