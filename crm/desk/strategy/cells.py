"""The three columns of the strategy: their numbers, their campaigns, and what nobody works on."""

from html import escape

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.desk.drawing import joined
from crm.desk.strategy.showing import Shown, ShownColumn, ShownGap
from crm.templatetags.icons import lucide
from crm.templatetags.polku import figure, stops


def columns_drawn(shown: Shown, *, may_plan: bool) -> SafeString:
    return joined(_column(one, may_plan=may_plan, costs=shown.seen.of_everybody) for one in shown.columns())


def _column(one: ShownColumn, *, may_plan: bool, costs: bool) -> str:
    arrow = lucide("arrow-right", size=12, **{"class": "i", "aria_hidden": "true"})
    steps = f"{escape(str(one.column.before_gate))} {arrow} {escape(str(one.last_step))}"
    campaigns = f'<ul class="camps">{one.cards}</ul>' if one.cards else ""
    gaps = "".join(_gap(gap, may_plan=may_plan) for gap in one.gaps)
    return (
        f'<section class="q" aria-labelledby="q-{one.place}">'
        f'<div class="band band-{one.place}"><b>{escape(one.band)}</b><span class="row-x sp-6">{steps}</span></div>'
        f'<h2 class="q-t" id="q-{one.place}">{escape(one.title)}</h2>'
        f'<div class="q-f">{_count(one)}<div>{_each(one, costs=costs)}</div>{_spark(one)}</div>'
        f"{campaigns}{gaps}{_plan(one) if may_plan else ''}</section>"
    )


def _count(one: ShownColumn) -> str:
    visitors = f'<span class="t-meta num">{escape(one.visitors)}</span>' if one.visitors else ""
    return (
        f'<div><span class="t-fig">{figure(one.column.count)}</span>'
        f'<span class="t-meta">{escape(one.told)}</span>{visitors}</div>'
    )


def _each(one: ShownColumn, *, costs: bool) -> str:
    if not one.each:
        return f'<span class="q-c ink-3">{escape(_("no cost")) if costs else ""}</span>'
    warns = " warn" if one.column.got_dearer else ""
    before = f'<span class="t-meta num">{escape(one.each_before)}</span>'
    return f'<span class="q-c num{warns}">{escape(one.each)}</span>{before}'


def _spark(one: ShownColumn) -> str:
    if not one.points:
        return ""
    label = escape(_("In turn: %(numbers)s") % {"numbers": one.trend_in_words})
    return (
        f'<svg class="spark c-{one.colour}" viewBox="0 0 98 34" role="img" aria-label="{label}">'
        f'<polyline points="{one.points}"/><circle cx="{one.end[0]}" cy="{one.end[1]}" r="3"/></svg>'
    )


def _gap(one: ShownGap, *, may_plan: bool) -> str:
    gap, first, second = one.gap, escape(str(one.gap.from_stage)), escape(str(one.gap.to_stage))
    icon = lucide(one.icon, size=14, **{"class": "i i-14 warn", "aria_hidden": "true"})
    way, arrow = "", lucide("arrow-right", size=14, **{"class": "i i-14 ink-3", "aria_hidden": "true"})
    if gap.kind != "question":
        way = (
            f'<p class="row-x sp-6 wrap"><span class="stage">{stops(one.stops[0])}{first}</span>'
            f'{arrow}<span class="stage">{stops(one.stops[1])}{second}</span></p>'
        )
    stage = "" if gap.kind == "question" else f"&stage={gap.to_stage.pk}"
    plan = _opening(f"?question={gap.question}{stage}", "b is-small", escape(_("Plan a campaign"))) if may_plan else ""
    see = escape(_("See who stands in %(stage)s") % {"stage": gap.from_stage})
    return (
        f'<div class="gap-card"><div class="row-x sp-6">{icon}<b>{escape(one.title)}</b></div>{way}'
        f'<p>{escape(one.text)}</p><div class="row-x wrap up-8">{plan}<a class="b is-small is-quiet" '
        f'href="{reverse("desk:contact-list")}?stage={gap.from_stage.key}">{see}</a></div></div>'
    )


def _plan(one: ShownColumn) -> str:
    icon = lucide("plus", size=14, **{"class": "i i-14", "aria_hidden": "true"})
    label = escape(_("Campaign for: %(band)s") % {"band": one.band})
    words = f"{icon}{escape(_('Campaign'))}"
    return _opening(f"?question={one.column.question}", "b is-quiet is-small up-8", words, f' aria-label="{label}"')


def _opening(query: str, css: str, words: str, more: str = "") -> str:
    """What opens the form of a new campaign."""
    address = escape(f"{reverse('desk:campaign-new')}{query}")
    return f'<a class="{css}" href="{address}" data-drawer="{address}"{more}>{words}</a>'
