"""What a worker died on: attempts are committed before the attempt, so that a kill counts too.

Beside each batch's transaction a row says whom it has in hand; the batch deletes the row as it commits. A row whose
transaction is over without that is counted on the positions, and from then on the folds of these people are tried in
the ward first: what kills there is known, costs nobody else anything, and is held after three attempts.
Should processes go on dying outside the ward, the company gets smaller each time. Who has died only in company may be
innocent, so nobody is held for that before it happened twice alone.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import local

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from funnel.claiming import Claim, Person
from funnel.models import Position
from funnel.reading import array

# What `Position.attempts` says, but for 0: how many failed.
TRIES = 3  # when the last of them failed by this very person, in the ward or otherwise: it is held
COMPANY = (1000, 32, 1, 1)  # with how many people one is folded together after one attempt that failed, after two ..
MOST = len(COMPANY) + 1  # died twice alone as well: it is held
SUSPENDED = MOST + 1  # nothing could be held: the person waits until somebody asks
REASON = "fold_failed"


class _Beside(local):
    connection: BaseDatabaseWrapper | None = None


_beside = _Beside()


@contextmanager
def noting_beside() -> Iterator[None]:
    """Hold a second connection, on which attempts are noted while the first one has them in hand."""
    if _beside.connection is not None or connection.in_atomic_block:
        yield
        return
    _beside.connection = beside = connection.copy()
    try:
        yield
    finally:
        _beside.connection = None
        beside.close()


_NOTE = """
    INSERT INTO funnel_attempt (transaction, contacts, began_at)
    VALUES (%s, %s::bigint[], clock_timestamp()) RETURNING id
"""


def note(claim: Claim) -> int | None:
    """Commit that we are about to try; None inside somebody else's transaction, which nothing can outlast."""
    if _beside.connection is None:
        return None
    contacts = [position.contact for person in claim.people for position in person.positions]
    with _beside.connection.cursor() as cursor:
        # A crash of the database may take the note with it: then it was not the worker that died.
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(_NOTE, [claim.transaction, array(contacts)])
        number: int = cursor.fetchone()[0]
    return number


def strike(number: int | None) -> None:
    """Take the note away in the transaction it speaks of."""
    if number is not None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM funnel_attempt WHERE id = %s", [number])


# --- What became of them

# When the server died itself, it was not what the worker had in hand. It starts its statistics anew after a crash.
_ENDED = """
    SELECT id, contacts, funnel_attempt.began_at >= server.began_at FROM funnel_attempt, LATERAL (
        SELECT greatest(pg_postmaster_start_time(), stats_reset) AS began_at FROM pg_stat_bgwriter) AS server
     WHERE CASE WHEN funnel_attempt.began_at < server.began_at THEN true
                WHEN transaction < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                THEN coalesce(pg_xact_status(transaction::text::xid8), 'aborted') = 'aborted' END
"""
_COUNT = """
    UPDATE funnel_position AS p
       SET attempts = least(p.attempts + 1, %(most)s), attempted_at = clock_timestamp()
      FROM (SELECT contact_id FROM funnel_position WHERE contact_id = ANY(%(contacts)s::bigint[])
               AND attempts <= %(most)s ORDER BY contact_id FOR UPDATE) AS locked
     WHERE p.contact_id = locked.contact_id
"""


def have_ended() -> bool:
    """Whether some attempt has ended so that nobody has counted yet: what the positions say is not all there is."""
    with connection.cursor() as cursor:
        cursor.execute(_ENDED)
        return cursor.fetchone() is not None


def count_ended() -> None:
    """Count, on the positions, the attempts that ended without an end of their own."""
    if not have_ended():
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ENDED + " ORDER BY id FOR UPDATE OF funnel_attempt SKIP LOCKED")
        for number, contacts, counts in cursor.fetchall():
            if counts:
                _count(contacts)
            cursor.execute("DELETE FROM funnel_attempt WHERE id = %s", [number])


def in_trouble() -> dict[int, int]:
    """Contacts on whom an attempt has failed, and how many did."""
    troubled = Position.objects.filter(attempts__gt=0).order_by("contact_id")
    return dict(troubled.values_list("contact_id", "attempts"))


def retries(troubled: dict[int, int]) -> list[list[int]]:
    """Whom to try together: the more often they failed, the fewer."""
    groups: list[list[int]] = []
    for failed, company in enumerate((*COMPANY, 1), start=1):
        alike = [contact for contact, attempts in troubled.items() if attempts == failed]
        groups += [alike[start : start + company] for start in range(0, len(alike), company)]
    return groups


def keep_apart(claim: Claim) -> list[Person]:
    """Leave those out of a company who have failed since it was chosen: they might take the others along."""
    together = len(claim.people)
    fit = {0, MOST, SUSPENDED, *(attempts for attempts, most in enumerate(COMPANY, start=1) if together <= most)}
    apart = [person for person in claim.people if person.attempts not in fit]
    if apart:
        claim.people = [person for person in claim.people if person.attempts in fit]
    return apart


def count(people: Iterable[Person]) -> None:
    """One more failed attempt for these people, whose positions we hold, and of whom we know that it was they."""
    contacts = [position.contact for person in people for position in person.positions]
    if contacts:
        _count(contacts)


def _count(contacts: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"contacts": array(contacts), "most": MOST})


def clear(people: Iterable[Person]) -> None:
    """They are well: there was nothing to fold, or it was folded."""
    contacts = [p.contact for person in people for p in person.positions if 0 < p.attempts <= MOST]
    if contacts:
        Position.objects.filter(contact_id__in=contacts).update(attempts=0, attempted_at=None)
