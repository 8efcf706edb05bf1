"""A draft becomes the next version: checked, numbered, in force from its moment, and everybody is folded again."""

import copy
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import Http404
from django.utils import timezone

from contacts.catalogue import install_catalogue
from contacts.models import Pending, PendingReason
from funnel.arranging import add_stage, change_stage, path_document
from funnel.comparing import replaced_by
from funnel.differences import Changed, difference, written_in
from funnel.models import Playbook, PlaybookDraft, Stage
from funnel.publishing import (
    FaultyPlaybookError,
    OvertakenError,
    StaleDraftError,
    check_draft,
    discard_draft,
    document_of,
    mark_publications,
    publish_playbook,
    save_draft,
    start_draft,
)
from funnel.services import install_path
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.factories import make_contact, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Principal:
    install_catalogue()
    install_path()
    return Principal(user=make_user(role=Role.MARKETER))


def with_points(document: dict[str, Any], **points: int) -> dict[str, Any]:
    return {**document, "points": {**document["points"], **points}}


def publish(by: Principal, **points: int) -> Playbook:
    draft = start_draft(name="More points", by=by)
    save_draft(draft=draft, seen=None, document=with_points(draft.document, **points))
    return publish_playbook(draft=draft, by=by)


def test_a_draft_starts_as_the_newest_version_on_the_present_path(by: Principal) -> None:
    draft = start_draft(name="Spring", by=by)

    assert document_of(draft) == Playbook.objects.get().document
    assert (draft.name, draft.based_on_id, draft.author, draft.version) == ("Spring", 1, by.user, 1)


def test_publishing_makes_the_next_version_in_force_from_the_moment_given(by: Principal) -> None:
    draft = start_draft(name="Spring", by=by)
    since = datetime(2025, 1, 1, tzinfo=UTC)

    playbook = publish_playbook(draft=draft, since=since, by=by)

    assert (playbook.number, playbook.name, playbook.since, playbook.published_by) == (2, "Spring", since, by.user)
    assert playbook.document == Playbook.objects.get(number=1).document
    assert playbook.applied_at is None
    assert not PlaybookDraft.objects.exists()
    assert AuditRecord.objects.exclude(action="key_made").values_list("action", "object_kind", "object_id").get() == (
        "playbook_published",
        "playbook",
        2,
    )


def test_without_a_moment_a_version_is_in_force_from_its_publication_on(by: Principal) -> None:
    playbook = publish(by, page_viewed=2)

    assert playbook.since == playbook.published_at


def test_publishing_marks_every_leader_who_is_not_erased(by: Principal) -> None:
    leader, other = make_contact(), make_contact()
    make_contact(leader=leader)
    make_contact(erased_at=datetime(2026, 1, 1, tzinfo=UTC))

    publish(by, page_viewed=2)

    assert mark_publications() == 1
    assert set(Pending.objects.values_list("contact_id", "event_id", "reason")) == {
        (contact.pk, None, PendingReason.PUBLICATION) for contact in (leader, other)
    }
    assert Playbook.objects.get(number=2).marked_at is not None
    assert mark_publications() == 0


def test_a_publication_that_died_before_marking_is_finished_by_the_next_worker(by: Principal) -> None:
    contact = make_contact()
    document = Playbook.objects.get().document
    Playbook.objects.create(number=2, name="Unmarked", document=document, since=datetime(2026, 1, 1, tzinfo=UTC))

    assert mark_publications() == 1
    assert Pending.objects.values_list("contact_id", flat=True).get() == contact.pk
    assert Playbook.objects.get(number=2).marked_at is not None


def test_a_draft_with_faults_is_not_published(by: Principal) -> None:
    draft = start_draft(name="Spring", by=by)
    rules = [{**draft.document["rules"][0], "to": "nowhere"}, *draft.document["rules"][1:]]
    draft = save_draft(draft=draft, seen={1}, document={**draft.document, "rules": rules})

    with pytest.raises(FaultyPlaybookError) as refusal:
        publish_playbook(draft=draft, by=by)

    assert [(f.code, f.pointer) for f in refusal.value.findings] == [("unknown_value", "/rules/0/to")]
    assert Playbook.objects.count() == 1
    assert PlaybookDraft.objects.get() == draft
    assert not Pending.objects.exists()


def test_a_draft_somebody_else_saved_is_neither_replaced_nor_published(by: Principal) -> None:
    draft = start_draft(name="Spring", by=by)
    save_draft(draft=draft, seen={1}, name="Summer")

    with pytest.raises(StaleDraftError):
        save_draft(draft=draft, seen={1}, name="Autumn")
    with pytest.raises(StaleDraftError):
        publish_playbook(draft=draft, by=by, seen={1})

    assert PlaybookDraft.objects.values_list("name", "version").get() == ("Summer", 2)


