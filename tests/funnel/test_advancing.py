"""From recorded events to moved contacts, in the database."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from contacts.ingest import retract_event
from contacts.merging import cut_merge, merge_contacts
from contacts.models import Contact, Event, Pending, PendingReason, Quarantine, Trust
from funnel.advancing import advance_due, advance_everything, advance_pending
from funnel.freezing import freeze_person
from funnel.models import (
    RULE_ERASED,
    Attempt,
    Dimension,
    Health,
    Pace,
    PaceCount,
    Playbook,
    Position,
    Stage,
    StageCount,
    Transition,
)
from funnel.publishing import mark_publications
from funnel.services import install_path
from tests.funnel.worlds import NOON, days, happened, install, marked, path_of, person, position_of, source, stage_of

pytestmark = pytest.mark.django_db

PURCHASE: dict[str, Any] = {"value_minor": 1200, "currency": "EUR"}


@pytest.fixture(autouse=True)
def _installed(db: None) -> None:
    install()


def test_events_move_a_contact_along_its_path():
    anna = person()
    happened(anna, "page_viewed", NOON)
    happened(anna, "content_downloaded", NOON + days(1))
    happened(anna, "order_completed", NOON + days(2), **PURCHASE)

    assert advance_pending() == 1

    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "lead"), ("lead", "customer")]
    assert stage_of(anna) == "customer"
    assert not Pending.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_done_is_committed_and_leaves_no_note_of_the_attempt():
    anna = person()
    happened(anna, "order_completed", NOON, **PURCHASE)

    assert advance_everything() > 0

    assert stage_of(anna) == "customer"
    assert not Attempt.objects.exists()


def test_the_position_says_when_why_and_how_far():
    anna = person()
    order = happened(anna, "order_completed", timezone.now() - days(1), **PURCHASE)

    advance_pending()

    position = position_of(anna)
    assert position.entered_at == order.occurred_at
    assert position.last_event_at == order.occurred_at
    assert position.health == Health.ACTIVE
    assert position.score == 50_000
    assert position.moves == 3
    assert position.folded_until == position.known_at
    assert position.wake_at == order.occurred_at + days(180)
    start, *_, healthy = Transition.objects.live().filter(contact=anna).order_by("seq")
    assert (start.cause_id, start.recorded_at, start.visit) == (order.pk, position.known_at, 1)
    assert (healthy.dimension, healthy.to_value) == (Dimension.HEALTH, Health.ACTIVE)


def test_a_later_event_goes_on_from_what_the_position_remembers():
    anna = person()
    for day in range(3):
        happened(anna, "page_viewed", NOON + days(day))
        advance_pending()

    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "retargeting")]
    assert Transition.objects.get(contact=anna, seq=1).evidence == [3]


def test_a_late_event_folds_again_and_supersedes_what_came_out_differently():
    anna = person()
    happened(anna, "page_viewed", NOON)
    happened(anna, "order_completed", NOON + days(9), **PURCHASE)
    advance_pending()
    happened(anna, "content_downloaded", NOON + days(3))

    advance_pending()

    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "lead"), ("lead", "customer")]
    [replaced] = Transition.objects.filter(superseded_at__isnull=False, dimension=0)
    position = position_of(anna)
    assert (replaced.seq, replaced.superseded_at) == (1, position.known_at)
    start = Transition.objects.get(contact=anna, seq=0)
    assert start.superseded_at is None
    assert start.recorded_at < position.known_at


def test_an_event_of_the_very_moment_and_a_smaller_key_is_late():
    anna = person()
    happened(anna, "order_completed", NOON, key="f" * 32, **PURCHASE)
    advance_pending()
    happened(anna, "order_completed", NOON, key="0" * 32, **PURCHASE)

    advance_pending()

    first = Event.objects.get(key="0" * 32)
    assert Transition.objects.live().get(contact=anna, seq=0).cause_id == first.pk


def test_an_event_that_was_seen_before_its_mark_counts_once():
    anna = person()
    event = happened(anna, "page_viewed", NOON, mark=None)
    marked(anna, PendingReason.REBUILD)
    advance_pending()
    marked(anna, PendingReason.EVENT, event)

    advance_pending()

    assert position_of(anna).score == 1000


def test_a_retracted_event_never_was():
    anna = person()
    happened(anna, "page_viewed", NOON)
    order = happened(anna, "order_completed", NOON + days(1), **PURCHASE)
    advance_pending()

    retract_event(event=order)
    advance_pending()

    assert path_of(anna) == [(None, "prospecting")]
    assert position_of(anna).health is None


def test_without_a_standing_event_one_stands_nowhere():
    anna = person()
    only = happened(anna, "page_viewed", NOON)
    advance_pending()

    retract_event(event=only)
    advance_pending()

    position = position_of(anna)
    assert (position.stage_id, position.entered_at, position.moves, position.memory) == (None, None, 0, None)
    assert path_of(anna) == []
    assert sum(StageCount.objects.values_list("n", flat=True)) == 0


def test_merging_makes_one_path_and_cutting_gives_both_back():
    anna, anni = person(), person()
    happened(anna, "page_viewed", NOON)
    happened(anni, "order_completed", NOON + days(1), **PURCHASE)
    advance_pending()
    before = path_of(anna), path_of(anni), stage_of(anna), stage_of(anni)

    merge = merge_contacts(first=anna, second=anni)
    advance_pending()

    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "customer")]
    assert (path_of(anni), stage_of(anni)) == ([], None)
    assert sum(StageCount.objects.values_list("n", flat=True)) == 1

    cut_merge(merge=merge)
    advance_pending()

    assert (path_of(anna), path_of(anni), stage_of(anna), stage_of(anni)) == before


def test_events_of_a_member_move_the_leader():
    anna, anni = person(), person()
    merge_contacts(first=anna, second=anni)
    happened(anni, "page_viewed", NOON)
    advance_pending()
    happened(anni, "form_submitted", NOON + days(1))

    advance_pending()

    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "lead")]
    assert path_of(anni) == []


def test_a_visitor_who_becomes_known_is_counted_as_a_person_from_then_on():
    visitor = person(known=False)
    happened(visitor, "page_viewed", NOON)
    advance_pending()
    Contact.objects.filter(pk=visitor.pk).update(is_known=True)
    happened(visitor, "form_submitted", NOON + days(1))

    advance_pending()

    assert list(Transition.objects.live().values_list("is_visitor", flat=True)) == [False, False]
    assert Transition.objects.filter(superseded_at__isnull=False, is_visitor=True).count() == 1
    assert list(StageCount.objects.filter(n=1).values_list("is_visitor", flat=True)) == [False]


def test_a_public_source_makes_nobody_a_customer():
    rule = {"name": "A form makes a customer", "to": "customer", "on": ["form_submitted"]}
    document = Playbook.objects.get().document
    Playbook.objects.create(number=2, name="Bold", document=document | {"rules": [rule]}, since=NOON - days(1))
    anna, bert = person(), person()
    happened(anna, "form_submitted", NOON, by=source("site", Trust.PUBLIC))
    happened(bert, "form_submitted", NOON)

    advance_pending()

    assert (stage_of(anna), stage_of(bert)) == ("prospecting", "customer")


def test_a_claim_in_the_log_was_confirmed_and_counts_like_a_trusted_event():
    anna = person()
    happened(anna, "order_completed", NOON, by=source("site", Trust.PUBLIC), **PURCHASE)

    advance_pending()

    assert stage_of(anna) == "customer"


def test_a_held_event_is_left_out_until_it_is_replayed():
    anna = person()
    happened(anna, "page_viewed", NOON)
    order = happened(anna, "order_completed", NOON + days(1), mark=None, **PURCHASE)
    hold = Quarantine.objects.create(source=order.source, reason="fold_failed", event=order)
    marked(anna, PendingReason.REBUILD)
    advance_pending()
    assert stage_of(anna) == "prospecting"

    hold.replayed_at = timezone.now()
    hold.save()
    marked(anna, PendingReason.REPLAY, order)
    advance_pending()

    assert stage_of(anna) == "customer"


def test_a_timer_that_is_due_is_folded_without_an_event():
    anna = person()
    happened(anna, "order_completed", NOON - days(300), **PURCHASE)
    advance_pending()
    Position.objects.filter(contact=anna).update(wake_at=timezone.now())
    known_at = position_of(anna).known_at

    assert advance_due() == 1

    position = position_of(anna)
    assert position.health == Health.LAPSED
    assert position.known_at > known_at
    assert advance_due() == 0


def test_the_fold_goes_no_further_than_the_clock():
    anna = person()
    happened(anna, "order_completed", timezone.now() - days(100), **PURCHASE)

    advance_everything()

    position = position_of(anna)
    assert position.health == Health.ACTIVE
    assert position.wake_at > timezone.now()


def test_an_event_the_database_clock_has_not_reached_waits_for_it():
    anna = person()
    happened(anna, "page_viewed", NOON)
    ahead = timezone.now() + timedelta(hours=1)
    happened(anna, "form_submitted", ahead, recorded_at=ahead)

    advance_everything()

    assert stage_of(anna) == "prospecting"
    assert Pending.objects.count() == 1


def test_stamps_grow_even_when_the_clock_goes_back():
    anna = person()
    happened(anna, "page_viewed", NOON)
    advance_pending()
    ahead = timezone.now() + timedelta(hours=1)
    Position.objects.filter(contact=anna).update(known_at=ahead)
    happened(anna, "form_submitted", NOON + days(1))

    advance_pending()

    assert Transition.objects.get(contact=anna, seq=1).recorded_at == ahead + timedelta(microseconds=1)


def test_a_published_version_folds_everybody_again_and_is_then_applied():
    anna = person()
    happened(anna, "page_viewed", NOON)
    advance_pending()
    document = Playbook.objects.get().document
    document["rules"].append({"name": "A look is enough", "to": "lead", "on": ["page_viewed"]})
    Playbook.objects.create(number=2, name="Bold", document=document, since=NOON - days(1))
    mark_publications()
    assert Playbook.objects.get(number=2).applied_at is None

    advance_everything()

    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "lead")]
    assert Transition.objects.live().get(contact=anna, seq=1).version == 2
    assert Playbook.objects.get(number=2).applied_at is not None


def test_rollups_count_who_stands_where_and_every_move_by_its_days():
    lately = timezone.now() - days(2)
    for _ in range(2):
        happened(person(), "order_completed", lately, **PURCHASE)
    advance_pending()

    customer = Position.objects.values_list("stage_id", flat=True).first()
    counts = StageCount.objects.values_list("stage_id", "health", "standing", "is_visitor", "n")
    assert list(counts) == [(customer, Health.ACTIVE, 1, False, 2)]
    moved = PaceCount.objects.filter(kind=Pace.MOVED, level=0, whose=0).order_by("from_stage")
    first = Stage.objects.get(key="prospecting").pk
    day = (timezone.localtime(lately).date() - date(1800, 1, 6)).days
    assert list(moved.values_list("block", "from_stage", "to_stage", "n")) == [
        (day, 0, first, 2),
        (day, first, customer, 2),
    ]


def test_an_unknown_type_is_recorded_and_moves_nobody():
    anna = person()
    happened(anna, "page_viewed", NOON)
    happened(anna, "webinar_dreamt_of", NOON + days(1))

    advance_pending()

    assert stage_of(anna) == "prospecting"


def test_a_frozen_person_is_closed_to_nothing_and_never_folded_again():
    anna = person()
    happened(anna, "order_completed", NOON, **PURCHASE)
    advance_pending()
    freeze_person(contact=anna)
    happened(anna, "page_viewed", NOON + days(1))

    advance_everything()

    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "customer"), ("customer", None)]
    closing = Transition.objects.filter(contact=anna, rule=RULE_ERASED)
    assert sorted(closing.values_list("dimension", "to_value")) == [(0, None), (1, None)]
    position = position_of(anna)
    assert (position.stage_id, position.memory, position.erased_at) == (None, None, position.known_at)
    assert not Pending.objects.exists()
    assert sum(StageCount.objects.values_list("n", flat=True)) == 0


def test_installing_the_path_again_changes_nothing():
    before = list(Playbook.objects.values()), list(Position.objects.values())

    install_path()

    assert (list(Playbook.objects.values()), list(Position.objects.values())) == before


@pytest.mark.django_db(transaction=True)
def test_a_batch_makes_a_bounded_number_of_statements():
    for _ in range(50):
        happened(person(), "order_completed", NOON, **PURCHASE)
    advance_everything()
    for contact in Contact.objects.all():
        happened(contact, "page_viewed", NOON + days(1))

    counting = Counting()
    with connection.execute_wrapper(counting):
        advance_pending()

    assert counting.statements <= 25


class Counting:
    """How many statements went to the database."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute, *arguments):
        self.statements += 1
        return execute(*arguments)


def test_long_logs_are_folded_in_several_transactions(monkeypatch):
    monkeypatch.setattr("funnel.folding.AT_ONCE", 6)
    monkeypatch.setattr("funnel.folding.ENOUGH", 5)
    contacts = [person() for _ in range(203)]
    for contact in contacts:
        happened(contact, "page_viewed", NOON)

    assert advance_pending() == 200
    assert Pending.objects.count() == 3
    assert advance_everything() == 3
    assert {stage_of(contact) for contact in contacts} == {"prospecting"}
