"""People already known who may be the same person: found page by page along the index of numbers and that of names."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.exceptions import ValidationError
from django.db.models import Count, F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff import audit
from staff.policy import Principal

from .domains import FREE_MAIL
from .models import Contact, ContactQuerySet, Membership, NotTheSame

ALONG: Final = ("phone", "name")
PAIRS: Final = 30  # on a page, and a few more where one group ends
GROUPS: Final = 300  # that are read at once
ROUNDS: Final = 5  # of reading, for a page
MOST_ALIKE: Final = 12  # people of one number or name; more than that is a switchboard, or a common name


class Resemblance(StrEnum):
    """What two people have in common."""

    PHONE = "phone"
    NAME_AND_COMPANY = "name_and_company"
    NAME_AND_DOMAIN = "name_and_domain"  # of addresses that not everybody can have
    NAME_ALONE = "name_alone"  # and of one of them neither address nor number is known

    @property
    def label(self) -> Any:
        return _LABELS[self]


_LABELS: Final = {
    Resemblance.PHONE: gettext_lazy("The same number"),
    Resemblance.NAME_AND_COMPANY: gettext_lazy("The same name and company"),
    Resemblance.NAME_AND_DOMAIN: gettext_lazy("The same name and domain"),
    Resemblance.NAME_ALONE: gettext_lazy("The same name; of one nothing else is known"),
}


@dataclass(frozen=True, slots=True)
class Twins:
    first: Contact
    second: Contact
    by: Resemblance

    @property
    def people(self) -> tuple[Contact, Contact]:
        return self.first, self.second


@dataclass(frozen=True, slots=True)
class Found:
    """Some pairs, and after which number or name to look further; nothing when all was looked at."""

    pairs: Sequence[Twins]
    after: str


def twins(by: Principal, *, along: str, after: str = "") -> Found:
    """Pairs among the people that `by` sees, `along` their phone or their name."""
    people = Contact.objects.visible_to(by).listed()
    pairs: list[Twins] = []
    for _round in range(ROUNDS):
        groups = _groups(people, along, after)
        is_last = len(groups) < GROUPS
        for number, its in enumerate(_pairs([ids for _key, ids in groups], along), start=1):
            pairs += its
            if len(pairs) >= PAIRS and not (is_last and number == len(groups)):
                return Found(pairs, groups[number - 1][0])
        if is_last:
            return Found(pairs, "")
        after = groups[-1][0]
    return Found(pairs, after)


def say_two(*, by: Principal, first: Contact, second: Contact) -> None:
    """They are two: they are not shown as a pair any more; refused once they were made one."""
    if first == second:
        raise ValidationError(_("These two are one person already."), code="already_one")
    low, high = sorted((first.pk, second.pk))
    if NotTheSame.objects.get_or_create(first_id=low, second_id=high, defaults={"by": by.user})[1]:
        audit.record(by=by, action="said_two", kind="contact", row=low, other=high)


def unsay_two(*, by: Principal, first: Contact, second: Contact) -> None:
    """Take that back."""
    low, high = sorted((first.pk, second.pk))
    if NotTheSame.objects.filter(first_id=low, second_id=high).delete()[0]:
        audit.record(by=by, action="unsaid_two", kind="contact", row=low, other=high)


def _groups(people: ContactQuerySet, along: str, after: str) -> list[tuple[str, list[int]]]:
    """Of each number or name that a few have in common, who they are, in the order of the index."""
    if along == "phone":
        keyed = people.exclude(phones=[]).annotate(key=F("phones__0"))
    else:
        keyed = people.exclude(sort_key="").annotate(key=F("sort_key"))
    shared = keyed.filter(key__gt=after).order_by().values("key").annotate(n=Count("pk"), ids=ArrayAgg("pk"))
    few = shared.filter(n__gte=2, n__lte=MOST_ALIKE).order_by("key")
    return list(few.values_list("key", "ids")[:GROUPS])


def _pairs(groups: Sequence[Sequence[int]], along: str) -> Iterator[list[Twins]]:
    """Those of each group."""
    ids = [one for group in groups for one in group]
    people = Contact.objects.defer("custom", "search").in_bulk(ids)
    places = defaultdict(set)
    for contact, company in Membership.objects.filter(contact__in=ids).values_list("contact", "company"):
        places[contact].add(company)
    two = set(NotTheSame.objects.filter(first__in=ids).values_list("first", "second"))
    for group in groups:
        its: list[Twins] = []
        for low, high in combinations(sorted(group), 2):
            first, second = people[low], people[high]
            alike = Resemblance.PHONE if along == "phone" else _resemblance(first, second, places[low] & places[high])
            if alike and (low, high) not in two:
                its.append(Twins(first, second, alike))
        yield its


def _resemblance(first: Contact, second: Contact, companies: set[int]) -> Resemblance | None:
    """What two people of one name have in common besides; nothing, when they are told apart."""
    if set(first.phones) & set(second.phones):
        return Resemblance.PHONE
    if companies:
        return Resemblance.NAME_AND_COMPANY
    if (_domains(first) & _domains(second)) - FREE_MAIL:
        return Resemblance.NAME_AND_DOMAIN
    if not (first.emails or first.phones) or not (second.emails or second.phones):
        return Resemblance.NAME_ALONE
    return None


def _domains(contact: Contact) -> set[str]:
    return {email.rpartition("@")[2] for email in contact.emails}
