"""Dump the whole database into a file, as often as you like; `pg_restore` reads it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.embedded.refusal import Refusal
from crm.upgrading import dump_database, owner_connection


class Command(BaseCommand):
    help = "Dump the database into FOLDER and keep the newest few there: manage.py backup /mnt/backup/polku --keep 14"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--keep", type=int, default=14, help="how many dumps stay in the folder (14)")

    def handle(self, *args: Any, folder: Path, keep: int, **options: Any) -> None:
        if keep < 1:
            raise CommandError("Keep at least one.")
        try:
            with owner_connection():
                path = dump_database(folder.absolute(), keep=keep)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"Cannot write {error.filename or folder}: {error.strerror}.") from error
        self.stdout.write(str(path))
