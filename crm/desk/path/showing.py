"""What the page of the path says and draws of a walk: the headline, the bands, the ribbon and the trend."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from crm.desk.path.ribbon import Ribbon
from crm.desk.path.wishes import Wish
from crm.templatetags.polku import figure, percent, points, whole_days
from funnel.models import Phase
from funnel.walks import Step, Walk


@dataclass(frozen=True, slots=True)
class Band:
    phase: str
    label: str
    count: int
    share: float
    stages: int


@dataclass(frozen=True, slots=True)
class Told:
    """A step in words, as the drawing across and the one downwards both tell it."""

    step: Step
    standing: str
    came: str
    before: str
    came_and_before: str
    onward: SafeString

    @classmethod
    def of(cls, step: Step) -> "Told":
        came, before = figure(step.came), figure(step.came_before)
        return cls(
            step=step,
            standing=figure(step.count),
            came=_("%(n)s came in") % {"n": came},
            before=_("%(n)s before") % {"n": before},
            came_and_before=_("%(n)s came in · %(before)s before") % {"n": came, "before": before},
            onward=_onward(step),
        )


def _onward(step: Step) -> SafeString:
    """How many moved on, what changed in that, and after how long."""
    words, change = _("move on"), SafeString("")
    if step.median_days is not None:
        words += ", " + _("median %(length)s") % {"length": whole_days(step.median_days)}
    if step.change is not None:
        way = "down" if step.change <= -NOTED else "up" if step.change >= NOTED else ""
        change = format_html(' <span class="delta {}">{}</span>', way, points(step.change))
    rate = percent(step.rate)
    return format_html('<span class="num"><b>{}</b>{}</span> <span class="t-meta num">{}</span>', rate, change, words)


NOTED: Final = 0.05  # points of per cent that are a change


@dataclass(frozen=True)
class Shown:
    """A walk as it is shown."""

    walk: Walk
    wish: Wish

    @property
    def headline(self) -> str:
        """What the period brought, by a fixed rule: those who became customers, against the period before."""
        known_on = self.wish.known_on
        if known_on and not (self.walk.people or self.walk.visitors or self.walk.closed):
            return _("On %(day)s nothing was known here yet.") % {"day": date_format(known_on, "SHORT_DATE_FORMAT")}
        first = next(step for step in self.walk.steps if step.stage.phase == Phase.CUSTOMER)
        came = ngettext("%(n)s person became a customer", "%(n)s people became customers", first.came) % {
            "n": first.came
        }
        change = first.came - first.came_before
        if change > 0:
            return _("%(came)s, %(n)s more than before.") % {"came": came, "n": change}
        if change < 0:
            return _("%(came)s, %(n)s fewer than before.") % {"came": came, "n": -change}
        return _("%(came)s, as many as before.") % {"came": came}

    @cached_property
    def ribbon(self) -> Ribbon:
        leak = self.walk.leak
        steps = self.walk.steps
        return Ribbon.drawn(
            [step.came for step in steps], [step.came_before for step in steps], leak=leak.place if leak else 0
        )

    @cached_property
    def told(self) -> list[Told]:
        return [Told.of(step) for step in self.walk.steps]

    @cached_property
    def bands(self) -> list[Band]:
        labels = {Phase.STRANGER: _("Strangers"), Phase.FRIEND: _("Friends"), Phase.CUSTOMER: _("Customers")}
        bands = []
        for phase in Phase:
            steps = [step for step in self.walk.steps if step.stage.phase == phase]
            count = sum(step.count for step in steps)
            share = 100 * count / self.walk.people if self.walk.people else 0
            bands.append(Band(phase, labels[phase], count, share, len(steps)))
        return bands

    @property
    def customers(self) -> int:
        return sum(self.walk.health.values())

    @property
    def is_empty(self) -> bool:
        """Nobody has come yet; narrowed to nobody is something else."""
        return not (self.walk.people or self.walk.visitors or self.walk.closed or self.wish.query)

    @property
    def trend_in_words(self) -> str:
        """What the chart tells those who do not see it."""
        return "; ".join(_came(step) for step in self.walk.steps)

    def trend(self) -> dict[str, Any]:
        """For the chart: lines by stage, and the same of the period before."""
        walk = self.walk
        empty = [0] * len(walk.trend.days)
        return {
            "labels": [_short_day(day, get_language() or "") for day in walk.trend.days],
            "weekly": walk.trend.weekly,
            "stages": [
                {
                    "name": str(step.stage),
                    "place": min(step.place, 6),
                    "now": list(walk.trend.now.get(step.stage.pk, empty)),
                    "before": list(walk.trend.before.get(step.stage.pk, empty)),
                }
                for step in walk.steps
            ],
            "shown": _most_telling(walk),
            "words": {"before": _("the period before"), "week": _("week of %(day)s")},
        }


@lru_cache(maxsize=2000)
def _short_day(day: date, _language: str) -> str:
    return date_format(day, pgettext("day and short month", "j M"))


def _came(step: Step) -> str:
    return _("%(stage)s: %(now)s came in, %(before)s before") % {
        "stage": step.stage,
        "now": step.came,
        "before": step.came_before,
    }


def _most_telling(walk: Walk) -> Sequence[int]:
    """The stage whose line is drawn at first: the one the path leaks before, or the first customers."""
    first = next(step.place for step in walk.steps if step.stage.phase == Phase.CUSTOMER)
    return [walk.after_leak.place if walk.after_leak else first]
