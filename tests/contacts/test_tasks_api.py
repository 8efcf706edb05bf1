"""Tasks, letters and the timeline of a person, over REST."""

from typing import Any

import pytest

from campaigns.models import Mail
from contacts.models import Task
from funnel.advancing import advance_everything
from tests.callers import Caller, make_caller
from tests.factories import make_contact, make_event, make_source, make_user, moment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]
DUE = "2030-03-01T10:00:00Z"


@pytest.fixture
def caller() -> Caller:
    return make_caller()


def shown(task: Task, **fields: Any) -> dict[str, Any]:
    return {
        "id": task.pk,
        "contact": task.contact_id,
        "title": "Call",
        "kind": "call",
        "due_at": DUE,
        "remind_at": None,
        "repeat": None,
        "assignee": None,
        "created_at": task.created_at.isoformat().replace("+00:00", "Z"),
        "created_by": None,
        "done_at": None,
        "done_by": None,
        **fields,
    }


def test_a_task_is_made_changed_found_and_finished(caller):
    aino, laura = make_contact(), make_user()

    made = caller.post("/api/v1/tasks", {"contact": aino.pk, "title": "Call", "kind": "call", "due_at": DUE})
    task = Task.objects.get()
    changed = caller.patch(f"/api/v1/tasks/{task.pk}", {"assignee": laura.pk, "remind_at": "2030-03-01T09:00:00Z"})
    listed = caller.get(f"/api/v1/tasks?contact={aino.pk}&assignee={laura.pk}&open=true")
    done = caller.post(f"/api/v1/tasks/{task.pk}/done")
    again = caller.post(f"/api/v1/tasks/{task.pk}/done")

    after = shown(task, assignee=laura.pk, remind_at="2030-03-01T09:00:00Z")
    assert (made.status_code, made.json()) == (201, shown(task))
    assert changed.json() == after
    assert listed.json()["results"] == [after]
    assert (done.status_code, again.status_code) == (200, 422)
    assert caller.get("/api/v1/tasks?open=true").json()["results"] == []
    assert caller.send("DELETE", f"/api/v1/tasks/{task.pk}/done").json() == after
    assert caller.get(f"/api/v1/tasks/{task.pk}").json() == after


def test_a_task_that_cannot_be_is_refused_with_a_pointer(caller):
    aino = make_contact()

    wrongs = (
        {"contact": 10**9}, {"title": ""}, {"due_at": "soon"}, {"due_at": "9999-12-31T23:59:59Z"},
        {"remind_at": "0001-01-01T00:00:00Z"}, {"remind_at": "2031-01-01T00:00:00Z"},
    )  # fmt: skip
    answers = [
        caller.post("/api/v1/tasks", {"title": "Call", "due_at": DUE, "contact": aino.pk} | wrong) for wrong in wrongs
    ]

    assert [answer.json()["errors"][0]["pointer"] for answer in answers] == [
        "/contact",
        "/title",
        "/due_at",
        "/due_at",
        "/remind_at",
        "/remind_at",
    ]
    assert not Task.objects.exists()


def test_a_letter_is_written_read_and_taken_back(caller):
    shop = make_source("shop-of-letters")
    aino = make_contact(email="aino@example.com")
    letter = {"address": "aino@example.com", "subject": "Hei", "body": "Kiitos"}

    refused = caller.post(f"/api/v1/contacts/{aino.pk}/mails", letter)
    make_event("quote_requested", aino, source=shop)
    written = caller.post(f"/api/v1/contacts/{aino.pk}/mails", letter)

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "not_allowed")
    body = written.json()
    assert (written.status_code, body["state"], body["ground"]) == (201, "queued", "request")
    assert caller.get(f"/api/v1/contacts/{aino.pk}/mails").json()["results"] == [body]
    back = caller.post(f"/api/v1/mails/{body['id']}/take-back").json()
    assert (back["state"], Mail.objects.get().state) == ("cancelled", "cancelled")


def test_the_timeline_tells_events_in_order_with_what_they_moved(caller):
    shop, aino = make_source("shop-of-orders"), make_contact()
    late = make_event("order_completed", aino, source=shop, occurred_at=moment("2026-02-01"))
    early = make_event("quote_requested", aino, source=shop, occurred_at=moment("2026-01-01"))
    advance_everything()

    answer = caller.get(f"/api/v1/contacts/{aino.pk}/timeline?limit=5").json()

    told = [
        (entry["event"]["id"], [(move["dimension"], move["from"], move["to"]) for move in entry["moves"]])
        for entry in answer["results"]
        if entry["event"]["type"] != "contact_created"
    ]
    assert told[0][0] == late.pk
    assert ("stage", "lead", "customer") in told[0][1]
    assert told[1] == (early.pk, [("stage", None, "prospecting"), ("stage", "prospecting", "lead")])
    assert caller.get("/api/v1/contacts/999999999/timeline").status_code == 404
