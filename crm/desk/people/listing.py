"""What the list of people shows of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects
from django.utils import timezone

from contacts.models import Company, Contact
from funnel.models import Health, Position, Stage


@dataclass(frozen=True, slots=True)
class Row:
    contact: Contact
    companies: Sequence[Company]
    stage: Stage | None
    place: int
    days_in_stage: int | None
    health: Health | None
    score: float


def listed(contacts: Sequence[Contact], stages: Sequence[Stage], *, score: Callable[[int, int], float]) -> list[Row]:
    """The contacts with all that a line says of them, in a few queries for the whole page."""
    prefetch_related_objects(contacts, "owner", "memberships__company")
    positions = Position.objects.defer("memory").in_bulk([one.pk for one in contacts])
    places = {stage.pk: (place, stage) for place, stage in enumerate(stages, start=1)}
    return [_row(one, positions.get(one.pk) or Position(contact=one), places, score) for one in contacts]


def _row(
    contact: Contact,
    position: Position,
    places: dict[int, tuple[int, Stage]],
    score: Callable[[int, int], float],
) -> Row:
    place, stage = places.get(position.stage_id or 0, (0, None))
    return Row(
        contact=contact,
        companies=[one.company for one in contact.memberships.all() if one.until is None],
        stage=stage,
        place=place,
        days_in_stage=(timezone.now() - position.entered_at).days if position.entered_at else None,
        health=Health(position.health) if position.health else None,
        score=score(position.score, position.score_day),
    )
