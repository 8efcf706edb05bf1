"""What one can do from the palette, on somebody and anywhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from contacts.matching import words
from crm.desk.palette.finding import Person
from crm.desk.palette.lines import Line
from crm.desk.person.deeds import DEEDS, open_to
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to do wherever one is: the view it opens, in a drawer or as a page."""

    view: str
    icon: str
    label: Any
    scope: str
    keys: str = ""
    in_drawer: bool = True


ANYWHERE: Final = (
    Deed("desk:contact-new", "user-plus", _("New contact"), "contacts:write", "n"),
    Deed("desk:twins", "users", _("Who may be known twice"), "contacts:merge", in_drawer=False),
    Deed("desk:tag-list", "tags", _("Tags"), "contacts:read", in_drawer=False),
    Deed("desk:staff-invite", "mail-plus", _("Invite a colleague"), "staff:manage", in_drawer=False),
    Deed("desk:keys", "keyboard", _("Show the keys"), "contacts:read", "?"),
)


def deeds_anywhere(by: Principal) -> list[Line]:
    return [
        Line(deed.label, reverse(deed.view), icon=deed.icon, keys=deed.keys, in_drawer=deed.in_drawer)
        for deed in ANYWHERE
        if by.may(deed.scope)
    ]


def deeds_on(people: Iterable[Person], by: Principal) -> list[Line]:
    """What makes sense to do now with each of them, on their page."""
    return [
        Line(deed.label, _address(person, deed.key), icon=deed.icon, note=str(person.contact))
        for person in people
        for deed in open_to(by, person.contact, person.position)
    ]


def _address(person: Person, deed: str) -> str:
    return f"{reverse('desk:contact-page', args=[person.contact.pk])}?do={deed}#composer"


def labels_of_deeds() -> list[Any]:
    return [deed.label for deed in DEEDS.values()]


def matching(typed: str, lines: Sequence[Line]) -> list[Line]:
    """Those in whose text each typed word begins a word."""
    return [line for line in lines if all(begins(line.text, word) for word in words(typed))]


def begins(text: Any, beginning: str) -> bool:
    """Whether a word of `text` begins with this one word."""
    [wanted, *_rest] = [*words(beginning), ""]
    return any(word.startswith(wanted) for word in words(str(text)))
