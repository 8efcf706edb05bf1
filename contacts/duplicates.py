"""Who somebody new may be already: the same address or number, or nearly the same name."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

from django.db.models import Q

from staff.policy import Principal

from .matching import ALIKE, LETTERS, normal_email, normal_phone, search_query, sort_key, words
from .models import Contact, ContactQuerySet, Identity, IdentityKind
from .models.people import Mentions

MOST: Final = 5
CANDIDATES: Final = 200


class Reason(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    NAME_AND_COMPANY = "name_and_company"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Likeness:
    """Somebody we know who may be meant, and why; `is_sure` where two can't have it."""

    contact: Contact
    reason: Reason

    @property
    def is_sure(self) -> bool:
        return self.reason == Reason.EMAIL


def likely_duplicates(
    *,
    by: Principal,
    name: str = "",
    emails: Iterable[str] = (),
    phones: Iterable[str] = (),
    company: str = "",
    but: Collection[int] = (),
) -> list[Likeness]:
    """The likeliest first, at most five, among those the principal sees."""
    people = Contact.objects.visible_to(by).listed().exclude(pk__in=list(but))
    found: dict[int, Likeness] = {}
    for reason, some in (
        (Reason.EMAIL, _by_email(people, emails)),
        (Reason.PHONE, _by_phone(people, phones)),
        (Reason.NAME_AND_COMPANY, _by_name(people, name, company) if company else []),
        (Reason.NAME, _by_name(people, name, "")),
    ):
        for contact in some:
            found.setdefault(contact.pk, Likeness(contact, reason))
    return list(found.values())[:MOST]


def _by_email(people: ContactQuerySet, emails: Iterable[str]) -> list[Contact]:
    values = [email for one in emails if (email := normal_email(one))]
    if not values:
        return []
    owners = Identity.objects.live().filter(kind=IdentityKind.EMAIL, namespace="", value__in=values)
    return list(people.filter(pk__in=owners.values("contact__leader_id"))[:MOST])


def _by_phone(people: ContactQuerySet, phones: Iterable[str]) -> list[Contact]:
    found: list[Contact] = []
    for one in phones:
        phone = normal_phone(one)
        if phone:
            digits = phone.removeprefix("+")
            found += people.filter(Mentions(f"'{digits}'"), phones__contains=[phone])[:MOST]
    return found


def _by_name(people: ContactQuerySet, name: str, company: str) -> list[Contact]:
    """Those of nearly this name: every word begins as one of theirs, or one of them is the same and the rest alike."""
    said = words(name)
    if not said or len("".join(said)) < LETTERS:
        return []
    beginnings = " ".join(word[:LETTERS] for word in said)
    if not search_query(beginnings):
        return []
    near = people.filter(Q(Mentions(search_query(beginnings))))
    if company:
        near = near.filter(Mentions(search_query(" ".join(words(company)[:2])) or "'-'"))
    key = sort_key(name)
    ranked = [(SequenceMatcher(None, key, one.sort_key).ratio(), one) for one in near.order_by("-pk")[:CANDIDATES]]
    alike = [(score, one) for score, one in ranked if score >= ALIKE or (company and set(said) <= set(words(one.name)))]
    return [one for _score, one in sorted(alike, key=lambda pair: -pair[0])][:MOST]
