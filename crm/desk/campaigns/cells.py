"""The lines of the pages of campaigns: campaigns with what came of them, costs, links, the bars of a chart."""

from collections.abc import Callable, Iterable
from html import escape

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.budgets import Budget
from campaigns.figure_api import short_address
from campaigns.linking import tagged
from campaigns.models import Campaign
from campaigns.reading import CostLine, LinkLine
from crm.desk.campaigns.listing import Row
from crm.desk.campaigns.showing import Figure, Line, Page
from crm.desk.campaigns.words import money
from crm.desk.drawing import joined, row_address, short_date, short_dates, small_icon, token_field
from crm.desk.money import in_full
from crm.templatetags.polku import figure, stops


def campaigns_drawn(rows: Iterable[Row], *, query: str, put_away: bool) -> SafeString:
    address, idle = row_address("desk:campaign"), f' <span class="lbl">{escape(_("not running"))}</span>'
    labels = [escape(words) for words in (_("Brought"), _("Cost"), _("Each"), _("Revenue"))]

    def line(row: Row) -> str:
        campaign, owner = row.campaign, f" · {escape(str(row.campaign.owner))}" if row.campaign.owner else ""
        figures = (figure(row.won), row.cost or "–", row.each or "–", row.revenue or "–")
        cells = "".join(
            f'<td class="r" data-label="{label}">{said}</td>' for label, said in zip(labels, figures, strict=True)
        )
        return (
            f'<tr><td class="camp-name"><a href="{address(campaign.pk)}?{escape(query)}">'
            f'<b class="clip">{escape(campaign.name)}</b>'
            f'<span class="t-meta">{small_icon(row.icon)} {escape(row.channel)}{owner}</span></a></td>'
            f'<td class="camp-gate"><span class="stage">{stops(row.place)}{escape(str(row.gate))}</span></td>{cells}'
            f"{_budget(row.budget, campaign.currency)}"
            f'<td class="ink-2 nowrap">{_runs(row)}{"" if row.is_running or put_away else idle}</td></tr>'
        )

    return joined(map(line, rows))


def _budget(budget: Budget | None, currency: str) -> str:
    """A cell with spent of planned, and a bar; empty where none was set."""
    if budget is None:
        return "<td></td>"
    said = _("%(spent)s of %(budget)s") % {
        "spent": money(budget.spent, currency),
        "budget": money(budget.planned, currency),
    }
    return (
        f'<td class="camp-budget" data-label="{escape(_("Budget"))}"><span class="num">{escape(said)}</span>'
        f"{budget_bar(budget)}</td>"
    )


def budget_drawn(budget: Budget | None, currency: str) -> SafeString:
    """The same for the page of one, with what of its days is over, and what is left or too much, in words."""
    if budget is None:
        return SafeString()
    sums = {"spent": money(budget.spent, currency), "budget": money(budget.planned, currency)}
    said = [_("%(spent)s of %(budget)s is spent.") % sums]
    if budget.is_over:
        said.append(_("That is %(sum)s more than planned.") % {"sum": money(-budget.left, currency)})
    if budget.time is not None:
        said.append(_("%(share)s %% of its days are over.") % {"share": round(budget.time)})
    tone = "warn" if budget.is_over else "ink-2"
    return SafeString(
        f'<div class="budget">{budget_bar(budget)}<p class="t-dense {tone}">{escape(" ".join(said))}</p></div>'
    )


def budget_bar(budget: Budget) -> SafeString:
    """What of it is spent; the mark says what of its days is over."""
    time = "" if budget.time is None else f'<rect class="now" x="{min(budget.time, 99):.1f}" width="1" height="4"/>'
    return SafeString(
        '<svg class="meterbar budget-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="bg" width="100" height="4"/><rect class="{"is-more" if budget.is_over else "f-4"}" '
        f'width="{min(budget.share, 100):.1f}" height="4"/>{time}</svg>'
    )


def _runs(row: Row) -> str:
    first, last = row.campaign.starts_on, row.campaign.ends_on
    if first and last:
        return f"{short_date(first)} – {short_date(last)}"
    if first:
        return escape(_("from %(day)s") % {"day": short_date(first)})
    if last:
        return escape(_("until %(day)s") % {"day": short_date(last)})
    return escape(_("always")) if row.is_running else ""


def figures_drawn(shown: Page, people_at: str) -> SafeString:
    """The numbers of a campaign; `people_at` leads to those behind one of them."""
    whose, who = escape(_("Who: %(label)s")), escape(_("who?"))

    def cell(one: Figure) -> str:
        label, behind = escape(one.label), ""
        if one.what:
            behind = f" {_who(people_at, one.what, whose % {'label': label}, who)}"
        return (
            f'<div><dt class="t-meta">{label}</dt><dd class="t-fig">{escape(one.value)}</dd>'
            f'<dd class="t-meta num">{escape(one.note)}{behind}</dd></div>'
        )

    return joined(map(cell, shown.figures()))


