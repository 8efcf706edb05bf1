"""Deeds to many from the list: the form, the count before, the job, its page, undo; and people as files."""

import csv
import io

import pytest
from django.test import Client

from contacts.catalogue import install_catalogue
from contacts.jobs import start_job, work_off_jobs
from contacts.models import Contact, Job, JobState
from contacts.projecting import project
from crm.desk.people.vocabulary import forget
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.desk.scenes import at_desk
from tests.factories import make_contact, make_user
from tests.funnel.worlds import happened

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ground() -> None:
    install_catalogue()
    forget()


def tags() -> list[list[str]]:
    return list(Contact.objects.order_by("pk").values_list("tags", flat=True))


def said(client: Client, address: str) -> list[str]:
    return [str(one) for one in client.get(address).context["messages"]]


def test_the_chosen_are_tagged_and_the_toast_undoes_it():
    client, _user = at_desk(Role.MANAGER)
    first, second = make_contact(name="Ann"), make_contact(name="Ben", tags=["fair"])

    told = client.get("/contacts/bulk/tag/preview", {"id": [str(first.pk), str(second.pk)], "p.tag": "Fair"})
    answer = client.post("/contacts/bulk/tag", {"id": [first.pk, second.pk], "p.tag": "Fair", "back": "q=a"})

    assert (told.context["foreseen"].done, told.context["foreseen"].left) == (1, [("They have this tag already.", 1)])
    assert (answer.headers["Location"], tags()) == ("/contacts?q=a", [["fair"], ["fair"]])
    assert said(client, "/contacts?q=a") == ["1 person is tagged “fair”. 1 was left alone."]
    client.post(f"/jobs/{Job.objects.get().pk}/undo")
    assert tags() == [[], ["fair"]]
    assert said(client, "/contacts") == ["Undone for 1 person."]


def test_everybody_the_filter_finds_is_meant_by_the_filter():
    client, user = at_desk(Role.MANAGER)
    for number in range(3):
        make_contact(name=f"Person {number}", country="FI" if number else "SE")

    client.post(
        "/contacts/bulk/assign",
        {"all": "1", "filter": '{"field":"country","is":"FI"}', "q": "", "p.owner": str(user.pk)},
    )

    assert list(Contact.objects.filter(owner=user).values_list("country", flat=True)) == ["FI", "FI"]
    assert Job.objects.get().choice == {"filter": {"field": "country", "is": "FI"}, "q": ""}


def test_a_form_that_is_wrong_comes_back_with_what_is_wrong_and_whom_it_was_for():
    client, _user = at_desk(Role.MANAGER)
    ann = make_contact(name="Ann")

    answer = client.post("/contacts/bulk/tag", {"id": [ann.pk], "p.tag": "a,b"})

    assert (answer.status_code, answer.context["ids"]) == (422, [ann.pk])
    assert "A tag has 1 to 40 characters and no comma." in answer.text
    assert client.get("/contacts/bulk/shout").status_code == 404


def test_a_long_job_has_a_page_that_tells_how_far_it_is_and_stops(monkeypatch):
    monkeypatch.setattr("contacts.jobs.CHUNK", 2)
    monkeypatch.setattr("crm.desk.people.bulk.CHUNK", 2)
    client, _user = at_desk(Role.MANAGER)
    for number in range(5):
        make_contact(name=f"Person {number}")

    begun = client.post("/contacts/bulk/tag", {"all": "1", "p.tag": "vip"})
    job = Job.objects.get()

    assert begun.headers["Location"] == f"/jobs/{job.pk}"
    assert "0 of 5" in client.get(f"/jobs/{job.pk}").text
    client.post(f"/jobs/{job.pk}/stop")
    job.refresh_from_db()
    assert job.state == JobState.STOPPED
    assert "It was stopped." in client.get(f"/jobs/{job.pk}").text


def test_the_page_of_a_job_says_who_was_left_alone_and_why_to_its_author_alone():
    client, user = at_desk(Role.MANAGER)
    ann = make_contact(name="Ann", tags=["vip"])
    job = start_job(by=Principal(user=user), kind="tag", params={"tag": "vip"}, choice={"ids": [ann.pk]})
    work_off_jobs()

    left = client.get(f"/jobs/{job.pk}").context["left"]
    assert left == {"They have this tag already.": [(f"/contacts/{ann.pk}", "Ann")]}
    assert at_desk(Role.ADMIN)[0].get(f"/jobs/{job.pk}").status_code == 404


def test_who_may_only_read_gets_no_deeds():
    client, _user = at_desk(Role.READ_ONLY)
    ann = make_contact(name="Ann")

    assert client.post("/contacts/bulk/tag", {"id": [ann.pk], "p.tag": "vip"}).status_code == 403
    assert "data-bulk" not in client.get("/contacts").text


# --- Files ------------------------------------------------------------------------------------------------------------


