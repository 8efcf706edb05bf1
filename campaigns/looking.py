"""What came of one campaign: both ways of crediting, the period and the one before, and how it went meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from campaigns.models import Campaign, Way
from campaigns.outcome import Gates, Outcome, outcome_of
from campaigns.results import Line, credited, spent
from funnel.pacing import today_of
from funnel.pictures import Path, Picture, path_in
from funnel.spans import Days, day_of
from staff.policy import Principal

WEEKLY_FROM = 90  # days


@dataclass(frozen=True, slots=True)
class Point:
    """A day, or the days from this one on, of the period."""

    day: date
    outcomes: Mapping[Way, Outcome]


@dataclass(frozen=True, slots=True)
class Results:
    path: Path
    since: date
    until: date
    weekly: bool
    now: Mapping[Way, Outcome]
    before: Mapping[Way, Outcome]
    points: Sequence[Point]


def results_of(campaign: Campaign, picture: Picture, principal: Principal, *, days: int) -> Results:
    last = today_of(picture)
    period = Days(last - days + 1, last)
    each = 7 if days >= WEEKLY_FROM else 1
    parts = [Days(first, min(first + each - 1, last)) for first in range(period.first, last + 1, each)]
    spans = [period, period.before(), *parts]
    gates = Gates(path_in(picture))
    costs = spent(picture, spans, campaign.pk)
    by_way = {way: credited(picture, principal, spans, way, keys=[campaign.key]) for way in (Way.FIRST, Way.LAST)}

    def outcomes(place: int) -> dict[Way, Outcome]:
        cost = costs.get((place, campaign.pk), 0)
        return {way: _of(lines, place, gates, campaign, cost) for way, lines in by_way.items()}

    points = [Point(day_of(part.first), outcomes(place)) for place, part in enumerate(parts, start=2)]
    return Results(gates.path, day_of(period.first), day_of(last), each > 1, outcomes(0), outcomes(1), points)


def _of(lines: Sequence[Line], place: int, gates: Gates, campaign: Campaign, cost: int) -> Outcome:
    mine = [line for line in lines if line.place == place]
    return outcome_of(gates, mine, currency=campaign.currency, spent=cost)
