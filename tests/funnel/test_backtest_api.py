"""/api/v1/playbooks/backtests: begun, watched, opened to one person, stopped; and proofs."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from funnel.advancing import advance_everything
from funnel.backtesting import work_off_backtests
from tests.callers import Caller, make_caller
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/playbooks"


@pytest.fixture
def caller() -> Caller:
    install()
    return make_caller("playbooks:read", "playbooks:write")


def draft(caller: Caller) -> int:
    document = caller.get(f"{ADDRESS}/1").json()["document"]
    document["rules"][8]["when"][0]["at_least"] = 1
    return int(caller.post(f"{ADDRESS}/drafts", {"name": "Spring", "document": document}).json()["id"])


def test_a_backtest_is_begun_watched_and_opened_to_one_person(caller: Caller) -> None:
    contact = person()
    event = happened(contact, "page_viewed", timezone.now() - timedelta(days=1))
    advance_everything()

    began = caller.post(f"{ADDRESS}/drafts/{draft(caller)}/backtests", {"since": None})
    assert (began.status_code, began.json()["state"], began.json()["progress"]) == (202, "running", 0)
    work_off_backtests()
    found = caller.get(f"{ADDRESS}/backtests").json()["results"]
    address = f"{ADDRESS}/backtests/{began.json()['id']}"

    assert found == [caller.get(address).json()]
    assert (found[0]["state"], found[0]["progress"], found[0]["events"]) == ("done", 100, 1)
    assert found[0]["figures"]["stands"] == {"prospecting>retargeting": 1}
    assert caller.get(f"{address}/people").json()["results"] == [
        {
            "contact": contact.pk,
            "stands_elsewhere": True,
            "differs_at": event.occurred_at.isoformat().replace("+00:00", "Z"),
            "as_it_is": {"stage": "prospecting", "health": None, "standing": "open"},
            "with_the_draft": {"stage": "retargeting", "health": None, "standing": "open"},
        }
    ]
    histories = caller.get(f"{address}/people/{contact.pk}").json()
    assert [step["after"] for step in histories["as_it_is"]] == ["prospecting"]
    assert [(step["after"], step["shared"], step["cause"]) for step in histories["with_the_draft"]] == [
        ("prospecting", True, event.pk),
        ("retargeting", False, event.pk),
    ]


def test_one_that_runs_is_stopped_and_a_faulty_draft_is_refused(caller: Caller) -> None:
    number = draft(caller)
    began: Any = caller.post(f"{ADDRESS}/drafts/{number}/backtests", {}).json()
    stopped = caller.post(f"{ADDRESS}/backtests/{began['id']}/cancel", {}).json()
    caller.patch(f"{ADDRESS}/drafts/{number}", {"document": {"rules": []}}, if_match="*")
    refused = caller.post(f"{ADDRESS}/drafts/{number}/backtests", {})

    assert (stopped["state"], stopped["figures"]) == ("stopped", None)
    assert refused.status_code == 422
    assert {error["code"] for error in refused.json()["errors"]} == {"missing"}


def test_a_proof_counts_what_it_compared(caller: Caller) -> None:
    happened(person(), "page_viewed", timezone.now() - timedelta(days=1))
    advance_everything()
    began = caller.post(f"{ADDRESS}/proofs", {}).json()
    work_off_backtests()

    figures = caller.get(f"{ADDRESS}/backtests/{began['id']}").json()["figures"]

    assert figures == {
        "people": 1,
        "events": 1,
        "moves": 1,
        "waiting": 0,
        "differences": 0,
        "differing": [],
    }
