"""What lists of people can be sorted by, to which packages that stand on ours add; and searches in an order."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from rest.pages import Cursor, Placed, Quick

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


_DOWNWARDS: Final[dict[str, Callable[[QuerySet[Any, Any]], Quick]]] = {}  # a quicker way to their end


def add_order(name: str, expression: Any, downwards: Callable[[QuerySet[Any, Any]], Quick]) -> None:
    """Let people be sorted by an expression, which is never empty; `downwards` there is a quicker way to a page."""
    _EXPRESSIONS[f"by_{name}"] = expression
    _DOWNWARDS[f"by_{name}"] = downwards
    ORDERINGS[name] = (f"by_{name}", "id")


NEWEST_FIRST: Final = "-created_at"


class InOrder(NamedTuple):
    """Of each just the id and what the order needs, for what else is shown is read of those on the page alone; the
    orders by the columns that make them here; and a quicker way to a page of them, where there may be one."""

    rows: QuerySet[Any, Any]
    orderings: Mapping[str, tuple[str, ...]]
    quick: Quick | None


def in_order(people: ContactQuerySet, ordering: str, words: str = "") -> InOrder:
    """The people, or with `words` those of them that these find.

    Where words find few, these are found by the index of words and then sorted. Where they find many, the order is
    walked if an index is in it, and whoever comes is looked at: but not for long, for those who are found may all stand
    at its end. Between the two, of those whom the index of words finds the newest are looked at first.
    """
    name = ordering.removeprefix("-")
    columns = ORDERINGS.get(name, ("id",))
    parts = search_parts(words)
    downwards = _DOWNWARDS.get(columns[0]) if ordering.startswith("-") else None
    if not words or not parts:
        elsewhere = {column: _EXPRESSIONS[column] for column in columns if column in _EXPRESSIONS}
        found = people.none() if words else people
        rows = found.annotate(**elsewhere).values(*dict.fromkeys(["id", *columns]))
        return InOrder(rows, ORDERINGS, downwards and downwards(rows))
    column, named = columns[0], ("found_by", *columns[1:])
    sorted_by = _EXPRESSIONS.get(column, F(column))
    # the same, and no index is in that order
    found = people.mentioning(words).annotate(found_by=Coalesce(sorted_by, sorted_by))
    rows = found.values(*dict.fromkeys(["id", *named]))
    quick = _newest(rows, parts) if ordering == NEWEST_FIRST else None
    if quick is None and not sampling.are_few(parts):
        if downwards:
            looked_at = people.filter(Checks(" & ".join(parts))).annotate(found_by=Coalesce(sorted_by, sorted_by))
            quick = downwards(looked_at.values(*dict.fromkeys(["id", *named])))
        elif column not in _EXPRESSIONS:
            quick = _walked(people.annotate(found_by=F(column)), parts)
    return InOrder(rows, {**ORDERINGS, name: named} if name in ORDERINGS else ORDERINGS, quick)


def _newest(rows: QuerySet[Any, Any], parts: list[str]) -> Quick | None:
    """Of those whom the words find, the newest, laid over the index of the moments of becoming known."""
    people = sampling.newest_to_look_through(parts)
    if people is None:
        return None

    def quick(placed: Placed, after: Cursor | None, wanted: int) -> Sequence[Any] | None:
        if after and after.backwards:
            return None
        newer = after.values[0] if after else None
        newer = datetime.fromisoformat(newer) if isinstance(newer, str) else newer
        since = sampling.sample().known_before(newer, people * wanted / sampling.PAGE)
        found = list(placed(rows.filter(created_at__gte=since))[:wanted]) if since else []
        return found if len(found) == wanted else None

    return quick


_WALKED: Final = "SELECT id, found_by FROM ({walk}) walked WHERE is_meant LIMIT {wanted}"


def _walked(people: QuerySet[Any, Any], parts: list[str]) -> Quick:
    """Along the order, a few times as far as a page of those who are meant should need."""

    def quick(placed: Placed, _after: Cursor | None, wanted: int) -> Sequence[Any] | None:
        meant = people.annotate(is_meant=Checks(" & ".join(parts))).values("id", "found_by", "is_meant")
        walk, values = placed(meant)[: sampling.to_walk_past(parts, wanted)].query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(_WALKED.format(walk=walk, wanted=wanted), values)
            found = [{"id": id_, "found_by": at} for id_, at in cursor.fetchall()]
        return found if len(found) == wanted else None

    return quick


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
