"""A form as it stands in the builder: what was typed, before it is one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

import msgspec
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from campaigns.building import Asked
from campaigns.models import Campaign, Deed, Form
from campaigns.questions import KINDS, OF_THE_PERSON, Kind, Question, questions_in
from crm.desk.finding import number_said

VALUES: Final = ("name", "deed", "language", "title", "lead", "button", "thanks", "leads_to")
MOST_READ: Final = 60  # questions of a page somebody made up

# What one begins with, by what the form is for.
_BEGINNINGS: Final = {
    Deed.MESSAGE: (_("Write to us"), _("We answer within a working day."), (Kind.NAME, Kind.EMAIL, Kind.LONG)),
    Deed.QUOTE: (
        _("Ask for a quote"),
        _("Tell us what you need; a person reads it."),
        (Kind.NAME, Kind.COMPANY, Kind.EMAIL, Kind.PHONE, Kind.LONG),
    ),
    Deed.NEWSLETTER: (_("Our letter, once a month"), _("One click ends it."), (Kind.EMAIL, Kind.NAME)),
    Deed.DOWNLOAD: (_("The guide"), _("Free, as a file to keep."), (Kind.NAME, Kind.EMAIL, Kind.COMPANY)),
    Deed.FORM: (_("A few questions"), "", (Kind.NAME, Kind.EMAIL, Kind.SHORT)),
}
_LABELS: Final = {**KINDS, Kind.LONG: _("Your message"), Kind.SHORT: _("Your answer")}


@dataclass(frozen=True)
class Draft:
    """`seen`: the version it was begun from."""

    values: dict[str, str]
    confirms_address: bool
    campaign: Campaign | None
    questions: list[Question]
    asked: Asked
    seen: int = 0


def begun(deed: Deed, language: str) -> Draft:
    """What a new form of this kind begins with, in the language it speaks."""
    title, lead, kinds = _BEGINNINGS[deed]
    with override(language):
        questions = [_question(kind, [], str(_LABELS[kind])) for kind in kinds]
        values = {
            "name": str(title), "deed": deed.value, "language": language, "title": str(title), "lead": str(lead),
            "button": str(_("Send")), "thanks": str(_("Thank you. We will be in touch.")), "leads_to": "",
        }  # fmt: skip
        wording = Asked(str(_("I want to get news by e-mail. I can end it at any time."))) if _writes(deed) else Asked()
    return Draft(values, _writes(deed), None, _numbered(questions), wording)


def _writes(deed: Deed) -> bool:
    return deed in (Deed.NEWSLETTER, Deed.DOWNLOAD)


def draft_of(form: Form) -> Draft:
    wording = form.wording
    return Draft(
        values={name: getattr(form, name) for name in VALUES},
        confirms_address=form.confirms_address,
        campaign=form.campaign,
        questions=questions_in(form.fields),
        asked=Asked(wording.text, wording.is_needed) if wording else Asked(),
        seen=form.version,
    )


def another(draft: Draft) -> Draft:
    """The same as a new form, under another name."""
    name = str(_("%(name)s, again")) % {"name": draft.values["name"][:70]}
    return replace(draft, values={**draft.values, "name": name}, seen=0)


def draft_in(typed: Mapping[str, str]) -> Draft:
    """What the page of the builder sent."""
    rows = [number for number in range(MOST_READ) if f"{number}-kind" in typed]
    campaign = number_said(typed.get("campaign", ""))
    return Draft(
        values={name: typed.get(name, "").strip() for name in VALUES},
        confirms_address="confirms_address" in typed,
        campaign=Campaign.objects.in_use().filter(pk=campaign or 0).first(),
        questions=_numbered([_typed(typed, number) for number in rows]),
        asked=Asked(typed.get("wording", "").strip(), "wording_needed" in typed),
        seen=number_said(typed.get("seen", "")) or 0,
    )


def after(draft: Draft, do: str) -> Draft:
    """The draft after a question was moved (`up:2`, `down:2`), dropped (`drop:2`) or added (`add:short`)."""
    deed, _colon, what = do.partition(":")
    questions = list(draft.questions)
    if deed == "add" and what in set(Kind):
        return replace(draft, questions=_numbered([*questions, _question(Kind(what), questions)]))
    place = number_said(what)
    if place is None or place >= len(questions):
        return draft
    one = questions.pop(place)
    if deed in ("up", "down"):
        questions.insert(max(0, place + (1 if deed == "down" else -1)), one)
    return replace(draft, questions=questions)


def values_of(draft: Draft) -> dict[str, Any]:
    """What the service takes."""
    return {**draft.values, "confirms_address": draft.confirms_address, "campaign": draft.campaign}


def _typed(typed: Mapping[str, str], number: int) -> Question:
    said = typed.get(f"{number}-kind", "")
    kind = Kind(said) if said in set(Kind) else Kind.SHORT
    choices = [line.strip() for line in typed.get(f"{number}-choices", "").splitlines() if line.strip()]
    return Question(
        key=typed.get(f"{number}-key", "")[:40],
        kind=kind,
        label=typed.get(f"{number}-label", "").strip(),
        is_needed=kind is Kind.EMAIL or f"{number}-needed" in typed,
        choices=tuple(choices) if kind is Kind.CHOICE else (),
        help=typed.get(f"{number}-help", "").strip(),
    )


def _question(kind: Kind, others: list[Question], label: str = "") -> Question:
    label = label or str(_LABELS[kind])
    taken = {one.label for one in others}
    number = 2
    while label in taken:
        label, number = f"{_LABELS[kind]} {number}", number + 1
    return Question("", kind, label, is_needed=kind is Kind.EMAIL, choices=("", "") if kind is Kind.CHOICE else ())


def _numbered(questions: list[Question]) -> list[Question]:
    """Each with a key of its own: a detail of the person has its name, the rest a number that it keeps."""
    taken: set[str] = set()
    free = (key for key in (f"q{number}" for number in count(1)) if key not in {one.key for one in questions})
    numbered = []
    for one in questions:
        key = one.kind.value if one.kind in OF_THE_PERSON else one.key
        is_good = (key == one.kind or _OWN.fullmatch(key)) and key not in taken
        numbered.append(msgspec.structs.replace(one, key=key if is_good else next(free)))
        taken.add(numbered[-1].key)
    return numbered


_OWN: Final = re.compile(r"q[0-9]+")
