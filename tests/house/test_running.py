"""`manage.py run`, for real: it starts, recovers from the death of any child or of itself, and stops in order."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm.embedded.processes import command_of

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.server
NEEDED = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Runner:
    """A `manage.py run` of the test in a state folder of its own."""

    def __init__(self, state: Path, port: int, *arguments: str) -> None:
        self.state, self.port = state, port
        self.log = state.parent / "run.log"
        self.began = time.monotonic()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run", "--no-demo", *arguments],
                env=NEEDED | {"POLKU_STATE": str(state), "PORT": str(port)},
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def status_of(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def wait_for(self, happened: Callable[[], bool], seconds: float = 150) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.1)

    def ready(self) -> bool:
        return self.process.poll() is None and self.status_of("/readyz") == 200

    def said(self, words: str) -> bool:
        return words in self.log.read_text()

    def child(self, mark: str) -> int:
        """The process number of the child whose command line has these words."""
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next((int(pid) for pid in pids if mark in command_of(int(pid))), 0)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=150)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="polku-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def runner(folder: Path) -> Iterator[Runner]:
    runner = Runner(folder / "var", free_port())
    yield runner
    if runner.process.poll() is None:
        runner.process.terminate()
        runner.process.wait(timeout=200)


def processes_of(state: Path) -> list[str]:
    """The command lines of live processes that work on this state folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"POLKU_STATE={state}\0".encode() in (entry / "environ").read_bytes():
                found.append(command_of(int(entry.name)))
    return [command for command in found if command]


def test_it_starts_recovers_and_stops(runner, folder):
    runner.wait_for(lambda: runner.said("Polku is ready") and runner.ready())
    state = runner.state

    # any child may die; the worker finds the new Valkey
    marks = {"web": "crm.serving", "worker": "crm.working", "beat": "crm.ticking", "valkey": "valkey-server"}
    old = {name: runner.child(mark) for name, mark in marks.items()}
    for pid in old.values():
        os.kill(pid, signal.SIGKILL)
    for name, mark in marks.items():
        runner.wait_for(lambda name=name: runner.said(f"{name} ended by itself (killed by SIGKILL)"))
        runner.wait_for(lambda name=name, mark=mark: runner.child(mark) not in {0, old[name]})
    killed = runner.log.read_text().rindex("ended by itself")
    runner.wait_for(lambda: "Connected to redis" in runner.log.read_text()[killed:])
    os.kill(runner.child("bin/postgres"), signal.SIGKILL)
    runner.wait_for(lambda: runner.said("postgres ended by itself"))
    runner.wait_for(runner.ready)

    # the runner too, and what it leaves behind does not stand in the way of the next
    port = json.loads((state / "servers.json").read_text())["postgres_port"]
    runner.process.kill()
    runner.process.wait()
    second = Runner(state, runner.port)
    try:
        second.wait_for(second.ready)
        assert json.loads((state / "servers.json").read_text())["postgres_port"] == port
        assert (state / "environment").stat().st_mode & 0o777 == 0o600

        # a second runner on the same folder, or on the same port, is refused in one sentence
        for other, reason in [
            (Runner(state, free_port()), f"Another Polku runs on the folder {state}: stop it first."),
            (Runner(folder / "else", runner.port), f"Port {runner.port} is in use: stop what listens there"),
        ]:
            assert other.process.wait(timeout=60) == 1
            assert other.said(reason)

        # a command beside it sees the same house
        beside = subprocess.run(
            [sys.executable, "manage.py", "upgrade"],
            env=NEEDED | {"POLKU_STATE": str(state)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (beside.returncode, beside.stderr) == (0, "")
    finally:
        status = second.stop()
    assert status == 0
    assert processes_of(state) == []
