"""Holding people still: nobody else merges, cuts or projects them until we commit."""

from collections.abc import Collection

from django.db import transaction

from .models import Contact


def lock_people(contact_ids: Collection[int]) -> dict[int, list[int]]:
    """Lock everybody who is one with these contacts; return the members of each leader.

    All rows are locked in one pass in the order of their ids. Where a merge changed meanwhile who belongs together,
    what was locked is let go before the next pass: who never waits out of order never waits in a ring.
    """
    while contact_ids:
        people = _people(contact_ids)
        with transaction.atomic():
            members = [member for its in people.values() for member in its]
            locked = Contact.objects.select_for_update(no_key=True).filter(pk__in=members).order_by("pk")
            list(locked.values_list("pk", flat=True))
            if _people(contact_ids) == people:
                return people
            transaction.set_rollback(True)
    return {}


def _people(contact_ids: Collection[int]) -> dict[int, list[int]]:
    leaders = set(Contact.objects.filter(pk__in=contact_ids).values_list("leader_id", flat=True))
    people: dict[int, list[int]] = {leader: [] for leader in sorted(leaders)}
    for member, leader in Contact.objects.led_by(leaders).order_by("pk").values_list("pk", "leader_id"):
        people.setdefault(leader, []).append(member)
    return people
