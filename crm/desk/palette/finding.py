"""Whom and what the palette finds: people and companies by the beginnings of words, best first, in three statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q

from contacts.matching import sort_key, words
from contacts.models import Company, Contact, Membership
from contacts.models.people import ContactQuerySet
from funnel.models import Health, Position, Stage
from staff.policy import Principal

AT_MOST: Final = 8
_COMPANIES: Final = 4
# A letter or two begin a word of nearly everybody: then names alone are looked through, by their beginning.
_LETTERS_FOR_WORDS: Final = 3
# How many of those who are mentioned are put in order: all of them could be half a million.
_CANDIDATES: Final = 40
_NOT_IN_NAME: Final = 2


@dataclass(frozen=True, slots=True)
class Person:
    contact: Contact
    position: Position
    companies: Sequence[str]
    stage: Stage | None
    place: int

    @property
    def health(self) -> str:
        return Health(self.position.health).name.lower() if self.position.health else ""

    @property
    def note(self) -> str:
        """What tells this person from others of the name."""
        return next((one for one in (*self.companies, *self.contact.emails, *self.contact.phones) if one), "")


def people_called(typed: str, by: Principal, also: Collection[int] = ()) -> tuple[list[Person], list[Person]]:
    """Those whom these words may mean: first whose name begins so, then in whose name a word does, then the others.

    Beside them, out of the same statement, those in `also`.
    """
    listed = Contact.objects.visible_to(by).listed()
    parts = [listed.filter(sort_key__startswith=sort_key(typed)).order_by("sort_key", "pk")[:AT_MOST].values("pk")]
    if not _is_short(typed):
        parts.append(listed.mentioning(typed)[:_CANDIDATES].values("pk"))
    if also:
        parts.append(listed.filter(pk__in=also).values("pk"))
    people = _people(listed.filter(pk__in=_either(parts)))
    near = {one.contact.pk: _distance(one, typed) for one in people}
    meant = [one for one in people if near[one.contact.pk] < _NOT_IN_NAME or one.contact.pk not in also]
    meant.sort(key=lambda one: (near[one.contact.pk], one.contact.sort_key, one.contact.pk))
    return meant[:AT_MOST], [one for one in people if one.contact.pk in also]


def people_known_by(ids: Collection[int], by: Principal) -> list[Person]:
    """These people, in this order; whoever is not to be seen by `by` is left out."""
    order = {pk: place for place, pk in enumerate(ids)}
    people = _people(Contact.objects.visible_to(by).listed().filter(pk__in=order)) if ids else []
    return sorted(people, key=lambda one: order[one.contact.pk])


def companies_called(typed: str, by: Principal) -> list[Company]:
    """At most four, each with `colleagues`: how many work there now."""
    visible = Company.objects.visible_to(by)
    begins = visible.filter(sort_key__startswith=sort_key(typed)).order_by("sort_key", "pk")
    parts = [begins[:_COMPANIES].values("pk")]
    if not _is_short(typed):
        parts.append(visible.mentioning(typed)[:_CANDIDATES].values("pk"))
    at_work = Count("memberships", filter=Q(memberships__until=None))
    found = Company.objects.filter(pk__in=_either(parts)).annotate(colleagues=at_work)
    return list(found.order_by("sort_key", "pk")[:_COMPANIES])


def _either(parts: Sequence[Any]) -> Any:
    """Those of any part. As one subquery each part keeps its index; joined by OR they would all be looked through."""
    return parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]


def _is_short(typed: str) -> bool:
    return max((len(word) for word in words(typed)), default=0) < _LETTERS_FOR_WORDS


def _people(contacts: ContactQuerySet) -> list[Person]:
    """These contacts with all that a line and its preview say of them, in two statements."""
    at_work = Membership.objects.current().filter(contact=OuterRef("pk")).order_by("pk").values("company__name")
    whole = contacts.select_related("position", "owner").defer("position__memory", "search")
    places = {stage.pk: (place, stage) for place, stage in enumerate(Stage.objects.in_use(), start=1)}
    return [_person(one, places) for one in whole.annotate(at=ArraySubquery(at_work))]


def _person(contact: Any, places: Mapping[int, tuple[int, Stage]]) -> Person:
    position = getattr(contact, "position", None) or Position(contact=contact)
    place, stage = places.get(position.stage_id or 0, (0, None))
    return Person(contact, position, contact.at, stage, place)


def _distance(person: Person, typed: str) -> int:
    if person.contact.sort_key.startswith(sort_key(typed)):
        return 0
    mine = words(person.contact.name)
    return 1 if all(any(word.startswith(one) for word in mine) for one in words(typed)) else _NOT_IN_NAME
