"""Lengths of time, and days, as short as they can be said."""

from datetime import date, datetime, timedelta
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from contacts.recurring import Repeat

MINUTE, HOUR = 60, 3600  # seconds
AN_HOUR, A_DAY = 60, 1440  # minutes
MANY_HOURS = 100


def short(length: timedelta) -> str:
    """`12 min`, `3 h 12 min`, `2 d 4 h`; less than a minute is one, for somebody has waited."""
    return _short(max(1, int(length.total_seconds()) // MINUTE), get_language())


@lru_cache(maxsize=4000)
def _short(minutes: int, _language: str | None) -> str:
    days, hours, minutes = minutes // A_DAY, minutes % A_DAY // AN_HOUR, minutes % AN_HOUR
    if days:
        words = _("%(days)s d %(hours)s h") if hours else _("%(days)s d")
    elif hours:
        words = _("%(hours)s h %(minutes)s min") if minutes else _("%(hours)s h")
    else:
        words = _("%(minutes)s min")
    return words % {"days": days, "hours": hours, "minutes": minutes}


def worked(length: timedelta) -> str:
    """Business time: in hours, for a day of it is no day."""
    seconds = max(MINUTE, int(length.total_seconds()))
    hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
    if hours >= MANY_HOURS:
        return _("over %(hours)s h") % {"hours": MANY_HOURS}
    return short(length) if not hours or hours < 24 else _("%(hours)s h") % {"hours": hours + (minutes >= 30)}


def short_day(moment: datetime) -> str:
    """`30 Nov`: the year is plain."""
    return _day(timezone.localtime(moment).date(), get_language())


@lru_cache(maxsize=1000)
def _day(day: date, _language: str | None) -> str:
    return date_format(day, pgettext("day and short month", "j M"))


def repeat_words(repeat: Repeat) -> str:
    """`every week`, `every 2 months`."""
    n = repeat.every
    words = {
        "D": ngettext("every day", "every %(n)s days", n),
        "W": ngettext("every week", "every %(n)s weeks", n),
        "M": ngettext("every month", "every %(n)s months", n),
        "Y": ngettext("every year", "every %(n)s years", n),
    }
    return words[repeat.unit] % {"n": n}
