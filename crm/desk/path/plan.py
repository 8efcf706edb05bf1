"""The plan of a month beside what came of it, and the form that sets it."""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import MOST_PEOPLE, Target
from funnel.models import Stage
from funnel.walks import Walk


@dataclass(frozen=True, slots=True)
class Line:
    stage: Stage
    place: int
    came: int
    target: int
    expected: float  # per cent of the month that has passed; 0 also where only a part of all people is counted

    @property
    def share(self) -> float:
        return 100 * self.came / self.target

    @property
    def width(self) -> str:
        return f"{min(self.share, 100):.1f}"

    @property
    def expected_at(self) -> str:
        return f"{self.expected:.1f}"

    @property
    def colour(self) -> int:
        return min(self.place, 6)

    @property
    def is_behind(self) -> bool:
        """By more than a tenth of what was to have come by now."""
        return self.share < 0.9 * self.expected


@dataclass(frozen=True, slots=True)
class Plan:
    title: str
    note: str
    lines: Sequence[Line]


def plan_of(walk: Walk, targets: Mapping[int, int], *, is_part: bool) -> Plan:
    """Of the month that the walk was asked for; `targets` by stage, of everybody: a part of them is never behind."""
    first = walk.plan_month
    days = monthrange(first.year, first.month)[1]
    day = min(max((walk.until - first).days + 1, 0), days)
    passed = 100 * day / days
    lines = [
        Line(step.stage, step.place, walk.month.get(step.stage.pk, 0), targets[step.stage.pk], 0 if is_part else passed)
        for step in walk.steps
        if step.stage.pk in targets
    ]
    note = _("The targets are for everybody. Counted here is only a part of them.") if is_part else _note(day, days)
    return Plan(_("Plan for %(month)s") % {"month": month_name(first)}, note, lines)


def _note(day: int, days: int) -> str:
    if day == 0:
        return _("The month has not begun yet.")
    if day == days:
        return _("The month is over.")
    return _("Day %(day)s of %(days)s: the line on each bar is where the month is.") % {"day": day, "days": days}


def around(month: date) -> dict[str, date]:
    """The months before and after."""
    earlier, later = month - timedelta(days=1), month + timedelta(days=31)
    return {"month_before": earlier.replace(day=1), "month_after": later.replace(day=1)}


class TargetsForm(forms.Form):
    """A number for each stage of the path; an empty one takes the target back."""

    month = forms.DateField(label=gettext_lazy("Month"), widget=forms.DateInput(attrs={"type": "hidden"}))

    def __init__(self, stages: Sequence[Stage], targets: Sequence[Target], month: date, data: Any = None) -> None:
        super().__init__(data, initial={"month": month.replace(day=1)})
        known = {target.stage_id: target.people for target in targets}
        for stage in stages:
            self.fields[stage.key] = forms.IntegerField(
                label=str(stage), required=False, min_value=1, max_value=MOST_PEOPLE, initial=known.get(stage.pk)
            )

    def people(self) -> dict[str, int | None]:
        return {name: value for name, value in self.cleaned_data.items() if name != "month"}

    def numbers(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name != "month")


def month_name(month: date) -> str:
    return date_format(month, "F Y")
