"""Every test session has a PostgreSQL and a Valkey of its own, shared by its xdist workers, gone at its end.

Tests that use the database run as the role that serves, not as the one that owns: the suite proves the grants.
`--quick` runs what needs no server and searches for no counterexample.
"""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import django
import hypothesis
import pytest

from crm.embedded.place import Place
from crm.embedded.postgres import OWNER, SERVING, Postgres
from crm.embedded.valkey import Valkey
from tests import tables

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
}
SERVER_FIXTURES = DATABASE_FIXTURES | {"servers"}


# How long an example takes says how busy the machine is. Which ones are tried follows from the test alone: a run that
# fails fails again, and `make search` tries others.
SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("searching", deadline=None, suppress_health_check=SLOW)
hypothesis.settings.register_profile(
    "steady", deadline=None, suppress_health_check=SLOW, derandomize=True, max_examples=60
)
hypothesis.settings.load_profile("steady")


class TestServers:
    """The session's own servers: addresses are known at once, processes start with `start`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="polku-"))
        (self.folder / "state" / "static").mkdir(parents=True)
        self.place = Place(self.folder)
        self.postgres = Postgres(self.place, durable=False)
        self.valkey = Valkey(self.place, durable=False)
        self.running: list[tuple[subprocess.Popen[bytes], int]] = []

    def start(self) -> None:
        for server in (self.postgres, self.valkey):
            server.prepare(lambda words: None)
            program = server.program()
            with (self.folder / f"{program.name}.log").open("wb") as log:
                process = program.start(output=log)
            self.running.append((process, program.stop_signal))
            while not server.ready():
                if process.poll() is not None:
                    pytest.exit((self.folder / f"{program.name}.log").read_text(), returncode=3)
                time.sleep(0.02)
        self.postgres.ensure_database()
        self.running.append((tables.begin_to_make(self.folder / "tables.log"), signal.SIGKILL))

    def stop(self) -> None:
        for process, stop_signal in reversed(self.running):
            process.send_signal(stop_signal)
        for process, _ in self.running:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
        self.running.clear()
        self.place.release()
        for folder in (self.place.folder, self.folder):  # two, where the servers' account cannot reach the first
            shutil.rmtree(folder, ignore_errors=True)


def environment(servers: TestServers) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "POLKU_STATE": str(servers.folder / "state"),
        "SECRET_KEY": "only-for-tests-" + 24 * "0123456789",
        "SITE_URL": "http://localhost:8000",
        "DATABASE_URL": servers.postgres.url(OWNER),  # makes the test databases; tests then take the serving role
        "REDIS_URL": servers.valkey.url(),
        "POLKU_TEST_SERVING_URL": servers.postgres.url(SERVING, "{database}"),
        "EMAIL_URL": "memorymail://",
    }


def own_valkey_database(url: str, worker: str) -> str:
    number = int(worker.removeprefix("gw")) + 1
    return f"{url.rpartition('/')[0]}/{number}"


SERVERS = None if WORKER else TestServers()
if SERVERS:
    atexit.register(SERVERS.stop)  # also when pytest ends before its hooks run
    os.environ.update(environment(SERVERS))
else:
    os.environ["REDIS_URL"] = own_valkey_database(os.environ["REDIS_URL"], WORKER)
django.setup()

from django.conf import settings  # noqa: E402  (Django stands only now)
from django.db import connection  # noqa: E402
from django.test import TransactionTestCase  # noqa: E402

from crm.privileges import apply_grants  # noqa: E402
from crm.settings import broker_url  # noqa: E402
from funnel.circles import CIRCLES  # noqa: E402
from tests import rows  # noqa: E402

# In a worker of xdist the settings were read before the lines above named its own database.
settings.REDIS_URL = os.environ["REDIS_URL"]
settings.CELERY_BROKER_URL = broker_url(settings.REDIS_URL)
TransactionTestCase._fixture_teardown = lambda _self: rows.take_away()  # type: ignore[attr-defined]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only tests without servers, properties and long logs")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "owner: run this test as the role that owns the tables")
    config.addinivalue_line("markers", "long: this test takes seconds")
    config.addinivalue_line("markers", "server: this test starts servers or processes of its own")
    if SERVERS and not config.getoption("--quick") and not config.getoption("--collect-only"):
        SERVERS.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if SERVERS:
        SERVERS.stop()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        config.hook.pytest_deselected(items=[item for item in items if not is_quick(item)])
        items[:] = [item for item in items if is_quick(item)]


def is_quick(item: pytest.Item) -> bool:
    is_property = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    return not (is_property or item.get_closest_marker("long") or needs_servers(item))


def needs_servers(item: pytest.Item) -> bool:
    marked = item.get_closest_marker("django_db") or item.get_closest_marker("server")
    return bool(marked or SERVER_FIXTURES & set(getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: "pytest.FixtureRequest") -> None:
    """A database of this process's own; it goes with its server."""
    name = connection.settings_dict["NAME"] = f"test_{WORKER or 'polku'}"
    tables.copy_to(name)
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        apply_grants(SERVING)


@pytest.fixture(autouse=True)
def _as_serving_role(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test that uses the database does so with the rights of the serving role, in new connections too."""
    CIRCLES.forget()
    uses_database = request.node.get_closest_marker("django_db") or DATABASE_FIXTURES & set(request.fixturenames)
    if not uses_database or request.node.get_closest_marker("owner"):
        yield
        return
    request.getfixturevalue("_django_db_helper")
    rows.begin_small_numbers_anew()
    options = connection.settings_dict["OPTIONS"]
    as_before = options["options"]
    options["options"] = f"{as_before} -c role={SERVING}"
    set_role(SERVING)
    yield
    options["options"] = as_before
    if not connection.in_atomic_block:  # else the rollback gives the role back
        set_role("NONE")


def set_role(role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")


@dataclass(frozen=True)
class Servers:
    """Addresses for child processes that work on the test's own database (use it with `transactional_db`)."""

    database_url: str
    redis_url: str
    environment: dict[str, str]


@pytest.fixture
def servers(transactional_db: None) -> Servers:
    database_url = os.environ["POLKU_TEST_SERVING_URL"].replace("{database}", connection.settings_dict["NAME"])
    redis_url = os.environ["REDIS_URL"]
    return Servers(database_url, redis_url, {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url})
