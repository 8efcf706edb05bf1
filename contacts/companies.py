"""Companies and who works there. They are rows, not events; of a person they only change how a search finds them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from rest.edits import refuse_stale
from staff import audit
from staff.policy import Principal

from .matching import search_tokens, sort_key
from .models import Company, Contact, Membership
from .projecting import project

_UNIQUE: Final = {"external_id": "external_id", "domains": "domains__overlap"}


def create_company(*, by: Principal, **fields: Any) -> Company:
    """Make a company; refused (`already_exists`) when another has its external id or one of its domains."""
    with transaction.atomic():
        _hold_companies()
        _refuse_taken(fields, by=by)
        company = Company.objects.create(**fields, sort_key=sort_key(fields["name"]))
        _index(company)
        audit.record(by=by, action="company_created", kind="company", row=company.pk)
    company.refresh_from_db()
    return company


def update_company(*, company: Company, by: Principal, seen: frozenset[int] | None = None, **fields: Any) -> Company:
    """Change what differs; nothing is written when nothing does. `seen` are the versions this may replace."""
    with transaction.atomic():
        current = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        refuse_stale(current.version, seen)
        changed = {name: value for name, value in fields.items() if getattr(current, name) != value}
        if changed:
            _change(current, changed, by)
    current.refresh_from_db()
    return current


def join_company(*, contact: Contact, company: Company, by: Principal, **fields: Any) -> Membership:
    """Give somebody a place in a company; refused while they have one there."""
    with transaction.atomic():
        membership = Membership(contact=contact, company=company, **fields)
        _refuse_second_place(membership)
        membership.save(force_insert=True)
        _note(membership, "membership_created", by)
    return membership


def join_named(*, contact_id: int, name: str | None, by: Principal) -> None:
    """Give somebody a place in the company of this name, which is made when there is none; once is enough."""
    if not name:
        return
    contact = Contact.objects.get(pk=contact_id)
    company = Company.objects.filter(sort_key=sort_key(name)).order_by("pk").first()
    company = company or create_company(by=by, name=name)
    if not Membership.objects.current().filter(contact__leader=contact.leader_id, company=company).exists():
        join_company(contact=contact, company=company, by=by)


def update_membership(*, membership: Membership, by: Principal, **fields: Any) -> Membership:
    """Change the role, the title or the time; a date in `until` ends it."""
    with transaction.atomic():
        current = Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
        for name, value in fields.items():
            setattr(current, name, value)
        _refuse_backwards(current.since, current.until)
        _refuse_second_place(current)
        current.save(update_fields=list(fields))
        _note(current, "membership_changed", by)
    return current


def _change(company: Company, changed: Mapping[str, Any], by: Principal) -> None:
    if changed.keys() & _UNIQUE.keys():
        _hold_companies()
        _refuse_taken(changed, by=by, but=company.pk)
    name = changed.get("name", company.name)
    Company.objects.filter(pk=company.pk).update(
        **changed, sort_key=sort_key(name), version=F("version") + 1, updated_at=Now()
    )
    company.refresh_from_db()
    _index(company)
    audit.record(by=by, action="company_changed", kind="company", row=company.pk, fields=sorted(changed))
    if "name" in changed:
        project(company.memberships.current().values_list("contact_id", flat=True))


def _hold_companies() -> None:
    """One at a time may take domains and ids: no constraint of the database can say that lists share nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('contacts.companies'))")


def _refuse_taken(fields: Mapping[str, Any], *, by: Principal, but: int = 0) -> None:
    for field, lookup in _UNIQUE.items():
        if fields.get(field):
            other = Company.objects.exclude(pk=but).filter(**{lookup: fields[field]}).first()
            if other:
                raise ValidationError({field: _taken(other, by)})


def _taken(other: Company, by: Principal) -> ValidationError:
    seen = Company.objects.visible_to(by).filter(pk=other.pk).exists()
    return ValidationError(
        _("Another company has this already."),
        code="already_exists",
        params={"existing": other.pk} if seen else None,
    )


def _index(company: Company) -> None:
    """Have a company found by its name and its domains."""
    tokens = search_tokens(texts=[company.name], domains=company.domains)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_company SET search = array_to_tsvector(%s) WHERE id = %s", [tokens, company.pk])


def _note(membership: Membership, action: str, by: Principal) -> None:
    audit.record(by=by, action=action, kind="membership", row=membership.pk, contact=membership.contact_id)
    project([membership.contact_id])


def _refuse_second_place(place: Membership) -> None:
    """At most one present place a company; the lock on the person keeps it so until the transaction ends."""
    Contact.objects.select_for_update(no_key=True).get(pk=place.contact_id)
    others = (
        Membership.objects.current().filter(contact=place.contact_id, company=place.company_id).exclude(pk=place.pk)
    )
    if place.until is None and others.exists():
        words = _("They have a place in this company already.")
        raise ValidationError({"company": ValidationError(words, code="already_exists")})


def _refuse_backwards(since: date | None, until: date | None) -> None:
    if since and until and until < since:
        raise ValidationError({"until": ValidationError(_("It ends before it begins."), code="ends_before_start")})
