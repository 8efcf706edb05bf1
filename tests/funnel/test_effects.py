"""What moves set off: at most once per entry, after the settle window, only if the entry still stands."""

from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from django.utils import timezone

from contacts.ingest import retract_event
from contacts.merging import merge_contacts
from contacts.models import PendingReason
from funnel.advancing import advance_due, advance_pending
from funnel.effects import EFFECT_KINDS, EffectKind, held_effects, release_effects, run_due_effects
from funnel.models import Dimension, Effect, EffectState, HoldReason, Playbook, Stage
from funnel.publishing import mark_publications
from staff.models import AuditRecord
from staff.policy import Principal
from tests.factories import make_user
from tests.funnel.worlds import days, happened, install, marked, person, position_of

pytestmark = pytest.mark.django_db


class Recorder:
    """A kind of effect that notes what it is asked to do."""

    def __init__(self) -> None:
        self.done: list[tuple[int, str, int]] = []
        self.refuses: set[int] = set()

    def run(self, effects: list[Effect]) -> None:
        if self.refuses.intersection(effect.contact_id for effect in effects):
            raise RuntimeError("not today")
        keys = {0: "nothing", **dict(Stage.objects.values_list("pk", "key"))}
        self.done += [(effect.contact_id, keys[effect.target], effect.visit) for effect in effects]


