"""What came of one campaign: both ways of crediting, the period and the one before, and how it went meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from campaigns.models import Campaign, Way
from campaigns.outcome import Gates, Outcome, outcome_of
from campaigns.results import Line, credited_by, spent
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
    by_way = credited_by(picture, principal, spans, (Way.FIRST, Way.LAST), keys=[campaign.key])
    by_place = {way: _by_place(lines) for way, lines in by_way.items()}

    def outcomes(place: int) -> dict[Way, Outcome]:
        cost, code = costs.get((place, campaign.pk), 0), campaign.currency
        return {
            way: outcome_of(gates, lines.get(place, ()), currency=code, spent=cost) for way, lines in by_place.items()
        }

    points = [Point(day_of(part.first), outcomes(place)) for place, part in enumerate(parts, start=2)]
    return Results(gates.path, day_of(period.first), day_of(last), each > 1, outcomes(0), outcomes(1), points)


def _by_place(lines: Sequence[Line]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    for line in lines:
        found.setdefault(line.place, []).append(line)
    return found
