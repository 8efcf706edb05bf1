"""A plain list: the rows in order of their ids, a page at a time, without filters."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from rest.answers import answer
from rest.pages import PARAMETERS, page
from rest.queries import refuse_unknown_parameters


def listed(request: Request, rows: QuerySet[Any], show: Callable[[Any], Any], *, default: str = "id") -> HttpResponse:
    """The page of `rows` that the address asks for, each row as `show` has it; `default` is its order unless asked."""
    refuse_unknown_parameters(request._request, PARAMETERS)
    found = page(request._request, rows, orderings={"id": ("id",)}, default=default)
    return answer(found.showing([show(one) for one in found.rows]))
