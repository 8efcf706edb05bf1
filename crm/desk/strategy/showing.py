"""The strategy as it is drawn: a sentence, three columns, and the money in one line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Channel, Question
from campaigns.reading import COUNTED
from campaigns.strategy import Card, Column, Gap, Strategy
from crm.desk.campaigns.words import (
    BANDS,
    CHANNEL_ICONS,
    CHANNELS,
    COLOURS,
    DEARER,
    NOBODY_WORKS,
    QUESTIONS,
    money,
    plain,
    told_won,
)
from crm.desk.drawing import grey, joined, row_address, short_date, small_icon
from crm.desk.path.tables import Table
from crm.templatetags.polku import figure
from funnel.models import Stage

WIDTH, HEIGHT, EDGE = 98, 34, 4


@dataclass(frozen=True, slots=True)
class ShownGap:
    """What is missing, in words; the stops of both stages where it is a step."""

    gap: Gap
    title: str
    text: str
    icon: str
    stops: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ShownColumn:
    column: Column
    band: str
    place: int
    title: str
    told: str
    visitors: str
    each: str
    each_before: str
    colour: int
    points: str
    end: tuple[str, str]
    trend_in_words: str
    cards: SafeString
    gaps: Sequence[ShownGap]
    last_step: Stage


class Shown:
    def __init__(self, seen: Strategy, query: str = "") -> None:
        self.seen, self.query = seen, query
        self.code = seen.money.currency
        self.ranks = {stage.pk: place for place, stage in enumerate(seen.path.stages, start=1)}

    @property
    def headline(self) -> str:
        """The first of these that is true: a question nobody works on, one that got dearer, a leak; else the sums."""
        seen, three = self.seen, _("Three questions.")
        missing = [str(NOBODY_WORKS[column.question]) for column in seen.unanswered]
        if len(missing) == len(seen.columns):
            return _("Three questions, and no campaign works on any of them.")
        if missing:
            return " ".join([three if len(missing) == 1 else "", *missing]).strip()
        if dear := seen.dearer:
            sums = {"now": money(dear.each, self.code), "before": money(dear.each_before, self.code)}
            return f"{three} {DEARER[dear.question] % sums}"
        if step := next((gap for column in seen.columns for gap in column.gaps if gap.kind == "step"), None):
            names = {"first": step.from_stage, "second": step.to_stage}
            return " ".join([three, _("Nobody works on the step from %(first)s to %(second)s.") % names])
        if seen.leak and seen.after_leak:
            names = {"first": seen.leak.stage, "second": seen.after_leak}
            return " ".join([three, _("The path leaks between %(first)s and %(second)s.") % names])
        return self._sums()

    def _sums(self) -> str:
        met, leads, customers = (column.count for column in self.seen.columns)
        said = {"met": met, "leads": leads, "customers": customers}
        return _("Three questions: %(met)s people met, %(leads)s leads, %(customers)s new customers.") % said

    def columns(self) -> Iterator[ShownColumn]:
        for place, column in enumerate(self.seen.columns, start=1):
            points = _points(column.trend)
            yield ShownColumn(
                column=column,
                band=str(BANDS[column.question]),
                place=place,
                title=str(QUESTIONS[column.question]),
                told=told_won(column.question, self.seen.days),
                visitors=_visitors(column),
                each=self._each(column.each),
                each_before=self._before(column.each_before),
                colour=COLOURS[column.question],
                points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points),
                end=(f"{points[-1][0]:.1f}", f"{points[-1][1]:.1f}") if points else ("0", "0"),
                trend_in_words=", ".join(map(str, column.trend)),
                cards=joined(self._card(card, COLOURS[column.question]) for card in column.cards),
                gaps=[self._gap(gap) for gap in column.gaps],
                last_step=column.steps[-1],
            )

    def _each(self, minor: int | None) -> str:
        return "" if minor is None else _("%(sum)s each") % {"sum": money(minor, self.code)}

    def _before(self, minor: int | None) -> str:
        return "" if minor is None else _("%(sum)s before") % {"sum": money(minor, self.code)}

    def _card(self, card: Card, colour: int) -> str:
        campaign, stage = card.campaign, self.ranks.get(card.campaign.stage_id or 0)
        channel = Channel(campaign.channel)
        icon = small_icon(CHANNEL_ICONS[channel])
        return (
            f'<li class="camp"><a href="{row_address("desk:campaign")(campaign.pk)}?{escape(self.query)}">'
            f'<div class="row-x"><b class="clip grow">{escape(campaign.name)}</b>'
            f'<span class="lbl">{icon}{escape(str(CHANNELS[channel]))}</span></div>'
            f'<div class="camp-f">{_moved(card)}{_state(card)}</div>'
            '<svg class="meterbar up-8" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect class="bg" width="100" height="4"/><rect class="f-{min(stage, 6) if stage else colour}" '
            f'width="{max(card.share, 1 if card.won else 0):.1f}" height="4"/></svg></a></li>'
        )

    def _gap(self, gap: Gap) -> ShownGap:
        stops = (self.ranks[gap.from_stage.pk], self.ranks[gap.to_stage.pk])
        names = {"first": gap.from_stage, "second": gap.to_stage}
        if gap.kind == "leak":
            return ShownGap(gap, _("The path leaks here"), _leak(gap), "droplet", stops)
        if gap.kind == "step":
            text = _("No campaign that runs brings people from %(first)s to %(second)s.") % names
            return ShownGap(gap, _("Nobody works on this"), text, "compass", stops)
        text = _("No campaign runs for this question. Say whom it is for, what they get and until when.")
        return ShownGap(gap, _("Nobody works on this"), text, "compass", stops)

    # --- The foot

    @property
    def money(self) -> list[str]:
        found = self.seen.money
        return [money(found.spent, self.code), money(found.planned, self.code)]

    @property
    def others(self) -> str:
        return ", ".join(money(total, code) for code, total in sorted(self.seen.money.others.items()))

    @property
    def per_customer(self) -> str:
        minor = self.seen.money.per_customer if self.seen.of_everybody else None
        return "" if minor is None else money(minor, self.code)

    @property
    def worth(self) -> str:
        return "" if self.seen.money.worth is None else money(self.seen.money.worth, self.code)

    def channels(self) -> list[dict[str, object]]:
        """The bar of owned, earned and paid: where each begins and how wide it is, of 200."""
        spent = self.seen.money.by_channel
        total = sum(spent.values())
        found, at = [], 0.0
        for channel, colour in ((Channel.OWNED, 4), (Channel.EARNED, 3), (Channel.PAID, 1)):
            width = 200 * spent[channel] / total if total else 0
            share = 100 * spent[channel] / total if total else 0
            name = CHANNELS[channel]
            found.append({"x": f"{at:.1f}", "width": f"{width:.1f}", "colour": colour, "share": share, "name": name})
            at += width
        return found

    @property
    def paid_in_words(self) -> str:
        spent, orders = self.seen.money.by_channel, self.seen.money.orders_by_channel
        total, bought = sum(spent.values()), sum(orders.values())
        if not total:
            return ""
        cost = round(100 * spent[Channel.PAID] / total)
        if not bought:
            return _("%(cost)s %% of cost is paid media") % {"cost": cost}
        share = round(100 * orders[Channel.PAID] / bought)
        return _("%(cost)s %% of cost is paid media, %(share)s %% of credited orders") % {"cost": cost, "share": share}

    def table(self) -> Table:
        head = (_("Campaign"), _("Question"), _("Channel"), _("Won"), _("Cost"), _("Cost each"), _("Currency"))
        rows = [
            (
                card.campaign.name,
                str(BANDS[column.question]),
                str(CHANNELS[Channel(card.campaign.channel)]),
                card.won,
                plain(card.outcome.spent, card.campaign.currency),
                plain(card.each, card.campaign.currency),
                card.campaign.currency,
            )
            for column in self.seen.columns
            for card in column.cards
        ]
        return Table("campaigns", _("Campaigns"), head, rows)

    def questions_table(self) -> Table:
        head = (
            *(_("Question"), _("Won"), _("Won before"), _("Cost"), _("Cost each"), _("Cost each before")),
            *(str(number) for number in range(1, max(len(column.trend) for column in self.seen.columns) + 1)),
        )
        rows = [
            (
                str(QUESTIONS[column.question]),
                column.count,
                column.count_before,
                *(plain(one, self.code) for one in (column.spent, column.each, column.each_before)),
                *column.trend,
            )
            for column in self.seen.columns
        ]
        return Table("questions", _("The three questions"), head, rows)


def _moved(card: Card) -> str:
    said = ngettext("<b>%(shown)s</b> moved", "<b>%(shown)s</b> moved", card.won) % {"shown": figure(card.won)}
    if card.each is None:
        return f'<span class="num">{said}</span>'
    sum_ = money(card.each, card.campaign.currency)
    each = _("%(sum)s each") % {"sum": sum_} if card.each else _("no cost")
    return f'<span class="num">{said}</span><span class="num ink-3">{escape(each)}</span>'


def _state(card: Card) -> str:
    if card.silent_since:
        silent = _("silent since %(day)s") % {"day": short_date(card.silent_since)}
        return f'<span class="warn num">{escape(silent)}</span>'
    return "" if card.is_running else grey(_("not running"))


def _points(trend: Sequence[int]) -> list[tuple[float, float]]:
    if len(trend) < 2 or not any(trend):
        return []
    most, least = max(trend), min(trend)
    step = (WIDTH - EDGE) / (len(trend) - 1)
    rise = (HEIGHT - 2 * EDGE) / (most - least or 1)
    return [(2 + step * place, HEIGHT - EDGE - rise * (n - least)) for place, n in enumerate(trend)]


def _visitors(column: Column) -> str:
    if column.question != Question.REACH or not column.won.visitors:
        return ""
    n = column.won.visitors
    return ngettext("%(n)s of them a visitor", "%(n)s of them visitors", n) % {"n": n}


def _leak(gap: Gap) -> str:
    said = ngettext(
        "%(n)s person fewer than expected went on to %(stage)s.",
        "%(n)s people fewer than expected went on to %(stage)s.",
        gap.missing,
    ) % {"n": gap.missing, "stage": gap.to_stage}
    if not gap.people:
        return said
    n = f"{gap.people}" if gap.people < COUNTED else f"≥ {COUNTED}"
    return f"{said} " + ngettext(
        "%(n)s person has stood in %(stage)s for more than 60 days.",
        "%(n)s people have stood in %(stage)s for more than 60 days.",
        gap.people,
    ) % {"n": n, "stage": gap.from_stage}
