"""The lines of today and of the inbox, made here and not in templates: they are the cost of the pages."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import lru_cache
from html import escape
from typing import Final

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contacts.recurring import Repeat
from crm.desk.drawing import joined, row_address, small_icon, token_field
from crm.desk.money import in_full
from crm.desk.today.came import Line
from crm.desk.today.doing import Due
from crm.desk.today.inbox import Waiting
from crm.desk.today.report import Figures
from crm.desk.today.spans import repeat_words, short, short_day, worked
from crm.templatetags.polku import initials, moments_shown, percent, stops


def _posts(address: str) -> str:
    """What sends a press to an address, with htmx or without."""
    return f'<form method="post" action="{address}" hx-post="{address}" hx-swap="none">'


# --- Who waits --------------------------------------------------------------------------------------------------------


def waiting_drawn(lines: Iterable[Waiting], request: HttpRequest, *, may_work: bool) -> SafeString:
    """The lines of the inbox, with what may be done about each."""
    page, acts = row_address("desk:contact-page"), _acts(request) if may_work else lambda one: ""
    messages, asked, has_it = _("%(n)s messages"), _("asked %(time)s ago"), _("%(name)s has it")
    nobody = f'<span class="warn">{escape(_("nobody has it"))}</span>'
    gone = f' <span class="warn">({escape(_("not there"))})</span>'

    def who(one: Waiting) -> str:
        if not one.who:
            return nobody
        name = escape(has_it % {"name": one.who_name} if one.is_taken else one.who_name)
        return f"{small_icon('user-round')} {name}{gone if one.is_gone else ''}"

    def line(one: Waiting) -> str:
        name = escape(one.name)
        several = f" · {escape(messages % {'n': one.asked})}" if one.asked > 1 else ""
        words = f'<p class="ib-words">“{escape(one.words)}”</p>' if one.words else ""
        state = " is-over" if one.is_overdue else " is-close" if one.is_close else ""
        return (
            f'<li class="ib-row" data-row><span class="av av-32" aria-hidden="true">{escape(initials(one.name))}</span>'
            f'<div class="ib-what"><div class="row-x sp-6 wrap">'
            f'<a class="t-strong" data-open href="{page(one.contact)}">{name}</a>{stops(one.place)}'
            f'<span class="t-meta">{escape(one.kind)} · {escape(one.source)}{several}</span></div>{words}'
            f'<p class="t-meta">{who(one)}</p></div><div class="ib-time">{_left(one)}'
            f'<svg class="ib-bar{state}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect class="ib-all" width="100" height="6"/><rect class="ib-used" width="{one.width}" height="6"/></svg>'
            f'<span class="t-meta num">{escape(asked % {"time": short(one.waited)})}</span></div>{acts(one)}</li>'
        )

    return joined(map(line, lines))


def _acts(request: HttpRequest) -> Callable[[Waiting], str]:
    page, token, me = row_address("desk:contact-page"), token_field(request), request.user.pk
    take, give, waive = (row_address(f"desk:answer-{deed}") for deed in ("take", "give", "waive"))
    to_answer, to_call = small_icon("mail") + escape(_("Answer")), small_icon("phone") + escape(_("Log a call"))
    answer = f'<a class="b is-small" data-do="a" href="%s?do=write#composer">{to_answer}</a>'
    call = f'<a class="b is-small" data-do="c" href="%s?do=call#composer">{to_call}</a>'
    quiet = f'{token}<button class="b is-quiet is-small" data-do="%s">%s</button></form>'
    taking, waiving = quiet % ("t", escape(_("Take it"))), quiet % ("x", escape(_("No answer needed")))
    giving = f'<a class="b is-quiet is-small" data-do="g" id="give-%s" href="%s" data-drawer>{escape(_("Give"))}</a>'

    def acts(one: Waiting) -> str:
        here = page(one.contact)
        seen = f'<input type="hidden" name="seen" value="{one.who if one.is_taken else ""}">'
        taken = "" if one.who == me else _posts(take(one.id)) + seen + taking
        return (
            f'<div class="ib-acts">{answer % here}{call % here}{taken}{giving % (one.id, give(one.id))}'
            f"{_posts(waive(one.id))}{waiving}</div>"
        )

    return acts


def first_drawn(lines: Iterable[Waiting]) -> SafeString:
    """The first of those who wait, short."""
    page = row_address("desk:contact-page")

    def line(one: Waiting) -> str:
        words = f" · “{escape(one.words)}”" if one.words else ""
        return (
            f'<li class="td-row" data-row><div class="grow"><div class="row-x"><a class="t-strong clip" data-open '
            f'href="{page(one.contact)}?do=write#composer">{escape(one.name)}</a>{_left(one)}</div>'
            f'<p class="t-meta clip">{escape(one.kind)}{words}</p></div></li>'
        )

    return joined(map(line, lines))


def _left(one: Waiting) -> str:
    language = get_language() or ""
    if one.is_overdue:
        return _left_in(_minutes(one.over), "bad", language)
    return _left_in(_minutes(one.left), "warn" if one.is_close else "", language)


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds()) // 60


@lru_cache(maxsize=4000)
def _left_in(minutes: int, tone: str, _language: str) -> str:
    words = _("%(time)s over") if tone == "bad" else _("%(time)s left")
    said = escape(words % {"time": worked(timedelta(minutes=minutes))})
    return f'<span class="td-left push{f" {tone}" if tone else ""} num nowrap">{said}</span>'


# --- What is to be done -----------------------------------------------------------------------------------------------


def tasks_drawn(tasks: Iterable[Due], request: HttpRequest, *, is_late: bool, may_work: bool) -> SafeString:
    page, me = row_address("desk:contact-page"), request.user.pk
    tick, later = (_tick(request), _later(request)) if may_work else (_nothing, _nothing)
    late, given, when = _("was due %(when)s"), _("from %(name)s"), moments_shown()
    nobody = f'<span class="warn">{escape(_("nobody has it"))}</span>'

    def due(task: Due) -> str:
        at = when(task.due_at)
        if is_late:
            return f'<span class="warn num">{escape(late % {"when": at})}</span>'
        return f'<span class="num">{at}</span>'

    def line(task: Due) -> str:
        about = [escape(task.name), due(task)]
        if task.repeat:
            about.append(f"{small_icon('repeat')} {escape(repeat_words(Repeat.read(task.repeat)))}")
        if task.remind_at:
            about.append(f'<span class="num nowrap">{small_icon("bell")} {when(task.remind_at)}</span>')
        if task.who != me:
            about.append(f"{small_icon('user-round')} {escape(task.who_name)}" if task.who else nobody)
        elif task.by and task.by != me:
            about.append(escape(given % {"name": task.by_name}))
        return (
            f'<li class="td-row td-task" data-row>{tick(task)}<div class="grow">'
            f'<a class="t-strong" data-open href="{page(task.contact)}">{escape(task.title)}</a>'
            f'<p class="t-meta">{" · ".join(about)}</p></div>{later(task)}</li>'
        )

    return joined(map(line, tasks))


def _nothing(_task: Due) -> str:
    return ""


def _tick(request: HttpRequest) -> Callable[[Due], str]:
    done, token, label, title = row_address("desk:task-done"), token_field(request), _("Done: %(title)s"), _("Done")
    button = f'<button class="cb" data-do="x" aria-label="%s" title="{escape(title)}"></button></form>'
    return lambda task: f"{_posts(done(task.pk))}{token}{button % escape(label % {'title': task.title})}"


_PUT_OFF: Final = (("p", "1"), ("P", "7"))


def _later(request: HttpRequest) -> Callable[[Due], str]:
    token, change = token_field(request), row_address("desk:task-change")
    day, week = (row_address("desk:task-postpone", days) for _key, days in _PUT_OFF)
    a_day, a_week, changed = (
        escape(words) for words in (_("A day later: %(title)s"), _("A week later: %(title)s"), _("Change: %(task)s"))
    )
    begun = f'{token}<button class="b is-quiet is-small" data-do="%s" aria-label="'
    ended = '" title="%s">%s</button></form>'
    by_day, by_week = begun % "p", begun % "P"
    day_ended = ended % (escape(_("A day later")), escape(_("+1 d")))
    week_ended = ended % (escape(_("A week later")), escape(_("+1 wk")))
    change_ended = f'" title="{escape(_("Change"))}">{small_icon("pencil")}</a></div>'

    def later(task: Due) -> str:
        title = escape(task.title)
        said = {"title": title, "task": title}
        return (
            f'<div class="td-later">{_posts(day(task.pk))}{by_day}{a_day % said}{day_ended}'
            f"{_posts(week(task.pk))}{by_week}{a_week % said}{week_ended}"
            f'<a class="b is-quiet is-small is-icon" href="{change(task.pk)}" data-drawer data-do="e" '
            f'aria-label="{changed % said}{change_ended}'
        )

    return later


# --- What came --------------------------------------------------------------------------------------------------------


def came_drawn(lines: Iterable[Line]) -> SafeString:
    page, why, when = row_address("desk:contact-page"), escape(_("why?")), moments_shown()

    def line(one: Line) -> str:
        here = page(one.contact)
        return (
            f'<li class="td-row" data-row><div class="grow"><div class="row-x">'
            f'<a class="t-strong clip" data-open href="{here}">{escape(one.name)}</a>'
            f'<time class="t-meta push num nowrap" datetime="{one.at.isoformat()}">{when(one.at)}</time></div>'
            f'<p class="t-meta row-x sp-6">{stops(one.place)} {escape(str(one.stage))}{_cause(one)} · '
            f'<a class="why" href="{here}#why">{why}</a></p></div></li>'
        )

    return joined(map(line, lines))


def cooling_drawn(recalls: Iterable[Line], cooling: Iterable[Line]) -> SafeString:
    """Who asked us to come back, and who cools."""
    page, asked, cools = row_address("desk:contact-page"), _("asked us to come back on %(date)s"), _("cools %(date)s")

    def who(one: Line) -> str:
        return f'<a class="t-strong clip" data-open href="{page(one.contact)}">{escape(one.name)}</a>'

    def recall(one: Line) -> str:
        words = escape(asked % {"date": short_day(one.at)})
        return (
            f'<li class="td-row" data-row><div class="grow">{who(one)}'
            f'<p class="t-meta"><span class="warn">{words}</span></p></div></li>'
        )

    def cool(one: Line) -> str:
        words = escape(cools % {"date": short_day(one.at)})
        return (
            f'<li class="td-row" data-row><div class="grow"><div class="row-x">{who(one)}</div><p class="t-meta row-x '
            f'sp-6">{stops(one.place)} {escape(str(one.stage))} · <span class="warn num">{words}</span></p></div></li>'
        )

    return joined([*map(recall, recalls), *map(cool, cooling)])


def _cause(one: Line) -> str:
    if one.cause is None:
        return ""
    kind, value, currency = one.cause
    worth = "" if value is None else f' <span class="num">{escape(in_full(value, currency or ""))}</span>'
    return f" · {escape(str(kind))}{worth}"


# --- How soon we answer -----------------------------------------------------------------------------------------------


def figures_drawn(lines: Iterable[Figures]) -> SafeString:
    def line(one: Figures) -> str:
        times = (intcomma(one.n), one.median_text, one.p90_text, percent(one.share, 0))
        counts = (intcomma(one.ended), intcomma(one.running))
        cells = "".join(f'<td class="num">{escape(cell)}</td>' for cell in (*times, *counts))
        return f'<tr><th scope="row">{escape(one.label) or "–"}</th>{cells}</tr>'

    return joined(map(line, lines))
