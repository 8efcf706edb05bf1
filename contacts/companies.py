"""Companies and who works there. They are rows, not events; of a person they only change how a search finds them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from rest.edits import refuse_stale
from staff import audit
from staff.policy import Principal

from .company_marks import mark_companies
from .matching import ALIKE, LETTERS, normal_domain, search_query, search_tokens, sort_key, words
from .models import COMPANY_FORMS, Company, CompanyMerge, Contact, Membership, NotThere
from .models.people import Mentions
from .naming_anew import name_anew
from .projecting import project

MOST_ALIKE: Final = 5
_UNIQUE: Final = {"external_id": "external_id", "domains": "domains__overlap"}


@dataclass(frozen=True, slots=True)
class Likeness:
    """A company that may be meant, and by what: its `domain` or its `name`."""

    company: Company
    by: str


def create_company(*, by: Principal, **fields: Any) -> Company:
    """Make a company; refused (`already_exists`) when another has its external id or one of its domains."""
    with transaction.atomic():
        hold_companies()
        _refuse_taken(fields, by=by)
        company = Company.objects.create(**fields, sort_key=sort_key(fields["name"]))
        index_company(company)
        mark_companies([company.pk])
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
        membership = Membership(contact=contact, company=_held(company), **fields)
        _refuse_second_place(membership)
        membership.save(force_insert=True)
        _note(membership, "membership_created", by)
    return membership


def join_named(*, contact_id: int, name: str | None, by: Principal) -> None:
    """Give somebody a place in the company of this name, which is made when there is none; once is enough."""
    if not name:
        return
    contact = Contact.objects.get(pk=contact_id)
    company = _named(name) or create_company(by=by, name=name)
    if not Membership.objects.current().filter(contact__leader=contact.leader_id, company=company).exists():
        join_company(contact=contact, company=company, by=by)


def _held(company: Company) -> Company:
    """The company, or the one it turned out to be meanwhile; it stays so until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT merged_into_id FROM contacts_company WHERE id = %s FOR KEY SHARE", [company.pk])
        [into] = cursor.fetchone()
    return _held(Company.objects.get(pk=into)) if into else company


def _named(name: str) -> Company | None:
    """The company of this name; of one that turned out to be another, the other."""
    called = Company.objects.filter(sort_key=sort_key(name))
    found = called.order_by(F("merged_into").asc(nulls_first=True), "pk").first()
    return found and company_now(found)


def company_now(company: Company) -> Company:
    """The company itself, or the one it turned out to be."""
    while company.merged_into:
        company = company.merged_into
    return company


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


def join_people(*, company: Company, contact_ids: Collection[int], by: Principal) -> list[int]:
    """Give those of these people a place who have none in the company; return the memberships made."""
    made = []
    with transaction.atomic():
        leaders = Contact.objects.visible_to(by).filter(pk__in=contact_ids, erased_at=None).order_by("pk")
        for contact in leaders:
            has_place = Membership.objects.current().filter(contact__leader=contact.leader_id, company=company)
            if not has_place.exists():
                made.append(join_company(contact=contact, company=company, by=by).pk)
    return made


def drop_membership(*, membership: Membership, by: Principal) -> None:
    """They never had this place: undo of giving it."""
    with transaction.atomic():
        _record(membership, "membership_dropped", by)
        Membership.objects.filter(pk=membership.pk).delete()
        mark_companies([membership.company_id])
        project([membership.contact_id])


def say_not_there(*, company: Company, contact_ids: Collection[int], by: Principal) -> int:
    """These are none of the company's people, whatever their addresses say; return of how many that is new."""
    people = Contact.objects.visible_to(by).filter(pk__in=contact_ids, erased_at=None)
    with transaction.atomic():
        known = NotThere.objects.filter(company=company).values("contact")
        said = [NotThere(company=company, contact=one, by=by.user) for one in people.exclude(pk__in=known)]
        NotThere.objects.bulk_create(said, ignore_conflicts=True)
        if said:
            ids = [one.contact_id for one in said]
            audit.record(by=by, action="not_there_said", kind="company", row=company.pk, contacts=ids)
    return len(said)


