"""A finished backtest as people read it: the answer first, then where everybody would stand, then what moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from funnel.effects import EFFECT_KINDS
from funnel.models import Backtest, Dimension, Stage
from funnel.outcomes import CLOSED, TO, laid_beside, middle, sides_of

ROW: Final = 36
LEFT, RIGHT, MIDDLE = 8, 190, 99


@dataclass(frozen=True, slots=True)
class Stand:
    """One stop as it is and with the draft; `key` is CLOSED for those who have left the living path."""

    key: str
    label: str
    stop: int
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Band:
    """People who would stand elsewhere, as a ribbon between two stops."""

    path: str
    stop: int
    people: int
    y: float
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Flow:
    label: str
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Pace:
    """Days from the start of a path to a stage: the median, of how many."""

    label: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Effects:
    """What entries set off: how many more and how many fewer there would have been."""

    kind: str
    more: int
    fewer: int

    @property
    def label(self) -> str:
        known = {"webhook": _("webhooks"), "assign": _("leads given away")}
        return known.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Beside:
    """One stop in two backtests."""

    label: str
    as_it_is: int
    this: int
    other: int

    @property
    def change(self) -> int:
        return self.other - self.this


class Forecast:
    """What a backtest found."""

    def __init__(self, backtest: Backtest, stages: Sequence[Stage]) -> None:
        self.backtest, self.found = backtest, backtest.result or {}
        self.stages = [stage for stage in stages if not stage.archived_at or self._anybody(stage.key)]
        self.labels = {stage.key: str(stage) for stage in stages} | {CLOSED: _("Closed")}
        self.stops = {stage.key: min(place, 6) for place, stage in enumerate(stages, start=1)}

    def _anybody(self, key: str) -> bool:
        return any(key in pair.split(TO) for pair in self.found["stands"])

    @property
    def people(self) -> int:
        return int(self.found["people"])

    @property
    def same(self) -> int:
        return self.people - int(self.found["elsewhere"])

    @property
    def seconds(self) -> float:
        ended = self.backtest.finished_at
        return max((ended - self.backtest.started_at).total_seconds(), 0.1) if ended else 0.0

    @property
    def stands(self) -> list[Stand]:
        before, after = sides_of(self.found["stands"])
        keys = [stage.key for stage in self.stages] + ([CLOSED] if CLOSED in {*before, *after} else [])
        return [
            Stand(key, self.labels[key], self.stops.get(key, 0), before.get(key, 0), after.get(key, 0)) for key in keys
        ]

    def beside(self, other: "Forecast") -> list["Beside"]:
        """Stage by stage: as it is, with this draft and with that of the other backtest, and what sets them apart."""
        laid = laid_beside(self.found["stands"], other.found["stands"])
        places = {one.key: one.label for one in (*self.stands, *other.stands)}
        order = sorted(places, key=list(self.labels).index)
        return [Beside(places[key], *laid.get(key, (0, 0, 0))) for key in order]

    @property
    def height(self) -> int:
        return ROW * len(self.stands)

    @property
    def dots(self) -> list[tuple[float, int]]:
        return [(ROW * (place + 0.5), stand.stop) for place, stand in enumerate(self.stands)]

    @property
    def bands(self) -> list[Band]:
        """Widths are impressions: the ribbon of most people is 14 wide, the others by the root of their share."""
        places = {stand.key: place for place, stand in enumerate(self.stands)}
        moved = [(*_pair(pair), n) for pair, n in self.found["stands"].items() if len(set(_pair(pair))) == 2]
        moved = [(a, b, n) for a, b, n in moved if a in places and b in places]
        most = max((n for _a, _b, n in moved), default=1)
        return [self._band(places[a], places[b], a, b, n, most) for a, b, n in sorted(moved, key=lambda one: -one[2])]

    def _band(self, one: int, other: int, a: str, b: str, people: int, most: int) -> Band:
        half = max(7 * (people / most) ** 0.5, 0.8)
        y, z = ROW * (one + 0.5), ROW * (other + 0.5)
        path = (
            f"M{LEFT} {y - half:.1f}C90 {y - half:.1f} 108 {z - half:.1f} {RIGHT} {z - half:.1f}"
            f"L{RIGHT} {z + half:.1f}C108 {z + half:.1f} 90 {y + half:.1f} {LEFT} {y + half:.1f}Z"
        )
        return Band(path, self.stops.get(b, 1), people, (y + z) / 2 + 4, self.labels[a], self.labels[b])

    @property
    def told(self) -> Band | None:
        """The widest ribbon carries its number."""
        return next(iter(self.bands), None)

    @property
    def health(self) -> list[Flow]:
        before, after = sides_of(self.found["health"])
        labels = (("active", _("Active")), ("cooling", _("Cooling")), ("lapsed", _("Lapsed")))
        return [Flow(label, before.get(key, 0), after.get(key, 0)) for key, label in labels]

    @property
    def flows(self) -> list[Flow]:
        """Moves between stages since the moment: as it is, and with the draft; the beginnings of paths left out."""
        before, after = self.found["moves_before"], self.found["moves_after"]
        pairs = [pair for pair in {**before, **after} if _pair(pair)[0]]
        order = {key: place for place, key in enumerate(self.labels)}
        pairs.sort(key=lambda pair: tuple(order.get(key, 99) for key in _pair(pair)))
        return [Flow(self._step(pair), before.get(pair, 0), after.get(pair, 0)) for pair in pairs]

    def _step(self, pair: str) -> str:
        a, b = _pair(pair)
        return f"{self.labels.get(a, a)} → {self.labels.get(b, b)}"

    @property
    def paces(self) -> list[Pace]:
        before, after = self.found["days_before"], self.found["days_after"]
        keys = [stage.key for stage in self.stages if stage.key in before or stage.key in after]
        return [Pace(self.labels[key], middle(before.get(key, {})), middle(after.get(key, {}))) for key in keys]

    @property
    def effects(self) -> list[Effects]:
        found = []
        for name, kind in EFFECT_KINDS.items():
            wanted = {Dimension(number).name.lower() for number in kind.wanted()}
            more, fewer = (
                sum(n for entry, n in self.found[side].items() if _pair(entry)[0] in wanted)
                for side in ("gained", "lost")
            )
            if more or fewer:
                found.append(Effects(name, more, fewer))
        return found

    @property
    def headline(self) -> str:
        """What the draft gives or takes, by the two stops that change most."""
        if not self.found["elsewhere"]:
            return _("With this draft everybody would stand where they stand.")
        changes = sorted((one for one in self.stands if one.change), key=lambda one: -abs(one.change))[:2]
        if not changes:
            n = int(self.found["elsewhere"])
            said = ngettext("%(n)s person would stand elsewhere.", "%(n)s people would stand elsewhere.", n)
            return said % {"n": number_format(n, force_grouping=True)}
        parts = [
            _("%(n)s more in %(stage)s") % {"n": _n(one.change), "stage": one.label}
            if one.change > 0
            else _("%(n)s fewer in %(stage)s") % {"n": _n(-one.change), "stage": one.label}
            for one in sorted(changes, key=lambda one: -one.change)
        ]
        return _("With this draft: %(changes)s.") % {"changes": _(" and ").join(parts)}

    @property
    def rules(self) -> Mapping[str, int]:
        made: Mapping[str, int] = self.found["rules"]
        return made


def _n(number: int) -> str:
    return number_format(number, force_grouping=True)


def _pair(pair: str) -> tuple[str, str]:
    one, _to, other = pair.partition(TO)
    return one, other
