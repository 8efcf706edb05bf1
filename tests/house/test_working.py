"""The Celery worker as a process of its own: what it survives, and with which status it ends when it does not."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm.embedded.place import Place
from crm.embedded.valkey import Valkey

ROOT = Path(__file__).resolve().parents[2]
CANNOT_CREATE = 73  # the status of a worker that finds the file it wants to make
pytestmark = pytest.mark.server


class Worker:
    """One pool process, no database, and a Valkey that runs when somebody starts it."""

    def __init__(self, folder: Path) -> None:
        self.valkey = Valkey(Place(folder))
        self.valkey.prepare(lambda words: None)
        self.log = folder / "worker.log"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        environment = {
            "SECRET_KEY": "only-for-this-test-" + 5 * "0123456789",
            "SITE_URL": "http://localhost",
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
            "REDIS_URL": self.valkey.url(),
            "POLKU_STATE": str(self.log.parent),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crm.working", "-c", "1", "-Q", "stage", "--loglevel", "INFO", *options],
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "crm.settings", **environment},
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(self.process)
        return self.process

    def start_valkey(self) -> None:
        self.processes.append(self.valkey.program().start(output=subprocess.DEVNULL))
        self.wait_for(self.valkey.ready)

    def pool(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def wait_for(self, happened: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not happened():
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.05)

    def said(self, words: str) -> bool:
        return words in self.log.read_text()


@pytest.fixture
def worker() -> Iterator[Worker]:
    folder = Path(tempfile.mkdtemp(prefix="polku-"))
    folder.chmod(0o711)
    worker = Worker(folder)
    yield worker
    for process in worker.processes:
        process.kill()
        process.wait()
    worker.valkey.place.release()
    shutil.rmtree(folder, ignore_errors=True)


def test_it_survives_that_its_pool_dies_before_the_broker_is_there_and_ends_with_0_when_asked(worker):
    process = worker.start()
    worker.wait_for(worker.pool)
    [first] = worker.pool()
    worker.wait_for(lambda: worker.said("Cannot connect to redis"))
    os.kill(first, signal.SIGKILL)

    worker.start_valkey()

    worker.wait_for(lambda: worker.said(" ready."))
    worker.wait_for(lambda: worker.pool() not in ([], [first]))
    process.terminate()
    assert process.wait(60) == 0


def test_it_says_by_its_status_that_it_ended_for_a_reason(worker, tmp_path):
    somebody_elses = tmp_path / "pid"
    somebody_elses.write_text(f"{os.getpid()}\n")

    process = worker.start("--pidfile", str(somebody_elses))

    assert process.wait(60) == CANNOT_CREATE
    assert worker.said(f"Pidfile ({somebody_elses}) already exists.")
