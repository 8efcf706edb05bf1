"""Tags as a whole: renamed, joined and deleted for everybody who has them, undone, and not lost with a worker."""

import os
import signal
from itertools import count
from typing import Any

import pytest

from contacts import bulk, jobs
from contacts.catalogue import install_catalogue
from contacts.jobs import start_job
from contacts.models import Contact, Event, Job, JobState, SavedView, Shared, Tag
from contacts.projecting import keep_tags
from contacts.services import NewContact, create_contact
from contacts.tagging import TagUse, tags_in_use
from crm.desk.people.vocabulary import forget
from staff.models import Role, User
from staff.policy import Principal
from tests.callers import make_caller
from tests.desk.scenes import at_desk, queries_for
from tests.factories import make_contact, make_user
from tests.killing import KILLED, ended, forked

pytestmark = pytest.mark.django_db
HAS_FAIR = {"filter": {"field": "tag", "is": "fair"}}


@pytest.fixture(autouse=True)
def _ground() -> None:
    install_catalogue()
    forget()


def tagged(*tags: str, **fields: Any) -> Contact:
    keep_tags(tags)
    return make_contact(tags=list(tags), **fields)


def told(*tags: str) -> None:
    """Somebody whose tags stand in the log."""
    create_contact(by=Principal(key=make_caller().key), new=NewContact(attributes={"name": "A", "tags": list(tags)}))


def tags() -> list[list[str]]:
    return list(Contact.objects.order_by("pk").values_list("tags", flat=True))


def offered() -> list[str]:
    return list(Tag.objects.order_by("name").values_list("name", flat=True))


def view(owner: User, asked: dict[str, Any]) -> dict[str, Any]:
    SavedView.objects.create(owner=owner, name=f"View {SavedView.objects.count()}", shared=Shared.NOBODY, filter=asked)
    return asked


def filters() -> list[Any]:
    return list(SavedView.objects.order_by("pk").values_list("filter", flat=True))


def test_a_tag_is_renamed_into_another_and_undo_parts_them_again():
    client, user = at_desk(Role.SALES)
    told("fair")
    told("fair", "trade fair")
    told("trade fair")

    both = {"all": [{"field": "tag", "in": ["Fair", "trade fair"]}, {"field": "country", "is": "FI"}]}
    theirs = {"none": [{"field": "tag", "is": "fair"}]}
    before = [view(user, both), view(make_user(), theirs), view(user, {"field": "tag", "is": "vip"})]

    client.post("/contacts/tags/rename", {"tag": "fair", "to": "Trade  Fair"})
    joined = (tags(), offered())
    followed = filters()
    client.post(f"/jobs/{Job.objects.get().pk}/undo")

    assert followed == [
        {"all": [{"field": "tag", "in": ["trade fair"]}, {"field": "country", "is": "FI"}]},
        {"none": [{"field": "tag", "is": "trade fair"}]},
        {"field": "tag", "is": "vip"},
    ]
    assert filters() == before

    assert joined == ([["trade fair"]] * 3, ["trade fair"])
    assert tags() == [["fair"], ["fair", "trade fair"], ["trade fair"]]
    assert offered() == ["fair", "trade fair"]


def test_a_tag_is_deleted_and_a_bad_name_says_why():
    client, _user = at_desk(Role.SALES)
    told("fair")
    told("fair", "vip")

    refused = client.post("/contacts/tags/rename", {"tag": "fair", "to": "fair"})
    client.post("/contacts/tags/delete", {"tag": "fair"})

    assert (refused.status_code, "It is called so already." in refused.text) == (422, True)
    assert (tags(), offered()) == ([[], ["vip"]], ["vip"])
    assert "vip" in client.get("/contacts/tags").text


def test_only_people_one_sees_are_counted_and_renamed():
    client, user = at_desk(Role.SALES)
    colleague = make_user("other@example.com", role=Role.SALES)
    tagged("fair", owner=user), tagged("fair", owner=colleague)
    view(user, HAS_FAIR["filter"]), view(colleague, HAS_FAIR["filter"])

    client.post("/contacts/tags/rename", {"tag": "fair", "to": "expo"})

    assert tags() == [["expo"], ["fair"]]
    assert filters() == [{"field": "tag", "is": "expo"}, {"field": "tag", "is": "fair"}]
    assert tags_in_use(Principal(user=user)) == [TagUse("expo", 1, False), TagUse("fair", 0, False)]


def test_the_page_of_tags_and_the_counts_of_views_cost_the_same_however_many_there_are():
    client, user = at_desk()

    def costs(number: int) -> tuple[int, int]:
        for one in range(number):
            tagged(f"tag {number} {one}")
            named = {"name": f"View {number} {one}", "filter": {"field": "tag", "is": f"tag {number} {one}"}}
            SavedView.objects.create(owner=user, shared=Shared.NOBODY, **named)
        forget()
        return len(queries_for(client, "/contacts/tags")), len(queries_for(client, "/contacts/views/counts"))

    assert costs(2) == costs(9)
    counted = client.get("/contacts/views/counts").text
    assert counted.count(">1</span>") == 11


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_worker_was_killed_goes_on_behind_the_last_chunk_that_stands(transactional_db, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 2)
    for number in range(9):
        tagged("fair", name=f"Person {number}")
    by = Principal(user=make_user(role=Role.MANAGER))
    job = start_job(by=by, kind="retag", params={"tag": "fair", "to": "expo"}, choice=HAS_FAIR)

    with forked(killed_over_the_third_chunk) as child:
        pass
    killed = ended(child)
    job.refresh_from_db()
    after_the_kill = (killed, job.state, job.done, tags().count(["expo"]), Event.objects.count())
    jobs.work_off_jobs()

    assert after_the_kill == (KILLED, JobState.RUNNING, 4, 4, 4)
    job.refresh_from_db()
    assert (job.state, job.done, tags(), Event.objects.count()) == (JobState.DONE, 9, [["expo"]] * 9, 9)


def killed_over_the_third_chunk() -> None:
    """The work of a worker that is killed while a chunk is being written; what it changes, it has to itself."""
    deeds: Any = bulk
    record_events, chunks = deeds.record_events, count()

    def write_or_die(**said: Any) -> Any:
        results = record_events(**said)
        if next(chunks) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return results

    deeds.record_events = write_or_die
    jobs.work_off_jobs()
