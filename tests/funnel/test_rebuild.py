"""`manage.py rebuild` proves what is stored from the log, and mends what is not so."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from contacts.merging import merge_contacts
from contacts.models import Contact, Pending
from funnel.advancing import advance_everything
from funnel.freezing import freeze_person
from funnel.models import PaceCount, Position, StageCount, Transition
from tests.funnel.worlds import NOON, days, happened, install, path_of, person, stage_of

pytestmark = pytest.mark.django_db(transaction=True)

PURCHASE: dict[str, Any] = {"value_minor": 1200, "currency": "EUR"}


@pytest.fixture
def people(transactional_db: None) -> list[Contact]:
    """A customer, a visitor, and one person of two contacts."""
    install()
    people = [person(), person(known=False), person(), person()]
    for contact in people:
        happened(contact, "page_viewed", NOON)
    happened(people[0], "order_completed", NOON + days(2), **PURCHASE)
    advance_everything()
    happened(people[0], "form_submitted", NOON + days(1))
    merge_contacts(first=people[2], second=people[3])
    advance_everything()
    return people


def rebuild(*arguments: str) -> str:
    out = StringIO()
    call_command("rebuild", *arguments, stdout=out)
    return out.getvalue()


def break_(statement: str) -> None:
    """As only the owner of the tables could."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(statement)


ALL_EQUAL = "3 people compared with the log, 0 differences; left out: 0 about to be folded, 0 erased\n"


@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_is_stored_is_what_the_log_says(people, processes):
    assert rebuild("--check", "--processes", processes) == ALL_EQUAL


BROKEN = {
    "a stage": "UPDATE funnel_position SET stage_id = 1 + stage_id",
    "a score": "UPDATE funnel_position SET score = 1 WHERE score > 0",
    "a memory": "UPDATE funnel_position SET memory = jsonb_set(memory::jsonb, '{5}', '1')::text",
    "a timer": "UPDATE funnel_position SET wake_at = NULL",
    "a move": "UPDATE funnel_transition SET visit = 7 WHERE seq = 1",
    "a lost move": "DELETE FROM funnel_transition WHERE seq = 1 AND superseded_at IS NULL",
    "a move too many": "UPDATE funnel_transition SET superseded_at = NULL, seq = 9 WHERE superseded_at IS NOT NULL"
    " AND dimension = 0 AND contact_id = (SELECT min(contact_id) FROM funnel_transition)",
    "the moves of a member": "UPDATE funnel_transition SET superseded_at = NULL WHERE contact_id IN"
    " (SELECT id FROM contacts_contact WHERE leader_id <> id)",
    "a lost position": "DELETE FROM funnel_position WHERE stage_id IS NOT NULL",
    "a count": "UPDATE funnel_stagecount SET n = n + 1",
    "a lost count": "DELETE FROM funnel_stagecount",
    "a cause": "UPDATE funnel_position SET cause_id = 1 + cause_id",
    "a worth": "UPDATE funnel_position SET worth = '{\"EUR\": 1}' WHERE worth IS NOT NULL",
    "a sum": "UPDATE funnel_stageworth SET value_minor = 1 + value_minor",
    "a pace": "UPDATE funnel_pacecount SET n = n - 1 WHERE kind = 2",
}


@pytest.mark.owner
@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_found_and_mended(people, what):
    before = [(path_of(contact), stage_of(contact)) for contact in people]
    break_(BROKEN[what])

    with pytest.raises(CommandError, match="differences are left"):
        rebuild("--check")
    assert not Pending.objects.exists()
    said = rebuild("--repair")

    assert said.endswith(ALL_EQUAL)
    assert rebuild("--check") == ALL_EQUAL
    assert [(path_of(contact), stage_of(contact)) for contact in people] == before


@pytest.mark.owner
def test_it_says_what_differs(people):
    computed = Position.objects.get(contact=people[0]).score
    break_(f"UPDATE funnel_position SET score = 5 WHERE contact_id = {people[0].pk}")
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("rebuild", "--check", stdout=out)

    assert out.getvalue().splitlines()[0] == f"contact {people[0].pk}: score: stored 5, computed {computed}"


@pytest.mark.owner
def test_mending_keeps_what_was_known_before(people):
    break_("UPDATE funnel_transition SET visit = 7 WHERE seq = 1 AND superseded_at IS NULL")
    wrong = Transition.objects.filter(visit=7).values_list("pk", flat=True)[0]

    rebuild("--repair")

    assert Transition.objects.get(pk=wrong).superseded_at is not None


def test_people_about_to_be_folded_and_erased_ones_are_left_out(people):
    happened(people[0], "page_viewed", NOON + days(5))
    freeze_person(contact=people[1])

    said = rebuild("--check")

    assert said == "1 people compared with the log, 0 differences; left out: 1 about to be folded, 1 erased\n"


def test_a_contact_without_events_needs_no_position(people):
    person()

    assert rebuild("--check").startswith("3 people compared")


def test_a_contact_with_events_but_neither_position_nor_mark_is_found_and_mended(people):
    lost = person()
    happened(lost, "page_viewed", timezone.now() - days(1), mark=None)

    with pytest.raises(CommandError):
        rebuild("--check")
    rebuild("--repair")

    assert stage_of(lost) == "prospecting"
    assert rebuild("--check").startswith("4 people compared")


def test_rollups_that_counted_nothing_are_not_missed(people):
    StageCount.objects.create(stage_id=99, health=0, standing=1, source_id=1, is_visitor=False, n=0)
    PaceCount.objects.filter(n=0).delete()

    assert rebuild("--check") == ALL_EQUAL


def test_positions_of_those_who_lead_nobody_are_empty(people):
    assert Position.objects.get(contact=people[3]).stage_id is None
