"""Who was erased, written beside the database, so that a backup that is restored forgets them again.

A line a contact: its id, and a seal over the id and the moment it was made, by which nobody else is taken for it. A
journal that cannot be written is said in the log and stops no erasure.
"""

import hmac
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from .models import Contact

logger = logging.getLogger(__name__)

AT_ONCE: Final = 1000  # that are looked up


def note_erased(contacts: Iterable[Contact]) -> None:
    lines = "".join(f"{one.pk} {_seal(one)}\n" for one in contacts)
    try:
        file = os.open(_path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, lines.encode())
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        logger.error("who was erased could not be noted in the state folder", extra={"error": error.strerror})


def erased_before() -> Iterator[Contact]:
    """Those who were erased once, and whom the database knows again."""
    path = _path()
    lines = path.read_text().split("\n") if path.exists() else []
    seals = {int(pk): seal for pk, _, seal in (line.partition(" ") for line in lines) if pk.isdecimal()}
    ids = sorted(seals)
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        for contact in Contact.objects.filter(pk__in=some, erased_at=None).order_by("pk"):
            if hmac.compare_digest(_seal(contact), seals[contact.pk]):
                yield contact


def _seal(contact: Contact) -> str:
    said = f"erased {contact.pk} {contact.created_at.timestamp():.6f}"
    return hmac.digest(settings.SECRET_KEY.encode(), said.encode(), "sha256").hex()


def _path() -> Path:
    path: Path = settings.STATE / "erased"
    return path
