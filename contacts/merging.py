"""Two contacts turn out to be one person, or turn out not to be."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from .attributes import BUILT_IN, normal_attribute
from .locking import lock_people
from .models import Contact, CustomField, Merge, PendingReason, Source
from .nudge import nudge_on_commit
from .projecting import names_in_log, project_people
from .recording import mark
from .sources import source_of


def merge_contacts(
    *,
    first: Contact,
    second: Contact,
    by: Principal | None = None,
    source: Source | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Merge:
    """Make two people one, led by the oldest contact of both; refused when they already are one.

    `by` decided it, or else what `source` said of them. `fields` are the details chosen for the one person; they hold
    until somebody changes them.
    """
    chosen = _checked(fields or {})
    source = source_of(by) if by and by.key else source
    with transaction.atomic():
        people = lock_people([first.pk, second.pk])
        if len(people) == 1:
            raise ValidationError(_("These two are one person already."), code="already_one")
        members = [member for its in people.values() for member in its]
        if Contact.objects.filter(pk__in=members, erased_at__isnull=False).exists():
            raise ValidationError(_("One of them has been erased."), code="erased")
        older, newer = sorted([first.pk, second.pk])
        merge = Merge.objects.create(
            older_id=older, newer_id=newer, by=by.user if by else None, source=source, fields=chosen
        )
        leader, follower = sorted(people)
        # who no longer leads shows what is said of them alone: so a cut finds nothing of the others there
        project_people({follower: [follower]}, names=names_in_log(people[follower]), afresh=True)
        Contact.objects.filter(pk__in=members).update(leader_id=leader)
        project_people({leader: members})
        mark(members, PendingReason.MERGE)
        nudge_on_commit()
        if by:
            audit.record(by=by, action="contacts_merged", kind="contact", row=older, newer=newer)
    merge.refresh_from_db()
    return merge


def cut_merge(*, merge: Merge, by: Principal | None = None) -> None:
    """Take a merge back: both people are again exactly what they would be without it."""
    with transaction.atomic():
        [members] = lock_people([merge.older_id]).values()
        if not Merge.objects.live().filter(pk=merge.pk).exists():
            raise ValidationError(_("This merge has been taken back already."), code="already_cut")
        names = names_in_log(members)
        with connection.cursor() as cursor:
            cursor.execute(_CUT, [by.user.pk if by and by.user else None, merge.pk])
        components = {min(component): sorted(component) for component in _components(members)}
        for leader, its in components.items():
            Contact.objects.filter(pk__in=its).update(leader_id=leader)
        project_people(components, names=names, afresh=True)
        mark(members, PendingReason.CUT)
        nudge_on_commit()
        if by:
            audit.record(by=by, action="merge_cut", kind="contact", row=merge.older_id, newer=merge.newer_id)
    merge.refresh_from_db()


_CUT: Final = "UPDATE contacts_merge SET cut_at = clock_timestamp(), cut_by_id = %s WHERE id = %s"


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    known = {*BUILT_IN, *CustomField.objects.filter(of="contact").values_list("key", flat=True)} if fields else set()
    chosen = {}
    for name, value in fields.items():
        try:
            if name not in known:
                raise ValueError(name)
            chosen[name] = normal_attribute(name, value)
        except ValueError:
            raise ValidationError({name: ValidationError(_("This cannot be chosen."), code="bad_attribute")}) from None
    return chosen


def _components(members: Collection[int]) -> list[set[int]]:
    """Who of `members` are one person by the merges that live."""
    component = {member: {member} for member in members}
    for older, newer in Merge.objects.live().filter(older_id__in=members).values_list("older_id", "newer_id"):
        if component[older] is not component[newer]:
            component[older] |= component[newer]
            for member in component[newer]:
                component[member] = component[older]
    return list({id(part): part for part in component.values()}.values())
