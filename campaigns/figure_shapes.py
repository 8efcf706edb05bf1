"""What the addresses of costs, links and results answer and take."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from campaigns.cost_files import Plan
from campaigns.linking import long_address
from campaigns.models import Cost, Link
from campaigns.outcome import Outcome, Won
from campaigns.serializers import money
from campaigns.strategy import Card, Column, Gap, Strategy
from contacts.event_api import MoneyShape


class CostShape(msgspec.Struct):
    """So much over the days from `first_on` to `last_on`; `file` is the export it was read from."""

    id: int
    first_on: date
    last_on: date
    cost: MoneyShape | None
    note: str
    file: int | None
    recorded_at: datetime
    withdrawn_at: datetime | None


class LinkShape(msgspec.Struct):
    """`short` is ours and leads to `address`; `left_out` are openings by machines."""

    id: int
    token: str
    short: str
    address: str
    source: str
    medium: str
    term: str
    content: str
    clicks: int
    left_out: int


class WonShape(msgspec.Struct):
    people: int
    visitors: int


class StepWonShape(msgspec.Struct):
    """Who came to the stage, or beyond it, from before it."""

    stage: str
    people: int
    visitors: int


class OutcomeShape(msgspec.Struct):
    """`roi` is what came back beyond the cost, for each unit of it; what cannot be said is null."""

    touched: WonShape
    moved: list[StepWonShape]
    leads: int
    customers: int
    orders: int
    refunds: int
    revenue: list[MoneyShape]
    cost: MoneyShape | None
    cost_per_lead: MoneyShape | None
    cost_per_customer: MoneyShape | None
    roi: float | None


class ResultsShape(msgspec.Struct):
    campaign: str
    way: str
    live: bool
    since: date
    until: date
    now: OutcomeShape
    before: OutcomeShape


class CampaignCardShape(msgspec.Struct):
    campaign: str
    won: int
    cost: MoneyShape | None
    cost_each: MoneyShape | None
    is_running: bool
    silent_since: date | None


class GapShape(msgspec.Struct, rename={"from_": "from"}):
    """`question`: no campaign runs for it; `step`: none for this step; `leak`: the path leaks there."""

    kind: str
    from_: str
    to: str
    people: int
    missing: int


class QuestionShape(msgspec.Struct):
    question: str
    stage: str
    won: int
    won_before: int
    cost: MoneyShape | None
    cost_each: MoneyShape | None
    cost_each_before: MoneyShape | None
    trend: list[int]
    campaigns: list[CampaignCardShape]
    gaps: list[GapShape]


class StrategyShape(msgspec.Struct):
    """`of_everybody` is false where the figures are of the people the caller sees: then no cost is shared out."""

    live: bool
    days: int
    until: date
    way: str
    of_everybody: bool
    questions: list[QuestionShape]
    spent: MoneyShape | None
    planned: MoneyShape | None
    spent_on: dict[str, str]
    customers: int
    cost_per_customer: MoneyShape | None


class UnusableShape(msgspec.Struct):
    line: int
    reason: str
    text: str


class CostFileShape(msgspec.Struct):
    """What a file does: costs added and changed, lines that change nothing, names that no campaign has. `replaced` are
    earlier costs of the same days that were cut otherwise, by day, week or month."""

    id: int | None
    platform: str
    applied: bool
    added: int
    changed: int
    replaced: int
    unchanged: int
    left_out: int
    passed_over: int
    totals: list[MoneyShape]
    unknown: list[str]
    unusable: list[UnusableShape]


class CostBody(serializers.Serializer[Any]):
    first_on = serializers.DateField()
    last_on = serializers.DateField(required=False, allow_null=True)
    amount = serializers.DecimalField(
        max_digits=15, decimal_places=4, min_value=Decimal("0.0001"), help_text=_("In the currency of the campaign.")
    )
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)


class CostFileBody(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200, required=False, default="costs.csv")
    text = serializers.CharField(max_length=400_000, trim_whitespace=False, help_text=_("The file, as text."))
    meaning = serializers.DictField(
        child=serializers.CharField(max_length=80, allow_blank=True),
        required=False,
        help_text=_("What the platform calls a campaign: the key of ours, or nothing to leave it out."),
    )
    dry_run = serializers.BooleanField(required=False, default=True)


class LinkBody(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=1000, help_text=_("Where the link leads: http or https."))
    source = serializers.CharField(max_length=80, help_text="utm_source")  # type: ignore[assignment]
    medium = serializers.CharField(max_length=80, help_text="utm_medium")
    term = serializers.CharField(max_length=80, required=False, allow_blank=True, help_text="utm_term")
    content = serializers.CharField(max_length=80, required=False, allow_blank=True, help_text="utm_content")


def show_cost(cost: Cost) -> CostShape:
    amount = money(cost.sum_minor, cost.campaign.currency)
    return CostShape(
        cost.pk, cost.first_on, cost.last_on, amount, cost.note, cost.file_id, cost.recorded_at, cost.withdrawn_at
    )


def show_link(link: Link, short: str, clicks: int = 0, left_out: int = 0) -> LinkShape:
    said = (link.source, link.medium, link.term, link.content)
    return LinkShape(link.pk, link.token, short, long_address(link), *said, clicks, left_out)


def show_outcome(outcome: Outcome, *, with_cost: bool) -> OutcomeShape:
    def cost(minor: int | None) -> MoneyShape | None:
        return money(minor, outcome.currency) if with_cost else None

    revenue = (money(value, currency) for currency, value in sorted(outcome.revenue.items()))
    return OutcomeShape(
        touched=_won(outcome.touched),
        moved=[StepWonShape(stage.key, *won) for stage, won in outcome.onward()],
        leads=outcome.leads,
        customers=outcome.customers,
        orders=outcome.orders,
        refunds=outcome.refunds,
        revenue=[one for one in revenue if one],
        cost=money(outcome.spent, outcome.currency),
        cost_per_lead=cost(outcome.cost_per_lead),
        cost_per_customer=cost(outcome.cost_per_customer),
        roi=None if outcome.roi is None or not with_cost else round(outcome.roi, 4),
    )


def _won(won: Won) -> WonShape:
    return WonShape(won.people, won.visitors)


def show_strategy(seen: Strategy, *, live: bool) -> StrategyShape:
    code = seen.money.currency
    return StrategyShape(
        live=live,
        days=seen.days,
        until=seen.until,
        way=seen.way.name.lower(),
        of_everybody=seen.of_everybody,
        questions=[_question(column, code) for column in seen.columns],
        spent=money(seen.money.spent, code),
        planned=money(seen.money.planned, code),
        spent_on={channel: shown.amount for channel, n in seen.money.by_channel.items() if (shown := money(n, code))},
        customers=seen.money.customers,
        cost_per_customer=money(seen.money.per_customer if seen.of_everybody else None, code),
    )


def _question(column: Column, code: str) -> QuestionShape:
    return QuestionShape(
        question=column.question.value,
        stage=column.gate.key,
        won=column.count,
        won_before=column.count_before,
        cost=money(column.spent, code),
        cost_each=money(column.each, code),
        cost_each_before=money(column.each_before, code),
        trend=list(column.trend),
        campaigns=[_card(card) for card in column.cards],
        gaps=[_gap(gap) for gap in column.gaps],
    )


def _card(card: Card) -> CampaignCardShape:
    code = card.campaign.currency
    cost = money(card.outcome.spent, code)
    return CampaignCardShape(
        card.campaign.key, card.won, cost, money(card.each, code), card.is_running, card.silent_since
    )


def _gap(gap: Gap) -> GapShape:
    return GapShape(gap.kind, gap.from_stage.key, gap.to_stage.key, gap.people, gap.missing)


def show_plan(plan: Plan, *, file: int | None) -> CostFileShape:
    totals = (money(value, currency) for currency, value in sorted(plan.total.items()))
    return CostFileShape(
        id=file,
        platform=plan.platform,
        applied=file is not None,
        added=len(plan.added),
        changed=len(plan.changed),
        replaced=len(plan.replaced),
        unchanged=plan.unchanged,
        left_out=plan.left_out,
        passed_over=plan.passed_over,
        totals=[one for one in totals if one],
        unknown=plan.unknown,
        unusable=[UnusableShape(*one) for one in plan.unusable],
    )
