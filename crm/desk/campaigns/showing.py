"""A campaign as its page tells of it: a sentence, both ways of crediting, how it went, and the same as tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from html import escape
from typing import Any

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.looking import Results
from campaigns.models import Campaign, Way
from campaigns.outcome import Gates, Outcome
from campaigns.strategy import counted
from crm.desk.campaigns.words import WAYS, money, plain, sums_in
from crm.desk.drawing import joined, short_date, short_dates
from crm.desk.path.tables import Table
from funnel.models import Stage

WIDTH, HEIGHT = 720, 132
FEWEST_BARS = 3
LEAST_FULL = 5  # people: fewer do not fill the height, for one of one looks like a flood


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name; `what` leads to the people behind it."""

    label: str
    value: str
    note: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A stage, and who came to it by the first and by the last touch."""

    stage: Stage
    place: int
    first: Outcome
    last: Outcome
    people_first: int
    people_last: int
    visitors_first: int
    visitors_last: int
    came: int  # by the way that was chosen
    width: str


def _counted(label: str, people: int, note: str, what: str) -> Figure:
    """Nobody is behind a nought."""
    return Figure(label, number_format(people, force_grouping=True), note, what if people else "")


class Page:
    def __init__(self, campaign: Campaign, results: Results, way: Way, *, days: int, everybody: bool) -> None:
        self.campaign, self.results, self.way, self.days, self.everybody = campaign, results, way, days, everybody
        self.gates = Gates(results.path)
        self.gate = self.gates.gate(campaign)
        self.now, self.before = results.now[way], results.before[way]
        self.code = campaign.currency

    @property
    def plan(self) -> tuple[str, ...]:
        """What is written down of it: while this is the same, so is that part of the page."""
        one, view = self.campaign, self.campaign.view
        parts = (one.stage, view and view.pk, view and view.name, one.audience, one.value_proposition, one.tactic)
        return (*map(str, parts), str(one.owner), one.key)

    def _won(self, outcome: Outcome) -> int:
        return counted(self.campaign.question, outcome.over(self.gate))

    @property
    def won(self) -> int:
        return self._won(self.now)

    @property
    def headline(self) -> str:
        """What it brought about in the period, and what that cost."""
        n, stage = self.won, {"stage": self.gate, "days": self.days}
        if not n and not self.now.touched.all and not self.now.spent:
            return _("Nothing came of it in these %(days)s days, and nothing was spent.") % stage
        said = ngettext(
            "It brought %(n)s person to %(stage)s in %(days)s days.",
            "It brought %(n)s people to %(stage)s in %(days)s days.",
            n,
        ) % (stage | {"n": n})
        if not self.everybody or not self.now.spent:
            return said
        if n:
            cost = money(round(self.now.spent / n), self.code)
            spent = _("Each cost %(sum)s.") % {"sum": cost}
        else:
            spent = _("%(sum)s was spent.") % {"sum": money(self.now.spent, self.code)}
        return f"{said} {spent}"

    def figures(self) -> Iterator[Figure]:
        now, before = self.now, self.before
        touched = ngettext("%(n)s before", "%(n)s before", before.touched.all) % {"n": before.touched.all}
        leads, customers = self._key("befriend"), self._key("keep")
        yield _counted(_("Touched for the first time"), now.touched.all, touched, "touched")
        yield _counted(_("Leads"), now.leads, self._cost(now.cost_per_lead), leads)
        yield _counted(_("New customers"), now.customers, self._cost(now.cost_per_customer), customers)
        ordered = "ordered" if now.orders else ""
        yield Figure(_("Revenue"), money(now.income, self.code), self._orders(), ordered)
        yield Figure(_("Cost"), money(now.spent, self.code), self._budget())
        if self.everybody:
            roi = "–" if now.roi is None else f"{now.roi * 100:+.0f} %".replace("-", "−")
            yield Figure(_("Return on cost"), roi, _("(revenue − cost) ÷ cost"))

    def _key(self, question: str) -> str:
        return self.gates.of(question).key

    def _cost(self, minor: int | None) -> str:
        return _("%(sum)s each") % {"sum": money(minor, self.code)} if self.everybody and minor else ""

    def _orders(self) -> str:
        said = ngettext("%(n)s order", "%(n)s orders", self.now.orders) % {"n": self.now.orders}
        others = [money(total, code) for code, total in sorted(self.now.revenue.items()) if code != self.code]
        if self.now.refunds:
            said += ", " + ngettext("%(n)s refund", "%(n)s refunds", self.now.refunds) % {"n": self.now.refunds}
        return " · ".join([said, *others])

    def _budget(self) -> str:
        if self.campaign.budget_minor is None:
            return ""
        return _("budget %(sum)s in all") % {"sum": money(self.campaign.budget_minor, self.code)}

    def lines(self) -> list[Line]:
        first, last = self.results.now[Way.FIRST], self.results.now[Way.LAST]
        most = max((won.all for _stage, won in (*first.onward(), *last.onward())), default=0) or 1
        found = []
        for place, ((stage, by_first), (_same, by_last)) in enumerate(
            zip(first.onward(), last.onward(), strict=True), 1
        ):
            chosen = by_first if self.way is Way.FIRST else by_last
            visitors = (by_first.visitors, by_last.visitors)
            width = f"{100 * chosen.all / most:.1f}"
            found.append(Line(stage, place, first, last, by_first.people, by_last.people, *visitors, chosen.all, width))
        return found

    # --- How it went

    @cached_property
    def _points(self) -> list[tuple[date, int, Outcome]]:
        return [(point.day, self._won(point.outcome), point.outcome) for point in self.results.points]

    @cached_property
    def most_at_once(self) -> str:
        """The highest bar in words; nothing where there is none to be drawn."""
        day, n, _outcome = max(self._points, key=lambda point: point[1])
        words = _("most in a week: %(n)s, from %(day)s") if self.results.weekly else _("most in a day: %(n)s, %(day)s")
        return words % {"n": n, "day": short_date(day)} if n and not self.few else ""

    @cached_property
    def few(self) -> list[str]:
        """The days or weeks with anybody in words, where they are too few for a picture to say anything."""
        came = [(day, n) for day, n, _outcome in self._points if n]
        words = _("%(n)s in the week from %(day)s") if self.results.weekly else _("%(n)s on %(day)s")
        return [words % {"n": n, "day": short_date(day)} for day, n in came] if len(came) < FEWEST_BARS else []

    def bars(self) -> SafeString:
        """A day or week each: the people it brought over its step, and in the title what it cost."""
        step, colour, points = WIDTH / len(self._points), self.colour, self._points
        most, date, cost = max(LEAST_FULL, *(n for _day, n, _outcome in points)), short_dates(), sums_in(self.code)
        return joined(
            f'<rect class="f-{colour}" x="{(place + 0.12) * step:.1f}" y="{HEIGHT * (1 - n / most):.1f}" '
            f'width="{step * 0.76:.1f}" height="{HEIGHT * n / most:.1f}" rx="1.5">'
            f"<title>{date(day)}: {n}{f', {escape(cost(outcome.spent))}' if outcome.spent else ''}</title></rect>"
            for place, (day, n, outcome) in enumerate(points)
        )

    @property
    def bars_in_words(self) -> str:
        numbers = ", ".join(str(n) for _day, n, _outcome in self._points)
        return _("In turn: %(numbers)s") % {"numbers": numbers}

    @property
    def colour(self) -> int:
        return min(self.gates.rank(self.gate.pk), 6)

    # --- Tables

    def tables(self) -> Iterator[Table]:
        yield self._ways()
        yield self._stages()
        yield self._trend()

    def _ways(self) -> Table:
        head = (
            _("Figure"),
            *(str(WAYS[way]) for way in (Way.FIRST, Way.LAST)),
            *(_("%(way)s, before") % {"way": WAYS[way]} for way in (Way.FIRST, Way.LAST)),
        )
        all_ = [self.results.now[Way.FIRST], self.results.now[Way.LAST]]
        all_ += [self.results.before[Way.FIRST], self.results.before[Way.LAST]]
        return Table("results", _("Results"), head, [(name, *map(of, all_)) for name, of in self._measures()])

    def _measures(self) -> list[tuple[str, Any]]:
        code = self.code
        found: list[tuple[str, Any]] = [
            (_("Touched for the first time"), lambda one: one.touched.all),
            (_("Leads"), lambda one: one.leads),
            (_("New customers"), lambda one: one.customers),
            (_("Orders"), lambda one: one.orders),
            (_("Refunds"), lambda one: one.refunds),
            (_("Revenue in %(code)s") % {"code": code}, lambda one: plain(one.income, code)),
            (_("Cost in %(code)s") % {"code": code}, lambda one: plain(one.spent, code)),
        ]
        if self.everybody:
            found += [
                (_("Cost per lead"), lambda one: plain(one.cost_per_lead, code)),
                (_("Cost per new customer"), lambda one: plain(one.cost_per_customer, code)),
                (_("Return on cost, per cent"), lambda one: None if one.roi is None else round(100 * one.roi, 1)),
            ]
        return found

    def _stages(self) -> Table:
        head = (_("Stage"), _("People, first touch"), _("People, last touch"), _("Visitors, first touch"),
                _("Visitors, last touch"))  # fmt: skip
        rows = [
            (str(one.stage), one.people_first, one.people_last, one.visitors_first, one.visitors_last)
            for one in self.lines()
        ]
        return Table("stages", _("Moved"), head, rows)

    def _trend(self) -> Table:
        head = (_("From day") if self.results.weekly else _("Day"), _("Touched for the first time"), str(self.gate),
                _("Orders"), _("Revenue in %(code)s") % {"code": self.code},
                _("Cost in %(code)s") % {"code": self.code})  # fmt: skip
        rows: Sequence[Sequence[Any]] = [self._day(point.day, point.outcome) for point in self.results.points]
        return Table("trend", _("How it went"), head, rows)

    def _day(self, day: date, one: Outcome) -> Sequence[Any]:
        sums = (plain(one.income, self.code), plain(one.spent, self.code))
        return (day.isoformat(), one.touched.all, self._won(one), one.orders, *sums)
