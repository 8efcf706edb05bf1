"""One look at the path: who stands where, who came and went on in a period and in the one before, where it leaks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, TypeVar

from funnel.metrics import CLOSED, Cohort, Place
from funnel.models import Health, Pace, Stage
from funnel.pacing import Overview, Span, Walks, Whose, medians_of_stay, overview, today_of
from funnel.pictures import Path, Picture
from funnel.spans import Days, day_of, number_of

PERIODS: Final = (7, 30, 90, 365)
WINDOW_OF: Final = {7: 7, 30: 30, 90: 30, 365: 90}  # the usual time to go on, by the length of the period
WEEK: Final = 7
WEEKLY_FROM: Final = 365  # from here on the trend is told by weeks
LEAST_MISSED, LEAST_SHARE = 10, 0.15  # a leak is at least so many people, and this share of those to be expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """One stage: of those who came there, how many went on in time, and as many before."""

    stage: Stage
    place: int
    onward: Cohort
    onward_before: Cohort

    @property
    def rate(self) -> float | None:
        return percent(self.onward)

    @property
    def rate_before(self) -> float | None:
        return percent(self.onward_before)

    @property
    def change(self) -> float | None:
        """Of the rate, in points of per cent."""
        now, before = percent(self.onward), percent(self.onward_before)
        return None if now is None or before is None else now - before

    @property
    def missing(self) -> int:
        """People who would have gone on at the rate of the period before."""
        before = percent(self.onward_before)
        return 0 if before is None else round(before / 100 * self.onward.entered) - self.onward.converted

    def leaks(self) -> bool:
        expected = self.missing + self.onward.converted
        return self.missing >= LEAST_MISSED and self.missing >= LEAST_SHARE * expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Going):
    """The same with how many stand there and came there, now and before, and how long they stay."""

    count: int
    came: int
    came_before: int
    median_days: float | None
    is_leak: bool = False


AnyGoing = TypeVar("AnyGoing", bound=Going)


@dataclass(frozen=True, slots=True)
class Flow:
    """Moves from one stage to another; from nothing, they came to the path."""

    from_stage: Stage | None
    to_stage: Stage
    now: int
    before: int


@dataclass(frozen=True, slots=True)
class Trend:
    """How many came to each stage by days, or by weeks, and as many before; `days` are the first of each."""

    days: Sequence[date]
    weekly: bool
    now: Mapping[int, Sequence[int]]
    before: Mapping[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Walk:
    """What the path looked like on `until`, and in the period that ends with it."""

    path: Path
    stages: Sequence[Stage]  # all there are
    days: int
    window: int
    until: date
    cohort: tuple[date, date]  # whose going on is told: their windows have passed
    steps: Sequence[Step]
    flows: Sequence[Flow]
    trend: Trend
    plan_month: date  # its first day
    month: Mapping[int, int]  # who came to each stage in that month, until the last day
    people: int
    visitors: int
    visitors_came: int
    visitors_came_before: int
    closed: int
    health: Mapping[str, int]
    health_change: Mapping[str, int]  # how many more than when the period began

    @property
    def leak(self) -> Step | None:
        return next((step for step in self.steps if step.is_leak), None)

    @property
    def after_leak(self) -> Step | None:
        return self.steps[self.leak.place] if self.leak else None


def walk(picture: Picture, whose: Whose, *, days: int, window: int | None = None, month: date | None = None) -> Walk:
    """The period are the `days` that end with the picture's; those who went on did so within `window` days.

    Arrivals are told for the `month` of this day too; for that of the picture where none is named.
    """
    window = window or WINDOW_OF.get(days, 30)
    today = today_of(picture)
    plan_month = (month or day_of(today)).replace(day=1)
    spans = _Spans.of(today, days, window, plan_month)
    seen = overview(picture, whose, spans.asked())
    key = (days, window, plan_month, today)
    known = _walked.get(key)
    if known is None or known[0] is not seen:
        if len(_walked) >= MOST_WALKED:
            _walked.clear()
        known = _walked[key] = seen, _walk(seen, seen.walks, spans, days, plan_month)
    return known[1]


def leak_beside(
    picture: Picture, whose: Whose, asked: Sequence[Span], *, days: int
) -> tuple[Path, Going | None, Sequence[Walks]]:
    """The path, where it leaks in that period, and the answers to other spans that are asked about together with it."""
    window = WINDOW_OF.get(days, 30)
    own = _of_cohort(_cohort(today_of(picture), days, window), window)
    seen = overview(picture, whose, [*own, *asked])
    return seen.path, worst_of(_goings(seen.path, seen.walks)), seen.walks[len(own) :]


MOST_WALKED: Final = 100
_walked: dict[tuple[Any, ...], tuple[Overview, "Walk"]] = {}  # the last ones, beside what they were made of


def _walk(seen: Overview, walks: Sequence[Walks], spans: "_Spans", days: int, plan_month: date) -> Walk:
    came, came_before, *others = walks[OF_COHORT:]
    stays, trend, trend_before, fared, visits, visits_before, in_month = others
    medians = medians_of_stay(stays)
    living = {place: n for place, n in seen.places.items() if not place.group.is_visitor and place.standing != CLOSED}
    steps = [
        Step(
            stage=one.stage,
            place=one.place,
            onward=one.onward,
            onward_before=one.onward_before,
            count=sum(n for at, n in living.items() if at.stage == one.stage.pk),
            came=_arrivals(came)[one.stage.pk],
            came_before=_arrivals(came_before)[one.stage.pk],
            median_days=medians.get(one.stage.pk),
        )
        for one in _goings(seen.path, walks)
    ]
    return Walk(
        path=seen.path,
        stages=seen.stages,
        days=days,
        window=spans.window,
        until=day_of(spans.period.last),
        cohort=(day_of(spans.cohort.first), day_of(spans.cohort.last)),
        steps=with_leak(steps),
        flows=_flows(seen.path, came, came_before),
        trend=_trend(spans, trend, trend_before),
        plan_month=plan_month,
        month=_arrivals(in_month),
        people=sum(living.values()),
        visitors=_visitors(seen.places),
        visitors_came=_began(visits),
        visitors_came_before=_began(visits_before),
        closed=sum(n for place, n in seen.places.items() if not place.group.is_visitor and place.standing == CLOSED),
        health={one.name.lower(): sum(n for place, n in living.items() if place.health == one) for one in Health},
        health_change=_changes_of_health(fared),
    )


@dataclass(frozen=True, slots=True)
class _Spans:
    """The days of the period, those whose windows have passed by its last day, and the days of the trend."""

    period: Days
    cohort: Days
    trend: Days
    window: int
    each: int
    month: Days

    @classmethod
    def of(cls, today: int, days: int, window: int, month: date) -> "_Spans":
        period = Days(today - days + 1, today)
        cohort = _cohort(today, days, window)
        each = WEEK if days >= WEEKLY_FROM else 1
        next_month = (month + timedelta(days=31)).replace(day=1)
        in_month = Days(number_of(month), min(number_of(next_month) - 1, today))
        return cls(period, cohort, Days(period.first - period.first % each, today), window, each, in_month)

    def asked(self) -> list[Span]:
        """In the order in which `walk` takes the answers."""
        before = self.trend.before(-(-(self.trend.last - self.trend.first + 1) // self.each) * self.each)
        return [
            *_of_cohort(self.cohort, self.window),
            Span(Pace.MOVED, self.period),
            Span(Pace.MOVED, self.period.before()),
            Span(Pace.STAYED, Days(self.period.first - self.period.first % WEEK, self.period.last)),
            Span(Pace.MOVED, self.trend, each=self.each),
            Span(Pace.MOVED, before, each=self.each),
            Span(Pace.FARED, self.period),
            Span(Pace.MOVED, self.period, visitors=True),
            Span(Pace.MOVED, self.period.before(), visitors=True),
            Span(Pace.MOVED, self.month),
        ]


def _cohort(today: int, days: int, window: int) -> Days:
    """As many days as the period has, whose windows have passed."""
    return Days(today - window - days, today - window - 1)


def _of_cohort(cohort: Days, window: int) -> list[Span]:
    """What tells who went on, in the order in which `_goings` takes the answers."""
    return [
        Span(Pace.MOVED, cohort),
        Span(Pace.MOVED, cohort.before()),
        Span(Pace.WENT_ON, cohort, within=window),
        Span(Pace.WENT_ON, cohort.before(), within=window),
    ]


OF_COHORT: Final = 4  # spans


def _goings(path: Path, walks: Sequence[Walks]) -> list[Going]:
    entered, entered_before, went, went_before = walks[:OF_COHORT]
    return [
        Going(
            stage=stage,
            place=place,
            onward=_onward(path, place, entered, went),
            onward_before=_onward(path, place, entered_before, went_before),
        )
        for place, stage in enumerate(path.stages, start=1)
    ]


def _arrivals(walks: Walks) -> Counter[int]:
    arrived: Counter[int] = Counter()
    for walked, n in walks.items():
        arrived[walked.to_stage] += n
    return arrived


def _began(walks: Walks) -> int:
    return sum(n for walked, n in walks.items() if not walked.from_stage)


def _onward(path: Path, place: int, entered: Walks, went: Walks) -> Cohort:
    """Of those who came to a stage, those who left it for one after it."""
    stage, further = path.order[place - 1], set(path.order[place:])
    if not further:
        return Cohort(0, 0)
    on = sum(n for walked, n in went.items() if walked.from_stage == stage and walked.to_stage in further)
    return Cohort(_arrivals(entered)[stage], on)


def worst_of(goings: Iterable[AnyGoing]) -> AnyGoing | None:
    """Where the path leaks: never more than one."""
    return max((one for one in goings if one.leaks()), key=lambda one: one.missing, default=None)


def with_leak(steps: Sequence[Step]) -> list[Step]:
    worst = worst_of(steps)
    return [replace(step, is_leak=step is worst) for step in steps]


def _flows(path: Path, now: Walks, before: Walks) -> list[Flow]:
    """Every move of people that was made in one of the periods, in the order of the path."""
    stages: dict[int, Stage | None] = {0: None, **{stage.pk: stage for stage in path.stages}}
    places = {number: place for place, number in enumerate(stages)}
    pairs = {(walked.from_stage, walked.to_stage) for walked in (*now, *before)}
    counts = [_by_pair(walks) for walks in (now, before)]
    return [
        Flow(stages[from_], to, counts[0][from_, to.pk], counts[1][from_, to.pk])
        for from_, number in sorted(pairs, key=lambda pair: (places.get(pair[0], 0), places.get(pair[1], 0)))
        if (to := stages.get(number)) and from_ in stages
    ]


def _by_pair(walks: Walks) -> Counter[tuple[int, int]]:
    pairs: Counter[tuple[int, int]] = Counter()
    for walked, n in walks.items():
        pairs[walked.from_stage, walked.to_stage] += n
    return pairs


def _trend(spans: _Spans, now: Walks, before: Walks) -> Trend:
    starts = range(spans.trend.first, spans.trend.last + 1, spans.each)
    shift = len(starts) * spans.each
    return Trend(
        days=[day_of(start) for start in starts],
        weekly=spans.each > 1,
        now=_series(now, starts),
        before=_series(before, [start - shift for start in starts]),
    )


def _series(walks: Walks, starts: Iterable[int]) -> dict[int, list[int]]:
    """By stage: how many came on each of the days."""
    arrived: Counter[tuple[int, int | None]] = Counter()
    for walked, n in walks.items():
        arrived[walked.to_stage, walked.day] += n
    days = list(starts)
    return {stage: [arrived[stage, day] for day in days] for stage in {stage for stage, _ in arrived if stage}}


def _changes_of_health(fared: Walks) -> dict[str, int]:
    """By health: moves into it without those out of it."""
    changed: Counter[int] = Counter()
    for walked, n in fared.items():
        changed[walked.to_stage] += n
        changed[walked.from_stage] -= n
    return {health.name.lower(): changed[health] for health in Health}


def _visitors(places: Mapping[Place, int]) -> int:
    return sum(n for place, n in places.items() if place.group.is_visitor)


def percent(cohort: Cohort) -> float | None:
    return 100 * cohort.converted / cohort.entered if cohort.entered else None
