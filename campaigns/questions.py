"""The questions of a form, and what comes of the answers. No clock, no database."""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from contacts.matching import normal_email, normal_phone

MOST_QUESTIONS: Final = 20
MOST_CHOICES: Final = 30
LONGEST_LABEL: Final = 200
_BREAKS: Final = re.compile(r"[^\S\n]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Kind(StrEnum):
    EMAIL = "email"
    NAME = "name"
    PHONE = "phone"
    COMPANY = "company"
    TITLE = "title"
    SHORT = "short"
    LONG = "long"
    CHOICE = "choice"
    YES_NO = "yes_no"


KINDS: Final[dict[Kind, Promise]] = {
    Kind.EMAIL: gettext_lazy("E-mail"),
    Kind.NAME: gettext_lazy("Name"),
    Kind.PHONE: gettext_lazy("Phone"),
    Kind.COMPANY: gettext_lazy("Company"),
    Kind.TITLE: pgettext_lazy("of a person", "Title"),
    Kind.SHORT: gettext_lazy("Short answer"),
    Kind.LONG: gettext_lazy("Long answer"),
    Kind.CHOICE: gettext_lazy("One of several"),
    Kind.YES_NO: gettext_lazy("A box to tick"),
}
# These fill the field of a person of the same name, so a form asks each of them once.
OF_THE_PERSON: Final = (Kind.EMAIL, Kind.NAME, Kind.PHONE, Kind.COMPANY, Kind.TITLE)
LONGEST: Final[dict[Kind, int]] = {
    Kind.EMAIL: 254, Kind.NAME: 120, Kind.PHONE: 40, Kind.COMPANY: 120, Kind.TITLE: 120,
    Kind.SHORT: 300, Kind.LONG: 5000, Kind.CHOICE: LONGEST_LABEL, Kind.YES_NO: 1,
}  # fmt: skip
# What browsers offer to fill in by themselves.
AUTOCOMPLETE: Final[dict[Kind, str]] = {
    Kind.EMAIL: "email", Kind.NAME: "name", Kind.PHONE: "tel", Kind.COMPANY: "organization",
    Kind.TITLE: "organization-title",
}  # fmt: skip


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question of a form. `key` names it in the page and stays the same when its words change."""

    key: str
    kind: Kind
    label: str
    is_needed: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""

    @property
    def autocomplete(self) -> str:
        return AUTOCOMPLETE.get(self.kind, "off")

    @property
    def longest(self) -> int:
        return LONGEST[self.kind]


class Answers(msgspec.Struct):
    """What somebody said: `email`, the details of the person, and everything by the words of its question."""

    email: str
    details: dict[str, Any]
    said: dict[str, str | bool]
    text: str  # the first long answer: what they write to us


def questions_in(raw: Any) -> list[Question]:
    return msgspec.convert(raw, list[Question])


def faults_in(questions: Sequence[Question]) -> list[str]:
    """Why these are not the questions of a form, in sentences."""
    faults = []
    kinds = [question.kind for question in questions]
    if kinds.count(Kind.EMAIL) != 1 or not all(one.is_needed for one in questions if one.kind is Kind.EMAIL):
        faults.append(_("A form asks for the e-mail address, once, and needs it: by it we know who sends it."))
    if len(questions) > MOST_QUESTIONS:
        faults.append(_("At most %d questions.") % MOST_QUESTIONS)
    for kind in OF_THE_PERSON:
        if kind is not Kind.EMAIL and kinds.count(kind) > 1:
            faults.append(_("Asked twice: %(what)s.") % {"what": KINDS[kind]})
    labels = [one.label for one in questions]
    for number, one in enumerate(questions, start=1):
        faults += [_("Question %(number)d: %(fault)s") % {"number": number, "fault": it} for it in _faults_of(one)]
    if len(set(labels)) != len(labels):
        faults.append(_("Two questions have the same words."))
    return faults


def _faults_of(question: Question) -> Iterable[str]:
    if not question.label.strip():
        yield _("It has no words.")
    if len(question.label) > LONGEST_LABEL or len(question.help) > LONGEST_LABEL:
        yield _("At most %d characters.") % LONGEST_LABEL
    if question.kind is Kind.CHOICE and not 2 <= len(set(question.choices)) <= MOST_CHOICES:
        yield _("It needs 2 to %d different answers to choose from, one a line.") % MOST_CHOICES
    if any(len(choice) > LONGEST_LABEL for choice in question.choices):
        yield _("At most %d characters.") % LONGEST_LABEL


def answers_in(
    questions: Sequence[Question], typed: Mapping[str, str], *, country: str = ""
) -> tuple[Answers, dict[str, str]]:
    """The answers in what was typed under the keys of `questions`, and a sentence for each that can't be taken.

    A telephone number that can't be read, even as one of `country`, is kept as it was typed.
    """
    answers = Answers("", {}, {}, "")
    faults = {}
    for question in questions:
        text = _cleaned(typed.get(question.key, ""), question.kind)
        fault = _fault(question, text)
        if fault:
            faults[question.key] = fault
        elif text:
            _take(answers, question, text, country)
    return answers, faults


def _cleaned(text: str, kind: Kind) -> str:
    plain = _CONTROL.sub("", text.replace("\r\n", "\n")).strip()
    return plain if kind is Kind.LONG else _BREAKS.sub(" ", plain.replace("\n", " "))


def _fault(question: Question, text: str) -> str:
    if not text:
        return _("This is needed.") if question.is_needed else ""
    if len(text) > question.longest:
        return _("At most %d characters.") % question.longest
    if question.kind is Kind.EMAIL and normal_email(text) is None:
        return _("This is not an e-mail address: it looks like name@example.com.")
    if question.kind is Kind.CHOICE and text not in question.choices:
        return _("Choose one of the answers.")
    return ""


def _take(answers: Answers, question: Question, text: str, country: str) -> None:
    match question.kind:
        case Kind.EMAIL:
            answers.email = normal_email(text) or ""
            return
        case Kind.PHONE:
            number = normal_phone(text, country)
            if number:
                answers.details["phone"] = number
                return
        case Kind.NAME | Kind.COMPANY | Kind.TITLE:
            answers.details[question.kind.value] = text
            return
        case Kind.YES_NO:
            answers.said[question.label] = True
            return
        case Kind.LONG:
            answers.text = answers.text or text
    answers.said[question.label] = text
