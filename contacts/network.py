"""The network of a company: partners, competitors and owners, both directions, and who worked or will work there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal, sees_every_row

from .models import MUTUAL, Company, Contact, Membership, Tie, TieKind

MOST_TIES: Final = 100
MOST_PLACES: Final = 50


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What a company or a person is to the company one looks at: partner, competitor, owner, owned; of people also
    former_employee and future_employee. `elsewhere` is where a former one works now."""

    kind: str
    company: Company | None = None
    contact: Contact | None = None
    since: date | None = None
    until: date | None = None
    tie: Tie | None = None
    membership: Membership | None = None
    elsewhere: Company | None = None


def add_tie(
    *,
    company: Company,
    kind: str,
    by: Principal,
    other: Company | None = None,
    contact: Contact | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Tie:
    """Say that `other`, or the person, is a partner, a competitor or an owner of `company`."""
    _refuse_nonsense(company, other, contact, since, until)
    if other and kind in MUTUAL and other.pk < company.pk:
        company, other = other, company  # said once, however one looks at it
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        tie = Tie(company=company, kind=kind, other=other, contact=contact, since=since, until=until)
        _refuse_twice(tie)
        tie.save(force_insert=True)
        audit.record(by=by, action="tie_added", kind="company", row=company.pk, tie=tie.pk)
    return tie


def end_tie(*, tie: Tie, by: Principal, on: date) -> Tie:
    """It holds until this day; what it was stays to be read."""
    with transaction.atomic():
        current = Tie.objects.select_for_update(no_key=True).get(pk=tie.pk)
        current.until = max(on, current.since or on)
        current.save(update_fields=["until"])
        audit.record(by=by, action="tie_ended", kind="company", row=current.company_id, tie=current.pk)
    return current


def resume_tie(*, tie: Tie, by: Principal) -> Tie:
    """It goes on as if it had not ended."""
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=tie.company_id)
        current = Tie.objects.select_for_update(no_key=True).get(pk=tie.pk)
        current.until = None
        _refuse_twice(current)
        current.save(update_fields=["until"])
        audit.record(by=by, action="tie_resumed", kind="company", row=current.company_id, tie=current.pk)
    return current


def drop_tie(*, tie: Tie, by: Principal) -> None:
    """It was never so."""
    with transaction.atomic():
        audit.record(by=by, action="tie_dropped", kind="company", row=tie.company_id, tie=tie.pk)
        Tie.objects.filter(pk=tie.pk).delete()


def visible_ties(principal: Principal) -> Sequence[Q]:
    """Which ties somebody sees: those of which they see both ends."""
    if sees_every_row(principal):
        return (Q(contact=None) | Q(contact__leader__erased_at=None),)
    companies = Company.objects.visible_to(principal)
    people = Contact.objects.visible_to(principal).filter(erased_at=None)
    return (
        Q(company__in=companies),
        Q(other=None) | Q(other__in=companies),
        Q(contact=None) | Q(contact__leader__in=people),
    )


def network_of(principal: Principal, company: Company, *, today: date) -> list[Neighbour]:
    """Everything around the company that the principal sees, in three statements: what is now first, then what was."""
    ties = Tie.objects.filter(*visible_ties(principal)).filter(Q(company=company) | Q(other=company))
    found = ties.order_by("kind", "until", "pk").values_list(*_OF_TIE)[:MOST_TIES]
    said = [_of_tie(company, row) for row in found]
    return sorted(said, key=lambda one: one.until is not None and one.until <= today) + _of_places(
        principal, company, today
    )


# Only what is told is read: of a person their leading contact.
_PERSON: Final = ("contact__leader_id", "contact__leader__name", "contact__leader__emails")
_OF_TIE: Final = ("pk", "kind", "since", "until", "company_id", "company__name", "other_id", "other__name", *_PERSON)


def _of_tie(looked_at: Company, row: Sequence[Any]) -> Neighbour:
    pk, kind, since, until, company, name, other, name_of_other, *person = row
    tie = Tie(pk=pk)
    if person[0]:
        return Neighbour(kind, contact=_person(*person), since=since, until=until, tie=tie)
    is_here = company == looked_at.pk
    kind = "owned" if kind == TieKind.OWNER and not is_here else kind
    end = Company(pk=other, name=name_of_other) if is_here else Company(pk=company, name=name)
    return Neighbour(kind, company=end, since=since, until=until, tie=tie)


def _person(pk: int, name: str, emails: list[str]) -> Contact:
    return Contact(pk=pk, name=name, emails=emails)


def _of_places(principal: Principal, company: Company, today: date) -> list[Neighbour]:
    """Who will come, and who was there and where they are now."""
    places = company.memberships.filter(Q(since__gt=today) | Q(until__lte=today), contact__leader__erased_at=None)
    if not sees_every_row(principal):
        places = places.filter(contact__leader__in=Contact.objects.visible_to(principal))
    found = list(places.order_by("-until", "-pk").values_list("pk", "since", "until", *_PERSON)[:MOST_PLACES])
    moved = {
        place.contact.leader_id: place.company
        for place in Membership.objects.on(today)
        .filter(contact__leader__in=[leader for _pk, _since, _until, leader, *_who in found])
        .filter(company__in=Company.objects.visible_to(principal))
        .select_related("company", "contact")
        .order_by("-pk")
    }
    still = {leader for leader, now in moved.items() if now.pk == company.pk}
    said = {
        person[0]: Neighbour(
            "future_employee" if since and since > today else "former_employee",
            contact=_person(*person),
            since=since,
            until=until,
            membership=Membership(pk=pk),
            elsewhere=moved.get(person[0]),
        )
        for pk, since, until, *person in found
        if person[0] not in still
    }
    return sorted(said.values(), key=lambda one: one.kind != "future_employee")


def _refuse_nonsense(
    company: Company, other: Company | None, contact: Contact | None, since: date | None, until: date | None
) -> None:
    if (other is None) == (contact is None):
        words = _("Name a company or a person, one of them.")
        raise ValidationError({"other": ValidationError(words, code="one_end")})
    if other and other.pk == company.pk:
        words = _("A company has no ties to itself.")
        raise ValidationError({"other": ValidationError(words, code="itself")})
    if since and until and until < since:
        raise ValidationError({"until": ValidationError(_("It ends before it begins."), code="ends_before_start")})


def _refuse_twice(tie: Tie) -> None:
    same = Tie.objects.current().filter(
        company=tie.company_id, kind=tie.kind, other=tie.other_id, contact=tie.contact_id
    )
    if tie.until is None and same.exclude(pk=tie.pk).exists():
        words = _("This is said already.")
        raise ValidationError({"other": ValidationError(words, code="already_exists")})
