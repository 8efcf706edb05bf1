"""The lines of the list of companies, made here and not in a template: fifty of them are the cost of the page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm.desk.companies.listing import Line
from crm.desk.companies.picture import Part
from crm.desk.drawing import grey, joined, row_address
from crm.desk.people.cells import dates_shown, days_shown
from crm.templatetags.polku import health, initials, stops


@dataclass(frozen=True, slots=True)
class Pen:
    """What the lines of one page share."""

    address: Callable[[int], str]
    day: Callable[[datetime], str]
    date: Callable[[date], str]
    language: str
    never: str
    nobody: str
    choose: str  # empty: there is nothing one may do with those chosen


def lines_drawn(lines: Iterable[Line], *, may_choose: bool) -> SafeString:
    choose = _("Choose %s") if may_choose else ""
    address, language = row_address("desk:company-page"), get_language() or ""
    pen = Pen(address, days_shown(), dates_shown(), language, grey(_("never")), grey(_("nobody")), choose)
    return joined(_line(line, pen) for line in lines)


def _line(line: Line, pen: Pen) -> str:
    heard = pen.date(line.heard_on) if line.heard_on else ""
    narrow = _narrow(line.people, heard, pen.language)
    owner = _owner(line.owner) if line.owner else pen.nobody
    return (
        f'<tr><td class="c-name"><div class="row-x sp-12">{_check(line, pen) if pen.choose else ""}'
        f'<span class="av av-sq" aria-hidden="true">{escape(initials(line.name))}</span>'
        f'<span class="nm"><a class="clip" href="{pen.address(line.id)}">{escape(line.name)}</a>'
        f'<span class="t-meta clip">{escape(", ".join(line.domains))}</span>{narrow}</span>'
        f'</div></td><td class="c-stage">{_furthest(line.parts[-1], pen.language) if line.parts else ""}</td>'
        f'<td class="r num c-people">{line.people or _NONE}</td>'
        f'<td class="c-stack">{_stack(tuple(line.parts), pen.language) if line.parts else ""}</td>'
        f'<td class="c-health">{_health(line.cooling, line.lapsed, pen.language)}</td>'
        f'<td class="num ink-2">{heard or pen.never}</td><td class="num ink-2">{pen.day(line.created_at)}</td>'
        f"<td>{owner}</td></tr>"
    )


_NONE = grey("–")


def _check(line: Line, pen: Pen) -> str:
    label = escape(pen.choose % line.name)
    return f'<input class="cb" type="checkbox" name="id" value="{line.id}" aria-label="{label}">'


@lru_cache(maxsize=4000)
def _narrow(people: int, heard: str, _language: str) -> str:
    """Under the name where there is no room for columns."""
    if not people:
        return ""
    words = ngettext("%(n)s person", "%(n)s people", people) % {"n": people}
    return f'<span class="t-meta num co-narrow">{" · ".join(filter(None, (words, heard)))}</span>'


def _furthest(part: Part, language: str) -> str:
    return _stage(part.place, str(part.stage), language)


@lru_cache(maxsize=200)
def _stage(place: int, name: str, _language: str) -> str:
    return f'<span class="stage">{stops(place)}{escape(name)}</span>'


@lru_cache(maxsize=2000)
def _stack(parts: tuple[Part, ...], _language: str) -> str:
    label = ", ".join(f"{part.people} {part.stage}" for part in parts)
    drawn = "".join(
        f'<rect class="f-{part.place}" x="{part.x}" width="{part.width}" height="8" rx="2"/>' for part in parts
    )
    return f'<svg class="co-stack" viewBox="0 0 96 8" role="img" aria-label="{escape(label)}">{drawn}</svg>'


@lru_cache(maxsize=500)
def _health(cooling: int, lapsed: int, _language: str) -> str:
    if cooling:
        words = ngettext("%(n)s cooling", "%(n)s cooling", cooling) % {"n": cooling}
        return f'<span class="health">{health("cooling")}{escape(words)}</span>'
    if lapsed:
        words = ngettext("%(n)s lapsed", "%(n)s lapsed", lapsed) % {"n": lapsed}
        return f'<span class="health">{health("lapsed")}{escape(words)}</span>'
    return ""


@lru_cache(maxsize=1000)
def _owner(name: str) -> str:
    marks = f'<span class="av av-20" aria-hidden="true">{escape(initials(name))}</span>'
    return f'<span class="own" title="{escape(name)}">{marks}{escape(name)}</span>'
