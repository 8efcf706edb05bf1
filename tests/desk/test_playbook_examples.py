"""Examples on the page of a draft and over REST: written, red or green, taken from somebody, asked about."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from contacts.models import Contact
from funnel.advancing import advance_everything
from funnel.backtesting import start_backtest, take_piece
from funnel.models import Playbook, PlaybookDraft, Position, Transition
from funnel.publishing import start_draft
from staff.models import AuditRecord, Role, User
from staff.policy import Principal
from tests.callers import make_caller
from tests.desk.scenes import ago, at_desk
from tests.funnel.worlds import NOON, happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def seat() -> tuple[Client, User]:
    install()
    return at_desk(Role.MARKETER)


@pytest.fixture
def desk(seat: tuple[Client, User]) -> Client:
    return seat[0]


@pytest.fixture
def draft(seat: tuple[Client, User]) -> PlaybookDraft:
    return start_draft(name="Spring", by=Principal(user=seat[1]))


def examples(draft: PlaybookDraft) -> list[dict[str, Any]]:
    draft.refresh_from_db()
    return list(draft.document["examples"])


def buyer_since(at: datetime) -> Contact:
    """Somebody of whom an example must not tell who they are."""
    contact = person(name="Sirkku Secret", emails=["sirkku@secret.example"])
    happened(contact, "page_viewed", at, properties={"path": "/sirkku-secret"})
    happened(contact, "form_submitted", at + timedelta(days=2), properties={"text": "Sirkku Secret asks"})
    order = {"order_id": "SECRET-77"}
    happened(contact, "order_completed", at + timedelta(days=3), value_minor=5900, currency="EUR", properties=order)
    happened(contact, "order_refunded", at + timedelta(days=3), value_minor=5900, currency="EUR", properties=order)
    return contact


def test_an_example_is_written_goes_red_with_a_rule_and_is_made_right_again(desk: Client, draft: PlaybookDraft):
    here = f"/playbooks/drafts/{draft.pk}"
    typed = {"name": "Asks, then is met", "story": "day 0 form_submitted, day 3 meeting_held", "day": "5"}
    desk.post(f"{here}/examples/new", typed | {"stage": "lead", "health": "none", "standing": ""})
    assert examples(draft)[-1] == {
        "name": "Asks, then is met",
        "events": ["day 0 form_submitted", "day 3 meeting_held"],
        "day": 5,
        "then": {"stage": "lead", "health": None},
    }
    assert "8 of 8 hold" in desk.get(here).content.decode()

    desk.post(f"{here}/rules/6/drop")  # what makes leads
    page = desk.get(here).content.decode()
    assert "5 of 8 hold" in page
    assert "3 examples come out otherwise" in page
    assert "No rule moved them." in page
    asked = desk.get(f"{here}/publish").content.decode()
    assert "Asks, then is met" in asked
    assert desk.post(f"{here}/publish", {"when": "now"}).status_code == 422
    assert Playbook.objects.count() == 1

    desk.post(f"{here}/examples/7/accept")
    assert examples(draft)[-1]["then"] == {"stage": "prospecting", "health": None}
    desk.post(f"{here}/examples/7/drop")
    assert len(examples(draft)) == 7
    desk.post(f"{here}/publish", {"when": "now", "despite_examples": "on"})
    assert Playbook.objects.count() == 2
    assert len(AuditRecord.objects.get(action="playbook_published").detail["despite"]) == 2


def test_a_story_is_told_by_name_a_row_an_event_and_said_back_in_words(desk: Client, draft: PlaybookDraft):
    here = f"/playbooks/drafts/{draft.pk}"
    rows = {"rows": "3", "e0-day": "7", "e0-type": "order_completed", "e0-amount": "1 059,5", "e0-more": "order_id=1"}
    rows |= {"e1-day": "0", "e1-type": "form_submitted", "e1-public": "1", "e1-time": "10:30", "e2-day": "9"}
    typed = {"name": "Buys", "day": "30", "stage": "customer"}
    more = desk.post(f"{here}/examples/new", rows | typed | {"more": "1"}).content.decode()
    assert 'name="e2-day" id="e2-day" value="0" inputmode="numeric" maxlength="4" autofocus' in more
    assert len(examples(draft)) == 7

    desk.post(f"{here}/examples/new", rows | typed)
    assert examples(draft)[-1]["events"] == [
        "day 0 10:30 public form_submitted",
        "day 7 order_completed 1059.50 EUR order_id=1",
    ]
    page = desk.get(here).content.decode()
    assert "from a public source" in page
    assert "€1,059.50" in page
    opened = desk.get(f"{here}?example=7").content.decode()
    assert '<option value="order_completed" selected>Order</option>' in opened
    assert "1059.50 EUR order_id=1</textarea>" in desk.get(f"{here}?example=7&story=text").content.decode()
    assert "This draft changes 1 thing." in page
    desk.post(f"{here}/examples/0/drop")
    desk.post(f"{here}/examples/0/put-back")
    assert [one["name"] for one in examples(draft)][6:] == [
        "Buys",
        Playbook.objects.get().document["examples"][0]["name"],
    ]


def test_a_story_that_can_not_be_read_is_kept_as_it_was_typed_and_says_so(desk: Client, draft: PlaybookDraft):
    here = f"/playbooks/drafts/{draft.pk}"
    answer = desk.post(f"{here}/examples/new", {"name": "Odd", "story": "on Monday he called", "day": "soon"})

    page = desk.get(answer["Location"]).content.decode()
    assert "“on Monday he called” can&#x27;t be read." in page
    assert "Write a whole number from 0 to 3650." in page
    assert "on Monday he called</textarea>" in page


def test_of_somebody_nothing_is_copied_that_tells_who_they_are(desk: Client, draft: PlaybookDraft):
    contact = buyer_since(ago(20))
    answer = desk.post(f"/playbooks/examples/of/{contact.pk}")

    assert answer["Location"] == f"/playbooks/drafts/{draft.pk}#examples"
    kept = examples(draft)[-1]
    assert (kept["name"], kept["day"], kept["then"]) == (
        "4 events of somebody in 21 days",
        20,
        {"stage": "lead", "health": None, "standing": "open"},
    )
    lines = [line.split(" ", 2)[:2] + line.split(" ", 3)[3:] for line in kept["events"]]
    assert lines == [
        ["day", "0", "page_viewed"],
        ["day", "2", "form_submitted"],
        ["day", "3", "order_completed 59.00 EUR order_id=1"],
        ["day", "3", "order_refunded 59.00 EUR order_id=1"],
    ]


def test_somebody_of_a_backtest_is_kept_as_the_log_stood_then(desk: Client, draft: PlaybookDraft, seat: Any):
    contact = person()
    happened(contact, "form_submitted", NOON)
    advance_everything()
    backtest = start_backtest(draft=draft, since=None, by=Principal(user=seat[1]))
    while take_piece():
        pass
    happened(contact, "page_viewed", ago(0))
    before = Position.objects.count(), Transition.objects.count()

    desk.post(f"/playbooks/examples/of/{contact.pk}", {"backtest": backtest.pk})

    assert [line.split()[-1] for line in examples(draft)[-1]["events"]] == ["form_submitted"]
    assert (Position.objects.count(), Transition.objects.count()) == before


def test_programs_see_what_came_and_why_in_their_language_and_publish_despite_it():
    install()
    program = make_caller()
    here = program.post("/api/v1/playbooks/drafts", {"name": "A"})["Location"].removeprefix("http://testserver")
    document = program.get(here).json()["document"]
    story = {"name": "Buys", "events": ["day 0 order_completed 9.00 EUR"], "day": 200, "then": {"health": "active"}}
    program.patch(here, {"document": document | {"examples": [story]}})

    [example] = program.get(f"{here}/check").json()["examples"]
    assert (example["holds"], example["expected"], example["came"]["health"]) == (
        False,
        {"health": "active"},
        "cooling",
    )
    assert [(one["day"], one["to"]) for one in example["steps"]] == [
        (0, "prospecting"), (0, "customer"), (0, "active"), (180, "cooling")
    ]  # fmt: skip
    refused = program.post(f"{here}/publish", {})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/despite_examples")
    somebody = program.post(f"{here}/examples", {"contact": person_who_asked().pk, "name": "Asker"})
    assert somebody.json()["document"]["examples"][1]["name"] == "Asker"
    program.patch(here, {"document": document | {"half_life_days": 0}})
    [finding] = program.get(f"{here}/check", accept_language="fi").json()["findings"]
    assert finding["detail"] == "Kirjoita kokonaisluku väliltä 1–3650."
    program.patch(here, {"document": document | {"examples": [story]}})
    assert program.post(f"{here}/publish", {"despite_examples": True}).status_code == 201


def person_who_asked() -> Contact:
    contact = person()
    happened(contact, "form_submitted", ago(3))
    return contact
