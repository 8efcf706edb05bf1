"""The strategy by months: which campaigns run when, and what was planned and spent on each question."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from campaigns.models import Campaign, Channel, Question
from campaigns.year import BEFORE, MONTHS, Month, Year, month_named, month_of, year_from
from crm.desk.campaigns.words import BANDS, CHANNEL_ICONS, CHANNELS, COLOURS, QUESTIONS, in_short, money, plain
from crm.desk.doors import for_staff
from crm.desk.path.tables import Table
from crm.desk.places import page
from funnel.pictures import Picture
from staff.policy import Principal

WIDTH, STEPS = 100, 6  # of a month in the calendar; how high bars of money may be
BROAD, FRAME, FILL = 100 / MONTHS, 6, 4  # of a month, of what was planned and of what was spent, in per cent
NOBODY_IN: Final = {
    Question.REACH: gettext_lazy("In %(month)s nobody works on reaching strangers."),
    Question.BEFRIEND: gettext_lazy("In %(month)s nobody works on making friends."),
    Question.KEEP: gettext_lazy("In %(month)s nobody works on making and keeping customers."),
}


@dataclass(frozen=True, slots=True)
class Strip:
    """A campaign as a bar over the months; `dates` in words."""

    campaign: Campaign
    channel: str
    icon: str
    x: str
    width: str
    dates: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A month of a question: what was planned as a frame, what was spent filled, and its sum; places in per cent."""

    middle: str
    frame: tuple[str, str, str]  # left, top, how high
    fill: tuple[str, str, str]
    top: str
    words: str
    sum: str  # what was spent; of months to come, what is planned
    short: str  # the same, where there is no room
    is_over: bool  # more was spent than planned


@dataclass(frozen=True, slots=True)
class Part:
    """A question with its campaigns and its sums."""

    place: int
    band: str
    title: str
    question: str
    colour: int
    strips: Sequence[Strip]
    bars: Sequence[Bar]
    spent: str
    planned: str
    words: str
    step: int  # how high its bars may be, in steps: one sum is as high in each question


