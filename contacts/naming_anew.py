"""People are found by the names of their companies: brought up to date where such a name changes for many at once.

What changes it for more than a few writes a mark for each in its own transaction, and a worker takes the marks.
"""

from collections.abc import Collection
from typing import Final

from django.db import connection, transaction

from .models import Contact
from .projecting import project

AT_ONCE: Final = 200  # people; more of them are not made to wait for


def name_anew(contact_ids: Collection[int]) -> bool:
    """Have these people found by what their companies are called now: a few at once, many within seconds; return
    whether it is done."""
    ids = sorted(set(contact_ids))
    if len(ids) <= AT_ONCE:
        project(ids)
        return True
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [ids])
    return False


def work_off_name_marks() -> int:
    """Go on until no mark is left but of those in other hands; return of how many people."""
    done = 0
    while some := _name_some():
        done += some
    return done


@transaction.atomic
def _name_some() -> int:
    """A mark is committed with what it tells of, and taken before anything is read."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [AT_ONCE])
        marked = {contact for (contact,) in cursor.fetchall()}
    project(Contact.objects.filter(pk__in=marked, leader__erased_at=None).values_list("pk", flat=True))
    return len(marked)


_MARK: Final = "INSERT INTO contacts_namemark (contact_id) SELECT unnest(%s::bigint[])"
_TAKE: Final = """
DELETE FROM contacts_namemark WHERE id IN (
    SELECT id FROM contacts_namemark ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING contact_id
"""
