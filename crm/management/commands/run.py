import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from crm.starting import main


class Command(BaseCommand):
    help = "Run all of Polku on this machine until Ctrl-C (`manage.py run --help` for its options)."
    requires_system_checks: tuple[str, ...] = ()

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(main(argv[2:]))

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        raise NotImplementedError("`run` reads its own options.")
