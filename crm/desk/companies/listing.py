"""The list of companies: search, order, pages; of each how many of its people stand where, in one statement more."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.asking import ME
from contacts.models import Company, CompanyQuerySet
from contacts.ordering import companies_in_order
from crm.desk.companies.narrowing import Narrowing, narrowed, narrowings
from crm.desk.companies.picture import Part, stack
from crm.desk.people.vocabulary import Stage, Words
from funnel.breadth import Breadth, breadth_of
from funnel.models import Health
from rest import pages
from rest.problems import Problem
from staff.policy import Principal, sees_every_row

LONGEST_WORDS: Final = 200
ORDERINGS: Final = {
    "name": ("sort_key", "id"),
    "created_at": ("created_at", "id"),
    "updated_at": ("updated_at", "id"),
}
OF_EVERYBODY: Final = {  # counted of all people of a company: for those who see them all
    "people": ("people", "id"),
    "heard_on": ("heard_on", "id"),
}
WHOSE: Final = {"": _("Every company"), ME: _("Mine"), "none": _("Nobody's")}


@dataclass(frozen=True, slots=True)
class Asked:
    """Words, narrowings, and an order. What an address says that nobody knows asks for nothing."""

    q: str = ""
    stage: str = ""
    health: str = ""
    owner: str = ""
    team: str = ""
    quiet: str = ""
    ordering: str = "name"

    @classmethod
    def of(cls, said: QueryDict, narrowings: Sequence[Narrowing], orderings: pages.Orderings) -> "Asked":
        ordering = said.get("ordering", "")
        return cls(
            q=said.get("q", "").strip().replace("\0", "")[:LONGEST_WORDS],
            ordering=ordering if ordering.removeprefix("-") in orderings else "name",
            **{one.name: value for one in narrowings if (value := said.get(one.name, "")) in dict(one.options)},
        )

    @property
    def is_narrowed(self) -> bool:
        return any((self.q, self.stage, self.health, self.owner, self.team, self.quiet))

    def query(self, **changes: str) -> str:
        said = asdict(self) | changes
        usual = ("ordering", "name")
        return urlencode({name: value for name, value in said.items() if value and (name, value) != usual})

    def sorted_by(self, order: str, *, falls: bool = False) -> str:
        first, second = (f"-{order}", order) if falls else (order, f"-{order}")
        return self.query(ordering=second if self.ordering == first else first)

    def sort_of(self, order: str) -> str:
        return {order: "ascending", f"-{order}": "descending"}.get(self.ordering, "")


@dataclass(frozen=True, slots=True)
class Line:
    """A company of the list. `parts` are its people by stages: the last part has come furthest."""

    id: int
    name: str
    domains: Sequence[str]
    owner: str
    created_at: datetime
    people: int
    parts: Sequence[Part]
    heard_on: date | None
    cooling: int
    lapsed: int


@dataclass(frozen=True, slots=True)
class Listing:
    asked: Asked
    narrowings: Sequence[Narrowing]
    lines: Sequence[Line]
    found: pages.Page
    orderings: pages.Orderings


def listing(request: HttpRequest, principal: Principal, known: Words) -> Listing:
    orderings = ORDERINGS | OF_EVERYBODY if sees_every_row(principal) else ORDERINGS
    choices = narrowings(principal, known)
    asked = Asked.of(request.GET, choices, orderings)
    found = _page(request, asked, principal, orderings)
    breadths = breadth_of(principal, [company["id"] for company in found.rows], today=timezone.localdate())
    lines = [_line(company, breadths[company["id"]], known.all.stages) for company in found.rows]
    return Listing(asked, choices, lines, found, orderings)


def companies_asked(said: QueryDict, principal: Principal, known: Words) -> tuple[Asked, CompanyQuerySet]:
    """Those that an address of the list finds, and what it asks, in no order yet."""
    asked = Asked.of(said, narrowings(principal, known), ORDERINGS)
    companies = _companies(asked, principal)
    return asked, companies.mentioning(asked.q) if asked.q else companies


def _page(request: HttpRequest, asked: Asked, principal: Principal, orderings: pages.Orderings) -> pages.Page:
    said = QueryDict(asked.query(), mutable=True)
    for name in ("cursor", "limit"):
        if name in request.GET:
            said[name] = request.GET[name]
    request.GET = said  # type: ignore[assignment]
    companies: QuerySet[Company] = _companies(asked, principal)
    name = asked.ordering.removeprefix("-")
    if asked.q:
        companies, columns = companies_in_order(companies, asked.q, tuple(orderings[name]))
        orderings = {**orderings, name: columns}
    companies = companies.values(*dict.fromkeys([*_SHOWN, *orderings[name]]))
    try:
        return pages.page(request, companies, orderings=orderings, default="name")
    except Problem:  # an address that somebody shortened or made up begins at the top
        request.GET = QueryDict(asked.query())
        return pages.page(request, companies, orderings=orderings, default="name")


def _companies(asked: Asked, principal: Principal) -> CompanyQuerySet:
    return narrowed(Company.objects.visible_to(principal), principal, asdict(asked))


_SHOWN: Final = ("id", "name", "domains", "created_at", "owner__name", "owner__email")


def _line(company: Mapping[str, Any], breadth: Breadth, stages: Sequence[Stage]) -> Line:
    health = breadth.by_health()
    return Line(
        company["id"],
        company["name"],
        company["domains"],
        company["owner__name"] or company["owner__email"] or "",
        company["created_at"],
        breadth.people,
        stack(breadth, stages),
        breadth.heard_on,
        health.get(Health.COOLING, 0),
        health.get(Health.LAPSED, 0),
    )
