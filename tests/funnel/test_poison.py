"""What the fold fails on three times is held; everybody else goes on, and a replay puts it in its place."""

import json
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from contacts.models import Event, Pending, PendingReason, Quarantine
from contacts.replaying import replay
from funnel.advancing import _batch, advance_due, advance_everything, advance_pending
from funnel.attempts import COMPANY, MOST, SUSPENDED, keep_apart, retries
from funnel.claiming import claim_people
from funnel.models import Attempt, Playbook, Position, Transition
from funnel.rebuilding import check_people, check_rollups, ranges
from funnel.services import DEFAULT_PLAYBOOK
from funnel.worker import STUCK_STATUS
from tests.funnel.dying_worker import DEADLY, DIED, work
from tests.funnel.worlds import NOON, days, happened, install, marked, path_of, person, stage_of
from tests.killing import ended, forked

pytestmark = pytest.mark.django_db(transaction=True)

PURCHASE: dict[str, Any] = {"value_minor": 1200, "currency": "EUR"}
POISON: dict[str, Any] = {"value_minor": DEADLY, "currency": "EUR"}
POKED = {"measure": "count", "of": ["poked"], "at_least": 1}
ENDLESS = [
    {"name": "To and", "from": ["open"], "to": {"standing": "closed"}, "on": "time", "when": [POKED]},
    {"name": "fro", "from": ["closed"], "to": {"standing": "open"}, "on": "time", "when": [POKED]},
]


@pytest.fixture(autouse=True)
def _installed(transactional_db: None) -> None:
    install()


@pytest.fixture
def endless(_installed: None) -> None:
    """Rules that set each other off without end as soon as somebody was poked."""
    document = json.loads(DEFAULT_PLAYBOOK.read_text())
    document["rules"] += ENDLESS
    now = timezone.now()
    Playbook.objects.create(
        number=2, name="Endless", document=document, since=NOON - days(99), marked_at=now, applied_at=now
    )


def held() -> list[tuple[int | None, str, int]]:
    return list(Quarantine.objects.waiting().values_list("event", "reason", "attempts"))


def nothing_differs() -> bool:
    return not any(found.differences for found in check_people(ranges())) and check_rollups() == []


def deaths(how: str, status: int) -> int:
    """How often a supervisor has to start the worker until it comes to an end by itself."""
    for count in range(10):
        patience_s = 60 if count else 3  # the first is to end itself soon, the next not because the machine is busy
        with forked(partial(work, how, patience_s)) as child:
            pass
        if (left_with := ended(child)) == 0:
            return count
        assert left_with == status
    raise AssertionError("the worker died again and again")


def test_an_event_that_raises_is_held_after_three_attempts_and_the_others_go_on(endless):
    anna, bert = person(), person()
    for contact in (anna, bert):
        happened(contact, "page_viewed", NOON)
    advance_everything()
    poison = happened(anna, "poked", NOON + days(1))
    happened(bert, "order_completed", NOON + days(1), **PURCHASE)

    advance_everything()

    assert stage_of(bert) == "customer"
    assert held() == [(poison.pk, "fold_failed", 3)]
    assert Quarantine.objects.get().detail.startswith("EndlessRules: ")
    assert not Pending.objects.exists()
    happened(anna, "order_completed", NOON + days(2), **PURCHASE)
    advance_everything()
    assert stage_of(anna) == "customer"


def test_each_attempt_is_counted(endless):
    anna = person()
    Position.objects.create(contact=anna)
    happened(anna, "poked", NOON)

    counts = []
    while not held():
        advance_pending()
        counts.append(Position.objects.get(contact=anna).attempts)

    assert counts in ([1, 2, 0], [2, 0])  # a failed batch is tried again at once
    assert len(held()) == 1


