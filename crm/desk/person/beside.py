"""What stands beside the timeline in figures: health as a line, the score item by item, orders and their value."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from contacts.messages import major_units
from contacts.models import Event, EventType
from funnel.decay import decayed
from funnel.explaining import Known
from funnel.models import Dimension, Health, Position, Transition
from funnel.moments import DAY
from funnel.reading import moment_of

WIDTH: Final = 290  # of the line of health, in the units of its drawing
MOST_EVENTS: Final = 5000  # that are counted by type; whoever has more has the newest counted
MOST_ITEMS: Final = 8
ORDERS_SHOWN: Final = 5
SOON: Final = timedelta(days=14)


# --- How much happened, by type and day -------------------------------------------------------------------------------

_COUNTS: Final = """
SELECT type_id, floor(extract(epoch FROM occurred_at) / 86400)::int AS day, count(*)
  FROM (SELECT type_id, occurred_at FROM contacts_event
         WHERE contact_id = ANY(%s::bigint[]) AND retracted_at IS NULL
         ORDER BY occurred_at DESC LIMIT %s) AS newest
 GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """The standing events of a person by type and UTC day."""

    by_day: Mapping[tuple[str, int], int]

    def by_type(self) -> dict[str, int]:
        counted: dict[str, int] = {}
        for (type_, _day), number in self.by_day.items():
            counted[type_] = counted.get(type_, 0) + number
        return counted


def counts_of(member_ids: Collection[int], types: Mapping[int, EventType]) -> Counts:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [list(member_ids), MOST_EVENTS])
        return Counts({(types[type_id].key, day): number for type_id, day, number in cursor.fetchall()})


# --- Score ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """What one type of event gives today. The points of the rest, without a type, are those of long ago."""

    type: EventType | None
    number: int
    points: float
    width: int  # of its bar, of 60
    was: int  # points on the day itself, all together


def score_items(counts: Counts, known: Known, types: Mapping[int, EventType], total: float) -> list[Item]:
    """The types that make up the score, the heaviest first; what little is missing of the total comes last."""
    today, factors = known.now // DAY, known.playbook.factors
    now: dict[str, int] = {}
    was: dict[str, int] = {}
    for (type_, day), number in counts.by_day.items():
        points = known.playbooks.at(min((day + 1) * DAY - 1, known.now)).points.get(type_, 0) * number
        if points:
            now[type_] = now.get(type_, 0) + decayed(points, max(0, today - day), factors)
            was[type_] = was.get(type_, 0) + points
    numbers, by_key = counts.by_type(), {type_.key: type_ for type_ in types.values()}
    heaviest = max([abs(points) for points in now.values()], default=0) or 1
    items = [
        Item(by_key[key], numbers[key], points / 1000, round(60 * abs(points) / heaviest), was[key] // 1000)
        for key, points in sorted(now.items(), key=lambda item: -abs(item[1]))
        if round(points / 1000, 1)
    ]
    rest = total - sum(item.points for item in items[:MOST_ITEMS])
    if round(rest):
        return [*items[:MOST_ITEMS], Item(None, 0, rest, min(60, round(60_000 * abs(rest) / heaviest)), 0)]
    return items[:MOST_ITEMS]


# --- Orders -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount of money, for the filter `money`."""

    value_minor: int
    currency: str

    @property
    def is_whole(self) -> bool:
        return major_units(self.value_minor, self.currency) % 1 == 0


@dataclass(frozen=True, slots=True)
class OrderLine:
    event: Event
    is_kept: bool
    refunded: Sum | None
    number: str


@dataclass(frozen=True, slots=True)
class Orders:
    """What was bought and kept, by currency, and the newest orders."""

    kept: int
    refunded: int
    sums: Sequence[Sum]
    lines: Sequence[OrderLine]


def orders_of(member_ids: Collection[int], known: Known | None, counts: Counts) -> Orders:
    numbers = counts.by_type()
    if not numbers.get("order_completed"):
        return Orders(0, 0, [], [])
    kept = {order.id: order for order in known.state.orders} if known else {}
    sums: dict[str, int] = {}
    for order in kept.values():
        if order.value is not None and order.currency:
            sums[order.currency] = sums.get(order.currency, 0) + order.value - order.refunded
    events = Event.objects.standing().filter(contact_id__in=member_ids, type__key="order_completed")
    newest = list(events.select_related("source").order_by("-occurred_at")[:ORDERS_SHOWN])
    lines = [
        OrderLine(
            event,
            event.pk in kept or known is None,
            _came_back(kept[event.pk].refunded, event) if event.pk in kept else None,
            str(event.properties.get("order_id") or ""),
        )
        for event in newest
    ]
    gone = numbers["order_completed"] - len(kept) if known else 0
    return Orders(len(kept), max(0, gone), [Sum(value, currency) for currency, value in sorted(sums.items())], lines)


def _came_back(refunded: int, event: Event) -> Sum | None:
    return Sum(refunded, event.currency) if refunded and event.currency else None


# --- Health -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HealthLine:
    """The time since the last kept order, drawn up to when somebody lapses; what the times are not known of is not."""

    days: int
    last_order_at: datetime
    cools_at: datetime | None
    lapses_at: datetime | None
    usual_days: int
    cools_x: int
    now_x: int

    @property
    def cool_width(self) -> int:
        return WIDTH - self.cools_x

    @property
    def is_soon(self) -> bool:
        """Whether somebody should act: they cool within two weeks."""
        return self.cools_at is not None and self.cools_at < timezone.now() + SOON


def health_line(position: Position, known: Known | None, moves: Sequence[Transition]) -> HealthLine | None:
    newest = known.state.orders.newest if known else None
    if known is None or newest is None or position.health is None:
        return None
    last, now = moment_of(newest.at), timezone.now()
    cools_at, lapses_at = known.when("health", "cooling"), known.when("health", "lapsed")
    usual = timedelta(seconds=known.state.orders.usual_interval or 0)
    end = max([now, *(at for at in (cools_at, lapses_at) if at)])
    whole = max(end - last, timedelta(days=1))
    cooled = cools_at or _cooled_at(moves, last)
    return HealthLine(
        days=(now - last).days,
        last_order_at=last,
        cools_at=cools_at,
        lapses_at=lapses_at,
        usual_days=-(-int(usual.total_seconds()) // 86_400),
        cools_x=min(WIDTH, max(0, round(WIDTH * ((cooled or end) - last) / whole))),
        now_x=min(WIDTH - 8, max(8, round(WIDTH * (now - last) / whole))),
    )


def _cooled_at(moves: Sequence[Transition], since: datetime) -> datetime | None:
    """When somebody who cools, or has lapsed, began to."""
    cooled = [
        move.occurred_at
        for move in moves
        if move.dimension == Dimension.HEALTH and move.to_value != Health.ACTIVE and move.occurred_at > since
    ]
    return min(cooled, default=None)
