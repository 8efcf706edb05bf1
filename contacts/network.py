"""The network of a company: partners, competitors and owners, both directions, and who worked or will work there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal, sees_every_row

from .models import MUTUAL, Company, Contact, Membership, Tie, TieKind
from .prepared import Prepared
from .scopes import as_sql

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
        _record(tie, "tie_added", by)
    return tie


def end_tie(*, tie: Tie, by: Principal, on: date) -> Tie:
    """It holds until this day; what it was stays to be read."""
    with transaction.atomic():
        current = Tie.objects.select_for_update(no_key=True).get(pk=tie.pk)
        current.until = max(on, current.since or on)
        current.save(update_fields=["until"])
        _record(current, "tie_ended", by)
    return current


def resume_tie(*, tie: Tie, by: Principal) -> Tie:
    """It goes on as if it had not ended."""
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=tie.company_id)
        current = Tie.objects.select_for_update(no_key=True).get(pk=tie.pk)
        current.until = None
        _refuse_twice(current)
        current.save(update_fields=["until"])
        _record(current, "tie_resumed", by)
    return current


def drop_tie(*, tie: Tie, by: Principal) -> None:
    """It was never so."""
    with transaction.atomic():
        _record(tie, "tie_dropped", by)
        Tie.objects.filter(pk=tie.pk).delete()


def _record(tie: Tie, action: str, by: Principal) -> None:
    """With whom, too."""
    end = {"company": tie.other_id} if tie.other_id else {"contact": tie.contact_id}
    audit.record(by=by, action=action, kind="company", row=tie.company_id, tie=tie.pk, **end)


def visible_ties(principal: Principal) -> Sequence[Q]:
    """Which ties somebody sees: those of which they see both ends."""
    if sees_every_row(principal):
        stand = Q(company__merged_into=None) & (Q(other=None) | Q(other__merged_into=None))
        return stand, Q(contact=None) | Q(contact__leader__erased_at=None)
    companies = Company.objects.visible_to(principal)
    people = Contact.objects.visible_to(principal).filter(erased_at=None)
    return (
        Q(company__in=companies),
        Q(other=None) | Q(other__in=companies),
        Q(contact=None) | Q(contact__leader__in=people),
    )


# --- What is around a company -----------------------------------------------------------------------------------------

_NAME: Final = "coalesce(nullif(leader.name, ''), leader.emails[1], '')"
_ROUND: Final = f"""
WITH tie AS (
    SELECT t.id, t.kind, t.since, t.until, nullif(t.company_id, %(company)s) AS company, c.name AS company_name,
           t.other_id AS other, o.name AS other_name, leader.id AS person, {_NAME} AS name
      FROM contacts_tie t
      JOIN contacts_company c ON c.id = t.company_id AND c.merged_into_id IS NULL
      LEFT JOIN contacts_company o ON o.id = t.other_id
      LEFT JOIN contacts_contact its ON its.id = t.contact_id
      LEFT JOIN contacts_contact leader ON leader.id = its.leader_id
     WHERE (t.company_id = %(company)s OR t.other_id = %(company)s) AND o.merged_into_id IS NULL AND {{ties}}
     ORDER BY t.kind, t.until, t.id LIMIT {MOST_TIES}),
place AS (
    SELECT m.id, m.since, m.until, leader.id AS person, {_NAME} AS name
      FROM contacts_membership m
      JOIN contacts_contact its ON its.id = m.contact_id
      JOIN contacts_contact leader ON leader.id = its.leader_id
     WHERE m.company_id = %(company)s AND (m.since > %(today)s OR m.until <= %(today)s)
       AND leader.erased_at IS NULL AND {{people}}
     ORDER BY m.until DESC, m.id DESC LIMIT {MOST_PLACES}),
