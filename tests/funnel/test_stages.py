"""/api/v1/stages: the path as staff arrange it."""

from typing import Any

import pytest

from funnel.models import Stage
from staff.models import AuditRecord
from tests.callers import Caller, make_caller
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/stages"
TRIAL = {"key": "trial", "phase": "friend", "label_en": "Trial", "label_fi": "Kokeilu", "order": 4}


@pytest.fixture
def caller() -> Caller:
    install()
    return make_caller("playbooks:read", "playbooks:write")


def keys(caller: Caller) -> list[str]:
    return [stage["key"] for stage in caller.get(ADDRESS).json()["results"]]


def errors(answer: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_stages_come_in_the_order_of_the_path(caller: Caller) -> None:
    first, *_ = caller.get(ADDRESS).json()["results"]

    assert keys(caller) == ["prospecting", "retargeting", "lead", "customer", "loyalty", "advocate"]
    assert first == {
        "key": "prospecting",
        "phase": "stranger",
        "order": 1,
        "label_en": "Prospecting",
        "label_fi": "Prospektointi",
        "archived_at": None,
    }


def test_a_new_stage_takes_its_place(caller: Caller) -> None:
    answer = caller.post(ADDRESS, TRIAL)

    assert answer.status_code == 201
    assert answer["Location"].endswith("/api/v1/stages/trial")
    assert caller.get("/api/v1/stages/trial").json() == TRIAL | {"archived_at": None}
    assert keys(caller) == ["prospecting", "retargeting", "lead", "trial", "customer", "loyalty", "advocate"]
    assert AuditRecord.objects.filter(api_key=caller.key).values_list("action", "api_key").get() == (
        "stage_added",
        caller.key.pk,
    )


def test_labels_and_order_change_and_key_and_phase_stay(caller: Caller) -> None:
    changed = caller.patch("/api/v1/stages/lead", {"label_en": "Prospect", "order": 2})
    fixed = caller.patch("/api/v1/stages/lead", {"phase": "customer"})

    assert (changed.status_code, changed.json()["label_en"]) == (200, "Prospect")
    assert keys(caller)[:3] == ["prospecting", "lead", "retargeting"]
    assert (fixed.status_code, errors(fixed)) == (400, [("/phase", "unknown-field")])


def test_a_stage_is_archived_and_taken_back(caller: Caller) -> None:
    caller.post(ADDRESS, TRIAL)

    assert caller.patch("/api/v1/stages/trial", {"archived": True}).json()["archived_at"] is not None
    assert caller.patch("/api/v1/stages/trial", {"archived": False}).json()["archived_at"] is None


@pytest.mark.parametrize(
    ("body", "status", "found"),
    [
        (TRIAL | {"key": "Trial!"}, 422, [("/key", "invalid")]),
        (TRIAL | {"key": "lead"}, 422, [("/key", "unique")]),
        (TRIAL | {"phase": "enemy"}, 422, [("/phase", "invalid_choice")]),
        (TRIAL | {"order": 9}, 422, [("/order", "no_such_place")]),
        (TRIAL | {"colour": "red"}, 400, [("/colour", "unknown-field")]),
        ({"key": "trial"}, 422, [("/phase", "required"), ("/label_en", "required")]),
        ([TRIAL], 400, [("", "invalid")]),
    ],
)
def test_a_stage_that_cannot_be_is_refused(caller: Caller, body: Any, status: int, found: list[Any]) -> None:
    answer = caller.post(ADDRESS, body)

    assert (answer.status_code, errors(answer)) == (status, found)
    assert Stage.objects.count() == 6


def test_a_reader_cannot_arrange_the_path() -> None:
    install()
    reader = make_caller("playbooks:read")

    assert reader.post(ADDRESS, TRIAL).status_code == 403
    assert reader.patch("/api/v1/stages/lead", {"order": 1}).status_code == 403
    assert reader.patch("/api/v1/stages/nothing", {"order": 1}).status_code == 403
