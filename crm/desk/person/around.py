"""Who stands around a person: their companies, and the colleagues there with their stops."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from contacts.models import Company, Contact, Membership
from funnel.models import Stage
from staff.policy import Principal

COLLEAGUES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Colleague:
    contact: Contact
    membership: Membership
    stage: Stage | None
    place: int


@dataclass(frozen=True, slots=True)
class Workplace:
    """A company they are in, and who else is."""

    company: Company
    membership: Membership
    people: Sequence[Colleague]
    has_more: bool


def workplaces(principal: Principal, member_ids: Collection[int], stages: Sequence[Stage]) -> list[Workplace]:
    """In two queries, however many companies; colleagues the principal does not see are not there."""
    own = list(Membership.objects.current().filter(contact_id__in=member_ids).select_related("company").order_by("pk"))
    if not own:
        return []
    seen = Contact.objects.visible_to(principal).filter(erased_at=None)
    others = Membership.objects.current().filter(company_id__in={one.company_id for one in own})
    others = others.filter(contact__leader__in=seen).exclude(contact_id__in=member_ids)
    others = others.select_related("contact__leader__position").defer("contact__leader__position__memory")
    found = list(others.order_by("pk")[: len(own) * COLLEAGUES_SHOWN + 1])
    places = {stage.pk: (place, stage) for place, stage in enumerate(stages, start=1)}
    companies = {one.company_id: one for one in reversed(own)}
    return [
        _workplace(one, [other for other in found if other.company_id == one.company_id], places)
        for one in reversed(companies.values())
    ]


def _workplace(own: Membership, others: Sequence[Membership], places: dict[int, tuple[int, Stage]]) -> Workplace:
    people = {other.contact.leader_id: other for other in others}
    shown = [_colleague(other, places) for other in list(people.values())[:COLLEAGUES_SHOWN]]
    return Workplace(own.company, own, shown, len(people) > COLLEAGUES_SHOWN)


def _colleague(membership: Membership, places: dict[int, tuple[int, Stage]]) -> Colleague:
    leader = membership.contact.leader
    position = getattr(leader, "position", None)
    place, stage = places.get(position.stage_id or 0, (0, None)) if position else (0, None)
    return Colleague(leader, membership, stage, place)
