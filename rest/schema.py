"""How the API describes itself (OpenAPI 3.1): answers are msgspec Structs, bodies are serializers."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from rest.problems import KINDS

PROBLEM_TYPE = "application/problem+json"
# What every list, and every body, may meet.
LIST_PROBLEMS: Final = ("invalid-query", "invalid-cursor")
BODY_PROBLEMS: Final = (
    *("malformed-json", "unknown-field", "invalid-value", "field-not-writable", "unsupported-media-type", "too-large"),
    *("request-in-progress", "idempotency-mismatch", "invalid-idempotency-key"),
)


class ErrorShape(msgspec.Struct):
    """What is wrong with one place of the request."""

    pointer: str
    code: str
    detail: str


class ProblemShape(msgspec.Struct, omit_defaults=True):
    """Why something was not done (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[ErrorShape] = []


def page_shape(name: str, shape: Any) -> Any:
    """The shape of a page of rows, under a name of its own."""
    fields = [("results", list[shape]), ("next", str | None), ("previous", str | None)]
    return msgspec.defstruct(name, fields, namespace={"__doc__": "A page; next and previous are addresses."})


def problem_answers(kinds: Sequence[str]) -> dict[tuple[int, str], OpenApiResponse]:
    """One answer a status, naming the kinds of problem it may stand for."""
    by_status: dict[int, list[str]] = {}
    for kind in kinds:
        by_status.setdefault(int(KINDS[kind][0]), []).append(kind)
    return {
        (status, PROBLEM_TYPE): OpenApiResponse(ProblemShape, description=", ".join(dict.fromkeys(named)))
        for status, named in sorted(by_status.items())
    }


def query_parameter(name: str, description: Any, kind: Any = str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **more)


def paging_parameters(*orders: str) -> list[OpenApiParameter]:
    names = [signed for order in orders for signed in (order, f"-{order}")]
    return [
        query_parameter("limit", _("Rows a page: 1 to 200, 50 when not given."), int),
        query_parameter("cursor", _("Where the page begins, from `next` or `previous` of another page.")),
        query_parameter("ordering", _("What rows are sorted by; a - turns it round."), enum=names),
    ]


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description=_(
        "A text of your own, at most 255 characters; a repetition with it gets the same answer for 72 hours."
    ),
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description=_("The ETag you saw; when somebody changed the row since, the answer is 412."),
)


class StructShapes(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A msgspec Struct as a component, with the Structs inside it."""

    target_class = "msgspec.Struct"
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: str) -> str:
        return _component_name(self.target.__name__)

    def get_identity(self, auto_schema: AutoSchema, direction: str) -> str:
        return _component_name(self.target.__name__)

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> Any:
        _schemas, components = msgspec.json.schema_components([self.target], ref_template="#/components/schemas/{name}")
        named = {_component_name(name): _renamed(schema) for name, schema in components.items()}
        own = named.pop(_component_name(self.target.__name__))
        for name, schema in named.items():
            component = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, name)  # type: ignore[no-untyped-call]
            auto_schema.registry.register_on_missing(component)
        return own


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "rest.authentication.KeyAuthentication"
    name = ["bearer", "basic"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        return [{"bearer": []}, {"basic": []}]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return [
            {"type": "http", "scheme": "bearer", "description": _("A key as it was shown when it was made.")},
            {"type": "http", "scheme": "basic", "description": _("The key as user name, without a password.")},
        ]


def described(view: Callable[..., HttpResponseBase], documented: Any) -> Callable[..., HttpResponseBase]:
    """A plain view that takes its place in the schema by the operations of `documented`, an endpoint never served."""
    view.cls = documented.cls  # type: ignore[attr-defined]
    view.initkwargs = {}  # type: ignore[attr-defined]
    return view


def _component_name(name: str) -> str:
    return name.removesuffix("Shape")


def _renamed(schema: Any) -> Any:
    """The schema with its references to the names that readers see."""
    if isinstance(schema, dict):
        return {
            key: _component_reference(part) if key == "$ref" else _renamed(part)
            for key, part in schema.items()
            if not (key == "title" and isinstance(part, str))
        }
    if isinstance(schema, list):
        return [_renamed(part) for part in schema]
    return schema


def _component_reference(reference: str) -> str:
    place, _slash, name = reference.rpartition("/")
    return f"{place}/{_component_name(name)}"
