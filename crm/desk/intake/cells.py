"""The lines of the intake's lists: what came in, claims, the quarantine, types without a name, what was sent.

Made here and not in templates: fifty of them are the cost of a page.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any, Final, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from contacts.attributes import ATTRIBUTE_TYPES
from contacts.models import EventType, Trust
from crm.desk.drawing import grey, joined, row_address, small_icon, token_field
from crm.desk.intake.forms import LONGEST_LABEL, RANKS, Known, TypeForm
from crm.desk.intake.live import Arrival, Kind, Program
from crm.desk.intake.waiting import Said
from crm.desk.person.telling import field_names
from crm.models import DeliveryState
from crm.templatetags.intake import in_words, worth
from crm.templatetags.polku import when
from crm.webhooks.telling import told

_MARKS: Final = {
    "recorded": "check",
    "again": "repeat-2",
    "claim": "message-circle-question-mark",
    "delivered": "check",
    "waiting": "clock",
}


def _mark(result: str) -> str:
    icon = small_icon(_MARKS.get(result, "circle-alert"))
    return f'<span class="in-mark is-{result}">{icon}</span>'


# --- What came in -----------------------------------------------------------------------------------------------------


def arrivals_drawn(found: Iterable[Arrival], *, of_one: bool, may_manage: bool) -> SafeString:
    """The newest of what came in; of one source its name is not said."""
    language, person, kept_at = (
        get_language() or "",
        row_address("desk:contact-page"),
        row_address("desk:quarantine-page"),
    )
    mend = f'<a class="link" href="%s">{escape(_("mend"))}</a>'
    decide = f'<a class="link" href="{reverse("desk:claims")}">{escape(_("decide"))}</a>'

    def line(one: Arrival) -> str:
        what = _kind_said(one.kind, language) if one.kind else escape(str(in_words(one.reason)))
        who = f' <a class="link" href="{person(one.who.id)}">{escape(one.who.name)}</a>' if one.who else ""
        meta = [capfirst(str(one.word))]
        if not of_one:
            meta.append(escape(one.source))
        if one.pointer:
            meta.append(f"<code>{escape(one.pointer)}</code>")
        if one.result == "claim":
            meta.append(decide)
        elif one.row and may_manage:
            meta.append(mend % kept_at(one.row))
        return (
            f'<li>{_mark(one.result)}<span class="grow"><span class="in-what"><b>{what}</b>{who}</span>'
            f'<span class="t-meta">{" · ".join(meta)}</span></span>'
            f'<time class="t-meta num" datetime="{one.at.isoformat()}">{when(one.at)}</time></li>'
        )

    return joined(map(line, found))


@lru_cache(maxsize=1000)
def _kind_said(kind: Kind, _language: str) -> str:
    return escape(str(EventType(key=kind.key, label_en=kind.label_en, label_fi=kind.label_fi)))


def programs_drawn(found: Iterable[Program], *, may_manage: bool) -> SafeString:
    page, never, lately = row_address("desk:source-page"), grey(_("never")), grey(_("not lately"))
    trusts = {one.value: escape(capfirst(str(one.label))) for one in Trust}

    def line(one: Program) -> str:
        name = escape(one.name)
        named = f'<a class="clip" href="{page(one.id)}">{name}</a>' if may_manage else f'<b class="clip">{name}</b>'
        used = date_format(one.used_on, "SHORT_DATE_FORMAT") if one.used_on else never if one.keys else "–"
        return (
            f'<tr><td class="c-name"><span class="nm">{named}<span class="t-meta clip">{one.key}</span></span></td>'
            f'<td class="c-stage"><span class="lbl">{trusts[one.trust]}</span></td><td class="r num">{one.keys}</td>'
            f'<td class="num ink-2">{used}</td>'
            f'<td class="num ink-2 c-health">{when(one.wrote_at) if one.wrote_at else lately}</td></tr>'
        )

    return joined(map(line, found))


# --- What waits for somebody ------------------------------------------------------------------------------------------


def claims_drawn(found: Iterable[Said], request: HttpRequest, *, may_decide: bool) -> SafeString:
    language, person = get_language() or "", row_address("desk:contact-page")
    token, verdicts = (
        token_field(request),
        (("confirm", "b", _("It is true")), ("refuse", "b is-quiet", _("It is not"))),
    )
    ends = [
        (
            row_address("desk:claim-deed", deed),
            f'{token}<button class="{css} is-small" type="submit">{escape(words)}</button></form>',
        )
        for deed, css, words in verdicts
    ]

    def line(one: Said) -> str:
        sum_ = f' <b class="num">{escape(value)}</b>' if (value := worth(one.body)) else ""
        deeds = "".join(f'<form method="post" action="{at(one.id)}">{end}' for at, end in ends if may_decide)
        return (
            f'<li><div class="grow"><b>{_kind_said(one.kind, language)}</b>{sum_} '
            f'<a class="link" href="{person(one.who.id)}">{escape(one.who.name)}</a>'
            f'<p class="t-meta">{escape(one.source)} · {when(one.at)}</p>{_told(one)}</div>{deeds}</li>'
        )

    return joined(map(line, found))


MOST_TOLD: Final = 6
LONGEST_TOLD: Final = 120


def _told(one: Said) -> str:
    said = list((one.body.get("properties") or {}).items())[:MOST_TOLD]
    names = field_names() if one.kind.key in ATTRIBUTE_TYPES else {}
    named = [(names.get(name) or name.replace("_", " "), str(value)[:LONGEST_TOLD]) for name, value in said]
    pairs = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in named)
    return f'<dl class="in-said">{pairs}</dl>' if pairs else ""


SHOWN_OF_KEPT: Final = ("id", "reason", "pointer", "message_id", "received_at", "attempts", "source__name")


def quarantine_drawn(found: Iterable[Mapping[str, Any]]) -> SafeString:
    page, look = row_address("desk:quarantine-page"), escape(_("Look"))

    def line(one: Mapping[str, Any]) -> str:
        here, why = page(one["id"]), escape(str(in_words(one["reason"])))
        pointer = f" <code>{escape(one['pointer'])}</code>" if one["pointer"] else ""
        meta = [one["source__name"], one["message_id"], when(one["received_at"]), _tried(one["attempts"])]
        return (
            f'<li><div class="grow"><a class="t-strong" href="{here}">{why}{pointer}</a>'
            f'<p class="t-meta">{" · ".join(escape(part) for part in meta if part)}</p></div>'
            f'<a class="b is-quiet is-small" href="{here}">{look}<span class="vh"> {one["id"]}</span></a></li>'
        )

    return joined(map(line, found))


def _tried(times: int) -> str:
    return ngettext("tried %(n)s time", "tried %(n)s times", times) % {"n": times} if times else ""


# --- Types without a name ---------------------------------------------------------------------------------------------


def types_drawn(
    found: Iterable[Mapping[str, Any]], request: HttpRequest, known: Known, typed: TypeForm | None = None, at: int = 0
) -> SafeString:
    """Each with the form that names it; that of the row `at` as it was typed, with what is wrong."""
    page, token, name_it = row_address("desk:type-name"), token_field(request), escape(_("Name it"))
    forms = TypeForms(known)

    def line(one: Mapping[str, Any]) -> str:
        form = forms.typed(typed) if typed and one["id"] == at else forms.fresh(one)
        return (
            f'<li><div class="in-key"><code>{one["key"]}</code>'
            f'<p class="t-meta">{escape(one["first_source__name"])} · {when(one["created_at"])}</p></div>'
            f'<form class="in-naming" method="post" action="{page(one["id"])}" novalidate>{token}{form}'
            f'<button class="b" type="submit">{name_it}<span class="vh"> {one["key"]}</span></button></form></li>'
        )

    return joined(map(line, found))


class TypeForms:
    """The form that names a type, as often as there are types: the same options are written once."""

    def __init__(self, known: Known) -> None:
        choices = {"alias_of": known.choices, "rank": RANKS}
        self.choices: Final = {
            name: [(str(value), escape(str(label))) for value, label in pairs] for name, pairs in choices.items()
        }
        self.labels: Final = {name: escape(str(field.label)) for name, field in TypeForm.base_fields.items()}
        self.options: Final[dict[tuple[str, str], str]] = {}

    def fresh(self, row: Mapping[str, Any]) -> str:
        values = {"label_en": row["key"].replace("_", " ").capitalize(), "rank": str(row["rank"])}
        return "".join(self._field(name, f"t{row['id']}-{name}", values.get(name, "")) for name in self.labels)

    def typed(self, form: TypeForm) -> str:
        faults = "".join(map(_fault, form.non_field_errors()))
        return faults + "".join(
            self._field(one.name, one.html_name, str(one.value() or ""), one.errors) for one in form
        )

    def _field(self, name: str, sent_as: str, value: str, faults: Sequence[object] = ()) -> str:
        named = f'name="{sent_as}" id="id_{sent_as}" class="in"' + (' aria-invalid="true"' if faults else "")
        if name in self.choices:
            widget = f"<select {named}>{self._options(name, value)}</select>"
        else:
            widget = f'<input type="text" {named} maxlength="{LONGEST_LABEL}" value="{escape(value)}">'
        label = f'<label class="lb" for="id_{sent_as}">{self.labels[name]}</label>'
        return f'<div class="fld fld-{name}">{label}{widget}{"".join(map(_fault, faults))}</div>'

    def _options(self, name: str, chosen: str) -> str:
        if (name, chosen) not in self.options:
            self.options[name, chosen] = "".join(
                f'<option value="{value}"{" selected" if value == chosen else ""}>{label}</option>'
                for value, label in self.choices[name]
            )
        return self.options[name, chosen]


def _fault(words: object) -> str:
    return f'<p class="bad t-dense up-4" role="alert">{escape(str(words))}</p>'


# --- What was sent ----------------------------------------------------------------------------------------------------


class Try(NamedTuple):
    """One try of a delivery: the status that came, or what went wrong before there was one."""

    at: datetime
    status: int | None
    error: str
    duration_ms: int

    @property
    def told(self) -> str:
        return told(self.status, self.error)


def deliveries_drawn(
    found: Iterable[Mapping[str, Any]], tries: Mapping[int, Sequence[Try]], request: HttpRequest
) -> SafeString:
    token, page, again = token_field(request), row_address("desk:delivery-replay"), escape(_("Send again"))
    states = {one.value: (_mark(one.value), escape(capfirst(str(one.label)))) for one in DeliveryState}

    def send_again(one: Mapping[str, Any]) -> str:
        return (
            f'<form method="post" action="{page(one["id"])}">{token}<button class="b is-quiet is-small" type="submit">'
            f'{again}<span class="vh"> {one["message_id"]}</span></button></form>'
        )

    def line(one: Mapping[str, Any]) -> str:
        mark, state = states[one["state"]]
        said = [when(one["created_at"]), *map(_try, tried := tries.get(one["id"], ()))]
        if tried and one["state"] == DeliveryState.WAITING:
            said.append(escape(_("next try %(when)s") % {"when": when(one["due_at"])}))
        opened = f'<a class="link" href="?delivery={one["id"]}"><code>{one["message_id"]}</code></a>'
        return (
            f'<li>{mark}<div class="grow"><b>{state}</b> {opened}'
            f'<p class="t-meta">{" · ".join(said)}</p></div>'
            f"{'' if one['state'] == DeliveryState.WAITING else send_again(one)}</li>"
        )

    return joined(map(line, found))


def _try(one: Try) -> str:
    return f"{when(one.at)} {escape(one.told)} ({one.duration_ms} ms)"
