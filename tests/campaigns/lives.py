"""Lives in which campaigns touch people, and what their events are credited with, recounted from plain rows."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from django.utils import timezone

from campaigns.attribution import TOUCHED, Credited, Move, Order, Touch, credits_of
from campaigns.models import CampaignDay, Credit, Way
from contacts.models import Contact, Event, Merge
from funnel.models import Transition
from funnel.spans import number_of
from tests.factories import make_message, record
from tests.funnel.test_figures_of_worlds import TYPES, Life

KEYS = ("spring", "fair", "search", None, None)
Day = tuple[Any, ...]


class TouchedLife(Life):
    """The same, and many events carry a campaign's key; money goes back in part, in full, and without a sum."""

    def event(self) -> None:
        kind = self.chance.choice(TYPES)
        money: dict[str, Any] = {}
        if kind.startswith("order"):
            money = {
                "value_minor": self.chance.choice([1000, 2500, 990]),
                "currency": self.chance.choice(["EUR", "SEK"]),
            }
        if kind == "order_refunded" and self.chance.random() < 0.4:
            money = {}
        properties = {"until": self.some_day().isoformat()} if kind == "postponed" else {}
        said: dict[str, Any] = {"occurred_at": self.some_day(), "campaign": self.chance.choice(KEYS)}
        message = make_message(kind, self.some_contact(), properties=properties, **said, **money)
        record(self.chance.choice(self.sources), message)

    def freeze(self) -> None:
        """Whoever is erased is not folded again; here their events would go on."""


def recounted(*, as_of: datetime | None = None, known_on: datetime | None = None) -> Counter[Day]:
    """All that is credited, by the words of campaigns.attribution: by contact; now, or as it was known."""
    leaders = leaders_as_known(known_on)
    touches: dict[int, list[Touch]] = defaultdict(list)
    orders: dict[int, list[Order]] = defaultdict(list)
    moves: dict[int, list[Move]] = defaultdict(list)
    visitors: dict[int, bool] = {}
    for event in Event.objects.select_related("type"):
        if not seen(event.occurred_at, event.recorded_at, event.retracted_at, as_of, known_on):
            continue
        place = (event.occurred_at, event.rank, event.key.hex)
        if event.campaign_key:
            touches[leaders[event.contact_id]].append(Touch(place, event.campaign_key))
        if event.type.key in ("order_completed", "order_refunded"):
            is_refund = event.type.key == "order_refunded"
            orders[leaders[event.contact_id]].append(Order(place, is_refund, event.value_minor, event.currency or ""))
    for move in Transition.objects.filter(dimension=0):
        if seen(move.occurred_at, move.recorded_at, move.superseded_at, as_of, known_on):
            visitors[move.contact_id] = visitors.get(move.contact_id, False) or move.is_visitor
            if move.to_value:
                moves[move.contact_id].append(Move(move.occurred_at, move.from_value or 0, move.to_value))
    found: Counter[Day] = Counter()
    for leader, its in touches.items():
        for one in credits_of(its, moves[leader], orders[leader]):
            if leader in visitors:
                found[leader, *flat(one), visitors[leader]] += 1
    return found


def seen(at: datetime, recorded: datetime, ended: datetime | None, as_of: Any, known_on: Any) -> bool:
    if known_on is None:
        return ended is None
    return at <= as_of and recorded <= known_on and (ended is None or ended > known_on)


def leaders_as_known(known_on: datetime | None) -> dict[int, int]:
    leaders = {contact: contact for contact in Contact.objects.values_list("pk", flat=True)}
    for merge in Merge.objects.all():
        if seen(merge.recorded_at, merge.recorded_at, merge.cut_at, known_on or merge.recorded_at, known_on):
            both = {leaders[merge.older_id], leaders[merge.newer_id]}
            leaders |= {contact: min(both) for contact, leader in leaders.items() if leader in both}
    return leaders


def flat(one: Credited) -> tuple[Any, ...]:
    ends = (one.first.campaign, one.last.campaign, one.first.place[0], one.last.place[0])
    return (one.kind, one.at, *ends, one.from_stage, one.to_stage, one.value, one.currency)


def kept() -> Counter[Day]:
    names = ("contact_id", "kind", "at", "first_key", "last_key", "first_at", "last_at")
    more = ("from_stage", "to_stage", "value_minor", "currency", "is_visitor")
    return Counter(Credit.objects.values_list(*names, *more))


def days_of(credited: Counter[Day]) -> dict[Day, tuple[int, int]]:
    """The counts by the day and by the week that these credits come to."""
    found: dict[Day, list[int]] = defaultdict(lambda: [0, 0])
    for (_who, kind, at, first, last, _fat, _lat, from_, to, value, currency, visitor), n in credited.items():
        day = number_of(timezone.localtime(at).date())
        ways = [(Way.EITHER, first)] if kind == TOUCHED else [(Way.FIRST, first), (Way.LAST, last)]
        for way, key in ways:
            for level, block in ((0, day), (1, day // 7)):
                one = found[int(way), level, block, key, kind, from_, to, currency, visitor]
                one[0] += n
                one[1] += n * value
    return {key: (n, value) for key, (n, value) in found.items() if n or value}


def kept_days() -> dict[Day, tuple[int, int]]:
    fields = ("way", "level", "block", "campaign_key", "kind", "from_stage", "to_stage", "currency", "is_visitor")
    rows = CampaignDay.objects.values_list(*fields, "n", "value_minor")
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows if row[-2] or row[-1]}
