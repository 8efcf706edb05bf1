"""The page of a company: roles by stages, its people and what happened to them, made here and not in templates."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from contacts.models import Company, MembershipRole
from contacts.network import Neighbour
from crm.desk.companies.people import NO_ROLE, Mate
from crm.desk.companies.picture import Cell, Matrix, Row
from crm.desk.companies.timeline import Happened
from crm.desk.drawing import grey, joined, row_address, token_field
from crm.desk.people.vocabulary import Stage
from crm.desk.person.timeline import Chip
from crm.templatetags.companies import neighbour
from crm.templatetags.icons import lucide
from crm.templatetags.person import lower_first, stretch
from crm.templatetags.polku import health, icon_of, initials, moments_shown, money, stops
from funnel.models import Health, Standing

_SMALL: Final = {"class": "i i-14", "aria_hidden": "true"}

# --- The people -------------------------------------------------------------------------------------------------------


def mates_drawn(mates: Iterable[Mate], stages: Sequence[Stage], request: HttpRequest, *, may_write: bool) -> SafeString:
    page, language = row_address("desk:contact-page"), get_language() or ""
    at = {stage.id: _stage(place, str(stage)) for place, stage in enumerate(stages, start=1)}
    nowhere, acts = grey(_("not on the path yet")), _acts(request) if may_write else lambda one: ""

    def line(one: Mate) -> str:
        return (
            f'<li><span class="av" aria-hidden="true">{escape(initials(one.name))}</span><span class="co-who">'
            f'<a class="t-strong clip" href="{page(one.person)}">{escape(one.name)}</a>'
            f'<span class="t-meta clip">{escape(" · ".join(_about(one)))}</span></span>'
            f'<span class="co-role">{_role(one.role, language)}</span>'
            f'<span class="stage">{at.get(one.stage or 0, nowhere)}</span>'
            f'<span class="co-health">{_health(one.standing, one.health, language)}</span>{acts(one)}</li>'
        )

    return joined(map(line, mates))


def _stage(place: int, name: str) -> str:
    return f"{stops(place)}{escape(name)}"


def _about(one: Mate) -> Iterator[str]:
    """Their title, from and until, and whether an address gave them the place."""
    if one.title:
        yield one.title
    if one.since:
        yield _("since %(at)s") % {"at": date_format(one.since, "SHORT_DATE_FORMAT")}
    if one.until:
        yield _("until %(at)s") % {"at": date_format(one.until, "SHORT_DATE_FORMAT")}
    if one.by_domain:
        yield _("by the address")


@lru_cache(maxsize=50)
def _role(role: str, _language: str) -> str:
    if not role:
        return ""
    dark = " is-dark" if role == MembershipRole.DECISION_MAKER else ""
    return f'<span class="lbl{dark}">{escape(capfirst(str(MembershipRole(role).label)))}</span>'


@lru_cache(maxsize=50)
def _health(standing: int, its: int | None, _language: str) -> str:
    if standing != Standing.OPEN:
        return grey(capfirst(str(Standing(standing).label)))
    if its is None:
        return ""
    name = Health(its).name.lower()
    return f'<span class="health">{health(name)}<span class="vh">{escape(str(Health(its).label))}</span></span>'


def _acts(request: HttpRequest) -> Callable[[Mate], str]:
    change, end, token = row_address("desk:place-change"), row_address("desk:place-deed", "end"), token_field(request)
    changing = f'<a class="b is-quiet is-small" href="%s" data-drawer aria-label="%s">{escape(_("Change"))}</a>'
    ending = f'{token}<button class="b is-quiet is-small" type="submit" aria-label="%s">{escape(_("End"))}</button>'
    change_of, end_of = _("Change the place of %(who)s"), _("End the place of %(who)s today")

    def acts(one: Mate) -> str:
        who, at = {"who": one.name}, end(one.place)
        return (
            f'<span class="co-acts">{changing % (change(one.place), escape(change_of % who))}'
            f'<form method="post" action="{at}" hx-post="{at}" hx-swap="none">{ending % escape(end_of % who)}</form>'
            "</span>"
        )

    return acts


# --- Roles by stages --------------------------------------------------------------------------------------------------


def matrix_drawn(matrix: Matrix) -> SafeString:
    """The rows: a dot a person, up to five, and how many they are; a press narrows the people to them."""
    language = get_language() or ""
    return joined(_row(row, language) for row in matrix.rows)


@lru_cache(maxsize=1000)
def _row(row: Row, _language: str) -> str:
    missing = f' <span class="warn">{escape(_("none known"))}</span>'
    rest = missing if row.is_missing else f' <span class="num ink-3">{row.people}</span>'
    cells = "".join(_cell(row, cell) if cell.people else _NOBODY for cell in row.cells)
    kind = ' class="is-missing"' if row.is_missing else ""
    return f'<tr{kind}><th scope="row">{escape(capfirst(str(row.label)))}{rest}</th>{cells}</tr>'


_NOBODY: Final = '<td><span class="co-none" aria-hidden="true"></span></td>'


def _cell(row: Row, cell: Cell) -> str:
    said = {"role": row.label, "stage": cell.stage, "n": cell.people}
    words = ngettext("%(role)s, %(stage)s: %(n)s person", "%(role)s, %(stage)s: %(n)s people", cell.people) % said
    asked = f"?role={row.role or NO_ROLE}&amp;stage={cell.stage.key}#people"
    dots = "".join(f'<circle class="f-{cell.place}" cx="{x}" cy="5" r="4.5"/>' for x in cell.dots)
    drawn = f'<svg viewBox="0 0 {cell.width} 10" width="{cell.width}" height="10" aria-hidden="true">{dots}</svg>'
    label = f'aria-label="{escape(words)}"'
    return f'<td><a class="co-cell" href="{asked}" {label}>{drawn}<b class="num">{cell.people}</b></a></td>'


# --- Who is around ----------------------------------------------------------------------------------------------------


def network_drawn(network: Iterable[Neighbour], request: HttpRequest, *, may_write: bool) -> SafeString:
    company, page = row_address("desk:company-page"), row_address("desk:contact-page")
    ending = _ending(request) if may_write else lambda one: ""
    house, person = (
        lucide(name, size=14, **{**_SMALL, "class": "i i-14 ink-3"}) for name in ("building-2", "user-round")
    )

    def line(one: Neighbour) -> str:
        icon, there, end = (house, company, one.company) if one.company else (person, page, one.contact)
        over = ' class="is-over"' if one.until and one.tie else ""
        moved = f", {escape(_('now at'))} {_link(company, one.elsewhere)}" if one.elsewhere else ""
        assert end
        named = f'<a href="{there(end.pk)}"><b>{escape(str(end))}</b></a>'
        about = f'<span class="t-meta">{escape(neighbour(one))}{moved}</span>'
        return f'<li{over}>{icon}<span class="grow">{named}{about}</span>{ending(one)}</li>'

    return joined(map(line, network))


def _link(company: Callable[[int], str], one: Company) -> str:
    return f'<a class="link" href="{company(one.pk)}">{escape(str(one))}</a>'


def _ending(request: HttpRequest) -> Callable[[Neighbour], str]:
    """A press that ends a tie that holds."""
    end, token, cross = row_address("desk:tie-deed", "end"), token_field(request), lucide("x", size=14, **_SMALL)
    words = _("End the tie to %(who)s")

    def form(one: Neighbour) -> str:
        if one.tie is None or one.until:
            return ""
        at, label = end(one.tie.pk), escape(words % {"who": one.company or one.contact})
        button = f'<button class="b is-quiet is-small is-icon" type="submit" aria-label="{label}">{cross}</button>'
        return f'<form method="post" action="{at}" hx-post="{at}" hx-swap="none">{token}{button}</form>'

    return form


# --- What happened ----------------------------------------------------------------------------------------------------


def story_drawn(entries: Iterable[Happened]) -> SafeString:
    """Events and moves, the newest first, under the stretch of time they belong to."""
    time = _time()
    event, move = _event(time), _move(time)
    return joined(_in_stretches((one, event(one) if one.entry.event else move(one)) for one in entries))


def chips_drawn(chips: Iterable[Chip], address: str) -> SafeString:
    """What kind of it is shown; a press on the chosen one shows everything again."""
    swapped = 'hx-target="#story" hx-select="#story" hx-swap="outerHTML" hx-push-url="true" hx-sync="#main:replace"'
    off = lucide("x", **_SMALL, size=14)

    def chip(one: Chip) -> str:
        asked, label = "" if one.is_on else f"kind={one.key}", escape(str(one.label))
        kind, here, mark = (" is-on", ' aria-current="true"', off) if one.is_on else ("", "", "")
        there = f"{address}?{asked}" if asked else address
        return f'<a class="lbl{kind}" href="?{asked}#story" hx-get="{there}" {swapped}{here}>{label}{mark}</a>'

    return joined(map(chip, chips))


def _in_stretches(drawn: Iterable[tuple[Happened, str]]) -> Iterator[str]:
    last, zone, language = "", timezone.get_current_timezone(), get_language() or ""
    for one, line in drawn:
        here = _stretch(one.at.astimezone(zone).replace(minute=0, second=0, microsecond=0), language)
        if here != last:
            yield f'<li class="ev-day t-over">{escape(here)}</li>'
        last = here
        yield line


@lru_cache(maxsize=4000)
def _stretch(hour: datetime, _language: str) -> str:
    return stretch(hour)


def _time() -> Callable[[datetime], str]:
    zone, when = timezone.get_current_timezone(), moments_shown()
    return lambda at: f'<time class="t-meta num" datetime="{at.astimezone(zone).isoformat()}">{when(at)}</time>'


def _event(time: Callable[[datetime], str]) -> Callable[[Happened], str]:
    page = row_address("desk:contact-page")

    def line(one: Happened) -> str:
        event, told = one.entry.event, one.entry.told
        assert event
        assert told
        rest = f' <span class="said">{escape(told.rest)}</span>' if told.rest else ""
        worth = f' <b class="num">{escape(money(event))}</b>' if event.value_minor is not None else ""
        about = " · ".join(escape(part) for part in (str(event.source), *told.about))
        return (
            f'<li class="ev"><span class="ev-i">{lucide(icon_of(event), size=14, **_SMALL)}</span><div class="grow">'
            f'<div class="row-x top"><span class="grow ev-words"><a class="co-by" href="{page(one.who.id)}">'
            f"{escape(one.who.name)}</a> <b>{escape(told.lead)}</b>{rest}{worth}</span>{time(one.at)}</div>"
            f'<div class="t-meta ev-about">{about}</div></div></li>'
        )

    return line


def _move(time: Callable[[datetime], str]) -> Callable[[Happened], str]:
    page, why_of, why = row_address("desk:contact-page"), row_address("desk:contact-why", "0"), escape(_("why?"))
    arrow = lucide("arrow-right", size=14, **{"class": "i i-14 ink-3", "aria_hidden": "true"})

    def line(one: Happened) -> str:
        entry, who = one.entry, escape(one.who.name)
        assert entry.move
        came = f"<b>{escape(entry.from_name)}</b> {arrow} " if entry.from_name else ""
        whole = f"{why_of(one.who.id)[:-1]}{entry.move.pk}"
        return (
            f'<li class="ev is-move"><span class="ev-i">{stops(entry.place)}</span><div class="grow">'
            f'<div class="row-x top"><span class="grow"><a class="co-by" href="{page(one.who.id)}">{who}</a> {came}'
            f"<b>{escape(entry.to_name or _('nothing'))}</b>{_because(one)}</span>{time(one.at)}</div>"
            f'<details class="move-why" hx-get="{whole}" hx-trigger="toggle once" hx-target="find .move-because">'
            f'<summary><span class="why">{why}<span class="vh"> {who}: {escape(entry.to_name)}</span></span></summary>'
            f'<div class="move-because"></div></details></div></li>'
        )

    return line


def _because(one: Happened) -> str:
    """By which fact, or that time passed, and by which rule."""
    why = one.entry.why
    assert why
    number = f", {escape(_('rule %(n)s') % {'n': why.number})}" if why.number else ""
    if why.by_timer:
        return f": {escape(_('time passed'))}{number}"
    return f": {escape(lower_first(why.cause.type))}{number}" if why.cause else number