def test_a_replay_after_the_cure_puts_the_event_in_its_place(endless):
    anna = person()
    happened(anna, "page_viewed", NOON)
    poison = happened(anna, "poked", NOON + days(1))
    advance_everything()
    happened(anna, "order_completed", NOON + days(2), **PURCHASE)
    document = json.loads(DEFAULT_PLAYBOOK.read_text())
    document["rules"].append({"name": "A poke makes a lead", "to": "lead", "on": ["poked"]})
    Playbook.objects.create(number=3, name="Cured", document=document, since=NOON - days(99))

    Quarantine.objects.filter(event=poison).update(replayed_at=timezone.now())
    marked(anna, PendingReason.REPLAY, poison)
    advance_everything()

    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "lead"), ("lead", "customer")]


def test_a_replay_before_the_cure_is_held_again(endless):
    anna = person()
    poison = happened(anna, "poked", NOON)
    advance_everything()

    Quarantine.objects.filter(event=poison).update(replayed_at=timezone.now())
    marked(anna, PendingReason.REPLAY, poison)
    advance_everything()

    assert held() == [(poison.pk, "fold_failed", 3)]


def test_a_person_of_whom_nothing_can_be_held_waits_until_asked_for(endless):
    anna, bert = person(), person()
    happened(anna, "poked", NOON, mark=None)
    marked(anna, PendingReason.MERGE)
    happened(bert, "page_viewed", NOON)

    advance_everything()

    assert stage_of(bert) == "prospecting"
    assert held() == [(None, "fold_failed", 3)]
    assert Quarantine.objects.get().pointer == f"/contacts/{anna.pk}"
    assert Position.objects.get(contact=anna).attempts == SUSPENDED
    happened(anna, "order_completed", NOON + days(1), **PURCHASE)
    assert advance_everything() == 0
    assert Pending.objects.count() == 2

    Event.objects.filter(type__key="poked").update(retracted_at=timezone.now())
    assert replay(Quarantine.objects.get(), by=None) is None
    advance_everything()
    assert stage_of(anna) == "customer"
    assert not Pending.objects.exists()
    assert not Quarantine.objects.waiting().exists()


def test_timers_that_never_end_hold_up_nobody_else(endless):
    anna, bert = person(), person()
    happened(anna, "page_viewed", NOON)
    happened(bert, "order_completed", NOON - days(999), **PURCHASE)
    advance_everything()
    happened(anna, "poked", NOON + days(1), mark=None)
    Position.objects.filter(contact=anna).update(wake_at=NOON, memory=None)
    Position.objects.filter(contact=bert).update(wake_at=NOON)

    assert advance_due() >= 1
    advance_everything()

    assert Position.objects.get(contact=anna).attempts == SUSPENDED
    assert Position.objects.get(contact=bert).wake_at is None


def test_a_worker_dies_of_an_event_once_and_from_then_on_only_the_child_that_tries_it():
    anna, bert = person(), person()
    poison = happened(anna, "order_completed", NOON, **POISON)
    happened(anna, "page_viewed", NOON - days(1))
    others = [bert, *(person() for _ in range(40))]
    for contact in others:
        happened(contact, "order_completed", NOON, **PURCHASE)

    assert deaths("kill", DIED) == 1

    assert {stage_of(contact) for contact in others} == {"customer"}
    assert sorted(held()) == sorted((event.pk, "fold_failed", 3) for event in Event.objects.filter(contact=anna))
    assert not Position.objects.filter(attempts__gt=0).exists()
    assert not Attempt.objects.exists()
    assert not Pending.objects.exists()

    Quarantine.objects.update(replayed_at=timezone.now())
    marked(anna, PendingReason.REPLAY, poison)
    advance_everything()
    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "customer")]
    assert nothing_differs()


def test_a_worker_that_hangs_ends_itself_and_the_event_is_held():
    anna, bert = person(), person()
    happened(anna, "page_viewed", NOON - days(1))
    happened(bert, "page_viewed", NOON - days(1))
    advance_everything()
    poison = happened(anna, "order_completed", NOON, **POISON)
    happened(bert, "order_completed", NOON, **PURCHASE)

    assert deaths("hang", STUCK_STATUS) == 1

    assert held() == [(poison.pk, "fold_failed", 3)]
    assert (stage_of(anna), stage_of(bert)) == ("prospecting", "customer")


