"""Prove that what is stored is what the log says, or make it so."""

import sys
from argparse import ArgumentParser
from time import monotonic
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from funnel.advancing import advance_everything
from funnel.rebuilding import (
    Checked,
    check_companies,
    check_people,
    check_rollups,
    mark_for_rebuilding,
    ranges,
    recount_companies,
    recount_rollups,
)

SHOWN = 50


class Command(BaseCommand):
    help = (
        "Compute every position, live transition and roll-up again from the log and compare them with the stored ones. "
        "Exit status: 0 all equal (or mended), 1 not. Erased people, and those about to be folded, are left out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--check", action="store_true", help="only compare; nothing is written")
        what.add_argument("--repair", action="store_true", help="fold again who differs, and say what was mended")
        parser.add_argument("--processes", type=int, default=1, metavar="N", help="how many to share the work among")

    def handle(self, *args: Any, repair: bool, processes: int, **options: Any) -> None:
        if repair:
            advance_everything()
        found = self._look(processes)
        self._report(found)
        if found.differences and repair:
            self._mend(found)
            found = self._look(processes)
            self.stdout.write("")
            self._report(found)
        if found.differences:
            raise CommandError(f"{len(found.differences)} differences are left.")

    def _look(self, processes: int) -> Checked:
        pieces = ranges()
        bar = Bar(sys.stderr, len(pieces))
        found = Checked()
        for checked in check_people(pieces, processes=processes):
            found += checked
            bar.show(found.people)
        found.differences += check_rollups() + check_companies()
        return found

    def _mend(self, found: Checked) -> None:
        marked = mark_for_rebuilding(one.contact for one in found.differences if one.contact is not None)
        advance_everything()
        self.stdout.write(f"folded {marked} people again from the start")
        if check_rollups():
            recount_rollups()
            self.stdout.write("counted the roll-ups again")
        if check_companies():
            recount_companies()
            self.stdout.write("counted the people of companies again")

    def _report(self, found: Checked) -> None:
        for difference in found.differences[:SHOWN]:
            self.stdout.write(str(difference))
        if len(found.differences) > SHOWN:
            self.stdout.write(f"... and {len(found.differences) - SHOWN} more")
        self.stdout.write(
            f"{found.people} people compared with the log, {len(found.differences)} differences; "
            f"left out: {found.waiting} about to be folded, {found.erased} erased"
        )


class Bar:
    """A line that shows how far it is; silent but on a terminal."""

    def __init__(self, out: TextIO, pieces: int) -> None:
        self.out, self.pieces, self.done, self.began_at = out, pieces, 0, monotonic()

    def show(self, people: int) -> None:
        self.done += 1
        if not self.out.isatty():
            return
        filled = 30 * self.done // self.pieces
        rate = people / (monotonic() - self.began_at)
        end = "\n" if self.done == self.pieces else ""
        self.out.write(f"\r[{'#' * filled:.<30}] {people:,} people  {rate:,.0f}/s\x1b[K{end}")
        self.out.flush()
