"""The tables as the migrations make them: `python -m tests.tables` makes a database of which tests copy theirs.

Ninety tables take fifteen seconds to migrate, so they are kept as a file beside what pytest remembers, one for each
state of the migrations and of what we depend on.
"""

import hashlib
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg2
import psycopg2.errors

from crm.embedded.place import package_folder
from crm.embedded.postgres import BINARIES, PACKAGE

ROOT: Final = Path(__file__).parent.parent
KEPT: Final = ROOT / ".pytest_cache"
SHAPE: Final = "polku_shape"
PATIENCE_S: Final = 600


def begin_to_make(log: Path) -> subprocess.Popen[bytes]:
    """Have the tables made by a process of its own, while those who need them get ready."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.tables"], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )


def copy_to(name: str) -> None:
    """A database with all tables and no rows, as soon as they are made."""
    until = time.monotonic() + PATIENCE_S
    while not _copied(name):
        assert time.monotonic() < until, "python -m tests.tables did not come to an end"
        time.sleep(0.05)


def _copied(name: str) -> bool:
    if not _asked(f"SELECT 1 FROM pg_database WHERE datname = '{SHAPE}' AND datistemplate"):
        return False
    try:
        _asked(f"CREATE DATABASE {name} TEMPLATE {SHAPE}")
    except psycopg2.errors.ObjectInUse:  # who made it is about to leave it
        return False
    return True


def make() -> None:
    _asked(f"CREATE DATABASE {SHAPE}")
    address = address_of(SHAPE)
    if not pour_into(address):
        _migrate(address)
        kept = kept_file()
        kept.parent.mkdir(exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        _run("pg_dump", "--no-owner", "--no-privileges", f"--dbname={address}", f"--file={new}")
        new.replace(kept)
    _asked(f"ALTER DATABASE {SHAPE} IS_TEMPLATE true")


def pour_into(address: str) -> bool:
    """Make the tables in an empty database from the file, if there is one of this state."""
    kept = kept_file()
    if kept.exists():
        _run("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={address}", f"--file={kept}")
        return True
    return False


def kept_file() -> Path:
    digest = hashlib.blake2b(digest_size=8)
    for path in [ROOT / "requirements.txt", Path(__file__), *sorted(ROOT.glob("*/migrations/*.py"))]:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return KEPT / f"tables-{digest.hexdigest()}.sql"


def address_of(database: str) -> str:
    return os.environ["DATABASE_URL"].replace("/polku?", f"/{database}?")


def _migrate(address: str) -> None:
    import django
    from django.core.management import call_command
    from django.db import connection

    before, os.environ["DATABASE_URL"] = os.environ["DATABASE_URL"], address
    django.setup()
    os.environ["DATABASE_URL"] = before
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    connection.close()


def _asked(statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(address_of("postgres"))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _run(program: str, *arguments: str) -> None:
    subprocess.run([package_folder(PACKAGE) / BINARIES / program, *arguments], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    make()
