"""How people and companies look to programs: the shapes of answers, and how rows become them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final

import msgspec
from django.db.models import QuerySet

from rest.schema import page_shape
from staff.policy import Principal, sees_every_row

from .models import NEVER, Company, CustomField, Membership
from .prepared import Prepared

Row = Mapping[str, Any]


class ForeignIdShape(msgspec.Struct):
    """What another system calls somebody."""

    source: str
    id: str


class PlaceShape(msgspec.Struct):
    """A company somebody is in at present."""

    id: int
    name: str
    role: str
    title: str
    since: date | None


class ContactShape(msgspec.Struct):
    """A person, or a visitor we know nothing of yet (`is_known` false). `owner` and `team` are ids."""

    id: int
    name: str
    emails: list[str]
    phones: list[str]
    title: str
    country: str
    language: str
    time_zone: str
    owner: int | None
    team: int | None
    companies: list[PlaceShape]
    external_ids: list[ForeignIdShape]
    user_ids: list[ForeignIdShape]
    merged_ids: list[int]
    custom: dict[str, Any]
    tags: list[str]
    is_known: bool
    source: str
    campaign: str
    created_at: datetime
    updated_at: datetime
    version: int


class CompanyShape(msgspec.Struct):
    """An organisation people work for. `owner` and `team` are ids; `joining` says what a new address at one of the
    domains does: nothing, propose (the person), or join (give them a place). `people` (with a place there now and not
    closed) and `heard_on` (the day of their newest event) are counted of everybody within seconds after a change, and
    null for whoever does not see everybody."""

    id: int
    name: str
    domains: list[str]
    joining: str
    country: str
    external_id: str | None
    owner: int | None
    team: int | None
    custom: dict[str, Any]
    people: int | None
    heard_on: date | None
    created_at: datetime
    updated_at: datetime
    version: int


class MembershipShape(msgspec.Struct):
    """Somebody's place in a company, for as long as it lasts."""

    id: int
    contact: int
    company: int
    role: str
    title: str
    since: date | None
    until: date | None


class CustomFieldShape(msgspec.Struct):
    """A declared field of contacts or companies."""

    id: int
    of: str
    key: str
    label: str
    kind: str
    choices: list[str]


class BatchRowShape(msgspec.Struct, omit_defaults=True):
    """What became of one row of a batch: created, updated or refused, and then why."""

    status: str
    id: int | None = None
    problem: dict[str, Any] | None = None


class BatchShape(msgspec.Struct):
    """One result a row, in order."""

    results: list[BatchRowShape]


@dataclass(frozen=True, slots=True)
class Part:
    """What a package that stands on ours adds to each contact: columns of a table that is joined, and what they show.

    `showing` is called once for a list and answers the function that shows each of its rows, by the columns' values.
    """

    name: str
    shape: Any
    join: str
    columns: tuple[str, ...]
    showing: Callable[[], Callable[[Sequence[Any]], Any]]


CONTACT_PARTS: Final[list[Part]] = []

# as programs see them: the columns they are read from
_CONTACT_COLUMNS: Final = {
    "id": "c.id",
    "name": "c.name",
    "emails": "c.emails",
    "phones": "c.phones",
    "title": "c.title",
    "country": "c.country",
    "language": "c.language",
    "time_zone": "c.time_zone",
    "owner": "c.owner_id",
    "team": "c.team_id",
    "tags": "c.tags",
    "is_known": "c.is_known",
    "source": "s.key",
    "campaign": "c.origin_campaign",
    "created_at": "c.created_at",
    "updated_at": "c.updated_at",
    "version": "c.version",
    "custom": "c.custom::text",
}
_WIDTH: Final = len(_CONTACT_COLUMNS)
_COMPANY_COLUMNS: Final = {
    name: f"{name}_id" if name in {"owner", "team"} else name for name in CompanyShape.__struct_fields__
}


@cache
def contact_shape() -> Any:
    """ContactShape with the parts that other packages add; to be asked for once they all are there."""
    fields: list[Any] = [(part.name, part.shape) for part in CONTACT_PARTS]
    return msgspec.defstruct("ContactShape", fields, bases=(ContactShape,), namespace={"__doc__": ContactShape.__doc__})


@cache
def _contacts() -> Prepared:
    columns = [*_CONTACT_COLUMNS.values(), *(column for part in CONTACT_PARTS for column in part.columns)]
    joins = [part.join for part in CONTACT_PARTS]
    return Prepared(
        "show_contacts",
        f"SELECT {', '.join(columns)} FROM contacts_contact c"  # noqa: S608  (words of ours)
        f" JOIN contacts_source s ON s.id = c.origin_source_id {' '.join(joins)} WHERE c.id = ANY(%(ids)s::bigint[])",
        ids="bigint[]",
    )


