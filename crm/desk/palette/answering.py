"""What stands in the palette for what is typed: people, companies, deeds and places, in groups."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.models import Company
from crm.desk.palette.doing import begins, deeds_anywhere, deeds_on, labels_of_deeds, matching
from crm.desk.palette.finding import Person, companies_called, people_called, people_known_by
from crm.desk.palette.lines import Line
from crm.desk.places import PLACES
from staff.policy import Principal

_DEEDS_SHOWN: Final = 4
# So long must the beginning of a deed be, before a name, to be taken for one: "call aino".
_DEED_BEGINS: Final = 3


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    lines: Sequence[Line]


def answer(typed: str, *, by: Principal, here: Sequence[int] = (), recent: Sequence[int] = ()) -> list[Group]:
    """The groups that hold something. `here`: the person whose page is open; `recent`: those who were, newest first."""
    if typed:
        return _found(typed, by, here)
    people = people_known_by([*here, *recent], by)
    current = [one for one in people if one.contact.pk in here]
    return _filled(
        Group(_("Do"), [*deeds_on(current, by), *deeds_anywhere(by)]),
        Group(_("Lately"), [_person(one) for one in people if one not in current]),
        Group(_("Go"), _places(by)),
    )


def _found(typed: str, by: Principal, here: Collection[int]) -> list[Group]:
    deed, name = _deed_first(typed)
    people, current = people_called(name, by, here)
    if deed:
        do = [line for line in deeds_on(people, by) if begins(line.text, deed)]
        return _filled(Group(_("Do"), do), Group(_("People"), [_person(one) for one in people]))
    do = [*matching(typed, deeds_on(current, by)), *matching(typed, deeds_anywhere(by))]
    return _filled(
        Group(_("People"), [_person(one) for one in people]),
        Group(_("Companies"), [_company(one) for one in companies_called(typed, by)]),
        Group(_("Do"), do or deeds_on(people[:1], by)[:_DEEDS_SHOWN]),
        Group(_("Go"), matching(typed, _places(by))),
    )


def _deed_first(typed: str) -> tuple[str, str]:
    """A deed's beginning and the name after it, as in "call aino"; without a deed, all of it is a name."""
    first, _blank, name = typed.partition(" ")
    is_deed = name and len(first) >= _DEED_BEGINS and any(begins(label, first) for label in labels_of_deeds())
    return (first, name) if is_deed else ("", typed)


def _filled(*groups: Group) -> list[Group]:
    return [group for group in groups if group.lines]


def _person(person: Person) -> Line:
    url = reverse("desk:contact-page", args=[person.contact.pk])
    return Line(person.contact, url, note=person.note, person=person)


def _company(company: Company) -> Line:
    url = reverse("desk:company-page", args=[company.pk])
    count: int = company.colleagues  # type: ignore[attr-defined]
    note = ngettext("%(n)s person", "%(n)s people", count) % {"n": count}
    return Line(company, url, note=note, company=company)


def _places(by: Principal) -> list[Line]:
    return [
        Line(place.label, reverse(place.view), icon=place.icon, keys=place.keys)
        for place in PLACES
        if by.may(place.scope)
    ]
