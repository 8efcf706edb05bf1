"""What lists of people can be sorted by, to which packages that stand on ours add; and searches in an order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from rest.pages import Near

from . import sampling
from .matching import search_parts, search_query
from .models import Company, ContactQuerySet
from .models.people import Checks, Mentions

# The name of an order, and the columns that make it: the last one unique, none ever empty.
ORDERINGS: Final[dict[str, tuple[str, ...]]] = {
    "created_at": ("created_at", "id"),
    "updated_at": ("updated_at", "id"),
    "name": ("sort_key", "id"),
}
_EXPRESSIONS: Final[dict[str, Any]] = {}  # columns of orders that stand elsewhere than in the contact


def add_order(name: str, expression: Any) -> None:
    """Let people be sorted by an expression, which is never empty."""
    _EXPRESSIONS[f"by_{name}"] = expression
    ORDERINGS[name] = (f"by_{name}", "id")


NEWEST_FIRST: Final = "-created_at"


class InOrder(NamedTuple):
    """Of each just the id and what the order needs, for what else is shown is read of those on the page alone; the
    orders by the columns that make them here; and where most likely a page of the rows lies."""

    rows: Any
    orderings: Mapping[str, tuple[str, ...]]
    near: Near | None


def in_order(people: ContactQuerySet, ordering: str, words: str = "") -> InOrder:
    """The people, or with `words` those of them that these find.

    Where words find few, these are found by the index of words and then sorted: walking along the order might go on for
    very long until a page is full. Where they find many, the order is walked if an index is in it, and whoever comes is
    looked at. Between the two, of those whom the index of words finds the newest are looked at first.
    """
    name = ordering.removeprefix("-")
    columns = ORDERINGS.get(name, ("id",))
    elsewhere = {column: _EXPRESSIONS[column] for column in columns if column in _EXPRESSIONS}
    parts = search_parts(words)
    near = _newest(parts) if parts and ordering == NEWEST_FIRST else None
    if not words or not parts:
        found = people.none() if words else people
    elif not (near or elsewhere or sampling.are_few(parts)):
        found = people.filter(Checks(" & ".join(parts)))
    else:
        sorted_by = elsewhere.get(columns[0], F(columns[0]))
        elsewhere = {"found_by": Coalesce(sorted_by, sorted_by)}  # the same, and no index is in that order
        columns, found = ("found_by", *columns[1:]), people.mentioning(words)
    orders = {**ORDERINGS, name: columns} if name in ORDERINGS else ORDERINGS  # whoever pages refuses the others
    return InOrder(found.annotate(**elsewhere).values(*dict.fromkeys(["id", *columns])), orders, near)


def _newest(parts: list[str]) -> Near | None:
    people = sampling.newest_to_look_through(parts)
    if people is None:
        return None

    def near(after: Any, rows: int) -> Q | None:
        newer = datetime.fromisoformat(after) if isinstance(after, str) else after
        since = sampling.sample().known_before(newer, people * rows / sampling.PAGE)
        return None if since is None else Q(created_at__gte=since)

    return near


_SAMPLE: Final = """
    SELECT count(*) FROM (SELECT search FROM contacts_company ORDER BY id LIMIT 2000) AS looked
     WHERE search @@ %s::tsquery
"""
_MANY: Final = 40  # of a sample: a page is full before so many companies have been walked past that it shows


def companies_in_order(
    companies: QuerySet[Company], words: str, columns: tuple[str, ...]
) -> tuple[QuerySet[Company], tuple[str, ...]]:
    """The companies that the words find, and the columns to sort by; with many and few as with people above."""
    query = search_query(words)
    if not query:
        return companies.none(), columns
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, [query])
        [found] = cursor.fetchone()
    if found >= _MANY:
        return companies.filter(Checks(query)), columns
    sorted_by = Coalesce(columns[0], columns[0])
    return companies.filter(Mentions(query)).annotate(found_by=sorted_by), ("found_by", *columns[1:])
