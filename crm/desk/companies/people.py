"""The people of a company, all that its page tells of them, in one statement: each of them is read once.

Of a large one whoever sees everybody reads only those who may be shown, and of all what is kept of them.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from contacts.models import Company, CompanyMerge, Contact
from contacts.prepared import Prepared, PreparedModels
from contacts.scopes import as_sql
from funnel.breadth import MOST_BUYERS, Breadth, Group
from funnel.company_people import (
    BY_ROLE,
    COOLEST,
    IS_TO_CARE_FOR,
    LIVELIEST,
    MOVED_LAST,
    MOVES_SHOWN,
    PEOPLE,
    PEOPLE_SHOWN,
    PLACES,
    TO_CARE_FOR,
)
from funnel.models import CompanyBreadth, Health
from staff.policy import Principal, sees_every_row

MOST_PEOPLE: Final = 2000  # whose events are looked through: those of whom something was heard last
NO_ROLE: Final = "none"


class Mate(msgspec.Struct, frozen=True):
    """Somebody with a place in the company now: the place, and where they stand."""

    place: int
    role: str
    title: str
    since: date | None
    until: date | None
    by_domain: bool
    person: int
    name: str
    stage: int | None
    health: int | None
    standing: int


class Customer(msgspec.Struct, frozen=True):
    """Somebody who cools, or whom we lost."""

    person: int
    name: str
    health: int

    @property
    def label(self) -> Any:
        return Health(self.health).label


class Held(msgspec.Struct, frozen=True):
    role: str
    stage: int | None
    health: int | None
    standing: int
    people: int
    last_event_at: datetime | None


class Found(msgspec.Struct, frozen=True):
    """`liveliest`, `moved` are people: of whom something was heard, who moved last. `held` and `memories`, of those who
    bought, are of all; nothing where they are kept."""

    mates: list[Mate]
    to_care_for: list[Customer]
    liveliest: list[int] = []
    moved: list[int] = []
    held: list[Held] = []
    memories: list[str | None] = []

    def breadth(self, company: int) -> Breadth:
        return Breadth.of(tuple(Group(company, *msgspec.structs.astuple(one)) for one in self.held))


def _list(columns: str, rows: str) -> str:
    return f"(SELECT coalesce(json_agg(row_to_json(it)), '[]') FROM (SELECT {columns} FROM {rows}) it)"  # noqa: S608


def _first(column: str, rows: str) -> str:
    return f"(SELECT coalesce(json_agg({column}), '[]') FROM (SELECT {column} FROM {rows}) it)"  # noqa: S608


_NAME: Final = "coalesce(nullif(who.name, ''), who.emails[1], '#' || who.id) AS name"
_MATES: Final = f"""
SELECT *, row_number() OVER (ORDER BY {BY_ROLE}) AS number FROM place
 WHERE (%(role)s = '' OR role = replace(%(role)s, '{NO_ROLE}', '')) AND (%(stage)s = 0 OR stage = %(stage)s)
 ORDER BY number LIMIT {PEOPLE_SHOWN + 1} OFFSET %(skip)s
