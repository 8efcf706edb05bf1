from pathlib import Path
from typing import Any

from django.core.checks import Tags
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, DatabaseError

from crm.embedded.refusal import Refusal
from crm.upgrading import database_is_new, two_roles, upgrade


class Command(BaseCommand):
    help = "Bring the database to the shape of this version: dump, migrate, grant, gather static files."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", type=Path, metavar="FILE", help="fill an empty database; logins go to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._upgrade(demo=options["demo"])
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"Cannot write {error.filename or 'to the disk'}: {error.strerror}.") from error
        except DatabaseError as error:
            raise CommandError(f"The database refuses the upgrade: {str(error).strip()}") from error

    def _upgrade(self, *, demo: Path | None) -> None:
        wanted = demo and demo.with_suffix(".wanted")  # outlives a kill between the tables and the demo
        if wanted and database_is_new():
            wanted.touch()
        self.check(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS])
        upgrade(self.stdout.write)
        if not two_roles():
            self.stdout.write("one database role owns and serves: give DATABASE_OWNER_URL another one to part them")
        if demo and wanted and wanted.exists():
            if "make_demo" in get_commands():
                call_command("make_demo", credentials=str(demo))
            wanted.unlink()
