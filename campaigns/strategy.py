"""The three questions side by side: who was won, at what cost, by which campaigns, and what nobody works on.

Every figure and every gap follows from the data by fixed rules, which docs/campaigns.md says in words.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from django.utils import timezone

from campaigns.models import Campaign, Channel, Question, Way
from campaigns.models.plan import EURO
from campaigns.outcome import Gates, Outcome, Won, outcomes
from campaigns.reading import COUNTED, Beside, beside_strategy, every_campaign
from campaigns.results import credited, spent
from campaigns.spreading import each, part_of
from contacts.models import Contact
from funnel.models import Pace, Phase, Position, Stage, Standing
from funnel.pacing import Span, Walks, Whose, today_of
from funnel.pictures import Path, Picture, sees_everyone
from funnel.spans import Days, day_of
from funnel.walks import Going, leak_beside

PERIODS: Final = (7, 30, 90, 365)
POINTS: Final = 7  # of the trend
SILENT_AFTER: Final = timedelta(days=14)
STANDS_LONG: Final = timedelta(days=60)
DEARER: Final = 1.2  # times the cost of the period before
LEAST_WON: Final = 5  # before a cost each is compared
NOW, BEFORE = 0, 1


@dataclass(frozen=True, slots=True)
class Card:
    """A campaign in its column: whom it brought over its step, at what cost, and since when it has been silent."""

    campaign: Campaign
    outcome: Outcome
    won: int
    share: float  # of all its question won, per cent
    each: int | None
    is_running: bool
    silent_since: date | None


@dataclass(frozen=True, slots=True)
class Gap:
    """What asks for a campaign. `kind` is question, step or leak; `people` stand before it (a thousand at most)."""

    kind: str
    question: str
    from_stage: Stage
    to_stage: Stage
    people: int = 0
    missing: int = 0  # of a leak: those who would have gone on at the rate of the period before


@dataclass(frozen=True, slots=True)
class Column:
    question: Question
    gate: Stage
    before_gate: Stage
    steps: Sequence[Stage]
    won: Won
    won_before: Won
    count: int
    count_before: int
    spent: int
    spent_before: int
    trend: Sequence[int]
    cards: Sequence[Card]
    gaps: Sequence[Gap]

    @property
    def each(self) -> int | None:
        return each(self.spent, self.count) if self.spent else None

    @property
    def each_before(self) -> int | None:
        return each(self.spent_before, self.count_before) if self.spent_before else None

    @property
    def got_dearer(self) -> bool:
        now, before = self.each, self.each_before
        is_told = min(self.count, self.count_before) >= LEAST_WON
        return bool(now and before and is_told and now >= DEARER * before)

    @property
    def is_worked_on(self) -> bool:
        return not any(gap.kind == "question" for gap in self.gaps)


@dataclass(frozen=True, slots=True)
class Money:
    """In one currency, that of most campaigns; what was spent in others stands beside it."""

    currency: str
    spent: int
    planned: int
    by_channel: Mapping[str, int]
    orders_by_channel: Mapping[str, int]
    others: Mapping[str, int]
    customers: int
    worth: int | None  # what those who are customers have bought for, each

    @property
    def per_customer(self) -> int | None:
        return each(self.spent, self.customers) if self.spent else None


@dataclass(frozen=True, slots=True)
class Strategy:
    path: Path
    days: int
    until: date
    way: Way
    columns: Sequence[Column]
    money: Money
    leak: Going | None
    after_leak: Stage | None
    of_everybody: bool  # else the figures are of the people one sees, and costs are not shared out over them

    @property
    def unanswered(self) -> list[Column]:
        return [column for column in self.columns if not column.is_worked_on]

    @property
    def dearer(self) -> Column | None:
        return next((column for column in self.columns if column.got_dearer), None)


def strategy(picture: Picture, whose: Whose, *, days: int, way: Way = Way.LAST) -> Strategy:
    """The period are the `days` that end with the picture's; costs of campaigns in other currencies stand apart."""
    period = Days(today_of(picture) - days + 1, today_of(picture))
    path, leak, moves = leak_beside(picture, whose, _asked(period), days=days)
    until, after_leak = day_of(period.last), path.stages[leak.place] if leak else None
    spans = [period, period.before()]
    campaigns = every_campaign()
    currency = main_currency(campaigns)
    beside = _beside(picture, path, spans, currency, leak)
    lines = credited(picture, whose.principal, spans, way, among=whose.among)
    gates = Gates(path)
    crossed = _crossed(moves, gates)
    everybody = sees_everyone(whose.principal) and not whose.among
    now, before = (outcomes(gates, campaigns, lines, beside.spent, place) for place in (NOW, BEFORE))
    silent = _silent(beside.touched, until) if picture.live else {}
    drawn = [
        _column(question, gates, campaigns, now, before, crossed, currency, until, silent, everybody)
        for question in Question
    ]
    columns = _with_leak(drawn, leak, after_leak, beside.stand_long if whose.is_of_all else _stand_long(leak, whose))
    worth = _worth(beside.bought) if everybody else None
    money = _money(campaigns, now, currency, period, crossed[Question.KEEP][NOW].people, worth)
    return Strategy(path, days, until, way, columns, money, leak, after_leak, everybody)


