"""The people of a company, all that its page tells of them, in one statement: each of them is read once."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from django.db import connection
from django.utils import timezone

from contacts.models import Contact, MembershipRole
from contacts.prepared import Prepared
from funnel.breadth import Breadth, Group
from funnel.models import Health, Standing
from staff.policy import Principal, sees_every_row

PEOPLE_SHOWN: Final = 60
TO_CARE_FOR: Final = 5
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
    """`liveliest`, `moved` and `customers` are people: of whom something was heard, who moved, who bought last."""

    held: list[Held]
    mates: list[Mate]
    liveliest: list[int]
    moved: list[int]
    customers: list[int]
    to_care_for: list[Customer]

    def breadth(self, company: int) -> Breadth:
        return Breadth(tuple(Group(company, *msgspec.structs.astuple(one)) for one in self.held))


def _list(columns: str, rows: str) -> str:
    return f"(SELECT coalesce(json_agg(row_to_json(it)), '[]') FROM (SELECT {columns} FROM {rows}) it)"  # noqa: S608


def _first(order: str, most: str, where: str = "TRUE") -> str:
    ordered = f"SELECT person FROM one WHERE {where} ORDER BY {order} DESC NULLS LAST, person LIMIT {most}"  # noqa: S608
    return f"(SELECT coalesce(json_agg(person), '[]') FROM ({ordered}) it)"  # noqa: S608


_NAME: Final = "coalesce(nullif(who.name, ''), who.emails[1], '#' || who.id) AS name"
_ROLES: Final = ", ".join(f"'{role}'" for role in MembershipRole.values)
_RANK: Final = f"array_position(ARRAY[{_ROLES}], role::text)"
_MATES: Final = f"""
SELECT *, row_number() OVER (ORDER BY {_RANK} NULLS LAST, last_event_at DESC NULLS LAST, id) AS number FROM place
 WHERE (%(role)s = '' OR role = replace(%(role)s, '{NO_ROLE}', '')) AND (%(stage)s = 0 OR stage = %(stage)s)
 ORDER BY number LIMIT {PEOPLE_SHOWN + 1}
"""  # noqa: S608  (words of ours)
_PARTS: Final = {
    "held": _list(
        "role, stage, health, standing, count(*) AS people, max(last_event_at) AS last_event_at",
        "one GROUP BY 1, 2, 3, 4",
    ),
    "mates": _list(
        "it.id AS place, role, coalesce(nullif(it.title, ''), who.title) AS title, since, until, by_domain, "
        f"person, {_NAME}, stage, health, standing",
        f"({_MATES}) it JOIN contacts_contact who ON who.id = person ORDER BY number",
    ),
    "liveliest": _first("last_event_at", "%(most)s"),
    "moved": _first("entered_at", "%(most)s"),
    "customers": _first("last_event_at", str(MOST_PEOPLE + 1), "health IS NOT NULL"),
    "to_care_for": _list(
        f"person, {_NAME}, health",
        f"one JOIN contacts_contact who ON who.id = person WHERE standing <> {Standing.CLOSED.value} "
        f"AND health IN ({Health.COOLING.value}, {Health.LAPSED.value}) "
        f"ORDER BY health, wake_at, person LIMIT {TO_CARE_FOR}",
    ),
}
_OBJECT: Final = ", ".join(f"'{name}', {part}" for name, part in _PARTS.items())
_FOUND: Final = f"""
WITH place AS MATERIALIZED (
    SELECT m.id, m.role, m.title, m.since, m.until, m.by_domain, leader.id AS person, p.stage_id AS stage, p.health,
           coalesce(p.standing, {Standing.OPEN.value}) AS standing, p.last_event_at, p.entered_at, p.wake_at
      FROM contacts_membership m
      JOIN contacts_contact its ON its.id = m.contact_id
      JOIN contacts_contact leader ON leader.id = its.leader_id AND leader.is_listed
      LEFT JOIN funnel_position p ON p.contact_id = leader.id
     WHERE m.company_id = %(company)s AND (m.since IS NULL OR m.since <= %(today)s)
       AND (m.until IS NULL OR m.until > %(today)s) {{scope}}),
one AS MATERIALIZED (SELECT DISTINCT ON (person) * FROM place ORDER BY person, role = '', id)
SELECT json_build_object({_OBJECT})::text
"""  # noqa: S608  (words of ours)
_OF_ALL: Final = Prepared(
    "people_of_company",
    _FOUND.format(scope=""),
    company="bigint",
    today="date",
    role="text",
    stage="smallint",
    most="integer",
)


def people_of(principal: Principal, company: int, *, role: str = "", stage: int = 0, most: int) -> Found:
    """The people with a place in the company now whom the principal sees; `mates` narrowed to a role and a stage.

    Of the liveliest, and of those who moved last, no more than `most`.
    """
    asked = {"company": company, "today": timezone.localdate(), "role": role, "stage": stage, "most": most}
    [(text,)] = _OF_ALL.rows(**asked) if sees_every_row(principal) else _seen(principal, asked)
    return msgspec.json.decode(text, type=Found)


def _seen(principal: Principal, asked: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    sql, values = Contact.objects.visible_to(principal).values("pk").query.sql_with_params()
    names = {f"scope_{place}": value for place, value in enumerate(values)}
    scope = f"AND leader.id IN ({sql % tuple(f'%({name})s' for name in names)})"
    with connection.cursor() as cursor:
        cursor.execute(_FOUND.format(scope=scope), asked | names)
        return list(cursor.fetchall())
