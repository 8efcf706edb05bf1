"""A process beside ours that works on the same database. It knows nothing yet, so nothing of ours is imported here."""

import django
from django.db import connection


def join_in(database: str) -> None:
    django.setup()
    connection.settings_dict["NAME"] = database
