"""What the functions of our API share: filters in addresses, one row or none, bodies that must be valid."""

from datetime import datetime
from typing import Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from rest.answers import versioned
from rest.endpoints import caller
from rest.queries import invalid_query, parameter
from rest.schema import paging_parameters, query_parameter
from rest.strict_json import MalformedJson, read
from staff.policy import Principal

from .asking import meant_by
from .filtering import Filters, Tree, read_moment
from .models import CompanyQuerySet, Contact, ContactQuerySet
from .ordering import ORDERINGS
from .serializers import Body

AnyBody = TypeVar("AnyBody", bound=Body)
Rows = TypeVar("Rows", ContactQuerySet, CompanyQuerySet)

TREE: Final = query_parameter(
    "filter", _('A tree of conditions in JSON: {"any": [{"field": "country", "is": "FI"}, ...]}.')
)
SINCE: Final = query_parameter("updated_since", _("Changed at this moment or later."))
WORDS: Final = query_parameter(
    "q", _("Words: each begins a word of a name, a title, a company, an address or a number.")
)


def orders() -> list[OpenApiParameter]:
    """The parameters of a list of people; to be asked for once every package has added its orders."""
    return paging_parameters(*ORDERINGS)


def filter_parameters(filters: Filters) -> list[OpenApiParameter]:
    return [query_parameter(name, field.meaning) for field in filters.fields.values() for name in field.parameters()]


def valid(body: AnyBody) -> AnyBody:
    body.is_valid(raise_exception=True)
    return body


def filtered(request: HttpRequest, rows: Rows, filters: Filters, by: Principal) -> Rows:
    """Those the address asks for, in the name of whoever asks."""
    rows, words = conditioned(request, rows, filters, by), parameter(request, "q")
    return rows.mentioning(words) if words else rows


def conditioned(request: HttpRequest, rows: Rows, filters: Filters, by: Principal) -> Rows:
    """The same whatever words it searches for."""
    rows = rows.filter(filters.from_parameters(request.GET.dict()).q())
    tree = parameter(request, "filter")
    if tree:
        rows = rows.filter(_tree(tree, filters, by).q())
    since = parameter(request, "updated_since")
    return rows.filter(updated_at__gte=moment_said("updated_since", since)) if since else rows


def _tree(text: str, filters: Filters, by: Principal) -> Tree:
    try:
        return filters.from_document(meant_by(read(text.encode()).value, by))
    except MalformedJson as error:
        raise invalid_query("filter", error) from None
    except ValidationError as error:
        raise invalid_query("filter", f"{(error.params or {}).get('field', '')} {error.messages[0]}".strip()) from None


def moment_said(name: str, text: str) -> datetime:
    """The date or moment that the parameter `name` says."""
    try:
        return read_moment(text)
    except (ValueError, OverflowError):
        raise invalid_query(name, _("It takes a date or moment such as 2026-03-01T12:00:00Z.")) from None


def visible_leader(request: Request, contact_id: int) -> Contact:
    """The person this contact is; what one may not see is not there."""
    return get_object_or_404(Contact.objects.visible_to(caller(request)), members=contact_id, erased_at=None)


def one_row(request: Request, shown: list[dict[str, Any]], status: int) -> HttpResponse:
    if not shown:
        raise Http404
    location = f"{request.path}/{shown[0]['id']}" if status == 201 else ""
    return versioned(shown[0], shown[0]["version"], status=status, location=location)
