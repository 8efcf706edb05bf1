"""What the page of a person shows: who they are, how they walked, why they stand there, and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from campaigns.mailing import unfinished_mails
from campaigns.models import Mail
from contacts.consents import Consent, consents_of
from contacts.models import Contact, EventType, Identity, Pending, Task
from crm.desk.person.around import Workplace, workplaces
from crm.desk.person.beside import (
    HealthLine,
    Item,
    Orders,
    counts_of,
    health_line,
    orders_of,
    score_items,
)
from crm.desk.person.deeds import Deed, open_to
from crm.desk.person.timeline import Chip, Timeline, chips, kind_asked, timeline_of
from crm.desk.person.walk import FIRST_STOP, STOP_WIDTH, StepBack, Stop, steps_back, stops_of
from funnel.explaining import Way, Why, Words, explain, known_of, ways_on
from funnel.models import Dimension, Health, Phase, Position, Stage, Standing, Transition
from funnel.scores import scores_now
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Meeting:
    contact: Contact
    position: Position
    stage: Stage | None
    place: int
    score: float
    stops: Sequence[Stop]
    back: Sequence[StepBack]
    here: Why | None
    moved_at: datetime | None
    ways: Sequence[Way] | None  # nothing is known while they wait to be folded by another version
    line: HealthLine | None
    why_health: Why | None
    why_standing: Why | None
    items: Sequence[Item]
    orders: Orders
    timeline: Timeline
    chips: Sequence[Chip]
    identities: Sequence[Identity]
    workplaces: Sequence[Workplace]
    consents: Sequence[Consent]
    members: Sequence[Contact]
    mails: Sequence[Mail]  # that did not simply arrive
    tasks: Sequence[Task]
    deeds: Sequence[Deed]
    types: Sequence[EventType]
    half_life: int  # days in which points fade to half
    is_behind: bool  # something was learned of them that is not folded yet

    @property
    def health(self) -> str:
        return Health(self.position.health).name.lower() if self.position.health else ""

    @property
    def standing(self) -> str:
        return str(Standing(self.position.standing).label) if self.position.standing != Standing.OPEN else ""

    @property
    def walked(self) -> int:
        """How far the line of the path is drawn, in the units of the drawing."""
        return FIRST_STOP + (self.place - 1) * STOP_WIDTH if self.place else FIRST_STOP

    @property
    def phases(self) -> Sequence[Any]:
        """The bands over the path: what each is called, and how many stops it has."""
        stops = [stop.stage.phase for stop in self.stops]
        return [(label, stops.count(value)) for value, label in Phase.choices if value in stops]


def meet(request: HttpRequest, principal: Principal, contact: Contact, position: Position) -> Meeting:
    """Everything about the person whose leader `contact` is, and who stands at `position`."""
    members = list(Contact.objects.led_by([contact.pk]).order_by("pk"))
    ids = [member.pk for member in members]
    every_stage, types = list(Stage.objects.order_by("order")), EventType.objects.in_bulk()
    stages, words = [stage for stage in every_stage if stage.archived_at is None], Words.of(every_stage)
    moves = list(Transition.objects.live().filter(contact=contact).order_by("seq"))
    steps = [move for move in moves if move.dimension == Dimension.STAGE]
    whys = dict(zip((move.pk for move in moves), explain(moves, words) if moves else (), strict=True))
    known, counts = known_of(position) if position.memory else None, counts_of(ids, types)
    total = scores_now()(position.score, position.score_day)
    return Meeting(
        contact=contact,
        position=position,
        stage=next((stage for stage in stages if stage.pk == position.stage_id), None),
        place=next((place for place, stage in enumerate(stages, start=1) if stage.pk == position.stage_id), 0),
        score=total,
        stops=stops_of(stages, steps, whys, position),
        back=steps_back(stages, steps, whys),
        here=whys[steps[-1].pk] if steps else None,
        moved_at=steps[-1].occurred_at if steps else None,
        ways=ways_on(position, known, words) if position.memory else [],
        line=health_line(position, known, moves),
        why_health=_last_why(moves, Dimension.HEALTH, whys),
        why_standing=_last_why(moves, Dimension.STANDING, whys),
        items=score_items(counts, known, types, total) if known else [],
        orders=orders_of(ids, known, counts),
        timeline=timeline_of(request, ids, moves, stages, types=types, retractor=_retractor(principal), whys=whys),
        chips=chips(counts.by_type(), len(moves), kind_asked(request)),
        identities=list(Identity.objects.live().filter(contact_id__in=ids).order_by("kind", "pk")),
        workplaces=workplaces(principal, ids, stages),
        consents=consents_of(ids),
        mails=unfinished_mails(ids),
        members=[one for one in members if one.pk != contact.pk],
        tasks=list(Task.objects.open().about(contact.pk).select_related("assignee").order_by("due_at", "pk")[:20]),
        deeds=open_to(principal, contact, position),
        types=list(types.values()),
        half_life=known.playbook.half_life_days if known else 0,
        is_behind=Pending.objects.filter(contact_id__in=ids).exists(),
    )


def _retractor(principal: Principal) -> Any:
    return principal.user if principal.may("events:write") else None


def _last_why(moves: Sequence[Transition], dimension: Dimension, whys: dict[int, Why]) -> Why | None:
    last = next((move for move in reversed(moves) if move.dimension == dimension), None)
    return whys[last.pk] if last else None
