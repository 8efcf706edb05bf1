"""Bring a file of contacts and events in. Started again after whatever stopped it, it goes on where it was."""

import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from time import monotonic
from typing import Any, TextIO

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _

from contacts.importing import import_file, read_mapping, with_source
from contacts.importing.reporting import first_rejects, rehearsal, reject_lines, summary
from contacts.models import Import, ImportState

SHOWN = 20
REJECTED = 3  # the exit status of an import that is finished, but refused some rows


class Command(BaseCommand):
    help = (
        "Import a file: manage.py import_events people.csv --mapping people.toml (docs/import.md). "
        f"Exit status: 0 all rows are in, {REJECTED} some were refused, 1 not finished, 130 stopped by Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--mapping", type=Path, required=True, help="which column says what (TOML)")
        parser.add_argument("--source", metavar="KEY", help="speak for this source, not for the mapping's")
        parser.add_argument("--dry-run", action="store_true", help="only say what would come of it")
        parser.add_argument("--rejects", type=Path, metavar="FILE", help="write the refused rows there, with reasons")

    def handle(
        self,
        *args: Any,
        file: Path,
        mapping: Path,
        source: str | None,
        dry_run: bool,
        rejects: Path | None,
        **more: Any,
    ) -> None:
        try:
            how = read_mapping(mapping.read_bytes())
            if source is not None:
                how = with_source(how, source)
            with rehearsal() if dry_run else nullcontext():
                run = import_file(path=file, mapping=how, progress=Bar(sys.stderr))
                self._report(run, rejects)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except OSError as error:
            raise CommandError(
                _("%(file)s: %(reason)s") % {"file": error.filename, "reason": error.strerror}
            ) from error
        except DatabaseError as error:
            words = _("The database stopped the import (%(error)s). Start it again: it goes on where it was.")
            raise CommandError(words % {"error": str(error).strip()}) from error
        except KeyboardInterrupt:
            self.stderr.write(_("Stopped. Start it again: it goes on where it was."))
            sys.exit(130)
        if dry_run:
            self.stdout.write(_("Nothing was written: this was a dry run."))
        if run.state != ImportState.DONE:
            raise CommandError(_("Somebody cancelled the import. Start it again: it goes on where it was."))
        if run.rejected:
            sys.exit(REJECTED)

    def _report(self, run: Import, rejects: Path | None) -> None:
        self.stdout.write(f"{run.file_name}: {summary(run)}")
        for line in first_rejects(run, SHOWN):
            self.stdout.write(f"  {line}")
        if run.rejected > SHOWN:
            self.stdout.write(_("  ... and %(count)s more.") % {"count": f"{run.rejected - SHOWN:,}"})
        if rejects:
            with rejects.open("w", encoding="utf-8", newline="") as out:
                out.writelines(reject_lines(run))


class Bar:
    """A line that shows how far the import is, how fast, and how long it will take; silent but on a terminal."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.is_shown = out.isatty()
        self.began_at = monotonic()

    def __call__(self, run: Import, share: float) -> None:
        if not self.is_shown:
            return
        rows, seconds = run.rows_read, monotonic() - self.began_at
        self.out.write(f"\r{bar_line(rows, share, seconds)}\x1b[K" + ("\n" if share >= 1 else ""))
        self.out.flush()


def bar_line(rows: int, share: float, seconds: float) -> str:
    filled = round(share * 30)
    left = seconds / share * (1 - share) if share else 0
    rate = rows / seconds if seconds else 0
    bar = "#" * filled + "." * (30 - filled)
    return f"[{bar}] {share:4.0%}  {rows:,} rows  {rate:,.0f}/s  {int(left) // 60}:{int(left) % 60:02} left"