def test_a_death_counts_for_those_it_had_in_hand_and_success_clears_them():
    contacts = [person() for _ in range(3)]
    for contact in contacts:
        happened(contact, "page_viewed", NOON)
    advance_everything()
    Attempt.objects.create(transaction=aborted_transaction(), contacts=[contact.pk for contact in contacts[:2]])
    happened(contacts[0], "page_viewed", NOON + days(1))

    advance_pending()

    assert list(Position.objects.order_by("contact").values_list("attempts", flat=True)) == [0, 0, 0]
    assert not Attempt.objects.exists()


def test_those_in_whose_batches_processes_go_on_dying_outside_the_ward_are_held_when_they_died_twice_alone():
    """What kills is in the writing, which no child tries."""
    anna, others = person(), [person() for _ in range(40)]
    poison = happened(anna, "order_completed", NOON, **POISON)
    for contact in others:
        happened(contact, "order_completed", NOON, **PURCHASE)

    assert deaths("kill in writing", DIED) == MOST

    assert {stage_of(contact) for contact in others} == {"customer"}
    assert held() == [(poison.pk, "fold_failed", 3)]
    assert not Position.objects.filter(attempts__gt=0).exists()


def test_the_more_often_somebody_failed_the_smaller_is_the_company():
    troubled = {number: attempts for attempts in range(1, MOST + 1) for number in range(attempts, 5000, 100)}

    groups = retries(troubled)

    assert sorted(contact for group in groups for contact in group) == sorted(troubled)
    assert all(len({troubled[contact] for contact in group}) == 1 for group in groups)
    assert {troubled[group[0]]: len(group) for group in reversed(groups)} == {1: 50, 2: 32, 3: 1, 4: 1, 5: 1}
    assert COMPANY == (1000, 32, 1, 1)


def test_nobody_is_folded_in_company_who_was_in_the_hands_of_somebody_who_died_just_now():
    """Another worker chose the same people while the first one was dying on them."""
    crowd = [person() for _ in range(40)]
    for contact in crowd:
        happened(contact, "page_viewed", NOON)
    advance_everything()
    for contact in crowd:
        happened(contact, "page_viewed", NOON + days(1))
    for attempts in range(1, SUSPENDED + 1):
        Position.objects.filter(contact=crowd[attempts]).update(attempts=attempts)

    with transaction.atomic():
        claim = claim_people([contact.pk for contact in crowd])
        apart = keep_apart(claim)
        group = claim_people([contact.pk for contact in crowd[:10]])
        apart_of_group = keep_apart(group)

    assert [one.attempts for one in apart] == [2, 3, 4]
    assert len(claim.people) == 37
    assert [one.attempts for one in apart_of_group] == [3, 4]


def test_a_death_that_nobody_has_counted_yet_is_counted_before_anybody_is_folded():
    anna = person()
    happened(anna, "page_viewed", NOON)
    advance_everything()
    happened(anna, "page_viewed", NOON + days(1))
    Attempt.objects.create(transaction=aborted_transaction(), contacts=[anna.pk])

    done = _batch(lambda: [anna.pk])

    assert (done.folded, done.busy) == (0, True)
    assert Pending.objects.count() == 1


def this_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        return int(cursor.fetchone()[0])


def aborted_transaction() -> int:
    with transaction.atomic():
        number = this_transaction()
        transaction.set_rollback(True)
    return number


def test_a_batch_in_progress_is_not_counted():
    anna = person()
    Position.objects.create(contact=anna)
    with transaction.atomic():
        number = this_transaction()
        Attempt.objects.create(transaction=number, contacts=[anna.pk])
        happened(anna, "page_viewed", NOON)
        advance_pending()

    assert Attempt.objects.count() == 1
    assert Position.objects.get(contact=anna).attempts == 0
    assert Transition.objects.filter(contact=anna).exists()
