"""From whatever stands in the database to what this version needs: dump, migrate, grant, gather static files."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from contacts.catalogue import install_catalogue
from contacts.erasing import erase_again
from crm.embedded.place import make_folder, package_folder, write_private
from crm.embedded.postgres import BINARIES, PACKAGE
from crm.embedded.refusal import Refusal
from crm.privileges import apply_grants
from funnel.services import install_path
from staff.sending import settle_home

KEPT_DUMPS = 5
ONE_UPGRADE_AT_A_TIME = 0x706F6C6B75  # an advisory lock; the number is the project's name
LOGIN = ("USER", "PASSWORD", "HOST", "PORT")

Say = Callable[[str], None]


def upgrade(say: Say) -> None:
    """Bring the database to this version's shape; safe to repeat, and to run in two places at once."""
    if not parts_for_the_browser():
        raise Refusal("The parts for the browser are not installed: run `make install`.")
    with owner_connection(), one_at_a_time():
        if migrations_to_apply() and connection.introspection.table_names():
            say(f"dumped the database to {dump_database()}")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        install_catalogue()
        install_path()
        if settle_home():
            say("this database was restored or copied: nothing is sent until somebody says that it is the real one")
            if again := erase_again():
                say(f"erased {again} of its people again, who had been erased before")
        if two_roles():
            apply_grants(settings.DATABASE_SERVING["USER"])
    gather_static_files(say)


def two_roles() -> bool:
    return bool(settings.DATABASE_SERVING["USER"] != settings.DATABASE_OWNER["USER"])


def database_is_new() -> bool:
    with owner_connection():
        return not connection.introspection.table_names()


@contextmanager
def owner_connection() -> Iterator[None]:
    """The default connection with the rights of the role that owns the tables, and without the limits of a web server.

    Nothing waits longer than 2 s for a table that is in use: everybody else would queue behind us.
    """
    serving = connection.settings_dict
    owner = {name: settings.DATABASE_OWNER[name] for name in LOGIN}
    options = settings.DATABASE_OWNER.get("OPTIONS", {}) | {"options": "-c lock_timeout=2000 -c statement_timeout=0"}
    connection.close()
    connection.settings_dict = {**serving, **owner, "OPTIONS": options}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = serving


@contextmanager
def one_at_a_time() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [ONE_UPGRADE_AT_A_TIME])
        cursor.execute("RESET lock_timeout")
    yield  # closing the connection lets go of the lock


def migrations_to_apply() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def dump_database(folder: Path | None = None, *, keep: int = KEPT_DUMPS) -> Path:
    """Write a dump that `pg_restore` reads into `folder` (that of the state), of which the newest `keep` stay."""
    folder = folder or settings.STATE / "dumps"
    make_folder(folder, mode=0o700)
    path: Path = folder / f"polku-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.dump"
    making = path.with_suffix(".making")
    command = [pg_dump(), "--format=custom", "--no-password", f"--file={making}"]
    environment = os.environ | libpq_environment()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, umask=0o077, check=False)
    if done.returncode:
        making.unlink(missing_ok=True)
        raise Refusal(f"Cannot dump the database: {done.stderr.strip() or 'pg_dump failed'}")
    making.rename(path)
    for old in sorted(folder.glob("polku-*.dump"))[:-keep]:
        old.unlink()
    return path


def pg_dump() -> str:
    """The one nearest to the server, so that the server's own pg_restore reads the dump; none dumps a newer server."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        [number] = cursor.fetchone()
    return nearest({path: _major(path) for path in _dumpers()}, server=int(number) // 10_000)


def nearest(dumpers: Mapping[str, int], *, server: int) -> str:
    fitting = [path for path, major in dumpers.items() if major >= server]
    if not fitting:
        raise Refusal(f"Cannot dump the database: there is no pg_dump of PostgreSQL {server} or newer.")
    return min(fitting, key=lambda path: dumpers[path])


def _dumpers() -> Iterator[str]:
    """All at hand: ours, that of the PATH, and those of Debian, a folder a version."""
    with suppress(Refusal):
        yield str(package_folder(PACKAGE) / BINARIES / "pg_dump")
    if on_path := shutil.which("pg_dump"):
        yield on_path
    yield from map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0


def libpq_environment() -> dict[str, str]:
    parameters = connection.get_connection_params()
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    names |= {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    return {names[name]: str(value) for name, value in parameters.items() if name in names and value}


def gather_static_files(say: Say) -> None:
    """Run `collectstatic` when what it would gather differs from what was gathered."""
    stamp = settings.STATE / "static.stamp"
    now = static_fingerprint()
    if stamp.exists() and stamp.read_text() == now:
        return
    say("gathering static files")
    call_command("collectstatic", interactive=False, verbosity=0, clear=settings.STATIC_ROOT.exists())
    write_private(stamp, now)


def parts_for_the_browser() -> bool:
    return bool((settings.NODE_MODULES / "@tabler").exists())


def static_fingerprint() -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in ("requirements.txt", "package-lock.json", "crm/static.py"):
        path = settings.BASE_DIR / name
        digest.update(path.read_bytes() if path.exists() else b"-")
    for path in sorted(file for folder in settings.STATICFILES_DIRS for file in folder.rglob("*") if file.is_file()):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    digest.update(str(parts_for_the_browser()).encode())
    return digest.hexdigest()
