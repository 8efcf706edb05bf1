"""Lists in pages: `?limit=` and `?cursor=` in, {results, next, previous} out.

A page begins after the last row of the one before, by the columns of the order, never by counting rows: a page costs
the same however deep it lies, and rows that come or go meanwhile neither repeat nor hide others.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db.models import QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest
from django.utils.translation import gettext as _

from rest.problems import Problem
from rest.queries import invalid_query, parameter, whole_number

DEFAULT_LIMIT: Final = 50
LARGEST_LIMIT: Final = 200
PARAMETERS: Final = ("limit", "cursor", "ordering")

# The name of an order, and the columns that make it: the last one unique, none ever empty.
Orderings = Mapping[str, Sequence[str]]
# Some rows, those of them that lie where the page does, in its order.
Placed = Callable[[QuerySet[Any, Any]], QuerySet[Any, Any]]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows of an order, and the way to go from there."""

    ordering: str
    backwards: bool
    values: tuple[Any, ...]

    def text(self) -> str:
        body = msgspec.json.encode([self.ordering, self.backwards, self.values])
        return base64.urlsafe_b64encode(_seal(body) + body).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """The cursor we once gave; raises Problem for any other text."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise Problem("invalid-cursor") from None
        seal, body = raw[:_SEAL], raw[_SEAL:]
        if not hmac.compare_digest(seal, _seal(body)):
            raise Problem("invalid-cursor")
        ordering, backwards, values = msgspec.json.decode(body)
        return cls(ordering, backwards, tuple(values))


# A quick way to the rows of a page: how rows are placed, after which place, and how many are wanted. None where so many
# are not found that way.
Quick = Callable[[Placed, Cursor | None, int], Sequence[Any] | None]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and the addresses of what lies before and after them."""

    rows: Sequence[Any]
    next: str | None
    previous: str | None

    def showing(self, results: Sequence[Any]) -> dict[str, Any]:
        return {"results": results, "next": self.next, "previous": self.previous}


def page(
    request: HttpRequest, rows: QuerySet[Any, Any], *, orderings: Orderings, default: str, quick: Quick | None = None
) -> Page:
    """The page of `rows` (models or dicts) that the address asks for; `default` names the order when it does not.

    Where a `quick` way finds so many that the page is full, `rows` themselves are not asked.
    """
    limit = whole_number(request, "limit", default=DEFAULT_LIMIT, least=1, most=LARGEST_LIMIT)
    ordering = _ordering(request, orderings, default)
    columns, descending = orderings[ordering.removeprefix("-")], ordering.startswith("-")
    cursor = _cursor(request, ordering, len(columns))
    backwards = cursor is not None and cursor.backwards

    def placed(some: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        if cursor:
            some = some.filter(_beyond(columns, cursor.values, less=descending != backwards))
        return some.order_by(*_sorted_by(columns, descending != backwards))

    found = quick(placed, cursor, limit + 1) if quick else None
    if found is None:
        found = list(placed(rows)[: limit + 1])
    return _page(request, found, ordering, columns, limit, cursor)


def first_page(request: HttpRequest, found: Sequence[Any], *, orderings: Orderings, default: str) -> Page:
    """The same, of rows that were read already: the first in this order, one more than a page has if there are more."""
    return _page(request, found, default, orderings[default.removeprefix("-")], DEFAULT_LIMIT, None)


def _page(
    request: HttpRequest, found: Sequence[Any], ordering: str, columns: Sequence[str], limit: int, cursor: Cursor | None
) -> Page:
    backwards = cursor is not None and cursor.backwards
    has_more, shown = len(found) > limit, list(found[:limit])
    if backwards:
        shown.reverse()

    def address(row: Any, *, back: bool) -> str:
        values = tuple(row[name] if isinstance(row, dict) else getattr(row, name) for name in columns)
        return _address(request, Cursor(ordering, back, values))

    return Page(
        rows=shown,
        next=address(shown[-1], back=False) if shown and (has_more or backwards) else None,
        previous=address(shown[0], back=True) if shown and (has_more if backwards else cursor is not None) else None,
    )


def _ordering(request: HttpRequest, orderings: Orderings, default: str) -> str:
    ordering = parameter(request, "ordering") or default
    if ordering.removeprefix("-") not in orderings:
        names = ", ".join(sorted(orderings))
        raise invalid_query("ordering", _("Orders are: %s; each also backwards, with a - before it.") % names)
    return ordering


def _cursor(request: HttpRequest, ordering: str, width: int) -> Cursor | None:
    text = parameter(request, "cursor")
    cursor = Cursor.read(text) if text else None
    if cursor and (cursor.ordering != ordering or len(cursor.values) != width):
        raise Problem("invalid-cursor", _("It was given for another order."))
    return cursor


def _beyond(columns: Sequence[str], values: Sequence[Any], *, less: bool) -> TupleLessThan | TupleGreaterThan:
    comparison = TupleLessThan if less else TupleGreaterThan
    return comparison(Tuple(*columns), tuple(values))


def _sorted_by(columns: Sequence[str], descending: bool) -> list[str]:
    return [f"-{name}" if descending else name for name in columns]


def _address(request: HttpRequest, cursor: Cursor) -> str:
    parameters = request.GET.copy()
    parameters["cursor"] = cursor.text()
    return f"{request.build_absolute_uri(request.path)}?{parameters.urlencode()}"


# --- The seal: a cursor is not secret, but nobody else makes one ------------------------------------------------------

_SEAL: Final = 9


def _seal(body: bytes) -> bytes:
    return hmac.digest(_sealing_key(), body, "sha256")[:_SEAL]


@cache
def _sealing_key() -> bytes:
    return sha256(b"rest.pages\0" + settings.SECRET_KEY.encode()).digest()
