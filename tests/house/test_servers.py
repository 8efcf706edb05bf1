"""The embedded servers: started, stopped, killed, found again."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from crm.embedded.account import readable_copy
from crm.embedded.place import SYSTEM_STATE, Place, port_is_free
from crm.embedded.postgres import OWNER, SERVING, Postgres, sized_for
from crm.embedded.processes import command_of
from crm.embedded.refusal import Refusal
from crm.embedded.valkey import Valkey

pytestmark = pytest.mark.server


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder of its own: those of pytest are closed to the servers' account, and too deep for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="polku-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def place(state: Path) -> Iterator[Place]:
    place = Place(state)
    yield place
    place.release()
    shutil.rmtree(place.folder)


class Running:
    """A server of the test, with what it says; killed at the end if it still lives."""

    def __init__(self, server: Postgres | Valkey, log: Path) -> None:
        self.server = server
        self.said: list[str] = []
        server.prepare(self.said.append)
        self.log = log.open("wb")
        self.process = server.program().start(output=self.log)
        self.wait()

    def wait(self) -> None:
        deadline = time.monotonic() + 20
        while not self.server.ready():
            assert self.process.poll() is None, self.server.program().name
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self, number: signal.Signals | None = None) -> int:
        self.process.send_signal(number or self.server.program().stop_signal)
        status = self.process.wait(timeout=20)
        self.log.close()
        return status


@pytest.fixture
def run(state: Path) -> Iterator:
    running: list[Running] = []

    def start(server: Postgres | Valkey) -> Running:
        running.append(Running(server, state / "server.log"))
        return running[-1]

    yield start
    for each in running:
        if each.process.poll() is None:
            each.stop()


def ask(url: str, statement: str) -> list[tuple]:
    connection = psycopg2.connect(url.replace("postgres://", "postgresql://"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows


def test_postgres_keeps_rows_over_a_stop_and_over_a_kill(place, run):
    first = run(Postgres(place))
    first.server.ensure_database()
    ask(first.server.url(OWNER), "CREATE TABLE kept AS SELECT 1 AS n")
    assert first.stop() == 0

    second = run(Postgres(place))
    ask(second.server.url(OWNER), "INSERT INTO kept VALUES (2)")
    second.stop(signal.SIGKILL)

    third = run(Postgres(place))
    assert ask(third.server.url(OWNER), "SELECT n FROM kept ORDER BY n") == [(1,), (2,)]
    assert third.server.port == first.server.port


def test_an_open_connection_does_not_delay_the_stop(place, run):
    running = run(Postgres(place, durable=False))
    running.server.ensure_database()
    connection = psycopg2.connect(running.server.url(SERVING).replace("postgres://", "postgresql://"))
    began = time.monotonic()

    assert running.stop() == 0
    assert time.monotonic() - began < 10  # it does not wait for them to go
    connection.close()


def test_a_server_that_outlived_its_runner_is_stopped_before_the_next_start(place, run):
    orphan = run(Postgres(place, durable=False))

    run(Postgres(place, durable=False))

    assert orphan.said == ["making the database folder"]
    assert orphan.process.wait(timeout=10) == 0


def test_a_process_number_that_now_is_somebody_elses_is_left_alone(place, run):
    running = run(Postgres(place, durable=False))
    running.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (running.server.data / "postmaster.pid").write_text(f"{stranger.pid}\n")
        if place.account:
            place.account.own(running.server.data / "postmaster.pid")

        run(Postgres(place, durable=False))

        assert stranger.poll() is None
        stranger.kill()


def test_nobody_comes_in_without_the_password(place, run):
    running = run(Postgres(place, durable=False))
    running.server.ensure_database()

    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        psycopg2.connect(host="127.0.0.1", port=running.server.port, user=SERVING, password="guess", dbname="polku")
    assert ask(running.server.url(SERVING), "SELECT current_user, current_setting('fsync')") == [("polku", "off")]


def test_the_servers_account_is_not_root(place, run):
    running = run(Postgres(place, durable=False))

    assert Path(f"/proc/{running.process.pid}").stat().st_uid == (place.account.uid if place.account else os.getuid())
    assert Path(f"/proc/{running.process.pid}").stat().st_uid != 0


def test_valkey_keeps_what_was_written_before_a_kill(place, run):
    first = run(Valkey(place))
    with redis.Redis.from_url(first.server.url()) as client:
        client.set("kept", "yes")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    time.sleep(1.2)  # it syncs its file each second
    first.stop(signal.SIGKILL)

    second = run(Valkey(place))
    with redis.Redis.from_url(second.server.url()) as client:
        assert client.get("kept") == b"yes"


def test_valkey_answers_nobody_without_the_password(place, run):
    running = run(Valkey(place, durable=False))

    with (
        redis.Redis(port=running.server.port, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()
    assert place.secret("valkey") not in command_of(running.process.pid)


def test_two_runners_never_share_a_folder(place, state):
    with pytest.raises(Refusal, match="Another Polku runs on the folder"):
        Place(state)


def test_a_port_that_was_taken_meanwhile_is_replaced(place):
    port = place.port("some_port")
    assert place.port("some_port") == port
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", port))
        taker.listen()

        assert not port_is_free(port)
        assert place.port("some_port") != port


def test_secrets_are_readable_by_us_alone(place, state):
    place.secret("postgres_admin")

    assert (state / "servers.json").stat().st_mode & 0o777 == 0o600
    assert place.data_folder("postgres").stat().st_mode & 0o777 == 0o700


def test_a_state_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(Refusal, match=r"^Cannot make the folder .*/file/var: Not a directory\.$"):
        Place(tmp_path / "file" / "var")


def test_sizes_follow_the_machine():
    small, large = sized_for(1 * 2**30), sized_for(256 * 2**30)

    sizes = ("shared_buffers", "max_wal_size", "maintenance_work_mem")
    assert [small[name] for name in sizes] == ["256MB", "1024MB", "32MB"]
    assert [large[name] for name in sizes] == ["8192MB", "8192MB", "512MB"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root starts servers as somebody else")
def test_in_a_closed_home_the_servers_live_in_the_systems_state_folder(state, run):
    home = state / "home"
    home.mkdir(mode=0o700)
    place = Place(home / "var")
    try:
        assert place.folder.parent == SYSTEM_STATE
        assert home.stat().st_mode & 0o777 == 0o700
        running = run(Postgres(place, durable=False))
        running.server.ensure_database()
        assert ask(running.server.url(SERVING), "SELECT 1") == [(1,)]
        running.stop()
    finally:
        place.release()
        shutil.rmtree(place.folder)


def test_a_readable_copy_is_whole_and_open_to_everybody(tmp_path):
    (tmp_path / "closed" / "bin").mkdir(parents=True, mode=0o700)
    program = tmp_path / "closed" / "bin" / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    (tmp_path / "closed" / "notes").write_text("notes")

    readable_copy({tmp_path / "closed": "package/closed", tmp_path / "absent": "absent"}, tmp_path / "open")

    copied = {str(path.relative_to(tmp_path / "open")): path.stat().st_mode for path in (tmp_path / "open").rglob("*")}
    assert {name: oct(mode & 0o777) for name, mode in copied.items()} == {
        "package": "0o755",
        "package/closed": "0o755",
        "package/closed/bin": "0o755",
        "package/closed/bin/program": "0o755",
        "package/closed/notes": "0o644",
    }