class ShownYear:
    def __init__(self, year: Year, today: date) -> None:
        self.year, self.today, self.code = year, today, year.currency
        self.most = max(self._most(question) for question in Question)

    @property
    def of_calendar(self) -> str:
        """How many campaigns run today, and the first month to come in which a question has none."""
        n = sum(one.is_running(self.today) for one in self.year.campaigns)
        said = ngettext("%(n)s campaign runs today.", "%(n)s campaigns run today.", n) % {"n": n}
        for month in self.year.months:
            for question in Question:
                if month.last >= self.today and not self.year.works_on(question, month):
                    return f"{said} {capfirst(NOBODY_IN[question] % {'month': date_format(month.first, 'F')})}"
        return said

    @property
    def of_money(self) -> str:
        """What this month cost against its plan; of other years, the sum of all their months."""
        now = next((one for one in self.year.months if one.first <= self.today <= one.last), None)
        months = [now] if now else self.year.months
        sums = [sum(sum(one.spent.values()) for one in months), sum(sum(one.planned.values()) for one in months)]
        said = {"spent": money(sums[0], self.code), "planned": money(sums[1], self.code)}
        if now:
            said["month"] = date_format(now.first, "F")
            return capfirst(_("In %(month)s %(spent)s of %(planned)s planned is spent.") % said)
        return _("In these months %(spent)s of %(planned)s planned is spent.") % said

    @property
    def others(self) -> str:
        return ", ".join(money(total, code) for code, total in sorted(self.year.others.items()))

    @property
    def now_x(self) -> str:
        return f"{self._at(self.today):.1f}" if self._holds(self.today) else ""

    def _holds(self, day: date) -> bool:
        return self.year.months[0].first <= day <= self.year.months[-1].last

    def _most(self, question: str) -> int:
        return max(1, *(max(one.planned[question], one.spent[question]) for one in self.year.months))

    def _step(self, question: str) -> int:
        return -(-STEPS * self._most(question) // self.most)

    def parts(self) -> Iterator[Part]:
        for place, question in enumerate(Question, start=1):
            spent = sum(one.spent[question] for one in self.year.months)
            planned = sum(one.planned[question] for one in self.year.months)
            bars = [self._bar(number, one, question) for number, one in enumerate(self.year.months)]
            yield Part(
                place, str(BANDS[question]), str(QUESTIONS[question]), question.value, COLOURS[question],
                [self._strip(one) for one in self.year.of(question)], bars,
                money(spent, self.code), money(planned, self.code) if planned else "",
                "; ".join(bar.words for bar in bars if bar.words),
                self._step(question),
            )  # fmt: skip

    def _strip(self, campaign: Campaign) -> Strip:
        first, last = campaign.starts_on, campaign.ends_on
        left = self._at(first) if first and self._holds(first) else 0
        right = self._at(last, whole=True) if last and self._holds(last) else WIDTH * MONTHS
        channel = Channel(campaign.channel)
        is_over = last is not None and last < self.today
        width = max(right - left, 4)
        return Strip(
            campaign, str(CHANNELS[channel]), CHANNEL_ICONS[channel], f"{left:.1f}", f"{width:.1f}", _dates(campaign),
            is_over,
        )  # fmt: skip

    def _at(self, day: date, *, whole: bool = False) -> float:
        """Where a day stands: months are equally wide, whatever their length. `whole`: where it ends."""
        first = self.year.months[0].first
        number = (day.year - first.year) * 12 + day.month - first.month
        last = self.year.months[number].last.day
        return WIDTH * (number + (day.day - (0 if whole else 1)) / last)

    def _bar(self, number: int, month: Month, question: str) -> Bar:
        planned, spent = month.planned[question], month.spent[question]
        frame, fill = (100 * STEPS * one / (self.most * self._step(question)) for one in (planned, spent))
        middle = BROAD * (number + 0.5)
        said = {"month": date_format(month.first, "F"), "spent": money(spent, self.code)}
        words = ""
        if planned:
            words = _("%(month)s %(spent)s of %(planned)s") % (said | {"planned": money(planned, self.code)})
        elif spent:
            words = _("%(month)s %(spent)s") % said
        return Bar(
            f"{middle:.2f}", _placed(middle, FRAME, frame), _placed(middle, FILL, fill),
            f"{100 - max(frame, fill):.2f}", words, money(spent or planned, self.code) if words else "",
            in_short(spent or planned, self.code) if words else "", spent > planned > 0,
        )  # fmt: skip

    def campaign_table(self) -> Table:
        head = (_("Campaign"), _("Question"), _("Channel"), _("Starts on"), _("Ends on"), _("Budget"), _("Currency"))
        rows = [
            (
                one.name, str(BANDS[Question(one.question)]), str(CHANNELS[Channel(one.channel)]),
                one.starts_on.isoformat() if one.starts_on else None, one.ends_on.isoformat() if one.ends_on else None,
                plain(one.budget_minor, one.currency), one.currency,
            )
            for one in self.year.campaigns
        ]  # fmt: skip
        return Table("calendar", _("Calendar"), head, rows)

    def money_table(self) -> Table:
        planned, spent = _("%(question)s, planned"), _("%(question)s, spent")
        head = [_("Month"), *(text % {"question": BANDS[one]} for one in Question for text in (planned, spent))]
        rows = [
            (
                f"{month.first:%Y-%m}",
                *(plain(sums[one], self.code) for one in Question for sums in (month.planned, month.spent)),
            )
            for month in self.year.months
        ]
        return Table("money", _("Money, %(currency)s") % {"currency": self.code}, (*head,), rows)


def _placed(middle: float, width: int, high: float) -> tuple[str, str, str]:
    return f"{middle - width / 2:.2f}", f"{100 - high:.2f}", f"{high:.2f}"


def _dates(campaign: Campaign) -> str:
    first, last = (
        date_format(one, "SHORT_DATE_FORMAT") if one else "" for one in (campaign.starts_on, campaign.ends_on)
    )
    if first and last:
        return f"{first} – {last}"
    if first:
        return _("from %(day)s") % {"day": first}
    return _("until %(day)s") % {"day": last} if last else _("no dates")


@require_GET
@for_staff("figures:read")
def strategy_calendar(request: HttpRequest, principal: Principal) -> HttpResponse:
    return _page(request, principal, "calendar")


@require_GET
@for_staff("figures:read")
def strategy_money(request: HttpRequest, principal: Principal) -> HttpResponse:
    return _page(request, principal, "money")


def _page(request: HttpRequest, principal: Principal, lane: str) -> HttpResponse:
    shown, first, as_table = shown_year(request), first_month(request), request.GET.get("view") == "table"
    here, months = reverse(f"desk:strategy-{lane}"), shown.year.months
    parts = list(shown.parts())
    context: dict[str, Any] = {
        "shown": shown,
        "lane": lane,
        "headline": shown.of_calendar if lane == "calendar" else shown.of_money,
        "parts": parts,
        "has_more": any(bar.is_over for part in parts for bar in part.bars),
        "earlier": f"{here}?from={month_of(first, later=-6):%Y-%m}{'&view=table' if as_table else ''}",
        "later": f"{here}?from={month_of(first, later=6):%Y-%m}{'&view=table' if as_table else ''}",
        "table_address": f"{here}?from={first:%Y-%m}{'' if as_table else '&view=table'}",
        "as_table": as_table,
        "query": f"from={first:%Y-%m}",
        "tables": [shown.campaign_table() if lane == "calendar" else shown.money_table()] if as_table else [],
        "span": (months[0].first, months[-1].first),
        "may_plan": principal.may("campaigns:write"),
    }
    return render(request, "desk/strategy_year.html", page(request) | context)


def shown_year(request: HttpRequest) -> ShownYear:
    return ShownYear(year_from(first_month(request), Picture.now()), timezone.localdate())


def first_month(request: HttpRequest) -> date:
    """The month the address asks for; else as many before this one as usual."""
    return month_named(request.GET.get("from", "")) or month_of(timezone.localdate(), later=-BEFORE)
