"""Companies that may be known twice: by their name but for its form and punctuation, or by a domain.

No two companies hold one domain, so domains tell by what lies below: shop.acme.fi below acme.fi.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Count
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from .domains import FREE_MAIL
from .models import Company, TwoCompanies, core_of_name
from .scopes import as_sql

ALONG: Final = ("name", "domain")
PAIRS: Final = 25  # on a page
GROUPS: Final = 100  # of one name or domain that are read at once
MOST_ALIKE: Final = 12  # companies of one name; more than that is a chain


@dataclass(frozen=True, slots=True)
class CompanyTwins:
    """Two companies, the older first, and what they have in common: the name, or the domain."""

    first: Company
    second: Company
    common: str

    @property
    def pair(self) -> tuple[Company, Company]:
        return self.first, self.second


@dataclass(frozen=True, slots=True)
class FoundCompanies:
    """Some pairs, and after which name or domain to look further; nothing when all was looked at."""

    pairs: Sequence[CompanyTwins]
    after: str


def company_twins(by: Principal, *, along: str, after: str = "") -> FoundCompanies:
    """Pairs among the companies that `by` sees, `along` their name or their domains; not those said to be two."""
    groups = (_named if along == "name" else _lying_below)(by, after)
    pairs = _pairs(groups)
    shown: list[CompanyTwins] = []
    for key, _ids in groups:
        shown += [one for one in pairs if one.common == key]
        if len(shown) >= PAIRS and key != groups[-1][0]:
            return FoundCompanies(shown, key)
    return FoundCompanies(shown, groups[-1][0] if len(groups) == GROUPS else "")


def say_two_companies(*, by: Principal, first: Company, second: Company) -> None:
    """They are two: they are not shown as a pair any more."""
    if first == second:
        raise ValidationError(_("These two are one company already."), code="already_one")
    low, high = sorted((first.pk, second.pk))
    if TwoCompanies.objects.get_or_create(first_id=low, second_id=high, defaults={"by": by.user})[1]:
        audit.record(by=by, action="said_two_companies", kind="company", row=low, company=high)


def unsay_two_companies(*, by: Principal, first: Company, second: Company) -> None:
    """Take that back."""
    low, high = sorted((first.pk, second.pk))
    if TwoCompanies.objects.filter(first_id=low, second_id=high).delete()[0]:
        audit.record(by=by, action="unsaid_two_companies", kind="company", row=low, company=high)


def _named(by: Principal, after: str) -> list[tuple[str, list[int]]]:
    """Of each name that a few have in common, who they are, in the order of the index."""
    keyed = Company.objects.visible_to(by).annotate(core=core_of_name()).filter(core__gt=after)
    shared = keyed.order_by().values("core").annotate(n=Count("pk"), ids=ArrayAgg("pk"))
    return list(shared.filter(n__gte=2, n__lte=MOST_ALIKE).order_by("core").values_list("core", "ids")[:GROUPS])


# A domain below that of another company, or (which nobody can say any more) the same.
_BELOW: Final = """
WITH own AS (SELECT id, unnest(domains) AS domain FROM contacts_company WHERE id IN ({companies}) AND domains <> '{{}}')
SELECT upper.domain, upper.id, lower.id
  FROM own upper JOIN own lower ON upper.id <> lower.id
       AND upper.domain IN (lower.domain, substring(lower.domain FROM position('.' IN lower.domain) + 1))
 WHERE upper.domain > %(after)s AND NOT upper.domain = ANY(%(free)s)
 ORDER BY upper.domain, upper.id, lower.id LIMIT {most}
"""


def _lying_below(by: Principal, after: str) -> list[tuple[str, list[int]]]:
    companies, values = as_sql(Company.objects.visible_to(by), "scope")
    question = _BELOW.format(companies=companies, most=GROUPS * MOST_ALIKE)
    with connection.cursor() as cursor:
        cursor.execute(question, {"after": after, "free": list(FREE_MAIL)} | values)
        rows = cursor.fetchall()
    groups: dict[str, list[int]] = {}
    for domain, upper, lower in rows:
        groups.setdefault(domain, [upper]).append(lower)
    return [(domain, list(dict.fromkeys(ids))) for domain, ids in groups.items()][:GROUPS]


def _pairs(groups: Iterable[tuple[str, Sequence[int]]]) -> list[CompanyTwins]:
    ids = [one for _key, its in groups for one in its]
    companies = Company.objects.defer("custom", "search").in_bulk(ids)
    two = set(TwoCompanies.objects.filter(first__in=ids).values_list("first", "second"))
    return [
        CompanyTwins(companies[low], companies[high], key)
        for key, its in groups
        for low, high in combinations(sorted(its), 2)
        if (low, high) not in two
    ]
