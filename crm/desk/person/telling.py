"""What happened, said in a line: who did what, and the words that were left with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from contacts.models import Event
from crm.desk.people.vocabulary import words
from crm.desk.person.forms import BASES, CHANNELS, OUTCOMES, PURPOSES, REASONS

LONGEST: Final = 300  # of a text of others in a line
_NAMING: Final = ("title", "name", "subject", "text", "campaign_name", "form", "path", "url")


@dataclass(frozen=True, slots=True)
class Told:
    """`lead` in bold, `rest` after it, `about` under both; texts of people, to be escaped."""

    lead: str
    rest: str = ""
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """How we call what events only number."""

    stages: Mapping[str, str]
    users: Mapping[int | str, str]  # by number, and by address as programs say it
    fields: Mapping[str, str]


def tell(event: Event, names: Names) -> Told:
    return _TELLERS.get(event.type.key, _plainly)(event, names)


def _plainly(event: Event, names: Names) -> Told:
    said = next((text for name in _NAMING if (text := _text(event, name))), "")
    return Told(str(event.type), said, () if event.type.is_named else (event.type.key,))


def _by(event: Event) -> str:
    return str(event.by).split(" ")[0] if event.by_id and event.by else ""


def _call(event: Event, names: Names) -> Told:
    who = _by(event)
    lead = _("%(who)s called") % {"who": who} if who else str(event.type)
    outcome = _labelled(OUTCOMES, event.properties.get("outcome"))
    return Told(lead, _joined(outcome, _minutes(event), _text(event, "text")))


def _meeting(event: Event, names: Names) -> Told:
    who = _by(event)
    lead = _("%(who)s met them") % {"who": who} if who else str(event.type)
    return Told(lead, _joined(_text(event, "place"), _minutes(event), _text(event, "text")))


def _note(event: Event, names: Names) -> Told:
    return Told(_by(event) or str(event.type), _text(event, "text", longest=4000))


def _mail(event: Event, names: Names) -> Told:
    who = _by(event)
    lead = _("%(who)s wrote") % {"who": who} if who else str(event.type)
    return Told(lead, _text(event, "subject") or _text(event, "name"))


def _page(event: Event, names: Names) -> Told:
    return Told(_("Looked at"), _text(event, "title") or _text(event, "name") or _text(event, "path", "url"))


def _order(event: Event, names: Names) -> Told:
    number = _text(event, "order_id")
    about = (_("order %(number)s") % {"number": number},) if number else ()
    return Told(str(event.type), products_of(event), about)


def _postponed(event: Event, names: Names) -> Told:
    try:
        until = date_format(date.fromisoformat(str(event.properties.get("until"))[:10]), "SHORT_DATE_FORMAT")
    except ValueError:
        until = ""
    lead = _("Not now, until %(date)s") % {"date": until} if until else str(event.type)
    return Told(lead, _text(event, "reason"))


def _closed(event: Event, names: Names) -> Told:
    reason = event.properties.get("reason")
    return Told(_("Closed"), _joined(_labelled(REASONS, reason) or _text(event, "reason"), _text(event, "text")))


def _reopened(event: Event, names: Names) -> Told:
    return Told(str(event.type), _text(event, "reason"))


def _stage_set(event: Event, names: Names) -> Told:
    key = event.properties.get("stage")
    lead = _("%(who)s moved them") % {"who": _by(event)} if event.by_id else str(event.type)
    return Told(lead, _joined(_("to %(stage)s") % {"stage": names.stages.get(str(key), key)}, _text(event, "reason")))


def _owner(event: Event, names: Names) -> Told:
    owner = event.properties.get("owner")
    if "owner" not in event.properties:
        return Told(str(event.type))
    if owner is None:
        return Told(str(event.type), _("nobody"))
    if isinstance(why := event.properties.get("by_rule"), dict):
        given = _("%(owner)s, by the rule of new leads for %(team)s")
        return Told(str(event.type), given % {"owner": _user(owner, names), "team": why.get("team", "")})
    return Told(str(event.type), _user(owner, names))


def _details(event: Event, names: Names) -> Told:
    shown = [
        _("%(field)s: %(value)s") % {"field": names.fields.get(name, name), "value": _value(_known(name, value, names))}
        for name, value in event.properties.items()
    ]
    more = len(shown) - 4
    return Told(str(event.type), ", ".join(shown[:4] + ([f"+{more}"] if more > 0 else [])))


def _known(name: str, value: Any, names: Names) -> Any:
    return _user(value, names) if name == "owner" and value is not None else value


def _user(said: Any, names: Names) -> str:
    return names.users.get(said, str(said)) if isinstance(said, int | str) else str(said)


def _consent(event: Event, names: Names) -> Told:
    said = event.properties
    what = _joined(_labelled(CHANNELS, said.get("channel")), _labelled(PURPOSES, said.get("purpose")))
    wording = _text(event, "wording") or _text(event, "wording_version")
    about = [_labelled(BASES, said.get("basis")), _text(event, "evidence")]
    if wording:
        about.insert(1, _("wording %(version)s") % {"version": wording})
    return Told(str(event.type), what, tuple(each for each in about if each))


_TELLERS: Final[Mapping[str, Callable[[Event, Names], Told]]] = {
    "call_held": _call,
    "call_tried": _call,
    "meeting_held": _meeting,
    "note_added": _note,
    "email_sent": _mail,
    "page_viewed": _page,
    "order_completed": _order,
    "order_refunded": _order,
    "order_delivered": _order,
    "postponed": _postponed,
    "disqualified": _closed,
    "relationship_ended": _closed,
    "reopened": _reopened,
    "stage_set": _stage_set,
    "owner_changed": _owner,
    "attributes_changed": _details,
    "contact_created": _details,
    "consent_given": _consent,
    "consent_withdrawn": _consent,
    "unsubscribed": _consent,
}


def field_names() -> dict[str, str]:
    """The details of a person by their keys."""
    return {**_ours(get_language()), **{one.key: one.label for one in words().all.fields}}


@lru_cache(maxsize=20)
def _ours(_language: str | None) -> dict[str, str]:
    return {
        "name": _("name"),
        "email": _("e-mail"),
        "emails": _("e-mails"),
        "phone": _("phone"),
        "phones": _("phones"),
        "title": _("title"),
        "country": _("country"),
        "language": _("language"),
        "time_zone": _("time zone"),
        "company": _("company"),
        "owner": _("owner"),
        "team": _("team"),
        "tags": _("tags"),
        "add_tags": _("tags"),
        "remove_tags": _("tags taken away"),
        "fit": _("fit"),
    }


def _text(event: Event, *names: str, longest: int = LONGEST) -> str:
    for name in names:
        said = event.properties.get(name)
        if isinstance(said, str | int | float) and not isinstance(said, bool) and str(said).strip():
            text = str(said).strip()
            return text if len(text) <= longest else text[: longest - 1] + "…"
    return ""


def _minutes(event: Event) -> str:
    minutes = event.properties.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool):
        return ""
    return ngettext("%(n)s min", "%(n)s min", minutes) % {"n": minutes}


def products_of(event: Event) -> str:
    """The first few products of an order by name."""
    products = event.properties.get("products")
    if isinstance(products, list):
        named = [_product(one) for one in products if isinstance(one, dict)]
        return ", ".join(name for name in named[:3] if name)
    return _text(event, "product", "name", "reason")


def _product(one: Mapping[str, Any]) -> str:
    name, quantity = one.get("name"), one.get("quantity")
    if not isinstance(name, str):
        return ""
    return f"{quantity} × {name}" if isinstance(quantity, int) and quantity > 1 else name


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(map(str, value[:3])) or "–"
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _labelled(choices: Any, key: Any) -> str:
    return next((str(label) for value, label in choices if value == key), "")


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