moved AS (
    SELECT place.*, now.company_id AS company, now.name AS company_name
      FROM place LEFT JOIN LATERAL (
           SELECT m.company_id, c.name
             FROM contacts_contact its
             JOIN contacts_membership m ON m.contact_id = its.id
             JOIN contacts_company c ON c.id = m.company_id
            WHERE (its.id = place.person OR its.leader_id = place.person AND its.leader_id <> its.id)
              AND (m.since IS NULL OR m.since <= %(today)s) AND (m.until IS NULL OR m.until > %(today)s)
              AND {{companies}}
            ORDER BY m.id LIMIT 1) now ON TRUE)
SELECT (SELECT coalesce(json_agg(row_to_json(tie)), '[]') FROM tie)::text,
       (SELECT coalesce(json_agg(row_to_json(moved)), '[]') FROM moved)::text
"""  # noqa: S608  (words of ours)
_OF_ALL: Final = Prepared(
    "round_company",
    _ROUND.format(ties="(t.contact_id IS NULL OR leader.erased_at IS NULL)", people="TRUE", companies="TRUE"),
    company="bigint",
    today="date",
)


class _Tie(msgspec.Struct):
    """A tie as it is read: `company` and `other` are its ends, none where that is the company looked at."""

    id: int
    kind: str
    since: date | None
    until: date | None
    company: int | None
    company_name: str
    other: int | None
    other_name: str | None
    person: int | None
    name: str


class _Place(msgspec.Struct):
    """Somebody's place before or to come, and where they are now."""

    id: int
    since: date | None
    until: date | None
    person: int
    name: str
    company: int | None
    company_name: str | None


def network_of(principal: Principal, company: Company, *, today: date) -> list[Neighbour]:
    """Everything around the company that the principal sees, in one statement: what is now first, then what was."""
    said: dict[str, Any] = {"company": company.pk, "today": today}
    [(ties, places)] = _OF_ALL.rows(**said) if sees_every_row(principal) else _seen(principal, said)
    tied = [_of_tie(one) for one in msgspec.json.decode(ties, type=list[_Tie])]
    tied.sort(key=lambda one: one.until is not None and one.until <= today)
    return tied + _of_places(msgspec.json.decode(places, type=list[_Place]), company, today)


def _seen(principal: Principal, said: dict[str, Any]) -> list[tuple[str, str]]:
    companies, owned = as_sql(Company.objects.visible_to(principal), "company")
    people, led = as_sql(Contact.objects.visible_to(principal).filter(erased_at=None), "person")
    question = _ROUND.format(
        ties=f"t.company_id IN ({companies}) AND (t.other_id IS NULL OR t.other_id IN ({companies})) "
        f"AND (t.contact_id IS NULL OR leader.id IN ({people}))",
        people=f"leader.id IN ({people})",
        companies=f"m.company_id IN ({companies})",
    )
    with connection.cursor() as cursor:
        cursor.execute(question, said | owned | led)
        return list(cursor.fetchall())


def _of_tie(one: _Tie) -> Neighbour:
    tie = Tie(pk=one.id)
    if one.person:
        return Neighbour(
            one.kind, contact=Contact(pk=one.person, name=one.name), since=one.since, until=one.until, tie=tie
        )
    is_here = one.company is None
    kind = "owned" if one.kind == TieKind.OWNER and not is_here else one.kind
    end = (
        Company(pk=one.other, name=one.other_name or "") if is_here else Company(pk=one.company, name=one.company_name)
    )
    return Neighbour(kind, company=end, since=one.since, until=one.until, tie=tie)


def _of_places(places: Sequence[_Place], company: Company, today: date) -> list[Neighbour]:
    """Who will come, and who was there and where they are now; each once."""
    said = {
        one.person: Neighbour(
            "future_employee" if one.since and one.since > today else "former_employee",
            contact=Contact(pk=one.person, name=one.name),
            since=one.since,
            until=one.until,
            membership=Membership(pk=one.id),
            elsewhere=Company(pk=one.company, name=one.company_name or "") if one.company else None,
        )
        for one in places
        if one.company != company.pk
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
