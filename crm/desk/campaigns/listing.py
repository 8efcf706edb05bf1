"""The list of campaigns, each with what came of it in the period."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.budgets import Budget, budget_of
from campaigns.comparing import Compared, compare
from campaigns.models import Campaign, Channel, Way
from campaigns.outcome import Outcome
from crm.desk.campaigns.words import CHANNEL_ICONS, CHANNELS, money
from funnel.models import Stage
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Row:
    campaign: Campaign
    outcome: Outcome
    channel: str
    icon: str
    gate: Stage
    place: int
    won: int
    cost: str
    each: str
    revenue: str
    budget: Budget | None
    is_running: bool


def rows_of(principal: Principal, days: int, way: Way, *, put_away: bool) -> Sequence[Row]:
    """Those in use, or those put away; the running ones first, in order of their names."""
    return [_row(one) for one in compare(principal, days=days, way=way, put_away=put_away)]


def headline(rows: Sequence[Row], days: int, *, everybody: bool) -> str:
    """How many run, and what all of them cost and brought in, in the currency of most."""
    n = sum(row.is_running for row in rows)
    said = ngettext("%(n)s campaign runs.", "%(n)s campaigns run.", n) % {"n": n}
    codes = Counter(row.campaign.currency for row in rows).most_common(1)
    summed = [row.outcome for row in rows if row.campaign.currency == codes[0][0]]
    cost, income = sum(one.spent for one in summed), sum(one.income for one in summed)
    if not everybody or not cost:
        return said
    sums = {"days": days, "cost": money(cost, codes[0][0]), "income": money(income, codes[0][0])}
    if income <= 0:
        return f"{said} " + _("In %(days)s days they cost %(cost)s.") % sums
    return f"{said} " + _("In %(days)s days they cost %(cost)s and brought in %(income)s.") % sums


def _row(one: Compared) -> Row:
    campaign, outcome = one.campaign, one.outcome
    plan = (campaign.budget_minor, one.written_down, campaign.starts_on, campaign.ends_on)
    return Row(
        campaign=campaign,
        outcome=outcome,
        channel=str(CHANNELS[Channel(campaign.channel)]),
        icon=CHANNEL_ICONS[Channel(campaign.channel)],
        gate=one.gate,
        place=one.place,
        won=one.won,
        cost=money(outcome.spent, campaign.currency) if outcome.spent else "",
        each="" if one.each is None else money(one.each, campaign.currency),
        revenue=money(outcome.income, campaign.currency) if outcome.income else "",
        budget=budget_of(*plan, timezone.localdate()),
        is_running=one.is_running,
    )
