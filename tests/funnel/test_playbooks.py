"""/api/v1/playbooks: versions, drafts, their difference, their check and their publication."""

import copy
from typing import Any

import pytest

from funnel.models import Playbook, PlaybookDraft
from funnel.services import DEFAULT_PLAYBOOK
from tests.callers import Caller, make_caller
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/playbooks"
DRAFTS = "/api/v1/playbooks/drafts"


@pytest.fixture
def caller() -> Caller:
    install()
    return make_caller("playbooks:read", "playbooks:write")


def start(caller: Caller, **body: Any) -> Any:
    return caller.post(DRAFTS, {"name": "Spring", **body})


def document_with(**points: int) -> dict[str, Any]:
    document = copy.deepcopy(Playbook.objects.get(number=1).document)
    document["points"].update(points)
    return document


def test_versions_are_listed_with_their_state(caller: Caller) -> None:
    draft = start(caller).json()
    published = caller.post(f"{DRAFTS}/{draft['id']}/publish", {"since": "2025-01-01T00:00:00Z"})

    assert published.status_code == 201
    assert published["Location"].endswith("/api/v1/playbooks/2")
    listed = caller.get(ADDRESS).json()["results"]
    assert listed[0] == published.json()
    assert [(v["number"], v["name"], v["since"], v["status"]) for v in listed] == [
        (2, "Spring", "2025-01-01T00:00:00Z", "being_applied"),
        (1, "Polku", None, "applied"),
    ]


def test_a_version_says_its_rules_in_sentences(caller: Caller) -> None:
    version = caller.get(f"{ADDRESS}/1").json()

    assert version["document"] == Playbook.objects.get().document
    assert [rule["name"] for rule in version["rules"]] == [rule["name"] for rule in version["document"]["rules"]]
    assert version["rules"][5]["sentence"].startswith("When ")


def test_a_version_as_text_makes_the_same_draft_again(caller: Caller) -> None:
    text = caller.get(f"{ADDRESS}/1/text")
    draft = start(caller, document=text.json())

    assert text["Content-Disposition"] == 'attachment; filename="playbook-1.json"'
    assert text.content.decode() == DEFAULT_PLAYBOOK.read_text()
    assert draft.status_code == 201
    assert draft.json()["document"] == Playbook.objects.get().document


def test_a_draft_is_replaced_only_by_who_saw_its_last_state(caller: Caller) -> None:
    draft = start(caller)
    address = draft["Location"]
    better = {"name": "Better", "document": document_with(page_viewed=2)}

    saved = caller.put(address, better, if_match=draft["ETag"])
    stale = caller.put(address, better, if_match=draft["ETag"])

    assert (saved.status_code, saved["ETag"]) == (200, '"2"')
    assert (stale.status_code, stale.json()["type"], stale["ETag"]) == (412, "/api/problems/stale-edit", '"2"')
    assert caller.get(address).json()["document"]["points"]["page_viewed"] == 2
    assert caller.patch(address, {"name": "Best"}).json()["name"] == "Best"


def test_a_draft_shows_what_it_changes(caller: Caller) -> None:
    draft = start(caller, document=document_with(page_viewed=2)).json()

    assert caller.get(f"{DRAFTS}/{draft['id']}/difference").json() == {
        "compared_with": 1,
        "rules_added": [],
        "rules_removed": [],
        "rules_changed": [],
        "rules_moved": [],
        "points_changed": [{"name": "page_viewed", "before": 1, "after": 2}],
        "stages_changed": None,
        "half_life_changed": None,
        "examples_added": [],
        "examples_removed": [],
        "examples_changed": [],
    }
    assert caller.get(f"{DRAFTS}/{draft['id']}/difference?version=2").status_code == 400


