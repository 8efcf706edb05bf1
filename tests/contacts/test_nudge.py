"""Workers are told that there is work: once a while, never failing, never slowing intake."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import redis
from django.db import transaction

from contacts import nudge as nudging
from contacts.nudge import nudge, nudge_on_commit
from tests.conftest import Servers


@pytest.fixture(autouse=True)
def _long_ago(monkeypatch):
    monkeypatch.setattr(nudging, "_last", float("-inf"))


class Queue:
    """The queue of the workers as Valkey holds it."""

    def __init__(self, url: str) -> None:
        self.valkey = redis.Redis.from_url(url)

    def length(self) -> int:
        return self.valkey.llen(nudging.QUEUE)

    def tasks(self) -> list[str]:
        return [json.loads(message)["headers"]["task"] for message in self.valkey.lrange(nudging.QUEUE, 0, -1)]


@pytest.fixture
def queue(servers: Servers) -> Iterator[Queue]:
    stage = Queue(servers.redis_url)
    stage.valkey.delete(nudging.QUEUE)
    yield stage
    stage.valkey.delete(nudging.QUEUE)


def test_a_nudge_asks_the_workers_by_name(queue):
    nudge()

    assert queue.tasks() == ["funnel.tasks.advance_pending"]


def test_nudges_in_quick_succession_are_one(queue):
    for _ in range(10):
        nudge()

    assert queue.length() == 1


def test_after_a_pause_there_is_another(queue, monkeypatch):
    monkeypatch.setattr(nudging, "PAUSE", 0.01)
    for _ in range(3):
        nudge()
        time.sleep(0.02)

    assert queue.length() == 3


def test_a_transaction_nudges_once_when_it_is_committed(queue):
    with transaction.atomic():
        for _ in range(3):
            nudge_on_commit()
        before = queue.length()

    assert (before, queue.length()) == (0, 1)


def test_a_transaction_that_is_taken_back_nudges_nobody(queue):
    with transaction.atomic():
        nudge_on_commit()
        transaction.set_rollback(True)

    assert queue.length() == 0


WITHOUT_BROKER = """
import time, django
django.setup()
from contacts.nudge import nudge
began = time.monotonic()
nudge()
print(time.monotonic() - began)
"""


def test_without_a_broker_nothing_fails_and_nobody_waits_long(servers):
    environment = {**servers.environment, "REDIS_URL": "redis://127.0.0.1:1/0", "POLKU_PROCESS": "web"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_BROKER], env=environment, capture_output=True, text=True, timeout=60, check=True
    )

    assert float(done.stdout.splitlines()[-1]) < 3
