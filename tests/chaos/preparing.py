"""Brings the database of a chaos run to this version's shape and prints its keys; runs as a child process."""

import json
import sys
from io import StringIO

import django
from django.core.management import call_command


def main() -> None:
    call_command("upgrade", stdout=sys.stderr)
    for source, trust in (("shop", "trusted"), ("till", "trusted"), ("web", "public")):
        said = StringIO()
        call_command("create_key", source=source, trust=trust, json=True, stdout=said)
        sys.stdout.write(f"{source} {json.loads(said.getvalue())['key']}\n")


if __name__ == "__main__":
    django.setup()
    main()
