"""How people and companies look to programs: the shapes of answers, and how rows become them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final

import msgspec
from django.db import connection
from django.db.models import QuerySet

from rest.schema import page_shape

from .models import Company, Contact, CustomField, Membership

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
    """An organisation people work for. `owner` and `team` are ids."""

    id: int
    name: str
    domains: list[str]
    country: str
    external_id: str | None
    owner: int | None
    team: int | None
    custom: dict[str, Any]
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
    """What a package that stands on ours adds to each contact: columns by their path, and what they show as.

    `showing` is called once for a list and answers the function that shows each of its rows.
    """

    name: str
    shape: Any
    columns: tuple[str, ...]
    showing: Callable[[], Callable[[Row], Any]]


CONTACT_PARTS: Final[list[Part]] = []

_CONTACT_COLUMNS: Final = {
    "id": "id",
    "name": "name",
    "emails": "emails",
    "phones": "phones",
    "title": "title",
    "country": "country",
    "language": "language",
    "time_zone": "time_zone",
    "owner": "owner_id",
    "team": "team_id",
    "custom": "custom",
    "tags": "tags",
    "is_known": "is_known",
    "source": "origin_source__key",
    "campaign": "origin_campaign",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "version": "version",
}
_COMPANY_COLUMNS: Final = {
    name: f"{name}_id" if name in {"owner", "team"} else name for name in CompanyShape.__struct_fields__
}


@cache
def contact_shape() -> Any:
    """ContactShape with the parts that other packages add; to be asked for once they all are there."""
    fields: list[Any] = [(part.name, part.shape) for part in CONTACT_PARTS]
    return msgspec.defstruct("ContactShape", fields, bases=(ContactShape,), namespace={"__doc__": ContactShape.__doc__})


def contact_rows(contacts: QuerySet[Contact]) -> QuerySet[Contact, Any]:
    """The columns that `show_contacts` needs, and those that lists are sorted by."""
    more = [column for part in CONTACT_PARTS for column in part.columns]
    rows: QuerySet[Contact, Any] = contacts.values(*_CONTACT_COLUMNS.values(), "sort_key", *more)
    return rows


def show_contacts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Contacts as programs see them, in one more query however many they are."""
    around = _surroundings([row["id"] for row in rows])
    shown = {part.name: part.showing() for part in CONTACT_PARTS}
    return [
        {
            **{name: row[column] for name, column in _CONTACT_COLUMNS.items()},
            **around[row["id"]],
            **{name: show(row) for name, show in shown.items()},
        }
        for row in rows
    ]


def company_rows(companies: QuerySet[Company]) -> QuerySet[Company, Any]:
    rows: QuerySet[Company, Any] = companies.values(*_COMPANY_COLUMNS.values(), "sort_key")
    return rows


def show_companies(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{name: row[column] for name, column in _COMPANY_COLUMNS.items()} for row in rows]


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
    with connection.cursor() as cursor:
        cursor.execute(_SURROUNDINGS, {"ids": leader_ids})
        for what, leader_id, contact_id, texts, since, _at in cursor:
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
_SURROUNDINGS: Final = """
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
"""


def contact_page() -> Any:
    return page_shape("ContactPage", contact_shape())


COMPANY_PAGE: Final = page_shape("CompanyPage", CompanyShape)
MEMBERSHIP_PAGE: Final = page_shape("MembershipPage", MembershipShape)
CUSTOM_FIELD_PAGE: Final = page_shape("CustomFieldPage", CustomFieldShape)