"""  # noqa: S608  (words of ours)
_IN_FRONT: Final = {
    "mates": _list(
        "it.id AS place, role, coalesce(nullif(it.title, ''), who.title) AS title, since, until, by_domain, "
        f"person, {_NAME}, stage, health, standing",
        f"({_MATES}) it JOIN contacts_contact who ON who.id = person ORDER BY number",
    ),
    "to_care_for": _list(
        f"person, {_NAME}, health",
        f"one JOIN contacts_contact who ON who.id = person WHERE {IS_TO_CARE_FOR} ORDER BY {COOLEST} "
        f"LIMIT {TO_CARE_FOR}",
    ),
}
_SHOWN: Final = _IN_FRONT | {
    "liveliest": _first("person", f"one ORDER BY {LIVELIEST} LIMIT %(most)s"),
    "moved": _first("person", f"one ORDER BY {MOVED_LAST} LIMIT %(most)s"),
}
_COUNTED: Final = {
    "held": _list(
        "role, stage, health, standing, count(*) AS people, max(last_event_at) AS last_event_at",
        "one GROUP BY 1, 2, 3, 4",
    ),
    "memories": _first(
        "memory",
        "one JOIN funnel_position ON contact_id = person WHERE one.health IS NOT NULL "
        f"ORDER BY one.last_event_at DESC, person LIMIT {MOST_BUYERS + 1}",
    ),
}


def _question(which: str, parts: dict[str, str], scope: str = "") -> str:
    told = ", ".join(f"'{name}', {part}" for name, part in parts.items())
    return f"""
    WITH place AS MATERIALIZED ({PLACES.format(which=which, scope=scope)}), one AS MATERIALIZED ({PEOPLE})
    SELECT json_build_object({told})::text
    """


_OF_COMPANY: Final = "m.company_id = %(asked)s"


def _prepared(name: str, which: str, parts: dict[str, str], asked: str) -> Prepared:
    question = _question(which, parts)
    return Prepared(
        name, question, asked=asked, today="date", role="text", stage="smallint", skip="integer", most="integer"
    )


_ALL: Final = _prepared("people_of_company", _OF_COMPANY, _SHOWN | _COUNTED, "bigint")
_NARROWED: Final = _prepared("people_of_large_company", _OF_COMPANY, _SHOWN, "bigint")
_FRONT: Final = _prepared("front_of_company", "m.id = ANY(%(asked)s::bigint[])", _IN_FRONT, "bigint[]")
_KEPT: Final = {
    "held": "kept.held::text",
    "bought": "kept.bought::text",
    "front": "kept.front",
    "liveliest": "kept.liveliest",
    "moved": "kept.moved",
}
_MERGED: Final = "EXISTS (SELECT FROM contacts_companymerge m WHERE m.kept_id = its.id AND m.cut_at IS NULL)"
_COMPANY: Final = PreparedModels(
    "company_of_page",
    Company,
    "LEFT JOIN funnel_companybreadth kept ON kept.company_id = its.id "
    "WHERE its.id = %(id)s AND its.merged_into_id IS NULL",
    adding={f"kept_{name}": column for name, column in _KEPT.items()} | {"is_merged": _MERGED},
    id="bigint",
)


def company_seen(principal: Principal, company_id: int) -> Company | None:
    """With whether others turned out to be it and, for whoever sees everybody, what is kept of its people."""
    if not sees_every_row(principal):
        merged = CompanyMerge.objects.live().filter(kept=OuterRef("pk"))
        return Company.objects.visible_to(principal).annotate(is_merged=Exists(merged)).filter(pk=company_id).first()
    for company in _COMPANY.rows(id=company_id):
        kept = {name: company.__dict__.pop(f"kept_{name}") for name in _KEPT}
        told = {name: msgspec.json.decode(text) for name in ("held", "bought") if (text := kept.pop(name))}
        company.breadth = CompanyBreadth(company=company, **kept, **told)
        return company
    return None


def people_of(
    principal: Principal, company: Company, *, role: str = "", stage: int = 0, skip: int = 0, most: int
) -> Found:
    """The people with a place in the company now whom the principal sees; `mates` narrowed to a role and a stage, and
    but for the first `skip` of them.

    Of the liveliest, and of those who moved last, no more than `most`.
    """
    narrowed = {"role": role, "stage": stage, "skip": skip}
    asked = {"asked": company.pk, "today": timezone.localdate(), "most": most, **narrowed}
    kept = kept_of(principal, company)
    if not sees_every_row(principal):
        rows = _seen(principal, asked)
    elif kept is None:
        rows = _ALL.rows(**asked)
    elif any(narrowed.values()) or most > MOVES_SHOWN + 1:
        rows = _NARROWED.rows(**asked)
    else:
        rows = _FRONT.rows(**asked | {"asked": kept.front})
        return _found(rows, liveliest=kept.liveliest, moved=kept.moved)
    return _found(rows)


def _found(rows: Sequence[tuple[str]], **kept: Any) -> Found:
    [(text,)] = rows
    found = msgspec.json.decode(text, type=Found)
    return msgspec.structs.replace(found, **kept) if kept else found


def kept_of(principal: Principal, company: Company) -> CompanyBreadth | None:
    """What is kept of a large company, for whoever sees everybody."""
    if not sees_every_row(principal):
        return None
    kept: CompanyBreadth | None = getattr(company, "breadth", None)
    return kept if kept and kept.front is not None else None


def _seen(principal: Principal, asked: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    seen, values = as_sql(Contact.objects.visible_to(principal), "scope")
    with connection.cursor() as cursor:
        cursor.execute(_question(_OF_COMPANY, _SHOWN | _COUNTED, f"AND its.leader_id IN ({seen})"), asked | values)
        return list(cursor.fetchall())