@pytest.fixture
def letters(db: None, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    install()
    recorder = Recorder()
    monkeypatch.setitem(EFFECT_KINDS, "letter", EffectKind(wanted=lambda: [Dimension.STAGE], run=recorder.run))
    return recorder


def recently(minutes: float = 10) -> Any:
    return timezone.now() - timedelta(minutes=minutes)


def let_settle() -> None:
    Effect.objects.filter(state=EffectState.WAITING).update(due_at=timezone.now())


def states() -> list[tuple[str, str]]:
    return list(Effect.objects.order_by("pk").values_list("state", "hold_reason"))


def test_an_entry_sets_it_off_once_after_the_settle_window(letters):
    anna = person()
    happened(anna, "page_viewed", recently())
    advance_pending()

    run_due_effects()
    assert letters.done == []
    let_settle()
    run_due_effects()
    run_due_effects()

    assert letters.done == [(anna.pk, "prospecting", 1)]
    assert states() == [("done", "")]


def test_the_settle_window_begins_with_the_stamp(letters, settings):
    settings.SETTLE_WINDOW_S = 90
    anna = person()
    happened(anna, "page_viewed", recently())

    advance_pending()

    known_at = position_of(anna).known_at
    assert Effect.objects.get().due_at == known_at + timedelta(seconds=90)


def test_only_moves_of_the_dimensions_wanted_set_it_off(letters):
    happened(person(), "order_completed", recently(), value_minor=100, currency="EUR")

    advance_pending()

    assert list(Effect.objects.values_list("dimension", flat=True)) == [0, 0]


def test_a_kind_that_wants_some_targets_is_set_off_by_entries_into_these_alone(letters, monkeypatch):
    customer = Stage.objects.get(key="customer")
    kind = EffectKind(lambda: [Dimension.STAGE], letters.run, targets=lambda: [customer.pk])
    monkeypatch.setitem(EFFECT_KINDS, "letter", kind)
    anna = person()
    happened(anna, "form_submitted", recently())
    happened(anna, "order_completed", recently(5), value_minor=100, currency="EUR")

    advance_pending()

    assert list(Effect.objects.values_list("contact", "target", "state")) == [(anna.pk, customer.pk, "waiting")]


def test_another_cause_for_the_same_entry_does_not_set_it_off_again(letters):
    anna = person()
    happened(anna, "content_downloaded", recently(5))
    advance_pending()
    let_settle()
    run_due_effects()
    happened(anna, "form_submitted", recently(9))

    advance_pending()
    let_settle()
    run_due_effects()

    assert letters.done == [(anna.pk, "prospecting", 1), (anna.pk, "lead", 1)]


def test_an_entry_that_is_gone_when_it_is_due_sets_nothing_off(letters):
    anna = person()
    happened(anna, "page_viewed", recently(9))
    download = happened(anna, "content_downloaded", recently(5))
    advance_pending()
    retract_event(event=download)
    advance_pending()

    let_settle()
    run_due_effects()

    assert letters.done == [(anna.pk, "prospecting", 1)]
    assert states() == [("done", ""), ("superseded", "")]


def test_an_entry_that_was_gone_and_came_back_sets_it_off_after_all(letters):
    anna = person()
    happened(anna, "page_viewed", recently(9))
    download = happened(anna, "content_downloaded", recently(5))
    advance_pending()
    retract_event(event=download)
    advance_pending()
    let_settle()
    run_due_effects()
    happened(anna, "form_submitted", recently(1))

    advance_pending()
    let_settle()
    run_due_effects()

    assert letters.done == [(anna.pk, "prospecting", 1), (anna.pk, "lead", 1)]


def test_a_second_entry_sets_it_off_again(letters):
    anna = person()
    for minutes, stage in ((9, "lead"), (7, "prospecting"), (5, "lead")):
        happened(anna, "stage_set", recently(minutes), properties={"stage": stage})
    advance_pending()

    let_settle()
    run_due_effects()

    visits = [(anna.pk, "prospecting", 1), (anna.pk, "lead", 1), (anna.pk, "prospecting", 2), (anna.pk, "lead", 2)]
    assert letters.done == visits


@pytest.mark.parametrize(
    ("reason", "held"),
    [
        (PendingReason.IMPORT, "import"),
        (PendingReason.REBUILD, "rebuild"),
        (PendingReason.RETRACTION, "retraction"),
        (PendingReason.MERGE, "merge"),
        (PendingReason.CUT, "cut"),
        (PendingReason.PUBLICATION, "publication"),
    ],
)
def test_what_changes_history_as_a_whole_holds_what_it_sets_off(letters, reason, held):
    anna = person()
    event = happened(anna, "page_viewed", recently(), mark=None)
    marked(anna, reason, event if reason == PendingReason.IMPORT else None)

    advance_pending()

    assert states() == [("held", held)]


def test_moves_of_more_than_a_day_ago_are_held(letters):
    happened(person(), "page_viewed", timezone.now() - timedelta(hours=25))

    advance_pending()

    assert states() == [("held", "old")]


def test_an_event_that_comes_along_with_a_merge_sets_off_what_it_moves(letters):
    anna, anni = person(), person()
    happened(anna, "page_viewed", recently(9))
    advance_pending()
    merge_contacts(first=anna, second=anni)
    happened(anni, "content_downloaded", recently(1))

    advance_pending()

    assert states() == [("waiting", ""), ("waiting", "")]


def test_a_publication_holds_even_when_an_event_brings_the_person_first(letters):
    anna = person()
    happened(anna, "page_viewed", recently(9))
    advance_pending()
    document = Playbook.objects.get().document
    document["rules"].append({"name": "A look is enough", "to": "lead", "on": ["page_viewed"]})
    Playbook.objects.create(number=2, name="Bold", document=document, since=timezone.now() - days(9))
    happened(anna, "email_opened", recently(1))

    advance_pending()

    assert states() == [("waiting", ""), ("held", "publication")]
    mark_publications()
    advance_pending()
    assert states() == [("waiting", ""), ("held", "publication")]


def test_a_timer_sets_it_off_like_an_event(letters, monkeypatch):
    monkeypatch.setitem(EFFECT_KINDS, "letter", EffectKind(wanted=lambda: [Dimension.STANDING], run=letters.run))
    anna = person()
    until = timezone.now() + timedelta(seconds=2)
    happened(anna, "postponed", recently(9), properties={"until": until.isoformat()})
    advance_pending()
    assert advance_due() == 0
    sleep((until - timezone.now()).total_seconds() + 0.01)

    assert advance_due() == 1

    assert states() == [("waiting", ""), ("waiting", "")]


def test_held_effects_go_when_somebody_asks(letters):
    anna = person()
    happened(anna, "page_viewed", timezone.now() - days(3))
    advance_pending()
    admin = Principal(user=make_user())
    [held] = held_effects()

    assert (held.kind, held.reason, held.number) == ("letter", HoldReason.OLD, 1)
    assert release_effects(by=admin, kind="letter", reason="merge") == 0
    assert release_effects(by=admin, kind="letter", reason="old") == 1
    run_due_effects()

    assert letters.done == [(anna.pk, "prospecting", 1)]
    assert held_effects() == []
    told = AuditRecord.objects.get(action="effects_released").detail
    assert told == {"what": "letter", "reason": "old", "number": 1}


def test_one_that_cannot_be_run_does_not_hold_up_the_others(letters):
    anna, bert = person(), person()
    for contact in (anna, bert):
        happened(contact, "page_viewed", recently())
    advance_pending()
    let_settle()
    letters.refuses = {anna.pk}

    run_due_effects()
    run_due_effects()

    assert letters.done == [(bert.pk, "prospecting", 1)]
    waiting = Effect.objects.get(contact=anna)
    assert waiting.state == EffectState.WAITING
    assert waiting.due_at > timezone.now() + timedelta(seconds=30)

    letters.refuses = set()
    let_settle()
    run_due_effects()
    assert letters.done == [(bert.pk, "prospecting", 1), (anna.pk, "prospecting", 1)]


def test_effects_of_a_kind_nobody_knows_wait(letters, monkeypatch):
    happened(person(), "page_viewed", recently())
    advance_pending()
    let_settle()
    monkeypatch.delitem(EFFECT_KINDS, "letter")

    assert run_due_effects() == 0
    assert states() == [("waiting", "")]
