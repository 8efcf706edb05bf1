"""Campaigns beside each other: what came of each in a period, and how its budget stands."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from campaigns.models import Campaign, Way
from campaigns.outcome import Gates, Outcome, outcomes
from campaigns.reading import beside_list, campaigns_listed
from campaigns.results import credited
from campaigns.spreading import each
from campaigns.strategy import counted
from funnel.models import Stage
from funnel.pacing import today_of
from funnel.pictures import Picture, sees_everyone
from funnel.spans import Days
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Compared:
    """`won` came over its `gate`; `written_down` are all of its costs, of whatever days.

    Quotients are told only of everybody: the cost is not shared out over those whom somebody sees.
    """

    campaign: Campaign
    outcome: Outcome
    gate: Stage
    place: int  # of the gate on the path
    won: int
    written_down: int
    is_running: bool
    of_everybody: bool

    def shared(self, people: int) -> int | None:
        return each(self.outcome.spent, people) if self.of_everybody and self.outcome.spent else None

    @property
    def each(self) -> int | None:
        return self.shared(self.won)

    @property
    def roi(self) -> float | None:
        return self.outcome.roi if self.of_everybody else None


def compare(principal: Principal, *, days: int, way: Way, put_away: bool = False) -> list[Compared]:
    """Those in use, or those put away; the running ones first, in order of their names."""
    picture = Picture.now()
    period = Days(today_of(picture) - days + 1, today_of(picture))
    shown = campaigns_listed(put_away=put_away)
    lines = credited(picture, principal, [period], way, keys=[one.key for one in shown])
    path, costs, sums = beside_list(picture, [period])
    gates = Gates(path)
    found = outcomes(gates, shown, lines, costs, 0)
    everybody, today = sees_everyone(principal), timezone.localdate()
    rows = [_compared(one, found[one.key], gates, sums.get(one.pk, 0), everybody, today) for one in shown]
    return sorted(rows, key=lambda row: (not row.is_running, row.campaign.name.casefold()))


def _compared(one: Campaign, outcome: Outcome, gates: Gates, sum_: int, everybody: bool, today: date) -> Compared:
    gate = gates.gate(one)
    won = counted(one.question, outcome.over(gate))
    return Compared(one, outcome, gate, gates.rank(gate.pk), won, sum_, one.is_running(today), everybody)
