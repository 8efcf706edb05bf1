"""/api/v1/playbooks/backtests: begun, watched, opened to one person, stopped; and proofs."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Event
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


def test_a_draft_is_tried_on_one_person_and_on_what_might_happen_now(caller: Caller) -> None:
    contact, number = person(), draft(caller)
    event = happened(contact, "page_viewed", timezone.now() - timedelta(days=1))
    advance_everything()
    address = f"{ADDRESS}/drafts/{number}/try?contact={contact.pk}"

    plain = caller.get(address).json()
    bought = caller.get(f"{address}&since=2026-01-01&event=order_completed+59.00+EUR+order_id%3D1").json()
    later = caller.get(f"{address}&since=2999-01-01").json()

    assert (plain["contact"], plain["events"], plain["reactions"]) == (contact.pk, 1, None)
    assert [step["after"] for step in plain["as_it_is"]] == ["prospecting"]
    assert [(step["after"], step["shared"], step["cause"]) for step in plain["with_the_draft"]] == [
        ("prospecting", True, event.pk),
        ("retargeting", False, event.pk),
    ]
    assert [
        [(one["dimension"], one["to"]) for one in bought["reactions"][side]] for side in ("as_it_is", "with_the_draft")
    ] == [[("stage", "customer"), ("health", "active")]] * 2
    assert "A first order" in bought["reactions"]["as_it_is"][0]["sentence"]
    assert [step["after"] for step in later["with_the_draft"]] == ["prospecting"]
    assert Event.objects.count() == 1


def test_what_cannot_be_tried_on_somebody_names_its_parameter(caller: Caller) -> None:
    contact, number = person(), draft(caller)
    address = f"{ADDRESS}/drafts/{number}/try"

    assert caller.get(f"{address}?contact={contact.pk}").json() == {
        "contact": contact.pk,
        "events": 0,
        "as_it_is": [],
        "with_the_draft": [],
        "reactions": None,
    }
    happened(contact, "page_viewed", timezone.now() - timedelta(days=1))
    refused = [
        caller.get(f"{address}?{query}").json()["errors"][0]
        for query in ("", "contact=999999", f"contact={contact.pk}&event=order+59", f"contact={contact.pk}&since=soon")
    ]
    assert [error["pointer"] for error in refused] == ["?contact", "?contact", "?event", "?since"]
    assert refused[1]["detail"] == "There is nobody with this number."
    caller.patch(f"{ADDRESS}/drafts/{number}", {"document": {"rules": []}}, if_match="*")
    assert caller.get(f"{address}?contact={contact.pk}").status_code == 422


def test_two_results_are_laid_side_by_side_also_where_only_one_of_them_leads(caller: Caller) -> None:
    happened(person(), "page_viewed", timezone.now() - timedelta(days=1))
    number = draft(caller)
    results = []
    closing = {"name": "Away", "on": ["page_viewed"], "to": {"standing": "closed"}}
    document = caller.get(f"{ADDRESS}/drafts/{number}").json()["document"]
    for rules in (document["rules"], [*document["rules"], closing]):
        caller.patch(f"{ADDRESS}/drafts/{number}", {"document": {**document, "rules": rules}}, if_match="*")
        results.append(caller.post(f"{ADDRESS}/drafts/{number}/backtests", {"since": None}).json()["id"])
        work_off_backtests()
    moved, closed = results

    beside = caller.get(f"{ADDRESS}/backtests/{moved}/compare?with={closed}")

    assert beside.json() == {
        "this": moved,
        "other": closed,
        "stages": [
            {"stage": "prospecting", "as_it_is": 1, "this": 0, "other": 0},
            {"stage": "retargeting", "as_it_is": 0, "this": 1, "other": 0},
            {"stage": "closed", "as_it_is": 0, "this": 0, "other": 1},
        ],
    }
    assert [
        caller.get(f"{ADDRESS}/backtests/{moved}/compare?{query}").status_code for query in ("", "with=9999", "with=x")
    ] == [400] * 3


def test_versions_and_drafts_are_compared_either_way_round(caller: Caller) -> None:
    number = draft(caller)
    there = caller.get(f"{ADDRESS}/compare?from=1&to=draft-{number}").json()
    back = caller.get(f"{ADDRESS}/compare?from=draft-{number}").json()

    assert [(one["name"], one["after"]["when"][0]["at_least"]) for one in there["rules_changed"]] == [
        (there["rules_changed"][0]["name"], 1)
    ]
    assert there["rules_changed"][0]["before"] == back["rules_changed"][0]["after"]
    assert (there["from"], there["to"], back["from"], back["to"]) == ("1", f"draft-{number}", f"draft-{number}", "1")
    assert (there["rules_added"], there["stages_changed"]) == ([], None)
    refused = [caller.get(f"{ADDRESS}/compare?{query}") for query in ("", "from=99", "from=1&to=draft-x")]
    assert [one.json()["errors"][0]["pointer"] for one in refused] == ["?from", "?from", "?to"]
