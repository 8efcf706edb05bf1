from argparse import ArgumentTypeError
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from multiprocessing import get_context
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections

from contacts.models import Contact
from crm.world.joining import join_in
from crm.world.living import live_on
from crm.world.loading import fold_people, lay_ground, load_people
from crm.world.people import World
from funnel.advancing import advance_everything

PROCESSES = 2
CHUNK = 20_000  # contacts of one job


def positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def midnight(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date such as 2026-03-01") from None


class Command(BaseCommand):
    help = "Fill an empty database with a believable world: the same seed and anchor make the same world."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--contacts", type=positive, default=10_000)
        parser.add_argument("--events", type=positive, default=100_000)
        parser.add_argument("--seed", type=positive, default=1)
        parser.add_argument("--anchor", type=midnight, help="the day the world ends (default: today, UTC)")
        parser.add_argument("--no-fold", action="store_true", help="leave the folding to the workers")

    def handle(self, **options: Any) -> None:
        if Contact.objects.exists():
            raise CommandError("There are contacts already; a world is made in an empty database only.")
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        world = World(options["seed"], options["contacts"], options["events"], options["anchor"] or today)
        if world.end > datetime.now(UTC).timestamp():
            raise CommandError("The anchor lies in the future; no event does.")
        begun = monotonic()
        ground = lay_ground(world)
        chunks = [(first, min(first + CHUNK, world.contacts)) for first in range(0, world.contacts, CHUNK)]
        self.side_by_side("contacts written", world.contacts, [(load_people, world, ground, *one) for one in chunks])
        self.analyze()
        if not options["no_fold"]:
            self.side_by_side("contacts folded", world.contacts, [(fold_people, CHUNK) for _ in chunks] * 2)
        lived = live_on(world, ground)
        if not options["no_fold"]:
            advance_everything()
        self.analyze()
        self.stdout.write(
            f"{world.contacts} contacts, {world.events} events, {world.companies} companies; then {lived.late} late, "
            f"{lived.doubled} doubled and refused, {lived.refunded} refunds, {lived.merged} merges: "
            f"{monotonic() - begun:.0f} s"
        )

    def side_by_side(self, what: str, goal: int, jobs: list[tuple[Any, ...]]) -> None:
        """Run the jobs in two processes, and say how far they are."""
        begun, done, said = monotonic(), 0, 0.0
        connections.close_all()
        database = connection.settings_dict["NAME"]
        with ProcessPoolExecutor(PROCESSES, get_context("spawn"), initializer=join_in, initargs=(database,)) as pool:
            for finished in as_completed([pool.submit(*job) for job in jobs]):
                done += finished.result()
                if monotonic() - said > 5 or done >= goal:
                    said = monotonic()
                    self.stderr.write(f"{done} of {goal} {what}, {said - begun:.0f} s")

    def analyze(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
