"""Addresses of the API: one function an operation, described where it is written, joined in `urls`.

@operation("contacts:read", summary=_("Contacts"), answers={200: ContactShape})
def contact_list(request: Request) -> HttpResponse: ...

path("contacts", endpoint(GET=contact_list, POST=contact_create))
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import cleandoc
from typing import Any, ClassVar, Final, Protocol, cast

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from rest.authentication import KeyAuthentication, require_scope
from rest.idempotency import once
from rest.limits import limit_rate, tell_allowance
from rest.schema import problem_answers
from staff.policy import Principal

View = Callable[..., HttpResponse]
_WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ALWAYS: Final = ("invalid-credentials", "missing-scope", "rate-limited")


class Operation(Protocol):
    """A function that answers one method of one address, and what its description says."""

    __name__: str
    scope: str
    kwargs: dict[str, Any]

    def __call__(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse: ...


def operation(
    scope: str,
    *,
    summary: Any,
    tag: Any,
    answers: Mapping[int, Any],
    takes: Any = None,
    parameters: Sequence[OpenApiParameter] = (),
    problems: Sequence[str] = (),
    example: Any = None,
) -> Callable[[View], Operation]:
    """Say who may call this and what goes in and out; the docstring is what readers of the API see.

    `takes` is a serializer (or a Struct), `answers` the shape of each status, `problems` the kinds one may meet beside
    those of every call, `example` a body to try.
    """

    def mark(view: View) -> Operation:
        described = extend_schema(
            operation_id=view.__name__,
            summary=summary,
            description=cleandoc(view.__doc__ or ""),
            tags=[tag],
            request={"application/json": takes} if takes else None,
            responses={
                **{(status, "application/json"): shape for status, shape in answers.items()},
                **problem_answers((*_ALWAYS, *problems)),
            },
            parameters=list(parameters),
            examples=[OpenApiExample("example", value=example, request_only=True)] if example is not None else None,
            extensions={"x-scope": scope},
        )(view)
        described.scope = scope  # type: ignore[attr-defined]
        return cast(Operation, described)

    return mark


def endpoint(**operations: Operation) -> Callable[..., HttpResponseBase]:
    """One address; the names are its methods."""
    methods = {method.lower(): _method(function) for method, function in operations.items()}
    made: type[Endpoint] = type("Endpoint", (Endpoint,), {"operations": operations, **methods})
    return made.as_view()


def caller(request: Request) -> Principal:
    """Who asks; `Endpoint` let them in."""
    return cast(Principal, request.user)


class Endpoint(APIView):
    """Lets in, counts, checks the scope, keeps answers to repeated writes; problems are made by the one handler."""

    operations: ClassVar[Mapping[str, Operation]] = {}
    authentication_classes = [KeyAuthentication]
    permission_classes = []
    throttle_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        limit_rate(request._request, caller(request))
        asked = self.operations.get("GET" if request.method == "HEAD" else str(request.method))
        if asked:
            require_scope(caller(request), asked.scope)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        tell_allowance(request._request if isinstance(request, Request) else request, final)
        return final

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return HttpResponse(status=204)


def _method(function: Operation) -> Callable[..., HttpResponse]:
    @wraps(function)
    def method(self: Endpoint, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        key = caller(request).key
        if request.method not in _WRITING or key is None:
            return function(request, *args, **kwargs)
        return once(request._request, key, lambda: function(request, *args, **kwargs))

    return method
