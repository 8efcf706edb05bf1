"""What the page of the path shows: who stands where, who came and went on, where it leaks, and what moved last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contacts.models import Contact
from crm.desk.path.ribbon import Ribbon
from funnel import reports
from funnel.explaining import Why, explain
from funnel.metrics import CLOSED, Cohort, Place
from funnel.models import Dimension, Health, Phase, Stage, Transition
from funnel.pictures import Path, Picture, ask, path_in
from staff.policy import Principal, rows_visible_to

PERIODS: Final = {
    7: gettext_lazy("7 d"),
    30: gettext_lazy("30 d"),
    90: gettext_lazy("90 d"),
    365: gettext_lazy("12 mo"),
}
LEAST_MISSED, LEAST_SHARE = 10, 0.15  # a leak is at least so many people, and this share of those to be expected
NEWEST: Final = 6


@dataclass(frozen=True, slots=True)
class Step:
    """One stage: how many stand there, came there now and before, and of those before it how many went on."""

    stage: Stage
    place: int
    count: int
    came: int
    came_before: int
    onward: Cohort
    onward_before: Cohort
    median_days: float | None
    is_leak: bool = False

    @property
    def rate(self) -> float | None:
        return _rate(self.onward)

    @property
    def change(self) -> float | None:
        """Of the rate, in points of per cent."""
        now, before = _rate(self.onward), _rate(self.onward_before)
        return None if now is None or before is None else now - before

    @property
    def missing(self) -> int:
        """People who would have gone on at the rate of the period before."""
        before = _rate(self.onward_before)
        return 0 if before is None else round(before / 100 * self.onward.entered) - self.onward.converted

    def leaks(self) -> bool:
        expected = self.missing + self.onward.converted
        return self.missing >= LEAST_MISSED and self.missing >= LEAST_SHARE * expected


@dataclass(frozen=True, slots=True)
class Band:
    phase: str
    label: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Moved:
    transition: Transition
    contact: Contact
    from_stage: Stage | None
    to_stage: Stage
    place: int
    why: Why


@dataclass(frozen=True, slots=True)
class Walk:
    """The whole page."""

    days: int
    steps: Sequence[Step]
    bands: Sequence[Band]
    ribbon: Ribbon
    people: int
    visitors: int
    closed: int
    health: Mapping[str, int]
    newest: Sequence[Moved]
    being_applied: Sequence[int]

    @property
    def leak(self) -> Step | None:
        return next((step for step in self.steps if step.is_leak), None)

    @property
    def after_leak(self) -> Step | None:
        return self.steps[self.leak.place] if self.leak else None

    @property
    def headline(self) -> str:
        """What the period brought, by a fixed rule: those who became customers, against the period before."""
        first = next(step for step in self.steps if step.stage.phase == Phase.CUSTOMER)
        came = ngettext("%(n)s person became a customer", "%(n)s people became customers", first.came) % {
            "n": first.came
        }
        change = first.came - first.came_before
        if change > 0:
            return _("%(came)s, %(n)s more than before.") % {"came": came, "n": change}
        if change < 0:
            return _("%(came)s, %(n)s fewer than before.") % {"came": came, "n": -change}
        return _("%(came)s, as many as before.") % {"came": came}

    @property
    def customers(self) -> int:
        return sum(self.health.values())


def walk(principal: Principal, days: int) -> Walk:
    picture = Picture.taken()
    path = path_in(picture)
    places = reports.places(picture, principal)
    steps = _steps(picture, principal, path, places, days)
    living = {place: n for place, n in places.items() if not place.group.is_visitor and place.standing != CLOSED}
    people = sum(living.values())
    return Walk(
        days=days,
        steps=steps,
        bands=_bands(steps, people),
        ribbon=Ribbon.drawn([step.came for step in steps], [step.came_before for step in steps]),
        people=people,
        visitors=sum(n for place, n in places.items() if place.group.is_visitor),
        closed=sum(n for place, n in places.items() if not place.group.is_visitor and place.standing == CLOSED),
        health={one.name.lower(): sum(n for place, n in living.items() if place.health == one) for one in Health},
        newest=_newest(principal, path),
        being_applied=path.being_applied,
    )


def _steps(picture: Picture, principal: Principal, path: Path, places: Mapping[Place, int], days: int) -> list[Step]:
    now, period = picture.as_of, timedelta(days=days)
    came = _came(picture, principal, now - period, now)
    came_before = _came(picture, principal, now - 2 * period, now - period)
    stays = reports.lengths_of_stay(picture, principal, first=now - period, last=now)
    steps = []
    for place, stage in enumerate(path.stages, start=1):
        lengths = stays.get((stage.pk, False, None), reports.NONE_ENDED)
        steps.append(
            Step(
                stage=stage,
                place=place,
                count=sum(n for at, n in places.items() if _counts(at, stage)),
                came=came.get(stage.pk, 0),
                came_before=came_before.get(stage.pk, 0),
                onward=_onward(picture, principal, path, place, now - 2 * period, period),
                onward_before=_onward(picture, principal, path, place, now - 3 * period, period),
                median_days=lengths.days[0],
            )
        )
    return _with_leak(steps)


def _counts(at: Place, stage: Stage) -> bool:
    return at.stage == stage.pk and not at.group.is_visitor and at.standing != CLOSED


def _with_leak(steps: list[Step]) -> list[Step]:
    """Never more than one: the worst."""
    worst = max((step for step in steps if step.leaks()), key=lambda step: step.missing, default=None)
    return [
        Step(**{name: getattr(step, name) for name in Step.__slots__[:-1]}, is_leak=step is worst) for step in steps
    ]


_CAME: Final = """
    SELECT to_value, count(DISTINCT contact_id) FROM moves
     WHERE dimension = 0 AND to_value IS NOT NULL AND NOT is_visitor
       AND occurred_at >= %(first)s AND occurred_at < %(last)s
     GROUP BY to_value
