"""Prove that what campaigns are credited with is what the log says, or make it so."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.crediting import check_credits, recount_credits


class Command(BaseCommand):
    help = "Credit campaigns again from the log. With --check nothing is written; exit status 1: something differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if not check:
            recount_credits()
        differences = check_credits()
        for one in differences:
            self.stdout.write(one)
        if differences:
            raise CommandError("What is kept is not what the log says. Run it without --check while nothing is folded.")
        self.stdout.write("All equal.")
