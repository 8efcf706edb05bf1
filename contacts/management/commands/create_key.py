"""Make a key for a program, and the source it speaks for when that is missing. The secret is shown this once."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from contacts.models import Trust
from contacts.services import ensure_source
from staff.keys import create_key
from staff.policy import ORDINARY_SCOPES, PUBLIC_SCOPES, SCOPES

USUAL = "all that fit, but those of staff, programs, erasing and the trail"


class Command(BaseCommand):
    help = "Make a key for a program: manage.py create_key --source shop --trust trusted --scopes events:write"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--source", required=True, help="what its facts come from; made when missing")
        parser.add_argument("--trust", choices=Trust.values, default=Trust.TRUSTED)
        parser.add_argument("--scopes", help=f"with commas between: {', '.join(SCOPES)} (default: {USUAL})")
        parser.add_argument("--name", help="what lists call the key (default: the source)")
        parser.add_argument("--json", action="store_true", help="print an object for programs")

    @transaction.atomic
    def handle(self, *args: Any, source: str, trust: str, scopes: str | None, name: str | None, **more: Any) -> None:
        is_public = trust == Trust.PUBLIC
        wanted = scopes.split(",") if scopes is not None else (PUBLIC_SCOPES if is_public else ORDINARY_SCOPES)
        try:
            found = ensure_source(name=source, trust=Trust(trust))
            if found.trust != trust:
                raise CommandError(f"The source {found.key} is {found.trust}; make another source for {trust} facts.")
            key, secret = create_key(
                name=name or source,
                source=found.key,
                scopes=[scope.strip() for scope in wanted if scope.strip()],
                public=is_public,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if more["json"]:
            self.stdout.write(json.dumps({"key": secret, "source": found.key, "trust": trust, "scopes": key.scopes}))
            return
        self.stdout.write(f"{secret}\n")
        self.stderr.write(
            f"It speaks for {found.key} ({trust}) and is shown only now. Scopes: {', '.join(key.scopes)}."
        )
