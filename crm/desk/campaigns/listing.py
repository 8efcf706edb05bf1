"""The list of campaigns, each with what came of it in the period."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Campaign, Channel, Question, Way
from campaigns.outcome import Gates, Outcome, outcomes
from campaigns.reading import campaigns_listed
from campaigns.results import credited, spent
from campaigns.spreading import each
from campaigns.strategy import counted
from crm.desk.campaigns.words import BANDS, CHANNEL_ICONS, CHANNELS, money
from funnel.models import Stage
from funnel.pacing import today_of
from funnel.pictures import Picture, path_in, sees_everyone
from funnel.spans import Days
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Row:
    campaign: Campaign
    outcome: Outcome
    band: str
    channel: str
    icon: str
    gate: Stage
    place: int
    won: int
    cost: str
    each: str
    revenue: str
    is_running: bool


def rows_of(principal: Principal, days: int, way: Way, *, put_away: bool) -> Sequence[Row]:
    """Those in use, or those put away; the running ones first, in order of their names."""
    picture = Picture.now()
    period = Days(today_of(picture) - days + 1, today_of(picture))
    shown = campaigns_listed(put_away=put_away)
    lines = credited(picture, principal, [period], way, keys=[one.key for one in shown])
    gates = Gates(path_in(picture))
    found = outcomes(gates, shown, lines, spent(picture, [period]), 0)
    everybody, today = sees_everyone(principal), timezone.localdate()
    rows = [_row(one, found[one.key], gates, one.is_running(today), everybody) for one in shown]
    return sorted(rows, key=lambda row: (not row.is_running, row.campaign.name.casefold()))


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


def _row(campaign: Campaign, outcome: Outcome, gates: Gates, is_running: bool, everybody: bool) -> Row:
    gate = gates.gate(campaign)
    won = counted(campaign.question, outcome.over(gate))
    cost_each = each(outcome.spent, won) if everybody and outcome.spent else None
    return Row(
        campaign=campaign,
        outcome=outcome,
        band=str(BANDS[Question(campaign.question)]),
        channel=str(CHANNELS[Channel(campaign.channel)]),
        icon=CHANNEL_ICONS[Channel(campaign.channel)],
        gate=gate,
        place=gates.rank(gate.pk),
        won=won,
        cost=money(outcome.spent, campaign.currency) if outcome.spent else "",
        each="" if cost_each is None else money(cost_each, campaign.currency),
        revenue=money(outcome.income, campaign.currency) if outcome.income else "",
        is_running=is_running,
    )
