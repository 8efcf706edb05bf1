"""The marks of the desk: the stops of the path, health, initials, and figures as people read them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from contacts.models import Event
from crm.desk.money import in_full
from crm.desk.places import STAGE_COLOURS

register = template.Library()

HEALTH_MARKS = {
    "active": '<circle cx="6" cy="6" r="5.25" fill="currentColor"/>',
    "cooling": '<circle cx="6" cy="6" r="4.75" fill="none" stroke="currentColor" stroke-width="1.5"/>'
    '<path d="M6 1.25a4.75 4.75 0 0 0 0 9.5z" fill="currentColor"/>',
    "lapsed": '<circle cx="6" cy="6" r="4.75" fill="none" stroke="currentColor" stroke-width="1.5"/>',
}


# The sign of an event in the timeline, by the first part of its type that is listed.
EVENT_ICONS = {
    "order_refunded": "undo-2",
    "order": "shopping-bag",
    "email": "mail",
    "newsletter": "mail",
    "letter": "mail",
    "page": "globe",
    "ad": "megaphone",
    "social": "heart",
    "call": "phone",
    "meeting": "calendar",
    "event": "calendar",
    "message": "message-circle",
    "support": "message-circle",
    "complaint": "message-circle",
    "form": "text-cursor-input",
    "quote": "file-text",
    "content": "download",
    "note": "sticky-note",
    "referral": "user-plus",
    "review": "star",
    "feedback": "star",
    "contact": "user-round",
    "attributes": "user-round",
    "owner": "user-round",
    "consent": "shield-check",
    "unsubscribed": "shield-check",
}


@register.simple_tag
@cache
def stops(place: int, of: int = STAGE_COLOURS) -> SafeString:
    """So many stops of the path filled, the last of them a little larger. The stage's name stands beside it."""
    gaps = [3.5 + 9.0 * number + 2 * (number > 0) + 2 * (number > 2) for number in range(of)]
    circles = format_html_join(
        "",
        '<circle cx="{}" cy="4" r="{}"{}/>',
        (
            (x, "3.5" if number == place else "2.75", SafeString(' class="on"') if number <= place else "")
            for number, x in enumerate(gaps, start=1)
        ),
    )
    return format_html(
        '<svg class="stops at-{}" viewBox="0 0 54 8" aria-hidden="true">{}</svg>', min(place, 6), circles
    )


@register.simple_tag
@cache
def health(name: str) -> SafeString:
    return format_html(
        '<svg viewBox="0 0 12 12" class="h-{}" aria-hidden="true">{}</svg>', name, SafeString(HEALTH_MARKS[name])
    )


@register.filter
def initials(name: Any) -> str:
    words = str(name).replace("@", " ").split()
    return "".join(word[0].upper() for word in words[:2]) or "?"


@register.filter
def percent(value: float | None, digits: int = 1) -> str:
    """`24.6 %`, as the language writes it; nothing has no share."""
    return "–" if value is None else f"{number_format(round(value, digits), digits)} %"  # it would cut off, not round


@register.filter
def unbroken(text: str) -> str:
    """`1 h 24 min` on one line."""
    return text.replace(" ", "\u00a0")


@register.simple_tag
def share(part: int, of: int) -> str:
    return percent(100 * part / of if of else None, 0)


@register.filter
def figure(value: Any) -> str:
    """A cell of a table of figures, as the language writes numbers; nothing is a dash."""
    if value is None:
        return "–"
    if isinstance(value, int | float | Decimal):
        return number_format(value, force_grouping=True).replace("-", "−")
    return str(value)


@register.filter
def points(value: float) -> str:
    """A change in points of per cent, with its sign; what rounds to nothing is ±0."""
    shown = round(value, 1)
    sign = "+" if shown > 0 else "−" if shown < 0 else "±"
    return f"{sign}{number_format(abs(shown), 1 if shown else 0)}"


@register.filter
def whole_days(value: float) -> str:
    """A length of time in days, short."""
    return _("under 1 d") if value < 1 else _("%(n)s d") % {"n": number_format(round(value), 0, force_grouping=True)}


@register.filter
def when(at: datetime) -> str:
    """A moment as short as it can be said today: 15:40, Tue 15:40 (the week around it), 3 Jun 15:40, 3 Jun 2025."""
    zone = timezone.get_current_timezone()
    local = at.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None)
    return _when(local, timezone.now().astimezone(zone).date(), get_language() or "")


def moments_shown() -> Callable[[datetime], str]:
    """The same, for many moments of one page."""
    zone, today, language = timezone.get_current_timezone(), timezone.localdate(), get_language() or ""
    return lambda at: _when(at.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None), today, language)


@lru_cache(maxsize=4000)
def _when(local: datetime, today: date, _language: str) -> str:
    days = (today - local.date()).days
    if days > 6 and local.year != today.year:
        return date_format(local, "SHORT_DATE_FORMAT")
    time = date_format(local, "TIME_FORMAT")
    if not days:
        return time
    day = date_format(local, "D" if abs(days) <= 6 else pgettext("day and short month", "j M"))
    return f"{day} {time}"


@register.filter
def icon_of(event: Event) -> str:
    key = event.type.key
    return EVENT_ICONS.get(key) or EVENT_ICONS.get(key.partition("_")[0], "circle-dot")


@register.filter
def money(event: Event) -> str:
    """The value of an event in its currency, as the language writes it."""
    return in_full(event.value_minor or 0, event.currency or "")


@register.filter
def spoken(length: timedelta) -> str:
    """A length of time in its two largest units."""
    return timesince(timezone.now() - length)
