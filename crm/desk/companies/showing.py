"""What the page of a company shows: who is there, how far they are, who is around, and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.domains import FREE_MAIL, MOST_PROPOSED, first_proposed
from contacts.models import NEVER, Company, Contact, CustomField, MembershipRole
from contacts.network import Neighbour, network_of
from crm.desk.companies.headline import headline
from crm.desk.companies.people import NO_ROLE, Customer, Found, Mate, kept_of, people_of
from crm.desk.companies.picture import Matrix, matrix
from crm.desk.companies.timeline import Timeline, most_asked, timeline_of
from crm.desk.finding import number_said
from crm.desk.own_fields import told
from crm.desk.people.vocabulary import Stage, words
from crm.desk.person.beside import Sum
from funnel.breadth import Bought, Breadth, bought_of, kept_breadth
from funnel.company_people import PEOPLE_SHOWN
from funnel.models import Health
from funnel.reading import WORLD
from staff.policy import Principal

PROPOSED_SHOWN: Final = 8
MOST_SKIPPED: Final = 1_000_000  # people


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Whom the list of people is narrowed to, by a press on the matrix, and from whom on."""

    role: str = ""
    stage: Stage | None = None
    skip: int = 0  # so many stand on the pages before

    @property
    def more(self) -> str:
        """What asks for those who come next."""
        stage = self.stage.key if self.stage else ""
        said = {"role": self.role, "stage": stage, "skip": self.skip + PEOPLE_SHOWN}
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def role_label(self) -> Any:
        return _("no role yet") if self.role == NO_ROLE else dict(MembershipRole.choices).get(self.role, "")


@dataclass(frozen=True, slots=True)
class Shown:
    company: Company
    owner: str
    breadth: Breadth
    headline: str
    matrix: Matrix
    people: Sequence[Mate]
    has_more: bool
    stages: Sequence[Stage]
    narrowed: Narrowed
    details: Sequence[tuple[str, str]]
    network: Sequence[Neighbour]
    proposed: Sequence[Contact]
    proposed_more: bool
    free_mail: Sequence[str]
    bought: Bought
    to_care_for: Sequence[Customer]
    timeline: Timeline

    @property
    def health(self) -> list[tuple[str, Any, int]]:
        at = self.breadth.by_health()
        return [(one.name.lower(), one.label, at[one.value]) for one in Health if at.get(one.value)]

    @property
    def sums(self) -> list[Sum]:
        return [Sum(value, currency) for currency, value in self.bought.sums.items()]

    # What parts of the page are made of: while these are the same, so are they.

    @property
    def said(self) -> tuple[Any, ...]:
        return (*self.company.domains, self.company.country, self.company.external_id)

    @property
    def facts(self) -> tuple[Any, ...]:
        people = (self.breadth.people, self.breadth.closed, self.breadth.heard_on, self.owner)
        return (*people, self.spent, *((name, n) for name, _label, n in self.health))

    @property
    def spent(self) -> tuple[Any, ...]:
        """Days are told beside today."""
        bought = self.bought
        whose = (bought.buyers, bought.orders, bought.newest_at, bought.is_all)
        return (timezone.localdate(), *whose, *bought.sums.items())

    @property
    def customers(self) -> int:
        return sum(number for _name, _label, number in self.health)


def show(request: HttpRequest, principal: Principal, company: Company) -> Shown:
    """Everything about a company, for whoever asks; a constant number of statements."""
    today, stages, playbooks = timezone.localdate(), words().all.stages, WORLD.playbooks()
    narrowed = _narrowed(request, stages)
    stage = narrowed.stage.id if narrowed.stage else 0
    most = most_asked(request)
    found = people_of(principal, company, role=narrowed.role, stage=stage, skip=narrowed.skip, most=most)
    breadth, bought = _of_all(principal, company, found, playbooks.stamp)
    mates = list({one.person: one for one in reversed(found.mates)}.values())[::-1]  # the first place of each
    proposed = first_proposed(principal, company, PROPOSED_SHOWN + 1)
    return Shown(
        company=company,
        owner=_owner_of(company),
        breadth=breadth,
        headline=headline(breadth, stages),
        matrix=matrix(breadth, stages, _("no role yet")),
        people=mates[:PEOPLE_SHOWN],
        has_more=len(found.mates) > PEOPLE_SHOWN,
        stages=stages,
        narrowed=narrowed,
        details=_details(company),
        network=network_of(principal, company, today=today),
        proposed=proposed[:PROPOSED_SHOWN],
        proposed_more=len(proposed) > PROPOSED_SHOWN,
        free_mail=[domain for domain in company.domains if domain in FREE_MAIL],
        bought=bought,
        to_care_for=found.to_care_for,
        timeline=timeline_of(request, found, stages, playbooks),
    )


def _owner_of(company: Company) -> str:
    """By the words that are remembered; a colleague of this moment is asked for."""
    known = words().users.get(company.owner_id or 0)
    return known.name if known else str(company.owner or "")


def _of_all(principal: Principal, company: Company, found: Found, stamp: str) -> tuple[Breadth, Bought]:
    """How many stand where and what they bought: kept of a large company, else reckoned of those that were read."""
    kept = kept_of(principal, company)
    if kept is None:
        return found.breadth(company.pk), bought_of(found.memories, stamp)
    heard_on = None if company.heard_on == NEVER else company.heard_on
    return kept_breadth(company.pk, kept.held, heard_on), msgspec.convert(kept.bought, Bought)


def proposed_to(principal: Principal, company: Company) -> list[int]:
    """Everybody who is proposed, to take them in with one press: at most fifty at once."""
    return [one.pk for one in first_proposed(principal, company, MOST_PROPOSED)]


def _details(company: Company) -> list[tuple[str, str]]:
    """What is written in the fields that the organisation declared, field by field."""
    declared = CustomField.objects.filter(of="company").order_by("pk") if company.custom else ()
    return [(one.label, told(company.custom[one.key])) for one in declared if one.key in company.custom]


def _narrowed(request: HttpRequest, stages: Sequence[Stage]) -> Narrowed:
    role, key = request.GET.get("role", ""), request.GET.get("stage", "")
    known = role if role in {*MembershipRole.values, NO_ROLE} else ""
    skip = min(number_said(request.GET.get("skip", "")) or 0, MOST_SKIPPED)
    return Narrowed(known, next((stage for stage in stages if stage.key == key), None), skip)
