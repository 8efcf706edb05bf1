"""The whole product as child processes of ours, on servers and in a folder of its own; and what kills them.

Everything is started from the main thread: the kernel stops a child in order when the thread that started it ends.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg2
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from crm.embedded.place import Place
from crm.embedded.postgres import DATABASE, OWNER, SERVING, Postgres
from crm.embedded.processes import Program
from crm.embedded.valkey import Valkey
from tests.tables import pour_into

ROOT = Path(__file__).resolve().parents[2]
PYTHON = (sys.executable, "-m")
AGAIN_AFTER_S = 0.1  # a child that died is started again after this
WORKERS = ("worker1", "worker2")
SERVERS = ("postgres", "valkey")


@dataclass
class Child:
    program: Program
    log: Path
    process: subprocess.Popen[bytes] | None = None
    due_at: float = 0.0
    starts: int = 0
    killed: bool = False  # by us, since the last start

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None


@dataclass
class House:
    """Start with `open()`; `tend()` must be called often, for it starts again whatever died."""

    durable: bool = True
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="polku-chaos-")))
    children: dict[str, Child] = field(default_factory=dict)
    strangers: Counter[str] = field(default_factory=Counter)  # deaths that we had no hand in
    environment: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    database: str = DATABASE

    def open(self) -> None:
        """Start the servers, and make a database as it is after an upgrade, with its keys."""
        (self.folder / "logs").mkdir()
        (self.folder / "state").mkdir()
        self.folder.chmod(0o711)
        self.place = Place(self.folder / "servers")
        self.postgres = Postgres(self.place, durable=self.durable)
        self.valkey = Valkey(self.place)
        for server in (self.postgres, self.valkey):
            server.prepare(lambda words: None)
            self.start(server.program())
            self.wait_until(server.ready, 60)
        self.postgres.ensure_database()
        pour_into(self.postgres.url(OWNER))
        self.port = self.place.port("web_port")
        self.environment = self._environment()
        self._prepare()

    def _environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "POLKU_STATE": str(self.folder / "state"),
            "SECRET_KEY": "only-for-chaos-" + 24 * "0123456789",
            "SITE_URL": f"http://localhost:{self.port}",
            "DATABASE_URL": self.postgres.url(SERVING, self.database),
            "DATABASE_OWNER_URL": "",
            "REDIS_URL": self.valkey.url(),
            "EMAIL_URL": "memorymail://",
            "API_RATE_LIMIT": "0",
            "INTAKE_DISK_LIMIT": "1.1",
            "LOG_LEVEL": "WARNING",
            "FRAGILE_DATABASE_ALLOWED": "" if self.durable else "1",
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",
            "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",
        }

    def _prepare(self) -> None:
        owner = {"DATABASE_OWNER_URL": self.postgres.url(OWNER, self.database)}
        done = subprocess.run(
            [*PYTHON, "tests.chaos.preparing"],
            env={**os.environ, **self.environment, **owner},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the database could not be prepared:\n{done.stderr[-3000:]}")
        self.keys = dict(line.split() for line in done.stdout.splitlines())

    def fresh_database(self, name: str) -> None:
        """A copy of the prepared one takes the place of the database; the product must never have run on that."""
        self.ask(f"CREATE DATABASE {name} TEMPLATE {DATABASE} OWNER {OWNER}", database="postgres")
        self.database = name
        self.ask("DELETE FROM staff_sending")  # else the product would see that it is a copy, and send nothing
        self.environment["DATABASE_URL"] = self.postgres.url(SERVING, name)

    # --- the product

    def start_product(self, tuning: Mapping[str, str], *, beat: bool = True) -> None:
        """The web server, two workers and the clock, under these settings."""
        environment = self.environment | dict(tuning)
        web = ("127.0.0.1", str(self.port), "2", "4")
        worker = ("-c", "1", "-Q", "stage,webhook,mail,import", "--loglevel", "WARNING")
        commands: dict[str, tuple[str, ...]] = {"web": ("crm.serving", *web)}
        commands |= {name: ("crm.working", *worker, "-n", f"{name}@%h") for name in WORKERS}
        commands |= {"beat": ("crm.ticking",)} if beat else {}
        for name, command in commands.items():
            kind = name.rstrip("0123456789")
            self.start(
                Program(
                    name,
                    (*PYTHON, *command),
                    environment={**environment, "POLKU_PROCESS": kind},
                    whole_group=True,
                    folder=ROOT,
                )
            )
        if not (self.wait_until(self.serves, 90) and self.wait_until(self.works, 90)):
            raise RuntimeError(f"the product does not start:\n{self.last_words()}")

    def serves(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def works(self) -> bool:
        """Both workers have shown that they live."""
        return len(self.ask("SELECT DISTINCT split_part(worker, '@', 1) FROM funnel_heartbeat")) == len(WORKERS)

    def stop_product(self) -> None:
        for name in ("beat", *WORKERS, "web"):
            if child := self.children.pop(name, None):
                kill_group(child)

    # --- children

    def start(self, program: Program) -> None:
        child = Child(program, self.folder / "logs" / f"{program.name}.log")
        self.children[program.name] = child
        self._launch(child)

    def _launch(self, child: Child) -> None:
        child.starts += 1
        child.killed = False
        with child.log.open("ab") as log:
            child.process = child.program.start(output=log)

    def tend(self) -> None:
        """Start again whoever is dead."""
        for child in self.children.values():
            if child.process is None:
                if time.monotonic() >= child.due_at:
                    self._launch(child)
            elif child.process.poll() is not None:
                self._bury(child)

    def _bury(self, child: Child) -> None:
        assert child.process is not None
        if not child.killed and not (child.program.name in SERVERS and child.starts > 1):
            self.strangers[f"{child.program.name} ({child.process.returncode})"] += 1
        if child.program.whole_group:
            kill_group(child)
        child.process = None
        child.due_at = time.monotonic() + AGAIN_AFTER_S

    def tend_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.tend()
            time.sleep(0.02)

    def wait_until(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Whether it happened in time."""
        until = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > until:
                return False
            self.tend_for(0.05)
        return True

    # --- the database, seen by its owner

    def ask(self, query: str, *parameters: Any, database: str | None = None) -> list[tuple[Any, ...]]:
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, parameters or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def connect(self, database: str | None = None) -> "psycopg2.extensions.connection":
        """A connection with all rights that commits by itself."""
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.postgres.port,
            user="polku_admin" if database else OWNER,
            password=self.place.secret("postgres_admin" if database else f"postgres_{OWNER}"),
            dbname=database or self.database,
            connect_timeout=5,
        )
        connection.autocommit = True
        return connection

    def ask_patiently(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The same, through a crash of the server."""
        for _ in range(300):
            try:
                return self.ask(query, *parameters)
            except psycopg2.Error:
                self.tend_for(0.1)
        raise RuntimeError("PostgreSQL does not come back")

    # --- harm

    def kill(self, name: str) -> bool:
        """Kill the process and, as the product's supervisor does, whatever it forked."""
        child = self.children[name]
        if child.pid is None:
            return False
        child.killed = True
        os.kill(child.pid, signal.SIGKILL)
        return True

    def kill_offspring(self, name: str, with_signal: signal.Signals = signal.SIGKILL) -> int | None:
        """Kill (or stop) one process that the child forked, a web worker or a pool process."""
        pid = self.children[name].pid
        offspring = offspring_of(pid) if pid else []
        if not offspring:
            return None
        victim = offspring[0]
        try:
            os.kill(victim, with_signal)
        except ProcessLookupError:
            return None
        return victim

    def crash_postgres(self) -> bool:
        """An immediate stop: no checkpoint, no goodbye."""
        child = self.children["postgres"]
        if child.pid is None:
            return False
        child.killed = True
        os.kill(child.pid, signal.SIGQUIT)
        return True

    def kill_backend(self) -> bool:
        """One server process of PostgreSQL dies; the postmaster then restarts them all."""
        pid = self.children["postgres"].pid
        backends = [one for one in offspring_of(pid) if serves(one, self.database)] if pid else []
        if not backends:
            return False
        os.kill(backends[-1], signal.SIGKILL)
        return True

    def flush_valkey(self) -> bool:
        try:
            with redis.Redis.from_url(self.valkey.url(), socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
                client.flushall()
        except redis.RedisError:
            return False
        return True

    def wipe_valkey(self) -> bool:
        """Kill Valkey and empty its disk."""
        killed = self.kill("valkey")
        shutil.rmtree(self.valkey.home / "appendonlydir", ignore_errors=True)
        return killed

    def keep_down(self, name: str) -> None:
        """Kill it, and start it no more until it is brought up."""
        self.kill(name)
        child = self.children[name]
        self.wait_until(lambda: child.process is None, 5)
        child.due_at = float("inf")

    def bring_up(self, name: str) -> None:
        child = self.children[name]
        if child.due_at == float("inf"):
            child.due_at = 0.0

    # --- the end

    def close(self, *, keep: bool = False) -> None:
        self.stop_product()
        for name in reversed(SERVERS):
            child = self.children.pop(name, None)
            if child and child.pid:
                os.kill(child.pid, child.program.stop_signal)
                try:
                    child.process and child.process.wait(20)
                except subprocess.TimeoutExpired:
                    os.kill(child.pid, signal.SIGKILL)
        self.place.release()
        if not keep:
            for folder in (self.place.folder, self.folder):
                shutil.rmtree(folder, ignore_errors=True)

    def last_words(self, names: Iterable[str] = ("web", *WORKERS), lines: int = 15) -> str:
        logs = {name: (self.folder / "logs" / f"{name}.log") for name in names}
        said = {
            name: log.read_text(errors="replace").splitlines()[-lines:] for name, log in logs.items() if log.exists()
        }
        return "\n".join(f"--- {name}\n" + "\n".join(last) for name, last in said.items())


def kill_group(child: Child) -> None:
    """End a child and all it forked; each child leads a group of its own."""
    if child.process is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()


def offspring_of(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def serves(pid: int, database: str) -> bool:
    """Whether a process of PostgreSQL serves a connection of the product."""
    try:
        return f"{SERVING} {database}" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False