def test_a_document_on_other_stages_than_ours_is_refused(by: Principal) -> None:
    document = copy.deepcopy(Playbook.objects.get().document)
    document["stages"][2]["phase"] = "customer"

    with pytest.raises(ValidationError) as refusal:
        start_draft(name="Foreign", document=document, by=by)

    assert refusal.value.message_dict == {
        "document.stages": ["There is no stage lead of phase customer on the path; add it there first."]
    }


def test_a_version_holds_the_path_as_it_was_arranged_when_it_was_published(by: Principal) -> None:
    draft = start_draft(name="With trials", by=by)
    trial = add_stage(key="trial", phase="friend", label_en="Trial", label_fi="Kokeilu", order=4, by=by)
    playbook = publish_playbook(draft=draft, by=by)
    change_stage(stage=trial, order=2, by=by)

    keys = [stage["key"] for stage in playbook.document["stages"]]
    assert keys == ["prospecting", "retargeting", "lead", "trial", "customer", "loyalty", "advocate"]
    assert [stage["key"] for stage in path_document()][:3] == ["prospecting", "trial", "retargeting"]


def test_a_stage_that_rules_lead_to_cannot_be_archived(by: Principal) -> None:
    with pytest.raises(ValidationError) as refusal:
        change_stage(stage=Stage.objects.get(key="loyalty"), archived=True, by=by)

    assert refusal.value.messages == [
        "Rules still move people here: An order on a second day within a year makes loyalty. "
        "Publish a playbook without them first."
    ]


def test_rules_of_a_draft_must_not_lead_to_an_archived_stage(by: Principal) -> None:
    trial = add_stage(key="trial", phase="friend", label_en="Trial", by=by)
    change_stage(stage=trial, archived=True, by=by)
    draft = start_draft(name="Spring", by=by)
    rule = {"name": "Meeting makes a trial", "to": "trial", "on": ["meeting_held"]}
    rules = [draft.document["rules"][0], rule, *draft.document["rules"][1:]]
    draft = save_draft(draft=draft, seen=None, document={**draft.document, "rules": rules})

    assert [(f.code, f.pointer) for f in check_draft(draft)] == [("archived_stage", "/rules/1/to")]


def test_the_first_stage_cannot_be_archived_nor_an_archived_one_put_first(by: Principal) -> None:
    trial = add_stage(key="trial", phase="stranger", label_en="Trial", by=by)
    change_stage(stage=trial, archived=True, by=by)

    changes: list[tuple[Stage, dict[str, Any]]] = [
        (Stage.objects.get(order=1), {"archived": True}),
        (trial, {"order": 1}),
    ]
    for stage, change in changes:
        with pytest.raises(ValidationError) as refusal:
            change_stage(stage=stage, by=by, **change)
        assert refusal.value.messages == ["Every path starts in the first stage: it cannot be archived."]


def test_the_difference_names_what_was_added_removed_changed_and_moved(by: Principal) -> None:
    before = Playbook.objects.get().document
    rules = before["rules"]
    changed = {**rules[2], "on": ["referral_made"]}
    new = {"name": "A meeting makes a lead", "to": "lead", "on": ["meeting_held"]}
    told = before["examples"][0]
    after = {
        **with_points(before, page_viewed=2, letter_sent=1),
        "half_life_days": 60,
        "rules": [rules[1], rules[0], changed, new, *rules[4:]],
        "examples": [told | {"day": 99}, *before["examples"][2:], told | {"name": "Another"}],
    }

    found = difference(before, after)

    assert (found.rules_added, found.rules_removed) == ((new["name"],), (rules[3]["name"],))
    assert found.rules_changed == (Changed(changed["name"], rules[2], changed),)
    assert [(c.before, c.after) for c in found.rules_moved] in ([(1, 2)], [(2, 1)])
    assert found.points_changed == (Changed("letter_sent", 0, 1), Changed("page_viewed", 1, 2))
    assert found.half_life_changed == Changed("half_life_days", 30, 60)
    assert found.stages_changed is None
    assert (found.examples_added, found.examples_removed) == (("Another",), (before["examples"][1]["name"],))
    assert found.examples_changed == (Changed(told["name"], told, told | {"day": 99}),)
    assert not difference(before, before)


