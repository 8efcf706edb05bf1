"""Say whether letters and webhooks go out; pause it, or take it up again after a restore."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.sending import take_up_sending, waiting
from staff.policy import Principal
from staff.sending import held, pause_sending


class Command(BaseCommand):
    help = (
        "Say whether letters and webhooks go out; `pause` lets them wait, `resume` lets them go, also from a database "
        "that was restored or copied: manage.py sending resume --drop"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", nargs="?", choices=["pause", "resume"])
        parser.add_argument("--drop", action="store_true", help="resume without what waits now")

    def handle(self, *args: Any, deed: str | None, drop: bool, **options: Any) -> None:
        if drop and deed != "resume":
            raise CommandError("--drop belongs to resume.")
        if deed == "pause":
            pause_sending(by=Principal())
        elif deed == "resume":
            take_up_sending(by=Principal(), drop=drop)
        self.stdout.write(_sentence())


def _sentence() -> str:
    now, rows = held(), waiting()
    waits = f"{rows.letters} letters and {rows.deliveries} webhook deliveries wait."
    if now is None:
        return f"Sending is on. {waits}"
    if now.is_copy:
        return f"Nothing is sent: this database was restored or copied. {waits}"
    return f"Nothing is sent: it was paused at {now.since:%Y-%m-%d %H:%M} UTC. {waits}"
