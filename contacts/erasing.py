"""Erasing a person for ever. Hidden in one transaction, forgotten in another, once nobody writes of them any more.

Event keys, types, moments and values stay, so that every figure of the past stays what it was and a repetition of an
old message is still a repetition.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from .answer_counts import mark_answers
from .company_marks import mark_companies_of
from .journal import erased_before, note_erased
from .locking import lock_people
from .mentions import forget_mentions, traces_in
from .models import (
    AnswerClock,
    Claim,
    Contact,
    Erasure,
    Identity,
    Membership,
    Notice,
    NotThere,
    NotTheSame,
    PlaceAside,
    Quarantine,
    Task,
    Tie,
)

logger = logging.getLogger(__name__)

PATIENCE_S: Final = 2.0  # of whoever asked; the sweep of a worker does what is left
PAUSE_S: Final = 0.05

# What else knows the person: packages to the left add theirs in their AppConfig.ready. Given all contacts of a person,
# hidden already, in the transaction that forgets them, while their identities are still there.
ALSO: Final[list[Callable[[Sequence[int]], None]]] = []


def erase_contact(*, contact: Contact, by: Principal) -> Erasure:
    """Hide the person behind `contact` from everybody, and forget them as soon as this transaction is over."""
    with transaction.atomic():
        [(leader, members)] = lock_people([contact.pk]).items()
        if Erasure.objects.filter(contact=leader).exists():
            raise ValidationError(_("This person has been erased already."), code="erased")
        Contact.objects.filter(pk__in=members).update(erased_at=Now(), updated_at=Now(), version=F("version") + 1)
        Identity.objects.live().filter(contact__in=members).update(unlinked_at=Now())
        erasure = Erasure.objects.create(contact_id=leader)
        mark_answers()
        audit.record(by=by, action="contact_erased", kind="contact", row=leader)
        erased = list(Contact.objects.filter(pk__in=members).only("created_at"))
        transaction.on_commit(partial(note_erased, erased), robust=True)
        transaction.on_commit(_finish_soon, robust=True)
    return erasure


def erase_again() -> int:
    """Erase whom a backup brought back; return how many people that were."""
    again = 0
    for contact in erased_before():
        try:
            erase_contact(contact=contact, by=Principal())
        except ValidationError:  # with somebody else who led them
            continue
        again += 1
    return again


def _finish_soon() -> None:
    end = time.monotonic() + PATIENCE_S
    while finish_erasures() and time.monotonic() < end:
        time.sleep(PAUSE_S)


def finish_erasures() -> int:
    """Forget everybody who is hidden, as soon as nobody can write of them any more; return how many wait for that.

    One that fails stays hidden until the next look, and holds up nobody else's.
    """
    return sum(_waits(erasure) for erasure in Erasure.objects.unfinished().order_by("pk"))


def _waits(erasure: Erasure) -> bool:
    if not _is_alone(erasure):
        return True
    try:
        _forget(erasure)
    except Exception as error:
        logger.error("erasure %s failed: %s", erasure.pk, type(error).__name__)  # the whole may quote them
    return False


# Who began before the person was hidden may still write of them. Whoever only reads for long does not hold us up.
_WRITERS: Final = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start <= %s
       AND (backend_xid IS NOT NULL OR xact_start > clock_timestamp() - interval '60 seconds'))
"""


def _is_alone(erasure: Erasure) -> bool:
    with connection.cursor() as cursor:
        if erasure.hidden_at is None:
            cursor.execute("SELECT clock_timestamp()")
            [erasure.hidden_at] = cursor.fetchone()
            erasure.save(update_fields=["hidden_at"])
        cursor.execute(_WRITERS, [erasure.hidden_at])
        [others_write] = cursor.fetchone()
    return not others_write


def _forget(erasure: Erasure) -> None:
    with transaction.atomic():
        if not Erasure.objects.unfinished().select_for_update(skip_locked=True).filter(pk=erasure.pk).exists():
            return
        [members] = lock_people([erasure.contact_id]).values()
        traces = traces_in(members)
        for forget in ALSO:
            forget(members)
        _forget_rows(members)
        forget_mentions(traces, members)
        with connection.cursor() as cursor:
            cursor.execute("SELECT redact_log(%s::bigint[])", [list(members)])
        Erasure.objects.filter(pk=erasure.pk).update(done_at=Now())


_NOTHING: Final[dict[str, Any]] = {
    "name": "", "emails": [], "phones": [], "title": "", "owner": None, "team": None, "country": "", "language": "",
    "time_zone": "", "custom": {}, "tags": [], "origin_note": "", "sort_key": "", "search": None,
}  # fmt: skip


def _forget_rows(members: Sequence[int]) -> None:
    Identity.objects.filter(contact__in=members).delete()
    mark_companies_of(members)
    PlaceAside.objects.filter(contact__in=members).delete()
    Membership.objects.filter(contact__in=members).delete()
    Tie.objects.filter(contact__in=members).delete()
    NotThere.objects.filter(contact__in=members).delete()
    NotTheSame.objects.filter(Q(first__in=members) | Q(second__in=members)).delete()
    Task.objects.filter(contact__in=members).delete()
    AnswerClock.objects.filter(contact__in=members).delete()
    Notice.objects.filter(contact__in=members).delete()
    decided = Q(confirmed_at__isnull=False) | Q(refused_at__isnull=False)
    claims = Claim.objects.filter(contact__in=members)
    claims.exclude(decided).update(refused_at=Now())
    claims.update(body={})
    held = Quarantine.objects.filter(event__contact__in=members)
    held.update(raw=b"", detail="", message_id="", replayed_at=Coalesce("replayed_at", Now()))
    Contact.objects.filter(pk__in=members).update(**_NOTHING)
