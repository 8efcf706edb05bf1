"""The columns of the list of people: of each its head, what it is sorted by, and how it shows somebody.

Cells are made here and not in a template: fifty lines of ten cells are the cost of the page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache, lru_cache
from html import escape
from typing import Any, Final

import msgspec
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from contacts.matching import spaced_phone
from crm.desk.people.listing import Line
from crm.desk.people.planned import Planned
from crm.desk.people.vocabulary import Kind, Named, Stage, Words
from crm.templatetags.polku import HEALTH_MARKS, initials, stops
from funnel.models import Health, Standing
from funnel.scores import scores_now


@dataclass(frozen=True, slots=True)
class Pen:
    """What the cells of one page share: words are looked up once and not for each of fifty rows."""

    words: Words
    language: str
    now: datetime
    today: date
    zone: tzinfo
    score: Callable[[int, int], float]
    choose: str  # empty: there is nothing one may do with those chosen
    days: str
    under_a_day: str
    nobody: str
    health: dict[int, str]  # the mark and the word
    standing: dict[int, str]
    planned: Mapping[int, Planned]  # by person; empty where nobody asks for it


def pen(words: Words, *, may_choose: bool, planned: Mapping[int, Planned]) -> Pen:
    return Pen(
        words,
        get_language() or "",
        datetime.now(UTC),
        timezone.localdate(),
        timezone.get_current_timezone(),
        cache(scores_now)() if words.stages else lambda score, day: 0,
        choose=_("Choose %s") if may_choose else "",
        days=_("%(n)s d"),
        under_a_day=_("under 1 d"),
        nobody=f'<span class="ink-3">{escape(_("nobody"))}</span>',
        health=_every_health(get_language()),
        standing=_every_standing(get_language()),
        planned=planned,
    )


@cache
def _every_health(_language: str | None) -> dict[int, str]:
    return {one.value: _health_of(one) for one in Health}


@cache
def _every_standing(_language: str | None) -> dict[int, str]:
    shown = (one for one in Standing if one != Standing.OPEN)
    return {one.value: f'<span class="ink-3">{escape(_upper(one.label))}</span>' for one in shown}


def _health_of(health: Health) -> str:
    name = health.name.lower()
    mark = f'<svg viewBox="0 0 12 12" class="h-{name}" aria-hidden="true">{HEALTH_MARKS[name]}</svg>'
    return f'<span class="health">{mark}{escape(_upper(health.label))}</span>'


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    label: Any
    show: Callable[[Line, Pen], str]
    order: str = ""  # of contacts.ordering
    falls: bool = False  # sorted from the largest first
    css: str = ""


def _stage(line: Line, pen: Pen) -> str:
    stage = pen.words.stages.get(line.stage or 0)
    return _stage_in(stage, pen.language) if stage else ""


@lru_cache(maxsize=200)
def _stage_in(stage: Stage, _language: str) -> str:
    return f'<span class="stage">{stops(stage.place)}{escape(str(stage))}</span>'


def _days(line: Line, pen: Pen) -> str:
    if line.entered_at is None:
        return ""
    days = (pen.now - line.entered_at).days
    return pen.under_a_day if days < 1 else pen.days % {"n": _grouped(days)}


def _grouped(number: int) -> str:
    return str(number) if number < 1000 else number_format(number, 0, force_grouping=True)


def _health(line: Line, pen: Pen) -> str:
    return pen.standing.get(line.standing or 0) or pen.health.get(line.health or 0, "")


def _upper(words: Any) -> str:
    text = str(words)
    return text[:1].upper() + text[1:]


_FULL: Final = 60  # points at which the bar is full


def _score(line: Line, pen: Pen) -> str:
    points = round(pen.score(line.score, line.score_day or 0)) if line.score else 0
    return _score_of(points, line.fit, pen.language)


@lru_cache(maxsize=2000)
def _score_of(points: int, fit: str | None, _language: str) -> str:
    width = max(0, min(40, round(40 * points / _FULL)))
    letter = escape(fit) if fit else '<span aria-hidden="true">–</span>'
    bar = f'<rect class="fg" width="{width}" height="6" rx="3"/>' if width else ""
    return (
        '<span class="sc"><svg viewBox="0 0 40 6" aria-hidden="true"><rect class="bg" width="40" height="6" rx="3"/>'
        f'{bar}</svg><b class="num">{_grouped(points)}</b><span class="fit">{letter}</span></span>'
    )


def _last(line: Line, pen: Pen) -> str:
    if line.last_at is None:
        return ""
    kind = pen.words.kinds.get(line.last_kind or 0)
    what = _kind_in(kind, pen.language) if kind else ""
    return f'<span class="last">{what}<span class="t-meta num">{_day(line.last_at, pen)}</span></span>'


@lru_cache(maxsize=1000)
def _kind_in(kind: Kind, _language: str) -> str:
    return f'<span class="clip">{escape(str(kind))}</span>'


def _next(line: Line, pen: Pen) -> str:
    task = pen.planned.get(line.id)
    if task is None:
        return ""
    late = " warn" if task.due_at < pen.now else ""
    what = f'<span class="clip" title="{escape(task.title)}">{escape(task.title)}</span>'
    return f'<span class="last">{what}<span class="t-meta num{late}">{_day(task.due_at, pen)}</span></span>'


def short_day(at: datetime) -> str:
    """Today, Tue, 3 Jun, 3 Jun 2025: the day, as short as it can be said."""
    return _short_day(timezone.localdate(at), timezone.localdate(), get_language() or "")


def days_shown() -> Callable[[datetime], str]:
    """The same, for many days of one page."""
    zone, today, language = timezone.get_current_timezone(), timezone.localdate(), get_language() or ""
    return lambda at: _short_day(at.astimezone(zone).date(), today, language)


def dates_shown() -> Callable[[date], str]:
    today, language = timezone.localdate(), get_language() or ""
    return lambda day: _short_day(day, today, language)


def _day(at: datetime, pen: Pen) -> str:
    return _short_day(at.astimezone(pen.zone).date(), pen.today, pen.language)


@lru_cache(maxsize=4000)
def _short_day(day: date, today: date, _language: str) -> str:
    days = (today - day).days
    if days == 0:
        return _("Today")
    if days == 1:
        return _("Yesterday")
    if 0 < days <= 6:
        return date_format(day, "D")
    if day.year == today.year:
        return date_format(day, pgettext("day and short month", "j M"))
    return date_format(day, "SHORT_DATE_FORMAT")


def _owner(line: Line, pen: Pen) -> str:
    owner = pen.words.users.get(line.owner or 0)
    return pen.nobody if owner is None else _owner_of(owner)


@lru_cache(maxsize=1000)
def _owner_of(owner: Named) -> str:
    first = owner.name.partition(" ")[0]
    marks = f'<span class="av av-20" aria-hidden="true">{escape(initials(owner.name))}</span>'
    return f'<span class="own" title="{escape(owner.name)}">{marks}{escape(first)}</span>'


def _tags(line: Line, _pen: Pen) -> str:
    shown = "".join(f'<span class="lbl">{escape(tag)}</span>' for tag in line.tags[:3])
    more = f'<span class="t-meta">+{len(line.tags) - 3}</span>' if len(line.tags) > 3 else ""
    return f'<span class="tags">{shown}{more}</span>' if shown else ""


def _text(name: str) -> Callable[[Line, Pen], str]:
    return lambda line, _pen: escape(getattr(line, name) or "")


def _phone(line: Line, _pen: Pen) -> str:
    return escape(spaced_phone(line.phone)) if line.phone else ""


def _of(name: str, table: str) -> Callable[[Line, Pen], str]:
    def show(line: Line, pen: Pen) -> str:
        found = getattr(pen.words, table).get(getattr(line, name))
        return escape(str(found)) if found else ""

    return show


def _since(line: Line, pen: Pen) -> str:
    return f'<span class="num ink-2">{_day(line.created_at, pen)}</span>'


NEXT: Final = "next"
COLUMNS: Final = (
    Column("stage", gettext_lazy("Path"), _stage),
    Column("days", gettext_lazy("In stage"), _days, "stage_entered_at", css="r num ink-2"),
    Column("health", gettext_lazy("Health"), _health),
    Column("score", gettext_lazy("Score and fit"), _score, "score", falls=True),
    Column("last", gettext_lazy("Last fact"), _last, "last_event_at", falls=True),
    Column(NEXT, gettext_lazy("Next"), _next),
    Column("tags", gettext_lazy("Tags"), _tags),
    Column("owner", gettext_lazy("Owner"), _owner),
    Column("company", gettext_lazy("Company"), _text("companies")),
    Column("title", gettext_lazy("Title"), _text("title")),
    Column("email", gettext_lazy("E-mail"), _text("email")),
    Column("phone", gettext_lazy("Phone"), _phone, css="num nowrap"),
    Column("country", gettext_lazy("Country"), _text("country")),
    Column("team", gettext_lazy("Team"), _of("team", "teams")),
    Column("source", gettext_lazy("Source"), _of("source", "sources")),
    Column("campaign", gettext_lazy("Campaign"), _text("campaign")),
    Column("created", gettext_lazy("Known since"), _since, "created_at", falls=True),
)
USUAL: Final = ("stage", "days", "health", "score", "last", "tags", "owner")
CUSTOM: Final = "custom."


def columns_named(keys: Sequence[str], words: Words) -> list[Column]:
    """The columns with these keys, in the order of the keys; what there is no more is left out."""
    own = {f"{CUSTOM}{field.key}": field for field in words.all.fields}
    known = {column.key: column for column in COLUMNS}
    found = []
    for key in dict.fromkeys(keys):
        if key in known:
            found.append(known[key])
        elif key in own:
            found.append(Column(key, own[key].label, _custom(own[key].key)))
    return found or [known[key] for key in USUAL]


def _custom(key: str) -> Callable[[Line, Pen], str]:
    def show(line: Line, _pen: Pen) -> str:
        value = msgspec.json.decode(line.custom).get(key)
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return "" if value is None else escape(number_format(value) if isinstance(value, int | float) else str(value))

    return show


def row(line: Line, columns: Sequence[Column], pen: Pen, address: str) -> SafeString:
    """A line of the table: a check, the name that leads to the person, and the cells."""
    second = line.companies or (line.email if line.is_named else "") or ""
    name = escape(line.name)
    check = _check(line.id, pen.choose % name) if pen.choose else ""
    cells = "".join(
        f'<td class="c-{column.key.partition(".")[0]} {column.css}">{column.show(line, pen)}</td>' for column in columns
    )
    return SafeString(
        f'<tr data-id="{line.id}"><td class="c-name"><div class="row-x sp-12">'
        f'{check}<span class="av" aria-hidden="true">{escape(initials(line.name))}</span>'
        f'<span class="nm"><a class="clip" href="{address}{line.id}">{name}</a>'
        f'<span class="t-meta clip">{escape(second)}</span></span></div></td>{cells}</tr>'
    )


def _check(number: int, label: str) -> str:
    return f'<input class="cb" type="checkbox" name="id" value="{number}" aria-label="{label}">'