"""


def _came(picture: Picture, principal: Principal, first: datetime, last: datetime) -> dict[int, int]:
    return dict(ask(picture, principal, _CAME, first=first, last=last))


def _onward(
    picture: Picture, principal: Principal, path: Path, place: int, since: datetime, period: timedelta
) -> Cohort:
    """Of the people who came to a stage in a period, those who were further on within as long again."""
    if place == len(path.stages):
        return Cohort(0, 0)
    entries = reports.Entries(path.stages[place - 1], since, since + period, period)
    groups = reports.conversions(picture, principal, entries, path)[path.stages[place]]
    people = [cohort for group, cohort in groups.items() if not group.is_visitor]
    return Cohort(sum(one.entered for one in people), sum(one.converted for one in people))


def _bands(steps: Sequence[Step], people: int) -> list[Band]:
    labels = {Phase.STRANGER: _("Strangers"), Phase.FRIEND: _("Friends"), Phase.CUSTOMER: _("Customers")}
    counts = {phase: sum(step.count for step in steps if step.stage.phase == phase) for phase in Phase}
    return [Band(phase, labels[phase], n, 100 * n / people if people else 0) for phase, n in counts.items()]


def _newest(principal: Principal, path: Path) -> list[Moved]:
    """The latest moves between stages, each by the index of its stage."""
    live = Transition.objects.live().filter(dimension=Dimension.STAGE, is_visitor=False, from_value__isnull=False)
    visible = rows_visible_to(principal)
    if visible:
        live = live.filter(contact__in=Contact.objects.filter(visible))
    of_stages = [live.filter(to_value=stage.pk).order_by("-occurred_at")[:NEWEST] for stage in path.stages]
    latest = sorted((one for some in of_stages for one in some), key=lambda one: one.occurred_at, reverse=True)[:NEWEST]
    contacts = Contact.objects.in_bulk([one.contact_id for one in latest])
    stages = {stage.pk: (place, stage) for place, stage in enumerate(path.stages, start=1)}
    return [
        Moved(
            transition=one,
            contact=contacts[one.contact_id],
            from_stage=stages.get(one.from_value or 0, (0, None))[1],
            to_stage=stages[one.to_value or 0][1],
            place=stages[one.to_value or 0][0],
            why=why,
        )
        for one, why in zip(latest, explain(latest), strict=True)
    ]


def _rate(cohort: Cohort) -> float | None:
    return 100 * cohort.converted / cohort.entered if cohort.entered else None