def unsay_not_there(*, company: Company, contact_ids: Collection[int], by: Principal) -> int:
    """Propose them again."""
    said = NotThere.objects.filter(
        company=company, contact__in=Contact.objects.visible_to(by).filter(pk__in=contact_ids)
    )
    with transaction.atomic():
        gone, _kinds = said.delete()
        if gone:
            audit.record(by=by, action="not_there_unsaid", kind="company", row=company.pk, contacts=sorted(contact_ids))
    return gone


def companies_like(*, by: Principal, name: str = "", domains: Collection[str] = (), but: int = 0) -> list[Likeness]:
    """Companies we know that may be the one being typed: the same domain, or nearly the same name."""
    seen = Company.objects.visible_to(by).exclude(pk=but)
    own = [domain for one in domains if (domain := normal_domain(one))]
    found = {one.pk: Likeness(one, "domain") for one in (seen.filter(domains__overlap=own)[:MOST_ALIKE] if own else ())}
    for company in _named_alike(seen, name):
        found.setdefault(company.pk, Likeness(company, "name"))
    return list(found.values())[:MOST_ALIKE]


def _named_alike(companies: QuerySet[Company], name: str) -> list[Company]:
    """Those whose name is the same but for its form (Oy, Ltd ...), or nearly."""
    core = _core(name)
    if len(core) < LETTERS:
        return []
    near = companies.filter(Mentions(search_query(" ".join(word[:LETTERS] for word in core.split()[:2]))))
    ranked = [
        (SequenceMatcher(None, core, _core(one.name)).ratio(), one) for one in near.order_by("sort_key", "pk")[:200]
    ]
    return [one for score, one in sorted(ranked, key=lambda pair: -pair[0]) if score >= ALIKE][:MOST_ALIKE]


def _core(name: str) -> str:
    said = words(name)
    return " ".join([word for word in said if word not in COMPANY_FORMS] or said)


def _change(company: Company, changed: Mapping[str, Any], by: Principal) -> None:
    if changed.keys() & _UNIQUE.keys():
        hold_companies()
        _refuse_taken(changed, by=by, but=company.pk)
    name = changed.get("name", company.name)
    Company.objects.filter(pk=company.pk).update(
        **changed, sort_key=sort_key(name), version=F("version") + 1, updated_at=Now()
    )
    company.refresh_from_db()
    index_company(company, former_names([company.pk]))
    audit.record(by=by, action="company_changed", kind="company", row=company.pk, fields=sorted(changed))
    if "name" in changed:
        name_anew(company.memberships.current().values_list("contact_id", flat=True))


def hold_companies() -> None:
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
    other = company_now(other)
    seen = Company.objects.visible_to(by).filter(pk=other.pk).exists()
    return ValidationError(
        _("Another company has this already."),
        code="already_exists",
        params={"existing": other.pk} if seen else None,
    )


def index_company(company: Company, names: Collection[str] = ()) -> None:
    """Have a company found by its name, by these names, and by its domains."""
    tokens = search_tokens(texts=[company.name, *names], domains=company.domains)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_company SET search = array_to_tsvector(%s) WHERE id = %s", [tokens, company.pk])


def former_names(ids: Collection[int]) -> list[str]:
    """What the companies were called that turned out to be these."""
    gone = list(CompanyMerge.objects.live().filter(kept__in=ids).order_by("pk").values_list("gone", "gone__name"))
    return [*(name for _pk, name in gone), *former_names([pk for pk, _name in gone])] if gone else []


def _note(membership: Membership, action: str, by: Principal) -> None:
    _record(membership, action, by)
    mark_companies([membership.company_id])
    project([membership.contact_id])


def _record(place: Membership, action: str, by: Principal) -> None:
    said = {"contact": place.contact_id, "company": place.company_id}
    audit.record(by=by, action=action, kind="membership", row=place.pk, **said)


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