def show_contacts(ids: Sequence[int]) -> list[dict[str, Any]]:
    """The contacts with these ids as programs see them, in two statements however many they are.

    Which they are is found before: so nothing is read of those who stand on other pages.
    """
    rows = {row[0]: row for row in _contacts().rows(ids=list(ids))}
    around = _surroundings(list(rows))
    places = _WIDTH
    parts = []
    for part in CONTACT_PARTS:
        parts.append((part.name, slice(places, places + len(part.columns)), part.showing()))
        places += len(part.columns)
    names = tuple(_CONTACT_COLUMNS)
    shown = []
    for row in (rows[one] for one in ids if one in rows):
        contact = dict(zip(names, row, strict=False)) | around[row[0]]
        contact["custom"] = msgspec.Raw(row[_WIDTH - 1].encode())
        for name, its, show in parts:
            contact[name] = show(row[its])
        shown.append(contact)
    return shown


def company_rows(companies: QuerySet[Company]) -> QuerySet[Company, Any]:
    rows: QuerySet[Company, Any] = companies.values(*_COMPANY_COLUMNS.values(), "sort_key")
    return rows


def show_companies(rows: Sequence[Row], by: Principal) -> list[dict[str, Any]]:
    counted = {} if sees_every_row(by) else {"people": None, "heard_on": None}
    return [_company(row) | counted for row in rows]


def _company(row: Row) -> dict[str, Any]:
    shown = {name: row[column] for name, column in _COMPANY_COLUMNS.items()}
    return shown | {"heard_on": None if row["heard_on"] == NEVER else row["heard_on"]}


def show_membership(membership: Membership) -> MembershipShape:
    return MembershipShape(
        id=membership.pk,
        contact=membership.contact_id,
        company=membership.company_id,
        role=membership.role,
        title=membership.title,
        since=membership.since,
        until=membership.until,
    )


def show_field(field: CustomField) -> CustomFieldShape:
    return CustomFieldShape(field.pk, field.of, field.key, field.label, field.kind, field.choices)


def _surroundings(leader_ids: list[int]) -> Mapping[int, dict[str, list[Any]]]:
    """What stands around each person: present companies, names in other systems, contacts merged into them."""
    kinds = ("companies", "external_ids", "user_ids", "merged_ids")
    around: dict[int, dict[str, list[Any]]] = {leader_id: {kind: [] for kind in kinds} for leader_id in leader_ids}
    for what, leader_id, contact_id, texts, since, _at in _AROUND.rows(ids=leader_ids):
        match what:
            case "place":
                company, name, role, title = texts
                around[leader_id]["companies"].append(PlaceShape(int(company), name, role, title, since))
            case "merged":
                around[leader_id]["merged_ids"].append(contact_id)
            case "external" | "user_id":
                around[leader_id][_NAMES[what]].append(ForeignIdShape(*texts))
    return around


_NAMES: Final = {"external": "external_ids", "user_id": "user_ids"}
# One statement in place of three: each costs more to ask than to answer.
_AROUND: Final = Prepared(
    "around_contacts",
    """
WITH person AS MATERIALIZED (
    SELECT id AS contact_id, id AS leader_id FROM unnest(%(ids)s::bigint[]) AS id
    UNION ALL
    SELECT id, leader_id FROM contacts_contact WHERE leader_id = ANY(%(ids)s::bigint[]) AND NOT leader_id = id
)
SELECT 'merged' AS what, leader_id, contact_id, NULL::text[] AS texts, NULL::date AS since, contact_id AS at
  FROM person WHERE leader_id <> contact_id
UNION ALL
SELECT 'place', leader_id, contact_id, ARRAY[c.id::text, c.name, m.role, m.title], m.since, m.id
  FROM person JOIN contacts_membership m USING (contact_id) JOIN contacts_company c ON c.id = m.company_id
 WHERE m.until IS NULL
UNION ALL
SELECT i.kind, leader_id, contact_id, ARRAY[i.namespace, i.value], NULL, i.id
  FROM person JOIN contacts_identity i USING (contact_id)
 WHERE i.unlinked_at IS NULL AND i.kind IN ('external', 'user_id')
 ORDER BY at
""",
    ids="bigint[]",
)


def contact_page() -> Any:
    return page_shape("ContactPage", contact_shape())


COMPANY_PAGE: Final = page_shape("CompanyPage", CompanyShape)
MEMBERSHIP_PAGE: Final = page_shape("MembershipPage", MembershipShape)
CUSTOM_FIELD_PAGE: Final = page_shape("CustomFieldPage", CustomFieldShape)
