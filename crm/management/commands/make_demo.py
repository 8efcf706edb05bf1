import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from contacts.models import Contact
from crm.embedded.place import write_private
from crm.upgrading import owner_connection
from crm.world.demo import make_demo
from staff.models import User


class Command(BaseCommand):
    help = "Make the demo company in an empty database, and leave its first login and keys in a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--credentials", type=Path, help="where to leave them, as JSON; else they are printed")

    def handle(self, **options: Any) -> None:
        if Contact.objects.exists() or User.objects.exists():
            raise CommandError("There is somebody already; the demo company is made in an empty database only.")
        # the owner, for only they can give facts the day on which they came in; all or nothing, never without its login
        with owner_connection(), transaction.atomic():
            login = json.dumps(make_demo().as_dict(), indent=2)
            if options["credentials"]:
                write_private(Path(options["credentials"]), login)
        if not options["credentials"]:
            self.stdout.write(login)
