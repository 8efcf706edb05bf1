"""What the pages of campaigns and of the strategy call things."""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel.core import Locale
from babel.numbers import format_compact_decimal, format_currency
from django.utils.translation import get_language, gettext, ngettext, to_locale
from django.utils.translation import gettext_lazy as _

from campaigns.models import Channel, Question, Way
from campaigns.outcome import Won
from contacts.messages import major_units

QUESTIONS: Final = {
    Question.REACH: _("How do we reach strangers?"),
    Question.BEFRIEND: _("How do strangers become friends?"),
    Question.KEEP: _("How do friends become customers, stay, and bring others?"),
}
COLOURS: Final = {Question.REACH: 1, Question.BEFRIEND: 3, Question.KEEP: 4}  # of the ramp of the path
BANDS: Final = {Question.REACH: _("Strangers"), Question.BEFRIEND: _("Friends"), Question.KEEP: _("Customers")}
CHANNELS: Final = {Channel.OWNED: _("owned"), Channel.EARNED: _("earned"), Channel.PAID: _("paid")}
CHANNEL_ICONS: Final = {Channel.OWNED: "house", Channel.EARNED: "heart-handshake", Channel.PAID: "badge-euro"}
WAYS: Final = {Way.LAST: _("Last touch"), Way.FIRST: _("First touch")}
WAY_NAMES: Final = {"first": Way.FIRST, "last": Way.LAST}
NOBODY_WORKS: Final = {
    Question.REACH: _("Nobody works on reaching strangers."),
    Question.BEFRIEND: _("Nobody works on making friends."),
    Question.KEEP: _("Nobody works on making and keeping customers."),
}
DEARER: Final = {
    Question.REACH: _("Reaching strangers got dearer: %(now)s each, it was %(before)s."),
    Question.BEFRIEND: _("Making friends got dearer: %(now)s a lead, it was %(before)s."),
    Question.KEEP: _("Making customers got dearer: %(now)s each, it was %(before)s."),
}
UNUSABLE: Final = {
    "no_date": _("no day that could be read one way only"),
    "ends_before_start": _("it ends before it starts"),
    "no_amount": _("no sum that could be read one way only"),
    "negative": _("less than nothing"),
    "other_currency": _("not in the currency of the campaign"),
    "too_long": _("longer than ten years"),
    "counted_already": _("some of its days are counted in this cost of more days: take that back first"),
    "too_many_lines": _("more lines than one file may have"),
}
PLATFORMS: Final = {
    "google-ads": "Google Ads",
    "meta": "Meta",
    "linkedin": "LinkedIn",
    "microsoft": "Microsoft Advertising",
    "table": _("a table"),
}


def told_won(question: str, days: int) -> str:
    """What the great number of a question counts."""
    match question:
        case Question.REACH:
            return gettext("met in %(days)s days") % {"days": days}
        case Question.BEFRIEND:
            return gettext("leads in %(days)s days") % {"days": days}
        case _:
            return gettext("new customers in %(days)s days") % {"days": days}


def money(minor: int | None, currency: str) -> str:
    """As the language writes it; whole units from a hundred on, for nobody compares cents of those."""
    return "–" if minor is None else _money(minor, currency, get_language() or "en")


def sums_in(currency: str) -> Callable[[int], str]:
    """The same, for many sums of one page."""
    language = get_language() or "en"
    return lambda minor: _money(minor, currency, language)


@lru_cache(maxsize=4000)
def _money(minor: int, currency: str, language: str) -> str:
    amount = major_units(minor, currency)
    locale = Locale.parse(to_locale(language))
    if abs(amount) < 100 and amount != amount.to_integral_value():
        return format_currency(amount, currency, locale=locale).replace("-", "−")
    whole = locale.currency_formats["standard"].pattern.replace("0.00", "0")
    said = format_currency(round(amount), currency, format=whole, locale=locale, currency_digits=False)
    return said.replace("-", "−")


def in_short(minor: int, currency: str) -> str:
    """As a number of two or three digits, such as 1.2K, for where there is no room."""
    amount = round(major_units(minor, currency))
    return format_compact_decimal(amount, locale=to_locale(get_language() or "en"), fraction_digits=amount < 10_000)


def plain(minor: int | None, currency: str) -> Decimal | None:
    """A sum as a number with all its decimals, for tables and files."""
    return None if minor is None else major_units(minor, currency)


def people(won: Won) -> str:
    """So many people, and visitors beside them."""
    said = ngettext("%(n)s person", "%(n)s people", won.people) % {"n": won.people}
    if not won.visitors:
        return said
    return said + ", " + ngettext("%(n)s visitor", "%(n)s visitors", won.visitors) % {"n": won.visitors}
