"""What a worker process does beside its tasks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import connections
from django.utils import timezone

from contacts import nudge
from contacts.models import Pending, PendingReason
from funnel import advancing, tasks, worker
from funnel.advancing import IN_HAND, TALLY, advance_everything, work_off_pending
from funnel.models import Heartbeat, Playbook, Position
from funnel.worker import PoolWatch, beat, sweep
from tests.conftest import Servers
from tests.funnel.worlds import NOON, days, happened, install, marked, person, stage_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _installed(db: None) -> None:
    install()


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool
        pool.submit(connections.close_all).result()


def test_a_sweep_finds_the_work_that_no_message_told_of():
    anna, bert = person(), person()
    happened(bert, "order_completed", NOON - days(999), value_minor=100, currency="EUR")
    advance_everything()
    Position.objects.filter(contact=bert).update(wake_at=NOON)
    happened(anna, "page_viewed", NOON)
    Playbook.objects.create(number=2, name="Same", document=Playbook.objects.get().document, since=NOON)

    sweep()

    assert stage_of(anna) == "prospecting"
    assert Position.objects.get(contact=bert).wake_at is None
    assert not Pending.objects.exists()
    assert not Playbook.objects.filter(applied_at=None).exists()


def test_what_one_look_of_a_sweep_trips_over_keeps_none_of_the_others_from_theirs(monkeypatch, caplog):
    looked = []
    monkeypatch.setattr(worker, "SWEEPS", [lambda: looked.append(1), lambda: 1 / 0, lambda: looked.append(2)])

    sweep()

    assert (looked, [line.getMessage() for line in caplog.records]) == ([1, 2], ["the sweep failed"])


@pytest.mark.django_db(transaction=True)
def test_a_worker_goes_on_looking_for_a_while_because_nudges_are_thinned_out(thread):
    anna = person()
    happened(anna, "page_viewed", NOON)
    advance_everything()
    working = thread.submit(work_off_pending)
    sleep(nudge.PAUSE)
    happened(anna, "form_submitted", NOON + days(1))

    working.result()

    assert stage_of(anna) == "lead"


@pytest.mark.parametrize(("many", "messages"), [(2, 1), (3, 0)])
def test_a_worker_with_much_to_fold_calls_another(servers: Servers, monkeypatch, many, messages):
    valkey = redis.Redis.from_url(servers.redis_url)
    valkey.delete(nudge.QUEUE)
    monkeypatch.setattr(nudge, "_last", float("-inf"))
    monkeypatch.setattr(advancing, "MANY", many)
    for _ in range(2):
        happened(person(), "page_viewed", NOON)

    work_off_pending()

    assert valkey.llen(nudge.QUEUE) == messages
    valkey.delete(nudge.QUEUE)


def test_a_sign_of_life_says_how_much_was_done():
    before = TALLY.folded
    happened(person(), "page_viewed", NOON)
    advance_everything()
    Heartbeat.objects.create(worker="long gone", at=timezone.now() - timedelta(days=2))

    beat("one@here:1")
    beat("one@here:1")

    [alive] = Heartbeat.objects.all()
    assert (alive.worker, alive.folded) == ("one@here:1", before + 1)
    assert alive.at == alive.progressed_at


@pytest.mark.parametrize(
    ("waiting", "progressed_ago", "stuck"),
    [(True, 300, True), (True, 5, False), (False, 300, False)],
)
def test_a_pool_is_stuck_when_work_waits_and_none_of_its_processes_gets_anywhere(waiting, progressed_ago, stuck):
    now = timezone.now()
    Heartbeat.objects.create(worker="one@here:7", progressed_at=now - timedelta(seconds=progressed_ago))
    Heartbeat.objects.create(worker="another@here:8", progressed_at=now)
    if waiting:
        marked(person(), PendingReason.REBUILD)

    assert PoolWatch("one@here:").is_stuck() is stuck


def test_nothing_is_in_hand_between_batches():
    happened(person(), "page_viewed", NOON)

    advance_everything()

    assert IN_HAND == {}


def test_the_nudge_and_the_schedule_name_tasks_that_exist():
    assert tasks.advance_pending.name == nudge.TASK
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    current_app.loader.import_default_modules()
    assert {tasks.advance_due.name, tasks.run_due_effects.name} <= scheduled <= set(current_app.tasks)
