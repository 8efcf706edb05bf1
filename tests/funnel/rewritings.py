"""Small worlds of transitions, written and rewritten as the fold writes them, but without its rules.

Each rewriting of a contact keeps the moves that came out as before and supersedes the rest, at a stamp of its own.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from contacts.models import Contact, Source
from funnel.metrics import CLOSED, HEALTH, NOT_NOW, OPEN, STAGE, STANDING, Row
from funnel.models import RULE_START, Position, Stage, StageCount, Transition
from tests.factories import make_source

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 7, 1, tzinfo=UTC)

Step = tuple[int, int | None, datetime]  # dimension, to, when


class World:
    """Contacts with their rewritten paths. `stamp` grows with each rewriting."""

    def __init__(self, seed: int, contacts: int = 12, rewritings: int = 40) -> None:
        self.chance = Random(seed)
        self.sources = [make_source() for _ in range(3)]
        self.stages = [stage.pk for stage in Stage.objects.order_by("order")]
        self.groups = {self.new_contact(): self.some_group() for _ in range(contacts)}
        self.stamps = sorted(self.some_moment() for _ in range(rewritings))
        self.stamps = [stamp + timedelta(microseconds=place) for place, stamp in enumerate(self.stamps)]
        for stamp in self.stamps:
            self.rewrite(self.chance.choice(list(self.groups)), stamp)
        self.count()

    def count(self) -> None:
        """Positions and their counts, as the fold would have left them."""
        Position.objects.all().delete()
        StageCount.objects.all().delete()
        standing: Counter[tuple[int, int, int, int, bool]] = Counter()
        for contact in self.groups:
            ends = {row.dimension: row for row in Transition.objects.filter(contact=contact).live().order_by("seq")}
            if STAGE not in ends or ends[STAGE].to_value is None:
                Position.objects.create(contact_id=contact)
                continue
            health = ends[HEALTH].to_value if HEALTH in ends else None
            standing_now = ends[STANDING].to_value if STANDING in ends else None
            place = ends[STAGE].to_value or 0, health or 0, standing_now or OPEN
            Position.objects.create(
                contact_id=contact,
                stage_id=place[0],
                entered_at=ends[STAGE].occurred_at,
                health=health,
                standing=place[2],
                source_id=ends[STAGE].source_id,
                is_visitor=ends[STAGE].is_visitor,
            )
            standing[(*place, ends[STAGE].source_id, ends[STAGE].is_visitor)] += 1
        names = ("stage_id", "health", "standing", "source_id", "is_visitor")
        StageCount.objects.bulk_create(
            [StageCount(**dict(zip(names, place, strict=True)), n=n) for place, n in standing.items()]
        )

    def new_contact(self) -> int:
        return Contact.objects.create(origin_source=self.sources[0]).pk

    def some_group(self) -> tuple[Source, bool]:
        return self.chance.choice(self.sources), self.chance.random() < 0.3

    def some_moment(self, after: datetime = BEGINNING, before: datetime = END) -> datetime:
        """Often a round one, so that edges are met."""
        moment = after + self.chance.random() * (before - after)
        return (
            moment
            if self.chance.random() < 0.4
            else max(after, moment.replace(hour=0, minute=0, second=0, microsecond=0))
        )

    def rewrite(self, contact: int, stamp: datetime) -> None:
        if self.chance.random() < 0.15:
            self.groups[contact] = self.some_group()
        known = list(Transition.objects.filter(contact=contact).live().order_by("seq"))
        kept = self.chance.randrange(len(known) + 1) if not self.regrouped(contact, known) else 0
        for row in known[kept:]:
            row.superseded_at = stamp
        Transition.objects.bulk_update(known, ["superseded_at"])
        self.write(contact, known[:kept], self.steps_after(known[:kept], stamp), stamp)

    def regrouped(self, contact: int, known: Sequence[Transition]) -> bool:
        source, is_visitor = self.groups[contact]
        return any((row.source_id, row.is_visitor) != (source.pk, is_visitor) for row in known)

    def steps_after(self, kept: Sequence[Transition], stamp: datetime) -> list[Step]:
        now = {row.dimension: row.to_value for row in kept}
        if kept and STAGE in now and now[STAGE] is None:
            return []  # erased: nothing moves any more
        at = kept[-1].occurred_at if kept else self.some_moment(before=stamp)
        steps: list[Step] = [] if kept else [(STAGE, self.stages[0], at)]
        now.setdefault(STAGE, self.stages[0])
        for _ in range(self.chance.randrange(6)):
            at = at if self.chance.random() < 0.2 else self.some_moment(at, stamp)
            dimension, to = self.some_target(now)
            if to != now.get(dimension, OPEN if dimension == STANDING else None):
                steps.append((dimension, to, at))
                now[dimension] = to
            if dimension == STAGE and to is None:
                break
        return steps

    def some_target(self, now: dict[int, int | None]) -> tuple[int, int | None]:
        roll = self.chance.random()
        if roll < 0.02:
            return STAGE, None
        if roll < 0.6:
            return STAGE, self.chance.choice(self.stages)
        if roll < 0.8:
            return HEALTH, self.chance.choice([None, 1, 2, 3])
        return STANDING, self.chance.choice([OPEN, NOT_NOW, CLOSED])

    def write(self, contact: int, kept: Sequence[Transition], steps: Sequence[Step], stamp: datetime) -> None:
        source, is_visitor = self.groups[contact]
        now = {row.dimension: row.to_value for row in kept}
        rows = []
        for seq, (dimension, to, at) in enumerate(steps, start=len(kept)):
            come_from = now.get(dimension, OPEN if dimension == STANDING else None)
            rows.append(
                Transition(
                    contact_id=contact,
                    dimension=dimension,
                    from_value=come_from,
                    to_value=to,
                    occurred_at=at,
                    recorded_at=stamp,
                    seq=seq,
                    visit=1,
                    version=1,
                    rule=RULE_START if seq == 0 else 0,
                    source_id=source.pk,
                    is_visitor=is_visitor,
                )
            )
            now[dimension] = to
        Transition.objects.bulk_create(rows)


def all_rows() -> list[Row]:
    return [Row(*row) for row in Transition.objects.values_list(*_COLUMNS)]


_COLUMNS = [name if name not in {"contact", "source"} else f"{name}_id" for name in Row._fields]