@pytest.mark.django_db(transaction=True)
def test_two_publications_at_once_get_numbers_of_their_own(by: Principal) -> None:
    drafts = [start_draft(name=f"Draft {place}", by=by) for place in range(4)]

    def publish_one(draft: PlaybookDraft) -> None:
        publish_playbook(draft=draft, by=by)
        connection.close()

    threads = [threading.Thread(target=publish_one, args=[draft]) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(Playbook.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


@pytest.mark.django_db(transaction=True)
def test_everybody_is_marked_only_when_other_workers_can_see_the_version(by: Principal) -> None:
    """Else somebody who comes and is folded before the commit would be neither marked nor folded with it."""
    draft = start_draft(name="Spring", by=by)
    seen: list[tuple[int, int]] = []

    def come() -> None:
        seen.append((Playbook.objects.count(), make_contact().pk))
        connection.close()

    def just_before_marking(execute: Any, sql: str, *rest: Any) -> Any:
        if "INSERT INTO contacts_pending" in sql:
            thread = threading.Thread(target=come)
            thread.start()
            thread.join()
        return execute(sql, *rest)

    with connection.execute_wrapper(just_before_marking), transaction.atomic():
        publish_playbook(draft=draft, by=by)

    assert seen == [(2, Pending.objects.get().contact_id)]


def test_a_draft_is_not_published_over_a_version_that_its_author_does_not_know(by: Principal) -> None:
    mine = start_draft(name="Mine", by=by)
    publish(by, page_viewed=2)

    with pytest.raises(OvertakenError) as refused:
        publish_playbook(draft=mine, by=by, after=1)

    assert refused.value.newest.number == 2
    assert publish_playbook(draft=mine, by=by, after=2).number == 3


@pytest.mark.django_db(transaction=True)
def test_of_many_who_publish_at_once_over_the_same_version_one_does(by: Principal) -> None:
    drafts = [start_draft(name=f"Draft {number}", by=by) for number in range(6)]
    said: list[int | str] = []
    start = threading.Barrier(len(drafts))

    def publish_one(draft: PlaybookDraft) -> None:
        start.wait()
        try:
            said.append(publish_playbook(draft=draft, by=by, after=1).number)
        except OvertakenError as error:
            said.append(f"after {error.newest.number}")
        finally:
            connection.close()

    threads = [threading.Thread(target=publish_one, args=[draft]) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(said, key=str) == [2, *["after 2"] * 5]
    assert (Playbook.objects.count(), PlaybookDraft.objects.count()) == (2, 5)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_one_draft_or_throw_it_away_at_once_one_does(by: Principal) -> None:
    draft = start_draft(name="Once", by=by)
    said: list[str] = []
    start = threading.Barrier(4)

    def attempt(number: int) -> None:
        start.wait()
        try:
            if number % 2:
                discard_draft(draft=draft, seen=[draft.version])
            else:
                publish_playbook(draft=draft, by=by, seen=[draft.version])
            said.append("done")
        except Http404:
            said.append("gone")
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(said) == ["done", "gone", "gone", "gone"]
    assert not PlaybookDraft.objects.exists()


def test_a_rule_is_as_old_as_its_present_form() -> None:
    first = {"name": "a", "to": "lead", "on": ["form_submitted"]}
    other = {"name": "b", "to": "lead", "on": ["review_posted"]}
    versions = [
        (1, {"rules": [first, other]}),
        (2, {"rules": [other, {**first, "note": "as agreed in May"}]}),
        (3, {"rules": [other, {**first, "on": ["ad_clicked"]}]}),
        (4, {"rules": [{**first, "on": ["ad_clicked"]}]}),
        (5, {"rules": [{**first, "on": ["ad_clicked"]}, other]}),
    ]

    assert [written_in(versions[:last]) for last in range(1, 6)] == [
        {"a": 1, "b": 1},
        {"b": 1, "a": 1},
        {"b": 1, "a": 3},
        {"a": 3},
        {"a": 3, "b": 5},
    ]


@pytest.mark.parametrize(
    ("note", "codes"), [("", []), ("x" * 500, []), ("x" * 501, ["wrong_kind"]), (7, ["wrong_kind"])]
)
def test_a_rule_may_say_why_it_is_there(by: Principal, note: Any, codes: list[str]) -> None:
    draft = start_draft(name="Noted", by=by)
    rules = [{**draft.document["rules"][0], "note": note}, *draft.document["rules"][1:]]
    draft = save_draft(draft=draft, seen=None, document={**draft.document, "rules": rules})

    assert [finding.code for finding in check_draft(draft)] == codes


def test_a_version_is_replaced_by_a_later_one_that_is_in_force_before_its_moment():
    first, second = timezone.now(), timezone.now() + timedelta(days=30)

    assert replaced_by([(1, None), (2, second), (3, first)]) == {2: 3}
    assert replaced_by([(1, None), (2, first), (3, second)]) == {}
    assert replaced_by([(1, None), (2, first), (3, first), (4, first)]) == {2: 3, 3: 4}
    assert replaced_by([(1, None), (2, first), (3, None)]) == {1: 3, 2: 3}
