"""Put a dump in the place of what stands in the database. What stood there is dumped first."""

import os
import subprocess
from pathlib import Path

from django.conf import settings
from django.db import connection

from crm.embedded.refusal import Refusal
from crm.upgrading import Say, dump_database, libpq_environment, one_at_a_time, owner_connection, pg_dump

KEPT_BEFORE = 3
_WHO_IS_THERE = """
    SELECT DISTINCT application_name FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL ORDER BY 1
"""
# Whole, and not table by table: what a newer version has made since the dump must not stand in the way.
_EMPTY = ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", "GRANT USAGE ON SCHEMA public TO PUBLIC")


def restore_database(dump: Path, say: Say) -> None:
    """Nothing may run on the database meanwhile; the next start migrates and grants."""
    with owner_connection(), one_at_a_time():
        program = pg_restore()
        refuse_unreadable(program, dump)
        refuse_company()
        if connection.introspection.table_names():
            kept = dump_database(settings.STATE / "dumps" / "before-restore", keep=KEPT_BEFORE)
            say(f"dumped what is there to {kept}")
        say(f"restoring {dump}")
        with connection.cursor() as cursor:
            for statement in _EMPTY:
                cursor.execute(statement)
        run(program, "--no-owner", "--exit-on-error", f"--dbname={connection.settings_dict['NAME']}", str(dump))
    say("restored; nothing is sent until somebody says that this is the real one: `manage.py sending resume`")


def pg_restore() -> str:
    """That of the version whose pg_dump we take."""
    return str(Path(pg_dump()).with_name("pg_restore"))


def refuse_unreadable(program: str, dump: Path) -> None:
    """Before anything is gone."""
    if not dump.is_file():
        raise Refusal(f"There is no dump {dump}.")
    if "TABLE DATA public django_migrations" not in run(program, "--list", str(dump)):
        raise Refusal(f"{dump} is not a dump of Polku.")


def refuse_company() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WHO_IS_THERE)
        names = [name or "a program without a name" for (name,) in cursor.fetchall()]
    if names:
        raise Refusal(f"Somebody works on this database: {', '.join(names)}. Stop Polku first.")


def run(*command: str) -> str:
    environment = os.environ | libpq_environment()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refusal(f"Cannot restore the dump: {done.stderr.strip() or 'pg_restore failed'}")
    return done.stdout