def test_the_chosen_come_as_a_table_in_which_nothing_is_a_formula():
    client, user = at_desk(Role.MANAGER, name="Maija")
    ann = make_contact(name="=HYPERLINK()", email="ann@example.com", phones=["+358401234567"], owner=user, tags=["vip"])
    make_contact(name="Ben")

    answer = client.post("/contacts/export", {"id": [ann.pk], "format": "csv"})
    body = answer.getvalue().decode()
    [row] = csv.DictReader(io.StringIO(body.removeprefix("\ufeff")))

    assert body.startswith("\ufeff")
    assert (row["name"], row["phones"], row["emails"], row["owner"], row["tags"]) == (
        "'=HYPERLINK()",
        "'+358401234567",
        "ann@example.com",
        user.email,
        "vip",
    )
    [record] = AuditRecord.objects.filter(action="contacts_exported")
    assert (record.user, record.detail) == (user, {"format": "csv", "people": 1, "choice": {"ids": [ann.pk]}})


def test_a_salesperson_takes_nobody_out():
    client, _user = at_desk(Role.SALES)
    make_contact(name="Ann")

    assert client.post("/contacts/export", {"all": "1", "format": "csv"}).status_code == 403
    assert not AuditRecord.objects.filter(action="contacts_exported").exists()


# --- Somebody new -----------------------------------------------------------------------------------------------------


def test_somebody_is_added_with_what_was_typed():
    client, user = at_desk(Role.SALES)

    client.post(
        "/contacts/new",
        {
            "name": "Ann Lee",
            "email": "Ann@Example.com",
            "phone": "+358 40 1234567",
            "tags": "VIP, fair",
            "owner": user.pk,
        },
    )

    [ann] = Contact.objects.all()
    assert (ann.name, ann.emails, ann.phones, ann.tags, ann.owner) == (
        "Ann Lee",
        ["ann@example.com"],
        ["+358401234567"],
        ["fair", "vip"],
        user,
    )


def test_wrong_fields_come_back_with_what_to_do_and_what_was_typed():
    client, _user = at_desk(Role.SALES)

    answer = client.post("/contacts/new", {"name": "Ann", "email": "ann@", "phone": "12"})

    assert (answer.status_code, sorted(answer.context["errors"])) == (422, ["email", "phone"])
    assert answer.context["said"]["email"] == "ann@"
    assert client.post("/contacts/new", {"title": "CEO"}).context["errors"] == {
        "name": "Somebody needs a name, an e-mail address or a number."
    }


def test_an_address_somebody_has_is_refused_in_the_form():
    client, _user = at_desk(Role.SALES)
    make_contact(name="Ann", email="ann@example.com")

    answer = client.post("/contacts/new", {"name": "Other", "email": "ann@example.com"})

    assert (answer.status_code, answer.context["errors"]) == (422, {"email": "Somebody has this already."})


def test_while_typing_those_who_are_much_alike_are_named():
    client, _user = at_desk(Role.SALES)
    for name, email in (("Åsa Hämäläinen", "asa@example.com"), ("Matti Meikäläinen", None)):
        contact = make_contact(name=name, email=email)
        make_named(contact)

    def alike(**typed: str) -> list[tuple[str, bool]]:
        answer = client.get("/contacts/new/alike", typed)
        return [(str(one["contact"]), one["is_sure"]) for one in answer.context["alike"]]

    assert alike(name="asa hamalainen") == [("Åsa Hämäläinen", False)]
    assert alike(name="Asa Hämalaine") == [("Åsa Hämäläinen", False)]
    assert alike(email="ASA@example.com") == [("Åsa Hämäläinen", True)]
    assert alike(name="Somebody Else") == []


def make_named(contact: Contact) -> None:
    happened(contact, "contact_created", properties={"name": contact.name})
    project([contact.pk])


# --- One person or two ------------------------------------------------------------------------------------------------


def test_two_are_merged_side_by_side_and_parted_again():
    client, user = at_desk(Role.SALES)
    older = make_contact(name="Ann", email="ann@example.com", country="FI")
    newer = make_contact(name="Ann Lee", email="lee@example.com", country="SE")

    page = client.get(f"/contacts/merge?id={newer.pk}&id={older.pk}", follow=True)
    answer = client.post(f"/contacts/{newer.pk}/merge/{older.pk}", {"f.name": "1", "f.country": "0"})

    assert [one.name for one in page.context["differing"]] == ["name", "country"]
    assert answer.headers["Location"] == f"/contacts/{older.pk}"
    one = Contact.objects.get(pk=older.pk)
    assert (one.name, one.country, sorted(one.emails)) == ("Ann Lee", "FI", ["ann@example.com", "lee@example.com"])
    [merge] = client.get(f"/contacts/{older.pk}/merges").context["merges"]
    assert (merge.newer_id, merge.by) == (newer.pk, user)
    client.post(f"/merges/{merge.pk}/cut")
    assert Contact.objects.get(pk=newer.pk).leader_id == newer.pk


def test_people_one_does_not_see_cannot_be_merged():
    client, _user = at_desk(Role.SALES)
    mine, foreign = make_contact(name="Mine"), make_contact(name="Foreign", owner=make_user())

    assert client.get(f"/contacts/{mine.pk}/merge/{foreign.pk}").status_code == 404
    assert client.post(f"/contacts/{foreign.pk}/merge/{mine.pk}").status_code == 404
    assert client.get(f"/contacts/{mine.pk}/merge", {"q": "Foreign"}).context["found"] == []
