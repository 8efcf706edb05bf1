"""Put a dump of `backup` or `upgrade` in the place of what stands in the database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from crm.embedded.refusal import Refusal
from crm.restoring import restore_database


class Command(BaseCommand):
    help = "Put the dump FILE in the place of what stands in the database, which is dumped first. Stop Polku before."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            restore_database(file.absolute(), self.stdout.write)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"Cannot use {error.filename or file}: {error.strerror}.") from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be restored: {str(error).strip()}") from error
