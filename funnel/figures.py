"""The reports, laid out as they are answered: every stage in its place, visitors apart, sources by name."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from contacts.models import Source
from funnel import reports
from funnel.figure_shapes import (
    Conversion,
    Crowd,
    HealthCount,
    PhaseCount,
    Rate,
    SourceCrowd,
    SourceRates,
    SourceStays,
    StageCount,
    StandingCount,
    StayLengths,
    TimeInStage,
)
from funnel.metrics import CLOSED, Cohort, Group, Place, rate
from funnel.models import Phase
from funnel.names import HEALTH_NAMES, STANDING_NAMES
from funnel.pictures import Path, Picture
from staff.policy import Principal

Shown = TypeVar("Shown")
Places = Mapping[Place, int]


def summary(
    picture: Picture, principal: Principal, path: Path, *, by_source: bool
) -> tuple[Crowd, Crowd, list[SourceCrowd] | msgspec.UnsetType]:
    """People, visitors and, where asked for, both by source."""
    places = reports.places(picture, principal)

    def crowd(is_visitor: bool, source: int | None = None) -> Crowd:
        return _crowd({place: n for place, n in places.items() if _is_of(place.group, is_visitor, source)}, path)

    def of_source(source: int, name: str) -> SourceCrowd:
        return SourceCrowd(source=name, people=crowd(False, source), visitors=crowd(True, source))

    sources = {place.group.source for place in places} if by_source else None
    return crowd(False), crowd(True), _by_source(sources, of_source)


def _crowd(places: Places, path: Path) -> Crowd:
    in_stage = {stage.pk: _count({p: n for p, n in places.items() if p.stage == stage.pk}) for stage in path.stages}
    in_phase = {phase: [in_stage[stage.pk] for stage in path.stages if stage.phase == phase] for phase in Phase.values}
    in_health = {value: _count({p: n for p, n in places.items() if p.health == value}) for value in HEALTH_NAMES}
    return Crowd(
        *_count(places),
        phases=[PhaseCount(phase, *_added(counts)) for phase, counts in in_phase.items()],
        stages=[StageCount(stage.key, stage.phase, *in_stage[stage.pk]) for stage in path.stages],
        health=[HealthCount(name, *in_health[value]) for value, name in HEALTH_NAMES.items()],
        standing=[
            StandingCount(name, sum(n for place, n in places.items() if place.standing == value))
            for value, name in STANDING_NAMES.items()
        ],
    )


def _count(places: Places) -> tuple[int, int]:
    """Those on the living path, and those whose standing is closed."""
    closed = sum(n for place, n in places.items() if place.standing == CLOSED)
    return sum(places.values()) - closed, closed


def _added(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    counts = list(counts)
    return sum(living for living, _ in counts), sum(closed for _, closed in counts)


def conversions(
    picture: Picture, principal: Principal, path: Path, entries: reports.Entries, goal: str | None, *, by_source: bool
) -> list[Conversion]:
    """One line for the goal, or for each stage after the cohort's."""
    found = reports.conversions(picture, principal, entries, path)
    return [
        _conversion(stage.key, cohorts, by_source=by_source)
        for stage, cohorts in found.items()
        if goal in (None, stage.key)
    ]


def _conversion(goal: str, cohorts: Mapping[Group, Cohort], *, by_source: bool) -> Conversion:
    def rate_of(is_visitor: bool, source: int | None = None) -> Rate:
        some = [cohort for group, cohort in cohorts.items() if _is_of(group, is_visitor, source)]
        whole = Cohort(sum(one.entered for one in some), sum(one.converted for one in some))
        return Rate(whole.entered, whole.converted, rate(whole))

    def of_source(source: int, name: str) -> SourceRates:
        return SourceRates(name, people=rate_of(False, source), visitors=rate_of(True, source))

    sources = {group.source for group in cohorts} if by_source else None
    return Conversion(goal, people=rate_of(False), visitors=rate_of(True), sources=_by_source(sources, of_source))


def is_complete(picture: Picture, entries: reports.Entries) -> bool | None:
    """Whether the window of the last who entered had passed; nothing where there is no window."""
    if entries.window is None:
        return None
    return entries.last is not None and entries.last + entries.window <= picture.as_of


def time_in_stage(
    picture: Picture,
    principal: Principal,
    path: Path,
    *,
    first: datetime | None,
    last: datetime | None,
    by_source: bool,
) -> list[TimeInStage]:
    ended = reports.lengths_of_stay(picture, principal, first=first, last=last)
    if by_source:
        ended = {**ended, **reports.lengths_of_stay(picture, principal, first=first, last=last, by_source=True)}
    running = {place: n for place, n in reports.places(picture, principal).items() if place.standing != CLOSED}

    def stays(stage: int, is_visitor: bool, source: int | None = None) -> StayLengths:
        lengths = ended.get((stage, is_visitor, source), reports.NONE_ENDED)
        here = sum(n for p, n in running.items() if p.stage == stage and _is_of(p.group, is_visitor, source))
        median, p75, p90 = lengths.days
        return StayLengths(lengths.ended, median, p75, p90, here)

    def of_stage(stage: int) -> Callable[[int, str], SourceStays]:
        return lambda source, name: SourceStays(name, stays(stage, False, source), stays(stage, True, source))

    sources = {s for _, _, s in ended if s is not None} | {place.group.source for place in running}
    return [
        TimeInStage(
            stage=stage.key,
            phase=stage.phase,
            people=stays(stage.pk, False),
            visitors=stays(stage.pk, True),
            sources=_by_source(sources if by_source else None, of_stage(stage.pk)),
        )
        for stage in path.stages
    ]


def window_of(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def _is_of(group: Group, is_visitor: bool, source: int | None) -> bool:
    return group.is_visitor == is_visitor and source in (None, group.source)


def _by_source(sources: Iterable[int] | None, shown: Callable[[int, str], Shown]) -> list[Shown] | msgspec.UnsetType:
    """In the order of their names; left out where nobody asked."""
    if sources is None:
        return msgspec.UNSET
    names = Source.objects.filter(pk__in=sources).order_by("key").values_list("pk", "key")
    return [shown(source, name) for source, name in names]
