"""What an address of the desk names. Where there is no such thing, or none that one may see, the answer is 404."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final, Protocol, TypeVar

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from rest.pages import Page, page
from rest.problems import Problem

Thing = TypeVar("Thing")
LONGEST_NUMBER: Final = 18  # digits


def there(thing: Thing | None) -> Thing:
    if thing is None:
        raise Http404
    return thing


def day_said(text: str) -> date | None:
    """A day as forms send it; nothing where there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def newest_first(request: HttpRequest, rows: QuerySet[Any, Any]) -> Page:
    """The page of these rows that the address asks for."""
    try:
        return page(request, rows, orderings={"id": ("id",)}, default="-id")
    except Problem:  # a place that we never gave: somebody wrote the address by hand
        raise Http404 from None


def number_said(text: str) -> int | None:
    """A whole number as addresses and forms say it; nothing where it is none, or longer than that of any row."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None


def numbers_said(texts: Iterable[str]) -> list[int]:
    """Those that are numbers, each once, in their order."""
    return [number for text in dict.fromkeys(texts) if (number := number_said(text)) is not None]


class Table(Protocol):
    @property
    def name(self) -> str: ...

    def csv(self) -> str: ...


AnyTable = TypeVar("AnyTable", bound=Table)


def table_named(name: str, tables: Iterable[AnyTable]) -> AnyTable:
    return there(next((table for table in tables if table.name == name), None))


def as_file(table: Table, called: str) -> HttpResponse:
    answer = HttpResponse(table.csv(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="polku-{called}.csv"'
    return answer
