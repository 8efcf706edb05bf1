"""What the page of a company shows: who is there, how far they are, who is around, and what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Case, IntegerField, Q, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.domains import FREE_MAIL, MOST_PROPOSED, first_proposed
from contacts.models import Company, Contact, CustomField, EventType, Membership, MembershipRole
from contacts.network import Neighbour, network_of
from crm.desk.companies.headline import headline
from crm.desk.companies.picture import Matrix, matrix
from crm.desk.companies.timeline import MOST_PEOPLE, Timeline, timeline_of
from crm.desk.own_fields import told
from crm.desk.person.beside import Sum
from funnel.breadth import Bought, Breadth, bought_by, breadth_of
from funnel.models import Health, Position, Stage, Standing
from staff.policy import Principal

PEOPLE_SHOWN: Final = 60
PROPOSED_SHOWN: Final = 8
TO_CARE_FOR: Final = 5
NO_ROLE: Final = "none"
_ROLE_RANK: Final = {role: rank for rank, role in enumerate(MembershipRole.values)}


@dataclass(frozen=True, slots=True)
class Mate:
    """Somebody with a place in the company now."""

    membership: Membership
    contact: Contact
    stage: Stage | None
    place: int
    health: str
    standing: str


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Whom the list of people is narrowed to, by a press on the matrix."""

    role: str = ""
    stage: Stage | None = None

    @property
    def role_label(self) -> Any:
        return _("no role yet") if self.role == NO_ROLE else dict(MembershipRole.choices).get(self.role, "")


@dataclass(frozen=True, slots=True)
class Shown:
    company: Company
    breadth: Breadth
    headline: str
    matrix: Matrix
    people: Sequence[Mate]
    has_more: bool
    narrowed: Narrowed
    details: Sequence[tuple[str, str]]
    network: Sequence[Neighbour]
    proposed: Sequence[Contact]
    proposed_more: bool
    free_mail: Sequence[str]
    bought: Bought
    to_care_for: Sequence[Position]
    timeline: Timeline

    @property
    def health(self) -> list[tuple[str, Any, int]]:
        at = self.breadth.by_health()
        return [(one.name.lower(), one.label, at[one.value]) for one in Health if at.get(one.value)]

    @property
    def sums(self) -> list[Sum]:
        return [Sum(value, currency) for currency, value in self.bought.sums.items()]

    @property
    def customers(self) -> int:
        return sum(number for _name, _label, number in self.health)


def show(request: HttpRequest, principal: Principal, company: Company) -> Shown:
    """Everything about a company, for whoever asks; a constant number of statements."""
    today, stages = timezone.localdate(), list(Stage.objects.in_use())
    breadth = breadth_of(principal, [company.pk], today=today)[company.pk]
    narrowed = _narrowed(request, stages)
    mates = _mates(principal, company, narrowed, today)
    leader_ids = _liveliest(principal, company, today)
    proposed = list(first_proposed(principal, company, PROPOSED_SHOWN + 1))
    return Shown(
        company=company,
        breadth=breadth,
        headline=headline(breadth, stages),
        matrix=matrix(breadth, stages, _("no role yet")),
        people=_shown(mates[:PEOPLE_SHOWN], stages),
        has_more=len(mates) > PEOPLE_SHOWN,
        narrowed=narrowed,
        details=_details(company),
        network=network_of(principal, company, today=today),
        proposed=proposed[:PROPOSED_SHOWN],
        proposed_more=len(proposed) > PROPOSED_SHOWN,
        free_mail=[domain for domain in company.domains if domain in FREE_MAIL],
        bought=bought_by(leader_ids),
        to_care_for=_to_care_for(leader_ids),
        timeline=timeline_of(request, leader_ids, stages, EventType.objects.in_bulk()),
    )


def proposed_to(principal: Principal, company: Company) -> list[int]:
    """Everybody who is proposed, to take them in with one press: at most fifty at once."""
    return [one.pk for one in first_proposed(principal, company, MOST_PROPOSED)]


def _details(company: Company) -> list[tuple[str, str]]:
    """What is written in the fields that the organisation declared, field by field."""
    declared = CustomField.objects.filter(of="company").order_by("pk")
    return [(one.label, told(company.custom[one.key])) for one in declared if one.key in company.custom]


def _narrowed(request: HttpRequest, stages: Sequence[Stage]) -> Narrowed:
    role, key = request.GET.get("role", ""), request.GET.get("stage", "")
    known = role if role in {*MembershipRole.values, NO_ROLE} else ""
    return Narrowed(known, next((stage for stage in stages if stage.key == key), None))


def _places(principal: Principal, company: Company, today: date) -> Any:
    seen = Contact.objects.visible_to(principal).filter(is_listed=True)
    return Membership.objects.on(today).filter(company=company, contact__leader__in=seen)


def _mates(principal: Principal, company: Company, narrowed: Narrowed, today: date) -> list[Membership]:
    """Who decides first, then by role, then whoever came furthest."""
    places = _places(principal, company, today)
    if narrowed.role:
        places = places.filter(role="" if narrowed.role == NO_ROLE else narrowed.role)
    if narrowed.stage:
        places = places.filter(contact__leader__position__stage_id=narrowed.stage.pk)
    ranks = [When(role=role, then=Value(rank)) for role, rank in _ROLE_RANK.items()]
    rank = Case(*ranks, default=Value(len(ranks)), output_field=IntegerField())
    places = places.select_related("contact__leader__position", "contact__leader__owner")
    places = places.defer("contact__leader__position__memory", "contact__search", "contact__leader__search")
    found: list[Membership] = list(
        places.annotate(rank=rank).order_by("rank", "-contact__leader__position__last_event_at", "pk")[
            : PEOPLE_SHOWN + 1
        ]
    )
    return found


def _shown(places: Sequence[Membership], stages: Sequence[Stage]) -> list[Mate]:
    at = {stage.pk: (place, stage) for place, stage in enumerate(stages, start=1)}
    return [_mate(one, at) for one in {one.contact.leader_id: one for one in reversed(places)}.values()][::-1]


def _mate(membership: Membership, at: Mapping[int, tuple[int, Stage]]) -> Mate:
    leader = membership.contact.leader
    position = getattr(leader, "position", None)
    place, stage = at.get(position.stage_id or 0, (0, None)) if position else (0, None)
    health = Health(position.health).name.lower() if position and position.health else ""
    standing = Standing(position.standing) if position else Standing.OPEN
    return Mate(membership, leader, stage, place, health, "" if standing == Standing.OPEN else str(standing.label))


def _liveliest(principal: Principal, company: Company, today: date) -> list[int]:
    """The people of the company, those of whom something was heard last first."""
    places = _places(principal, company, today).order_by("-contact__leader__position__last_event_at", "pk")
    leaders = places.values_list("contact__leader_id", flat=True)[:MOST_PEOPLE]
    return list(dict.fromkeys(leaders))


def _to_care_for(leader_ids: Sequence[int]) -> list[Position]:
    """Customers who cool, and those who are lost already: they ask for somebody."""
    positions = Position.objects.filter(contact__in=leader_ids).exclude(standing=Standing.CLOSED)
    asking = positions.filter(Q(health=Health.COOLING) | Q(health=Health.LAPSED)).select_related("contact")
    return list(asking.defer("memory", "contact__search").order_by("health", "wake_at", "contact")[:TO_CARE_FOR])