def _beside(picture: Picture, path: Path, spans: Sequence[Days], currency: str, leak: Going | None) -> Beside:
    """Of a picture of the past the costs are those that were known then."""
    customers = [stage.pk for stage in path.stages if stage.phase == Phase.CUSTOMER]
    long_ago = timezone.now() - STANDS_LONG
    found = beside_strategy(
        spans,
        customers=customers,
        currency=currency,
        leak=leak.stage.pk if leak else None,
        since=long_ago,
    )
    return found if picture.live else found._replace(spent=spent(picture, spans))


def _asked(period: Days) -> list[Span]:
    """People, then visitors: the period, the one before, and the period in as many parts as the trend has points."""
    spans = [period, period.before(), *_parts(period)]
    return [Span(Pace.MOVED, span, visitors=visitors) for visitors in (False, True) for span in spans]


def _parts(period: Days) -> list[Days]:
    length = period.last - period.first + 1
    points = min(POINTS, length)
    edges = [period.first + length * point // points for point in range(points + 1)]
    return [Days(first, after - 1) for first, after in pairwise(edges)]


def _crossed(moves: Sequence[Walks], gates: Gates) -> dict[str, list[Won]]:
    """By question: who came over its gate, in the period, in the one before, and in each part."""
    half = len(moves) // 2
    return {
        question: [
            Won(*(_over(gates, gates.of(question), walks) for walks in pair))
            for pair in zip(moves[:half], moves[half:], strict=True)
        ]
        for question in Question.values
    }


def _over(gates: Gates, gate: Stage, walks: Walks) -> int:
    rank, ranks = gates.rank(gate.pk), gates.ranks
    return sum(n for moved, n in walks.items() if ranks.get(moved[1], 0) < rank <= ranks.get(moved[2], 0))


def counted(question: str, won: Won) -> int:
    """Strangers are met before we know them: visitors count there, and nowhere else."""
    return won.all if question == Question.REACH else won.people


def _column(
    question: Question,
    gates: Gates,
    campaigns: Iterable[Campaign],
    now: Mapping[str, Outcome],
    before: Mapping[str, Outcome],
    crossed: Mapping[str, Sequence[Won]],
    currency: str,
    today: date,
    silent: Mapping[str, date],
    everybody: bool,
) -> Column:
    mine = [one for one in campaigns if one.question == question]
    paid = [one.key for one in mine if one.currency == currency] if everybody else []
    won, won_before, *trend = crossed[question]
    cards = [_card(one, now[one.key], gates, counted(question, won), today, silent, everybody) for one in mine]
    shown = [card for card in cards if card.is_running or card.won or card.outcome.spent]
    gate = gates.of(question)
    return Column(
        question=question,
        gate=gate,
        before_gate=_before(gates, gate),
        steps=gates.steps(question),
        won=won,
        won_before=won_before,
        count=counted(question, won),
        count_before=counted(question, won_before),
        spent=sum(now[key].spent for key in paid),
        spent_before=sum(before[key].spent for key in paid),
        trend=[counted(question, one) for one in trend],
        cards=sorted(shown, key=lambda card: (-card.won, card.campaign.name)),
        gaps=_gaps(question, gates, mine, today),
    )


def _before(gates: Gates, stage: Stage) -> Stage:
    stages = gates.path.stages
    return stages[max(gates.rank(stage.pk) - 2, 0)]


def _card(
    campaign: Campaign,
    outcome: Outcome,
    gates: Gates,
    of: int,
    today: date,
    silent: Mapping[str, date],
    everybody: bool,
) -> Card:
    won = counted(campaign.question, outcome.over(gates.gate(campaign)))
    return Card(
        campaign=campaign,
        outcome=outcome,
        won=won,
        share=min(100 * won / of, 100) if of else 0,
        each=each(outcome.spent, won) if everybody else None,
        is_running=campaign.is_running(today),
        silent_since=silent.get(campaign.key) if campaign.is_running(today) else None,
    )


def _gaps(question: Question, gates: Gates, campaigns: Iterable[Campaign], today: date) -> list[Gap]:
    """A question nobody works on; else each of its steps that no running campaign of it is for."""
    running = [one for one in campaigns if one.is_running(today)]
    gate = gates.of(question)
    if not running:
        return [Gap("question", question, _before(gates, gate), gate)]
    worked = {one.stage_id for one in running}
    if None in worked:
        return []
    return [
        Gap("step", question, _before(gates, step), step) for step in gates.steps(question) if step.pk not in worked
    ]


def _with_leak(columns: Sequence[Column], leak: Going | None, after: Stage | None, stand_long: int) -> Sequence[Column]:
    if not leak or not after:
        return columns
    home = next((one for one in columns if after in one.steps), columns[-1])
    gap = Gap("leak", home.question, leak.stage, after, stand_long, leak.missing)
    with_gap = {name: getattr(home, name) for name in Column.__slots__} | {"gaps": [gap, *home.gaps]}
    return [Column(**with_gap) if one is home else one for one in columns]


def _stand_long(leak: Going | None, whose: Whose) -> int:
    """Of the people one sees."""
    if not leak:
        return 0
    positions = Position.objects.people().exclude(standing=Standing.CLOSED).filter(stage_id=leak.stage.pk)
    positions = positions.filter(contact__in=Contact.objects.visible_to(whose.principal).filter(whose.among))
    return positions.filter(entered_at__lt=timezone.now() - STANDS_LONG).values("pk")[:COUNTED].count()


def _silent(touched: Mapping[str, datetime], today: date) -> dict[str, date]:
    found = {key: timezone.localtime(at).date() for key, at in touched.items()}
    return {key: day for key, day in found.items() if today - day > SILENT_AFTER}


def main_currency(campaigns: Iterable[Campaign]) -> str:
    used = Counter(one.currency for one in campaigns)
    return min(used, key=lambda code: (-used[code], code)) if used else EURO


def _money(
    campaigns: Sequence[Campaign],
    now: Mapping[str, Outcome],
    currency: str,
    period: Days,
    customers: int,
    worth: int | None,
) -> Money:
    mine = [one for one in campaigns if one.currency == currency]
    others: Counter[str] = Counter()
    for one in campaigns:
        if one.currency != currency and now[one.key].spent:
            others[one.currency] += now[one.key].spent
    return Money(
        currency=currency,
        spent=sum(now[one.key].spent for one in mine),
        planned=sum(planned(one, period) for one in mine),
        by_channel={channel: sum(now[one.key].spent for one in mine if one.channel == channel) for channel in Channel},
        orders_by_channel={
            channel: sum(now[one.key].orders for one in campaigns if one.channel == channel) for channel in Channel
        },
        others=others,
        customers=customers,
        worth=worth,
    )


def planned(campaign: Campaign, period: Days) -> int:
    """What falls on the period of a budget, shared out over the days of its campaign; without both dates nothing."""
    if not (campaign.budget_minor and campaign.starts_on and campaign.ends_on):
        return 0
    days = {"since": day_of(period.first), "until": day_of(period.last)}
    return part_of(campaign.budget_minor, campaign.starts_on, campaign.ends_on, **days)


def _worth(bought: tuple[int, int]) -> int | None:
    people, value = bought
    return each(value, people) if value > 0 else None