def moved_drawn(shown: Page, people_at: str) -> SafeString:
    """Whom it moved: a row for each stage."""
    whose, who = escape(_("Who: %(label)s")), escape(_("who?"))

    def row(line: Line) -> str:
        stage = escape(str(line.stage))
        behind = _who(people_at, line.stage.key, whose % {"label": stage}, who) if line.came else ""
        return (
            f'<tr><th scope="row"><span class="stage">{stops(line.place)}{stage}</span></th>'
            '<td class="moved-bar" aria-hidden="true"><svg class="meterbar" viewBox="0 0 100 4" '
            'preserveAspectRatio="none"><rect class="bg" width="100" height="4"/>'
            f'<rect class="f-{min(line.place, 6)}" width="{line.width}" height="4"/></svg></td>'
            f'<td class="r">{_with_visitors(line.people_first, line.visitors_first)}</td>'
            f'<td class="r">{_with_visitors(line.people_last, line.visitors_last)}</td>'
            f'<td class="moved-who">{behind}</td></tr>'
        )

    return joined(map(row, shown.lines()))


def _who(people_at: str, what: str, label: str, words: str) -> str:
    address = escape(people_at % what)
    return f'<a class="why" href="{address}" data-drawer="{address}" aria-label="{label}">{words}</a>'


def _with_visitors(people: int, visitors: int) -> str:
    beside = f'<span class="t-meta"> + {figure(visitors)}</span>' if visitors else ""
    return f"{figure(people)}{beside}"


def costs_drawn(costs: Iterable[CostLine], currency: str, request: HttpRequest, *, may_plan: bool) -> SafeString:
    take_back = _taking_back(request) if may_plan else lambda cost, sum_, day: ""
    date = short_dates()

    def line(cost: CostLine) -> str:
        sum_, first = escape(in_full(cost.sum_minor, currency)), date(cost.first_on)
        days = first if cost.first_on == cost.last_on else f"{first}–{date(cost.last_on)}"
        note = f'<p class="t-meta clip">{escape(cost.note)}</p>' if cost.note else ""
        return (
            f'<li><div class="grow"><b class="num">{sum_}</b> <span class="t-meta num">{days}</span>{note}</div>'
            f"{take_back(cost.pk, sum_, first)}</li>"
        )

    return joined(map(line, costs))


def _taking_back(request: HttpRequest) -> Callable[[int, str, str], str]:
    """The button that withdraws a cost."""
    address, token, words = row_address("desk:cost-withdraw"), token_field(request), escape(_("Take back"))
    label = escape(_("Take back %(sum)s of %(day)s"))

    def button(cost: int, sum_: str, day: str) -> str:
        return (
            f'<form method="post" action="{address(cost)}">{token}<button class="b is-quiet is-small" type="submit" '
            f'aria-label="{label % {"sum": sum_, "day": day}}">{words}</button></form>'
        )

    return button


def links_drawn(links: Iterable[LinkLine], campaign: Campaign) -> SafeString:
    """Each with its short address to copy, its code to print, and where it leads."""
    qr, short, copy = (escape(words) for words in (_("QR code of"), _("Short link"), _("Copy")))
    copied, leads, icon = escape(_("Copied.")), escape(_("leads to")), small_icon("qr-code")
    code_at, before = row_address("desk:link-code"), escape(short_address("-").removesuffix("-"))

    def line(link: LinkLine) -> str:
        named = f"{escape(link.source)} / {escape(link.medium)}"
        content = f'<span class="lbl">{escape(link.content)}</span>' if link.content else ""
        clicks = ngettext("%(shown)s click", "%(shown)s clicks", link.clicks) % {"shown": figure(link.clicks)}
        to = tagged(link.url, link.source, link.medium, campaign.key, link.term, link.content)
        return (
            f'<li><div class="row-x wrap"><b>{named}</b>{content}<a class="link t-dense push" '
            f'href="{code_at(link.pk)}" download="polku-{link.token}.svg" aria-label="{qr} {named}">'
            f'{icon} QR</a><span class="num">{clicks}</span></div>'
            f'<label class="vh" for="link-{link.pk}">{short}</label><div class="link-copy">'
            f'<input class="in t-dense" id="link-{link.pk}" value="{before}{link.token}" readonly>'
            f'<button class="b" type="button" data-copy="link-{link.pk}" data-copied="{copied}">{copy}</button></div>'
            f'<p class="t-meta anywhere">{leads} {escape(to)}{_left_out(link)}</p></li>'
        )

    return joined(map(line, links))


def _left_out(link: LinkLine) -> str:
    if not link.left_out:
        return ""
    said = ngettext("%(n)s opening by a machine left out", "%(n)s openings by machines left out", link.left_out) % {
        "n": link.left_out
    }
    return f' · <span class="num">{escape(said)}</span>'