def test_faults_are_found_and_keep_a_draft_from_being_published(caller: Caller) -> None:
    document = document_with()
    document["rules"][2]["to"] = "fan"
    address = f"{DRAFTS}/{start(caller, document=document).json()['id']}"

    check = caller.get(f"{address}/check").json()
    refused = caller.post(f"{address}/publish", {})

    assert check["publishable"] is False
    assert [(finding["code"], finding["pointer"]) for finding in check["findings"]] == [
        ("unknown_value", "/rules/2/to"),
    ]
    assert refused.status_code == 422
    assert [(error["code"], error["pointer"]) for error in refused.json()["errors"]] == [
        ("unknown_value", "/document/rules/2/to"),
    ]
    assert Playbook.objects.count() == 1


def test_a_draft_may_be_unfinished(caller: Caller) -> None:
    draft = start(caller, document={"rules": [{"name": "Later"}, 7], "points": {}})

    assert draft.status_code == 201
    address = f"{DRAFTS}/{draft.json()['id']}"
    assert caller.get(f"{address}/check").json()["publishable"] is False
    assert caller.get(f"{address}/difference").json()["rules_added"] == ["Later", "#2"]


def test_a_repeated_publication_with_its_key_is_one_publication(caller: Caller) -> None:
    address = f"{DRAFTS}/{start(caller).json()['id']}/publish"

    answers = [caller.post(address, {}, idempotency_key="publish-1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Playbook.objects.count() == 2


def test_a_draft_is_discarded(caller: Caller) -> None:
    draft = start(caller)

    assert caller.send("DELETE", draft["Location"], if_match='"7"').status_code == 412
    assert caller.send("DELETE", draft["Location"], if_match=draft["ETag"]).status_code == 204
    assert caller.get(draft["Location"]).status_code == 404
    assert caller.get(DRAFTS).json() == {"results": []}


@pytest.mark.parametrize(
    ("body", "status", "found"),
    [
        ({}, 422, [("/name", "required")]),
        ({"name": "x", "based_on": 7}, 422, [("/based_on", "unknown")]),
        ({"name": "x", "document": {"rules": [], "colour": 1}}, 422, [("/document/colour", "unknown_part")]),
        ({"name": "x", "document": {"stages": 1}}, 422, [("/document/stages", "invalid")]),
        ({"name": "x", "document": {"stages": [{"key": "fan"}]}}, 422, [("/document/stages", "unknown_stage")]),
        ({"name": "x", "document": []}, 422, [("/document", "not_a_dict")]),
        ({"name": "x", "rules": []}, 400, [("/rules", "unknown-field")]),
    ],
)
def test_a_draft_that_cannot_be_is_refused(caller: Caller, body: Any, status: int, found: list[Any]) -> None:
    answer = caller.post(DRAFTS, body)

    assert (answer.status_code, [(e["pointer"], e["code"]) for e in answer.json()["errors"]]) == (status, found)
    assert not PlaybookDraft.objects.exists()


@pytest.mark.parametrize(
    "since", ["tomorrow", "2026-03-01T25:00:00Z", 7, "0001-01-01", "0001-01-01T00:00:00+14:00", "1850-01-01T00:00:00Z"]
)
def test_a_moment_of_effect_that_is_none_is_refused(caller: Caller, since: Any) -> None:
    answer = caller.post(f"{DRAFTS}/{start(caller).json()['id']}/publish", {"since": since})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/since")
    assert Playbook.objects.count() == 1


def test_whoever_may_only_read_changes_nothing() -> None:
    install()
    reader = make_caller("playbooks:read")

    assert start(reader).status_code == 403
    assert reader.post(f"{DRAFTS}/1/publish", {}).status_code == 403
    assert make_caller("figures:read").get(ADDRESS).status_code == 403


def test_a_program_that_knows_an_older_version_only_publishes_nothing(caller: Caller) -> None:
    first, second = (f"{DRAFTS}/{start(caller).json()['id']}/publish" for _ in range(2))

    done, refused = caller.post(first, {"after": 1}), caller.post(second, {"after": 1})

    assert (done.status_code, refused.status_code, refused.json()["newest"]) == (201, 409, 2)
    assert refused.json()["type"] == "/api/problems/conflict"
    assert caller.post(second, {"after": 2}).json()["number"] == 3
