"""`manage.py upgrade`: from an empty database to ours, and from an older one with a dump first."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg2
import psycopg2.extensions
import pytest

from crm.embedded.place import package_folder
from crm.embedded.postgres import BINARIES, PACKAGE
from crm.embedded.refusal import Refusal
from crm.upgrading import nearest
from tests.tables import copy_to

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.server


def opened(url: str) -> psycopg2.extensions.connection:
    connection = psycopg2.connect(url.replace("postgres://", "postgresql://"))
    connection.autocommit = True
    return connection


def ask(url: str, statement: str) -> list[tuple]:
    connection = opened(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


class Installation:
    """An empty database of the test's own, and the command that upgrades it."""

    def __init__(self, state: Path, *, has_tables: bool) -> None:
        name = f"upgrade_{uuid4().hex[:8]}"
        here = os.environ["DATABASE_URL"]
        self.owner_url = here.replace("/polku?", f"/{name}?")
        self.serving_url = os.environ["POLKU_TEST_SERVING_URL"].replace("{database}", name)
        self.state, self.name, self.maintenance_url = state, name, here.replace("/polku?", "/postgres?")
        copy_to(name) if has_tables else ask(self.maintenance_url, f"CREATE DATABASE {name}")

    def upgrade(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return self.manage("upgrade", *arguments, **changes)

    def manage(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "crm.settings",
            "POLKU_STATE": str(self.state),
            "DATABASE_URL": self.serving_url,
            "DATABASE_OWNER_URL": self.owner_url,
            "FRAGILE_DATABASE_ALLOWED": "yes",
        }
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=environment | changes,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def dumps(self) -> list[Path]:
        return sorted((self.state / "dumps").glob("*.dump"))


@pytest.fixture
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An empty one; where a test says so, its tables stand already."""
    installation = Installation(tmp_path, has_tables=getattr(request, "param", None) == "has tables")
    (tmp_path / "static").mkdir()
    yield installation
    ask(installation.maintenance_url, f"DROP DATABASE {installation.name} WITH (FORCE)")


def test_an_upgrade_makes_dumps_and_grants(installation):
    first = installation.upgrade()
    assert (first.returncode, first.stderr, installation.dumps()) == (0, "", [])
    assert ask(installation.serving_url, "SELECT count(*) FROM contacts_event") == [(0,)]
    assert ask(installation.serving_url, "SELECT key FROM funnel_stage ORDER BY id LIMIT 2") == [
        ("prospecting",),
        ("retargeting",),
    ]
    assert ask(installation.serving_url, "SELECT number FROM funnel_playbook") == [(1,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(installation.serving_url, "DROP TABLE contacts_event")

    again = installation.upgrade()
    assert (again.returncode, again.stdout, installation.dumps()) == (0, "", [])

    # an older database: a table of this version is missing
    ask(installation.owner_url, "DROP TABLE django_session; DELETE FROM django_migrations WHERE app = 'sessions'")
    (installation.state / "dumps").mkdir()
    for day in range(1, 7):
        (installation.state / "dumps" / f"polku-2020010{day}T000000Z.dump").touch()
    older = installation.upgrade()
    dumps = installation.dumps()
    assert (older.returncode, older.stdout) == (0, f"dumped the database to {dumps[-1]}\n")
    assert [dump.name[:14] for dump in dumps[:-1]] == [f"polku-2020010{day}" for day in range(3, 7)]
    listed = subprocess.run(
        [package_folder(PACKAGE) / BINARIES / "pg_restore", "--list", dumps[-1]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "TABLE DATA public contacts_event" in listed.stdout
    assert dumps[-1].stat().st_mode & 0o077 == 0
    assert ask(installation.serving_url, "SELECT count(*) FROM django_session") == [(0,)]

    kept = installation.state / "kept"
    done = [installation.manage("backup", str(kept), "--keep", "1") for _night in range(2)]
    assert [str(path) for path in kept.iterdir()] == [done[1].stdout.strip()]

    # going back takes away what a newer version has made, and keeps it beside
    ask(installation.owner_url, "CREATE TABLE newer (contact bigint REFERENCES contacts_contact)")
    nothing = installation.manage("restore", str(installation.state / "no.dump"))
    assert (nothing.returncode, nothing.stderr) == (
        1,
        f"CommandError: There is no dump {installation.state}/no.dump.\n",
    )
    with contextlib.closing(psycopg2.connect(installation.serving_url, application_name="polku web")):
        busy = installation.manage("restore", done[1].stdout.strip())
    refusal = "CommandError: Somebody works on this database: polku web. Stop Polku first.\n"
    assert (busy.returncode, busy.stderr) == (1, refusal)
    back = installation.manage("restore", done[1].stdout.strip())
    [before] = (installation.state / "dumps" / "before-restore").iterdir()
    assert (back.returncode, back.stdout.splitlines()) == (
        0,
        [
            f"dumped what is there to {before}",
            f"restoring {done[1].stdout.strip()}",
            "restored; nothing is sent until somebody says that this is the real one: `manage.py sending resume`",
        ],
    )
    assert ask(installation.owner_url, "SELECT to_regclass('newer')") == [(None,)]
    restored = installation.upgrade()
    assert restored.stdout.startswith("this database was restored or copied: nothing is sent")
    assert installation.manage("sending").stdout.startswith("Nothing is sent: this database was restored or copied.")
    assert installation.manage("sending", "resume", "--drop").stdout.startswith("Sending is on.")


def test_a_dump_is_made_by_the_program_nearest_to_the_server():
    dumpers = {"ours": 18, "of 15": 15, "of 16": 16, "broken": 0}

    assert [nearest(dumpers, server=server) for server in (15, 16, 17, 18)] == ["of 15", "of 16", "ours", "ours"]
    with pytest.raises(Refusal, match="no pg_dump of PostgreSQL 19 or newer"):
        nearest(dumpers, server=19)


def test_a_server_that_forgets_in_a_crash_is_refused(installation):
    refused = installation.upgrade(FRAGILE_DATABASE_ALLOWED="no")

    assert refused.returncode == 1
    assert "(crm.E001) PostgreSQL runs with fsync off: accepted events could be lost." in refused.stderr


@pytest.mark.parametrize("installation", ["has tables"], indirect=True)
def test_one_role_for_everything_works_and_is_remarked_upon(installation):
    done = installation.upgrade(DATABASE_URL=installation.owner_url)
    checked = installation.upgrade(DATABASE_URL=installation.owner_url)

    assert done.returncode == 0
    assert "one database role owns and serves" in done.stdout
    assert "crm.W001" in checked.stderr


def test_a_database_that_is_away_is_one_sentence(installation):
    refused = installation.upgrade(DATABASE_URL="postgres://polku:x@127.0.0.1:1/polku", DATABASE_OWNER_URL="")

    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: The database refuses the upgrade: connection to server at")
