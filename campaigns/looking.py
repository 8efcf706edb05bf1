"""What came of one campaign: both ways of crediting, the period and the one before, and how it went meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from campaigns.models import Campaign, Way
from campaigns.outcome import Gates, Outcome, outcome_of
from campaigns.reading import Sheet, sheet_of
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
    spans = spans_of(picture, days, way)
    costs = {place: total for (place, _pk), total in spent(picture, spans, campaign.pk).items()}
    return _results(campaign, picture, principal, spans, Gates(path_in(picture)), costs, way)


def sheet_with_results(
    campaign_id: int, principal: Principal, *, days: int, way: Way, most: int
) -> tuple[Sheet, Results] | None:
    """The same of now, with all that the page of a campaign shows beside it; `most` of its costs."""
    picture = Picture.now()
    spans = spans_of(picture, days, way)
    sheet = sheet_of(campaign_id, picture, spans, most=most)
    if sheet is None:
        return None
    return sheet, _results(sheet.campaign, picture, principal, spans, Gates(sheet.path), sheet.spent, way)


def spans_of(picture: Picture, days: int, way: Way | None) -> list[Days]:
    """The period, the one before it, and the days or weeks of the period where they are told."""
    last = today_of(picture)
    period = Days(last - days + 1, last)
    each = 7 if days >= WEEKLY_FROM else 1
    firsts = range(period.first, last + 1, each) if way is not None else ()
    return [period, period.before(), *(Days(first, min(first + each - 1, last)) for first in firsts)]


def _results(
    campaign: Campaign,
    picture: Picture,
    principal: Principal,
    spans: Sequence[Days],
    gates: Gates,
    costs: Mapping[int, int],
    way: Way | None,
) -> Results:
    period, _period_before, *parts = spans
    whole = {one: spans if one == way else spans[:2] for one in (Way.FIRST, Way.LAST)}
    by_way = credited_by(picture, principal, whole, keys=[campaign.key])
    by_place = {one: _by_place(lines) for one, lines in by_way.items()}

    def outcome(one: Way, place: int) -> Outcome:
        lines = by_place[one].get(place, ())
        return outcome_of(gates, lines, currency=campaign.currency, spent=costs.get(place, 0))

    now, before = ({one: outcome(one, place) for one in by_place} for place in (0, 1))
    points = [Point(day_of(part.first), outcome(way, place)) for place, part in enumerate(parts, start=2) if way]
    is_weekly = period.last - period.first + 1 >= WEEKLY_FROM
    return Results(gates.path, day_of(period.first), day_of(period.last), is_weekly, now, before, points)


def _by_place(lines: Sequence[Line]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    for line in lines:
        found.setdefault(line.place, []).append(line)
    return found
