"""What came in since somebody last looked, and what is about to: short lists, each line with its why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from contacts.models import Contact, Event
from crm.models import Look
from funnel.models import Dimension, Health, Position, Stage, Standing, Transition
from staff.models import User
from staff.policy import Principal

AT_MOST: Final = 6
FURTHEST: Final = timedelta(days=7)  # back
COOLS_WITHIN: Final = timedelta(days=14)
ONE_LOOK: Final = timedelta(minutes=30)  # who comes back so soon still has the same look
LEAD: Final = "lead"


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody, what is to be known of them, and since (or until) when."""

    contact: Contact
    at: datetime
    place: int
    stage: Stage | None
    cause: Event | None = None


@dataclass(frozen=True, slots=True)
class Came:
    since: datetime
    leads: Sequence[Line]
    moves: Sequence[Line]
    cooling: Sequence[Line]
    recalls: Sequence[Line]

    @property
    def is_empty(self) -> bool:
        return not (self.leads or self.moves or self.cooling or self.recalls)


def new_since(user: User) -> datetime:
    """Since when everything is new to somebody who looks now."""
    now = timezone.now()
    seen = Look.objects.filter(user=user).first()
    if seen is None:
        return now - timedelta(days=1)
    return max(seen.at if now - seen.at > ONE_LOOK else seen.before, now - FURTHEST)


def look(user: User) -> None:
    """Note that they look now."""
    now = timezone.now()
    with transaction.atomic():
        seen, made = Look.objects.select_for_update().get_or_create(
            user=user, defaults={"at": now, "before": now - timedelta(days=1)}
        )
        if not made and now - seen.at > ONE_LOOK:
            seen.before, seen.at = seen.at, now
            seen.save(update_fields=["before", "at"])


def came(principal: Principal, since: datetime, *, mine: bool) -> Came:
    """Five statements, whatever there is."""
    stages = list(Stage.objects.in_use())
    places = {stage.pk: (place, stage) for place, stage in enumerate(stages, start=1)}
    lead = next((stage.pk for stage in stages if stage.key == LEAD), 0)
    people = _people(principal, mine=mine)
    now = timezone.now()
    walking = people.exclude(standing=Standing.CLOSED).filter(entered_at__gte=since)
    leads = _first(walking.filter(stage_id=lead), "-entered_at")
    moves = _moved(walking, [stage.pk for stage in stages[1:] if stage.pk != lead])
    soon = people.filter(health=Health.ACTIVE, standing=Standing.OPEN, wake_at__lte=now + COOLS_WITHIN)
    cooling = _first(soon, "wake_at")
    tomorrow = _end_of_tomorrow()  # a recall is a timer, and wakes no later than itself
    recalls = _first(
        people.filter(standing=Standing.NOT_NOW, wake_at__lte=tomorrow, recall_at__lte=tomorrow), "wake_at"
    )
    causes = _causes([*leads, *moves])

    def lines(positions: Iterable[Position], moment: str) -> list[Line]:
        return [
            Line(
                one.contact,
                getattr(one, moment),
                places.get(one.stage_id or 0, (0, None))[0],
                places.get(one.stage_id or 0, (0, None))[1],
                causes.get(one.pk),
            )
            for one in positions
        ]

    return Came(
        since,
        lines(leads, "entered_at"),
        lines(moves, "entered_at"),
        lines(cooling, "wake_at"),
        lines(recalls, "recall_at"),
    )


def _people(principal: Principal, *, mine: bool) -> Any:
    positions = Position.objects.people().select_related("contact")
    if mine and principal.user:
        return positions.filter(contact__owner=principal.user, contact__is_listed=True)
    return positions.filter(contact__in=Contact.objects.visible_to(principal).listed())


def _first(positions: Any, order: str) -> list[Position]:
    return list(positions.order_by(order, "contact")[:AT_MOST])


def _moved(walking: Any, stages: Sequence[int]) -> list[Position]:
    """The newest of each stage, and of those the newest: by the index, however many moved."""
    ordered = walking.order_by("-entered_at", "-contact").values("pk")
    newest = [ordered.filter(stage_id=stage)[:AT_MOST] for stage in stages]
    if not newest:
        return []
    found = newest[0].union(*newest[1:], all=True) if len(newest) > 1 else newest[0]
    return _first(Position.objects.select_related("contact").filter(pk__in=[row["pk"] for row in found]), "-entered_at")


def _causes(positions: Sequence[Position]) -> Mapping[int, Event]:
    """The event that led each of them where they stand."""
    if not positions:
        return {}
    here = Q()
    for one in positions:
        here |= Q(contact=one.pk, to_value=one.stage_id, occurred_at=one.entered_at)
    moved = Transition.objects.live().filter(here, dimension=Dimension.STAGE, cause_id__isnull=False)
    causes = dict(moved.values_list("cause_id", "contact_id"))
    events = Event.objects.filter(pk__in=list(causes)).select_related("type")
    return {causes[event.pk]: event for event in events}


def _end_of_tomorrow() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
