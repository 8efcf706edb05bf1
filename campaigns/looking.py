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
    """A day, or the days from this one on, of the period; credited in the one way asked for."""

    day: date
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Results:
    path: Path
    since: date
    until: date
    weekly: bool
    now: Mapping[Way, Outcome]
    before: Mapping[Way, Outcome]
    points: Sequence[Point]


def results_of(
    campaign: Campaign, picture: Picture, principal: Principal, *, days: int, way: Way | None = None
) -> Results:
    """How it went meanwhile is told of one way of crediting, and not at all where none is named."""
    last = today_of(picture)
    period = Days(last - days + 1, last)
    each = 7 if days >= WEEKLY_FROM else 1
    firsts = range(period.first, last + 1, each) if way is not None else ()
    parts = [Days(first, min(first + each - 1, last)) for first in firsts]
    spans = [period, period.before(), *parts]
    gates = Gates(path_in(picture))
    costs = spent(picture, spans, campaign.pk)
    whole = {one: spans if one == way else spans[:2] for one in (Way.FIRST, Way.LAST)}
    by_way = credited_by(picture, principal, whole, keys=[campaign.key])
    by_place = {one: _by_place(lines) for one, lines in by_way.items()}

    def outcome(one: Way, place: int) -> Outcome:
        cost, lines = costs.get((place, campaign.pk), 0), by_place[one].get(place, ())
        return outcome_of(gates, lines, currency=campaign.currency, spent=cost)

    now, before = ({one: outcome(one, place) for one in by_place} for place in (0, 1))
    points = [Point(day_of(part.first), outcome(way, place)) for place, part in enumerate(parts, start=2) if way]
    return Results(gates.path, day_of(period.first), day_of(last), each > 1, now, before, points)


def _by_place(lines: Sequence[Line]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    for line in lines:
        found.setdefault(line.place, []).append(line)
    return found
