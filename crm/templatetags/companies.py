"""Words of the pages of companies: countries, days, and what somebody around a company is to it."""

import json
from datetime import date
from urllib.parse import urlencode

from babel import Locale
from django import template
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from contacts.models import Company
from contacts.network import Neighbour
from crm.desk.people.cells import dates_shown

register = template.Library()


@register.filter
def short_date(day: date) -> str:
    """Today, Tue, 3 Jun, 3 Jun 2025: the day, as short as it can be said."""
    return dates_shown()(day)


@register.filter
def country_name(code: str) -> str:
    return str(Locale.parse(to_locale(get_language() or "en")).territories.get(code, code))


@register.filter
def neighbour(one: Neighbour) -> str:
    """What they are, and how long: `partner since 1.3.2024`."""
    return " ".join(part for part in (_what(one), _how_long(one)) if part)


def _what(one: Neighbour) -> str:
    words = {
        "partner": _("partner"),
        "competitor": _("competitor"),
        "owner": _("owns this company"),
        "owned": _("owned by this company"),
        "former_employee": _("worked here"),
        "future_employee": _("begins here"),
    }
    return words[one.kind]


def _how_long(one: Neighbour) -> str:
    if one.kind == "future_employee":
        return _day(one.since)
    said = [_("since %s") % _day(one.since)] if one.since and not one.until else []
    if one.until:
        said = [_("until %s") % _day(one.until)]
    return " ".join(said)


def _day(day: date | None) -> str:
    return date_format(day, "SHORT_DATE_FORMAT") if day else ""


@register.filter
def in_contacts(company: Company) -> str:
    """The list of contacts, narrowed to the people of a company."""
    asked = json.dumps({"field": "company", "is": company.pk}, separators=(",", ":"))
    return f"{reverse('desk:contact-list')}?{urlencode({'filter': asked})}"
