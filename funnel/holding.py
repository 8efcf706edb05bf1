"""Poison: what the fold has died on three times is held, so that everybody else goes on."""

from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext_noop

from contacts.models import Contact, Event, Pending, PendingReason, Quarantine
from contacts.nudge import nudge_on_commit
from funnel.attempts import REASON, SUSPENDED, TRIES
from funnel.claiming import Person, put_back
from funnel.models import Position

ENDPOINT: Final = "fold"
WHOM: Final = "/contacts/"
DIED: Final = gettext_noop("The worker died, or its transaction failed, each time.")


def hold(person: Person, detail: str = DIED) -> None:
    """Hold the pending events of a person in hand: the fold leaves them out until they are replayed.

    When it was not a pending event (the rules, a merge), there is nothing to hold: the whole person waits.
    """
    events = Event.objects.standing().filter(id__in=[mark.event for mark in person.marks if mark.event])
    held = [_quarantined(event, detail) for event in events]
    if held:
        Quarantine.objects.bulk_create(held, ignore_conflicts=True)
        put_back(mark for mark in person.marks if mark.event is None)
        _set_attempts([person], 0)
    else:
        Quarantine.objects.create(
            source_id=person.source,
            reason=REASON,
            pointer=f"{WHOM}{person.leader}",
            detail=detail,
            endpoint=ENDPOINT,
            attempts=TRIES,
        )
        suspend([person])


def suspend(people: Iterable[Person]) -> None:
    """Leave these people as they are, marks and all, until somebody asks for them."""
    people = list(people)
    put_back(mark for person in people for mark in person.marks)
    _set_attempts(people, SUSPENDED)


def resume_person(kept: Quarantine) -> None:
    """Try a person again, from the start, of whom nothing could be held; whoever calls is in a transaction."""
    leader_id = Contact.objects.get(pk=kept.pointer.removeprefix(WHOM)).leader_id
    Position.objects.filter(contact__leader=leader_id, attempts=SUSPENDED).update(attempts=0, attempted_at=None)
    Pending.objects.create(contact_id=leader_id, reason=PendingReason.REPLAY)
    nudge_on_commit()


def _quarantined(event: Event, detail: str) -> Quarantine:
    return Quarantine(
        source_id=event.source_id,
        event=event,
        message_id=event.message_id or "",
        reason=REASON,
        detail=detail,
        endpoint=ENDPOINT,
        attempts=TRIES,
    )


def _set_attempts(people: Iterable[Person], attempts: int) -> None:
    contacts = [position.contact for person in people for position in person.positions]
    Position.objects.filter(contact_id__in=contacts).update(attempts=attempts, attempted_at=None)
