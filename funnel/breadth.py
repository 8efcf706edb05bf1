"""How broadly a company is committed: how many of its people, in which role, stand at which stage."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Final, NamedTuple

import msgspec
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from contacts.models import NEVER, Company, Contact, Membership
from contacts.prepared import Prepared
from funnel.models import Position, Standing
from funnel.reading import WORLD, moment_of
from funnel.remembering import orders_remembered
from staff.policy import Principal, sees_every_row

MOST_BUYERS: Final = 2000
_CLOSED: Final = int(Standing.CLOSED)


class Group(NamedTuple):
    """So many people of a company who share a role, a stage, a health and a standing; the newest of their events."""

    company: int
    role: str
    stage: int | None
    health: int | None
    standing: int
    people: int
    last_event_at: datetime | None


Held = tuple[str, int | None, int | None, int, int]  # a group as it is kept: role, stage, health, standing, people


@dataclass(frozen=True, slots=True)
class Breadth:
    """The people who have a place in a company now. Whoever is closed stands on no path and is counted apart."""

    groups: Sequence[Group]
    heard_on: date | None = None  # the day of the newest event of any of them
    living: Sequence[Group] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "living", [group for group in self.groups if group.standing != _CLOSED])

    @classmethod
    def of(cls, groups: Sequence[Group]) -> "Breadth":
        heard_at = max((group.last_event_at for group in groups if group.last_event_at), default=None)
        return cls(groups, timezone.localdate(heard_at, _zone()) if heard_at else None)

    @property
    def people(self) -> int:
        return sum(group.people for group in self.living)

    @property
    def closed(self) -> int:
        return sum(group.people for group in self.groups) - self.people

    @property
    def touched_at(self) -> datetime | None:
        return max((group.last_event_at for group in self.groups if group.last_event_at), default=None)

    def by_stage(self, role: str | None = None) -> dict[int | None, int]:
        sums: dict[int | None, int] = {}
        for one in self.living:
            if role is None or one.role == role:
                sums[one.stage] = sums.get(one.stage, 0) + one.people
        return sums

    def by_health(self) -> dict[int | None, int]:
        sums: dict[int | None, int] = {}
        for one in self.living:
            if one.health is not None:
                sums[one.health] = sums.get(one.health, 0) + one.people
        return sums

    def of_role(self, role: str) -> int:
        return sum(group.people for group in self.living if group.role == role)


def _zone() -> tzinfo:
    return timezone.get_default_timezone()


# --- Kept, for whoever sees everybody ---------------------------------------------------------------------------------

_KEPT: Final = Prepared(
    "breadth_kept",
    """
    SELECT its.company_id, its.held::text, nullif(c.heard_on, %(never)s::date)
      FROM funnel_companybreadth its JOIN contacts_company c ON c.id = its.company_id
     WHERE its.company_id = ANY(%(ids)s::bigint[])
       AND (its.front IS NOT NULL OR NOT EXISTS (SELECT FROM contacts_companymark WHERE company_id = its.company_id))
    """,
    ids="bigint[]",
    never="date",
)


def breadth_of(principal: Principal, company_ids: Collection[int], *, today: date) -> Mapping[int, Breadth]:
    """Of each company the people the principal sees. Who sees everybody reads what is kept; where something changed
    since, a company is counted now, but for large ones, which are counted again within seconds."""
    if not sees_every_row(principal):
        return breadth_counted(principal, company_ids, today=today)
    rows = _KEPT.rows(ids=list(company_ids), never=NEVER)
    kept = {one: kept_breadth(one, msgspec.json.decode(held), heard_on) for one, held, heard_on in rows}
    missing = [company for company in company_ids if company not in kept]
    return {**kept, **(breadth_counted(principal, missing, today=today) if missing else {})}


def kept_breadth(company: int, held: Iterable[Held], heard_on: date | None) -> Breadth:
    return Breadth([Group(company, *one, None) for one in held], heard_on)


# --- Counted now ------------------------------------------------------------------------------------------------------

_GROUPS: Final = """
SELECT place.company_id, place.role, p.stage_id, p.health, coalesce(p.standing, {open}), count(*), max(p.last_event_at)
  FROM ({places}) place LEFT JOIN funnel_position p ON p.contact_id = place.person
 GROUP BY 1, 2, 3, 4, 5
"""


def breadth_counted(principal: Principal, company_ids: Collection[int], *, today: date) -> Mapping[int, Breadth]:
    """Of each company the people the principal sees, in one statement; a person counts once, by the role said."""
    places = _places(principal, today).filter(company__in=list(company_ids)).annotate(said_last=Q(role=""))
    places = places.order_by("company_id", "person", "said_last", "pk").distinct("company_id", "person")
    groups: dict[int, list[Group]] = {company_id: [] for company_id in company_ids}
    try:
        query, values = places.values("company_id", "role", "person").query.sql_with_params()
    except EmptyResultSet:  # nobody is seen, or nothing was asked for
        return {company_id: Breadth.of(()) for company_id in company_ids}
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS.format(places=query, open=Standing.OPEN.value), values)
        for row in cursor.fetchall():
            groups[row[0]].append(Group(*row))
    return {company_id: Breadth.of(tuple(its)) for company_id, its in groups.items()}


def people_at(principal: Principal, company: Company, *, today: date) -> list[int]:
    """The people with a place in the company now, whom the principal sees, by their leading contacts."""
    return sorted(set(_places(principal, today).filter(company=company).values_list("person", flat=True)))


def _places(principal: Principal, today: date):  # type: ignore[no-untyped-def]
    places = Membership.objects.on(today).annotate(person=F("contact__leader_id"))
    if sees_every_row(principal):  # asked of the person in hand, not of everybody
        return places.filter(contact__leader__is_listed=True)
    return places.filter(contact__leader__in=Contact.objects.visible_to(principal).filter(is_listed=True))


# --- What they bought -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bought:
    """What the people of a company bought and kept; of the liveliest 2,000 of them where there are more."""

    buyers: int
    orders: int
    sums: Mapping[str, int]  # minor units by currency
    newest_at: datetime | None
    is_all: bool


def bought_by(leader_ids: Collection[int]) -> Bought:
    buyers = Position.objects.filter(contact__in=leader_ids, health__isnull=False).order_by("-last_event_at", "contact")
    return bought_of(list(buyers.values_list("memory", flat=True)[: MOST_BUYERS + 1]), WORLD.playbooks().stamp)


def bought_of(memories: Sequence[str | None], stamp: str) -> Bought:
    """Read from what the fold remembers: no event is looked at. Who waits to be folded anew is missing till then."""
    orders = [order for memory in memories[:MOST_BUYERS] for order in orders_remembered(memory, stamp)]
    sums: dict[str, int] = {}
    for order in orders:
        if order.value is not None and order.currency:
            sums[order.currency] = sums.get(order.currency, 0) + order.value - order.refunded
    newest = max((order.at for order in orders), default=None)
    return Bought(
        min(len(memories), MOST_BUYERS),
        len(orders),
        dict(sorted(sums.items())),
        None if newest is None else moment_of(newest),
        len(memories) <= MOST_BUYERS,
    )
