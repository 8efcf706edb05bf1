"""Words of the page of a person: who they are in a line, days, stretches of time, points."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from django import template
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext, to_locale
from django.utils.translation import gettext as _

from contacts.consents import Consent
from contacts.matching import spaced_phone
from contacts.models import Contact, Event, Task
from crm.desk.own_fields import told
from crm.desk.people.vocabulary import words as vocabulary
from crm.desk.person.forms import BASES, CHANNELS, PURPOSES
from crm.desk.person.telling import Names, field_names, products_of, tell
from crm.templatetags.polku import money

register = template.Library()
register.filter(spaced_phone)


@register.filter
def day(at: datetime) -> str:
    """A day as short as it can be said: 30 Nov, or 30 Nov 2027 in another year."""
    local = timezone.localtime(at)
    if local.year == timezone.localdate().year:
        return date_format(local, pgettext("day and short month", "j M"))
    return date_format(local, pgettext("day, short month and year", "j M Y"))


@register.filter
def bought(order: Event) -> str:
    return products_of(order)


@register.filter
def campaign_name(key: str) -> str:
    """What a campaign is called; its key where it is none of ours."""
    return next((one.name for one in vocabulary().all.campaigns if one.key == key), key)


@register.filter
def stretch(at: datetime) -> str:
    """What part of the timeline a moment belongs to: today, the last seven days, or its month."""
    local, today = timezone.localtime(at), timezone.localdate()
    if local.date() == today:
        return _("Today")
    if (today - local.date()).days < 7:
        return _("The last 7 days")
    if local.year == today.year:
        return date_format(local, "F").capitalize()
    return date_format(local, "YEAR_MONTH_FORMAT").capitalize()


@register.filter
def due(at: datetime) -> str:
    """When something is to be done: today 12:00, tomorrow 9:00, Wed 25 Nov 9:00."""
    local, today = timezone.localtime(at), timezone.localdate()
    time, days = date_format(local, "TIME_FORMAT"), (local.date() - today).days
    if days == 0:
        return _("today %(time)s") % {"time": time}
    if days == 1:
        return _("tomorrow %(time)s") % {"time": time}
    if days == -1:
        return _("yesterday %(time)s") % {"time": time}
    return f"{date_format(local, 'D')} {day(at)} {time}"


@register.filter
def is_due(task: Task) -> bool:
    """Whether it asks for somebody by now: due within a day, or late."""
    return task.due_at <= timezone.now() + timedelta(days=1)


@register.filter
def signed(points: float) -> str:
    shown = round(points, 1)
    sign = "+" if shown > 0 else "−" if shown < 0 else "±"
    whole = abs(shown) >= 10 or shown == int(shown)
    return f"{sign}{number_format(round(abs(shown)) if whole else abs(shown), 0 if whole else 1)}"


@register.filter
def channel_name(consent: Consent) -> str:
    return str(dict(CHANNELS).get(consent.channel, consent.channel)).capitalize()


@register.filter
def purpose_name(consent: Consent) -> str:
    return str(dict(PURPOSES).get(consent.purpose, consent.purpose))


@register.filter
def basis_name(consent: Consent) -> str:
    return str(dict(BASES).get(consent.basis, consent.basis))


@register.filter
def lower_first(words: Any) -> str:
    """A label inside a sentence; names of two capitals stay."""
    text = str(words)
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


@register.filter
def first_name(person: Any) -> str:
    text = str(person)
    return text.split("@", 1)[0] if "@" in text else text.split(" ", 1)[0]


@register.simple_tag
def who_line(met: Any) -> SafeString:
    """Title and company, country, language, and what time it is there."""
    contact, parts = met.contact, []
    for work in met.workplaces[:2]:
        title = work.membership.title or contact.title
        parts.append(_at_company(title, work.company))
    if not parts and contact.title:
        parts.append(format_html("{}", contact.title))
    locale = Locale.parse(to_locale(get_language() or "en"))
    if contact.country:
        parts.append(format_html("{}", locale.territories.get(contact.country, contact.country)))
    if contact.language:
        spoken = locale.languages.get(contact.language.split("-")[0], contact.language)
        parts.append(format_html("{}", _("writes %(language)s") % {"language": spoken}))
    if contact.time_zone:
        there = timezone.now().astimezone(ZoneInfo(contact.time_zone))
        parts.append(format_html("{}", _("%(time)s there") % {"time": date_format(there, "TIME_FORMAT")}))
    if contact.emails:
        parts.append(format_html('<a class="link" href="mailto:{0}">{0}</a>', contact.emails[0]))
    for phone in contact.phones[:1]:
        parts.append(format_html('<a class="link nowrap" href="tel:{}">{}</a>', phone, spaced_phone(phone)))
    return format_html_join(SafeString(" · "), "{}", ((part,) for part in parts))


def _at_company(title: str, company: Any) -> SafeString:
    try:
        named = format_html(
            '<a class="link" href="{}">{}</a>', reverse("desk:company-page", args=[company.pk]), company
        )
    except NoReverseMatch:
        named = format_html("<b>{}</b>", company)
    if not title:
        return named
    return _put(_("%(title)s at %(company)s"), {"title": title, "company": named})


@register.simple_tag
def became(why: Any, met: Any) -> SafeString:
    """Where somebody stands, since when, and by what, in a sentence; the parts that matter in bold."""
    words = {
        "name": first_name(met.contact),
        "stage": _bold(met.stage or ""),
        "date": _bold(_long_day(met.moved_at)),
    }
    if why.number is None:
        return _filled(_("The path of %(name)s began on %(date)s: %(cause)s."), words, why)
    if why.by_timer:
        return _filled(_("Time brought %(name)s to %(stage)s on %(date)s."), words, why)
    return _filled(_("%(name)s moved to %(stage)s on %(date)s: %(cause)s."), words, why)


@register.simple_tag
def would_move(way: Any, met: Any) -> SafeString:
    """What has to happen for the next step, in a sentence."""
    stage = next((str(stop.stage) for stop in met.stops if stop.stage.key == way.stage), way.stage)
    words = {"name": first_name(met.contact), "stage": _bold(stage)}
    if way.types is None:
        return _put(_("%(name)s moves to %(stage)s as time passes."), words)
    labels = {type_.key: type_ for type_ in met.types}
    kinds = sorted(lower_first(labels.get(key, key)) for key in way.types)
    either = _(" or ").join([", ".join(kinds[:-1]), kinds[-1]]) if len(kinds) > 1 else kinds[0]
    return _put(_("%(name)s moves to %(stage)s when this comes: %(deed)s."), words | {"deed": _bold(either)})


@register.filter
def measured(asked: Any) -> str:
    """`1 of 2`, for what is counted."""
    if asked.lacking is None or asked.condition["measure"] not in ("count", "kept_orders"):
        return ""
    return _("%(n)s of %(all)s") % {"n": asked.value, "all": asked.value + asked.lacking}


def _filled(sentence: str, words: dict[str, Any], why: Any) -> SafeString:
    return _put(sentence, words | {"cause": _bold(_cause(why)) if why.cause else ""})


def _cause(why: Any) -> str:
    told = tell(why.cause, Names({}, {}, {}))
    value = money(why.cause) if why.cause.value_minor is not None else ""
    known = {"stage_set", "owner_changed", "contact_created", "attributes_changed"}
    said = "" if why.cause.type.key in known else told.rest
    if said and said == why.cause.properties.get("text"):
        said = _("“%s”") % said
    fact = " ".join(part for part in (lower_first(why.cause.type), value) if part)
    return ", ".join(part for part in (fact, said) if part)


def _put(sentence: str, words: dict[str, Any]) -> SafeString:
    """A translated sentence with its words, each escaped for itself."""
    marked = re.sub(r"%\((\w+)\)s", r"{\1}", sentence.replace("{", "{{").replace("}", "}}"))
    return format_html(marked, **words)


def _bold(words: Any) -> SafeString:
    return format_html("<b>{}</b>", words)


def _long_day(at: datetime) -> str:
    local = timezone.localtime(at)
    if local.year == timezone.localdate().year:
        return date_format(local, "MONTH_DAY_FORMAT")
    return date_format(local, "DATE_FORMAT")


@register.filter
def breakable(value: str) -> SafeString:
    """An address that has to break breaks after its @."""
    return format_html_join(SafeString("@<wbr>"), "{}", ((part,) for part in value.split("@")))


@register.filter
def details(contact: Contact) -> list[tuple[str, str]]:
    """What is known of somebody beyond the line under their name, field by field."""
    labels = field_names()
    zone = contact.time_zone.replace("_", " ")
    phones = ", ".join(map(spaced_phone, contact.phones))
    plain = {"emails": ", ".join(contact.emails), "phones": phones, "time_zone": zone}
    own = {key: told(value) for key, value in contact.custom.items() if key in labels}
    return [(labels[key].capitalize(), value) for key, value in {**plain, **own}.items() if value]
