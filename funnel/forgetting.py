"""What the path knows of a person who is erased."""

from collections.abc import Sequence

from django.db import connection
from django.db.models.functions import Now

from contacts.models import Contact
from funnel.freezing import freeze_person
from funnel.models import BacktestPerson, Effect, EffectState
from funnel.reading import array


def forget_path(members: Sequence[int]) -> None:
    """Close the path; take away what the moves were measured on, and what they would still set off."""
    freeze_person(contact=Contact.objects.get(pk=members[0]))
    unsent = Effect.objects.filter(contact__in=members, state__in=[EffectState.WAITING, EffectState.HELD])
    BacktestPerson.objects.filter(contact__in=members).delete()
    unsent.update(state=EffectState.SUPERSEDED, finished_at=Now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT redact_moves(%s::bigint[])", [array(members)])
