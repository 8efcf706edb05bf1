"""What the page of a person shows: who they are, how they walked, why they stand there, and what happened."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from django.utils import timezone

from contacts.models import Contact, Event, Identity, Membership
from funnel.explaining import Way, Why, explain, ways_on
from funnel.models import Dimension, Health, Phase, Position, Stage, Standing, Transition

TIMELINE: Final = 60


@dataclass(frozen=True, slots=True)
class Stop:
    """A stage on somebody's way: when they came there first, why, and how long they stayed in all."""

    stage: Stage
    place: int
    first_at: datetime | None
    last_at: datetime | None
    visits: int
    stayed: timedelta
    is_here: bool
    why: Why | None

    @property
    def days(self) -> int:
        return self.stayed.days


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline: an event, or a move between stages."""

    at: datetime
    event: Event | None = None
    move: Transition | None = None
    why: Why | None = None
    place: int = 0
    from_stage: Stage | None = None
    to_stage: Stage | None = None

    @property
    def learned_late(self) -> timedelta | None:
        """By how much, when we heard of an event more than an hour after it."""
        if self.event is None:
            return None
        late = self.event.recorded_at - self.event.occurred_at
        return late if late > timedelta(hours=1) else None


@dataclass(frozen=True, slots=True)
class Meeting:
    contact: Contact
    position: Position
    stage: Stage | None
    place: int
    score: float
    stops: Sequence[Stop]
    here: Why | None
    moved_at: datetime | None
    ways: Sequence[Way] | None  # nothing is known while they wait to be folded by another version
    timeline: Sequence[Entry]
    identities: Sequence[Identity]
    places: Sequence[Membership]
    members: Sequence[Contact]

    @property
    def health(self) -> str:
        return Health(self.position.health).name.lower() if self.position.health else ""

    @property
    def standing(self) -> str:
        return str(Standing(self.position.standing).label) if self.position.standing != Standing.OPEN else ""

    @property
    def walked(self) -> int:
        """How far the line of the path is drawn, in the units of the drawing."""
        return 10 + (self.place - 1) * 191 if self.place else 10

    @property
    def phases(self) -> Sequence[Any]:
        return Phase.labels


def meet(contact: Contact, *, score: Callable[[int, int], float]) -> Meeting:
    """Everything about the person whose leader `contact` is."""
    members = list(Contact.objects.filter(leader=contact).order_by("pk"))
    position = Position.objects.filter(contact=contact).first() or Position(contact=contact)
    stages = {stage.pk: stage for stage in Stage.objects.in_use()}
    places = {key: place for place, key in enumerate(stages, start=1)}
    moves = list(Transition.objects.live().filter(contact=contact).order_by("seq"))
    whys = dict(zip((move.pk for move in moves), explain(moves), strict=True))
    steps = [move for move in moves if move.dimension == Dimension.STAGE]
    return Meeting(
        contact=contact,
        position=position,
        stage=stages.get(position.stage_id or 0),
        place=places.get(position.stage_id or 0, 0),
        score=score(position.score, position.score_day),
        stops=_stops(stages, places, steps, whys, position),
        here=whys[steps[-1].pk] if steps else None,
        moved_at=steps[-1].occurred_at if steps else None,
        ways=ways_on(position) if position.memory else [],
        timeline=_timeline(members, steps, whys, stages, places),
        identities=list(Identity.objects.live().filter(contact__in=members).order_by("kind", "pk")),
        places=list(Membership.objects.current().filter(contact__in=members).select_related("company")),
        members=[one for one in members if one != contact],
    )


def _stops(
    stages: dict[int, Stage],
    places: dict[int, int],
    steps: Sequence[Transition],
    whys: dict[int, Why],
    position: Position,
) -> list[Stop]:
    stayed: dict[int, timedelta] = {}
    for entry, leaving in pairwise([*steps, None]):
        if entry is not None and entry.to_value is not None:
            end = leaving.occurred_at if leaving else timezone.now()
            stayed[entry.to_value] = stayed.get(entry.to_value, timedelta()) + (end - entry.occurred_at)
    stops = []
    for key, stage in stages.items():
        entries = [move for move in steps if move.to_value == key]
        stops.append(
            Stop(
                stage=stage,
                place=places[key],
                first_at=entries[0].occurred_at if entries else None,
                last_at=entries[-1].occurred_at if entries else None,
                visits=len(entries),
                stayed=stayed.get(key, timedelta()),
                is_here=key == position.stage_id,
                why=whys[entries[0].pk] if entries else None,
            )
        )
    return stops


def _timeline(
    members: Iterable[Contact],
    steps: Sequence[Transition],
    whys: dict[int, Why],
    stages: dict[int, Stage],
    places: dict[int, int],
) -> list[Entry]:
    """The newest first; a move stands above the event that caused it, and of one moment's moves the last on top."""
    events = Event.objects.filter(contact__in=list(members)).select_related("type", "source")
    told = [Entry(event.occurred_at, event=event) for event in events.order_by("-occurred_at", "-rank")[:TIMELINE]]
    since = told[-1].at if len(told) == TIMELINE else None
    moved = [
        Entry(
            move.occurred_at,
            move=move,
            why=whys[move.pk],
            place=places.get(move.to_value or 0, 0),
            from_stage=stages.get(move.from_value or 0),
            to_stage=stages.get(move.to_value or 0),
        )
        for move in steps
        if since is None or move.occurred_at >= since
    ]
    return sorted([*moved, *told], key=lambda entry: (entry.at, entry.move.seq if entry.move else -1), reverse=True)
