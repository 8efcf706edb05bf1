"""What we answer when we cannot do what was asked: problem+json (RFC 9457), the same from every door under /api/."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, Final

import msgspec
from django.conf import settings
from django.core.exceptions import (
    NON_FIELD_ERRORS,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from psycopg2.errors import UntranslatableCharacter
from rest_framework import exceptions as drf

from rest.strict_json import escaped

logger = logging.getLogger(__name__)

# Every kind of problem: its status and its title. The type of a problem is /api/problems/<kind>.
KINDS: Final[dict[str, tuple[HTTPStatus, Any]]] = {
    "malformed-json": (HTTPStatus.BAD_REQUEST, _("The body is not valid JSON.")),
    "unknown-field": (HTTPStatus.BAD_REQUEST, _("There is no such field.")),
    "invalid-query": (HTTPStatus.BAD_REQUEST, _("A parameter of the address cannot be used.")),
    "invalid-cursor": (HTTPStatus.BAD_REQUEST, _("The cursor is not one we gave.")),
    "invalid-idempotency-key": (HTTPStatus.BAD_REQUEST, _("The Idempotency-Key cannot be used.")),
    "invalid-request": (HTTPStatus.BAD_REQUEST, _("The request cannot be understood.")),
    "invalid-credentials": (HTTPStatus.UNAUTHORIZED, _("A valid key is needed.")),
    "missing-scope": (HTTPStatus.FORBIDDEN, _("The key does not have the scope this needs.")),
    "field-not-writable": (HTTPStatus.FORBIDDEN, _("The field cannot be written.")),
    "forbidden": (HTTPStatus.FORBIDDEN, _("This is not allowed.")),
    "not-found": (HTTPStatus.NOT_FOUND, _("There is nothing here.")),
    "method-not-allowed": (HTTPStatus.METHOD_NOT_ALLOWED, _("This address does not take that method.")),
    "not-acceptable": (HTTPStatus.NOT_ACCEPTABLE, _("We only answer with JSON.")),
    "timeout": (HTTPStatus.REQUEST_TIMEOUT, _("The request took too long to arrive.")),
    "conflict": (HTTPStatus.CONFLICT, _("This conflicts with what is recorded.")),
    "request-in-progress": (HTTPStatus.CONFLICT, _("A request with this Idempotency-Key is being worked on.")),
    "stale-edit": (HTTPStatus.PRECONDITION_FAILED, _("Somebody changed this meanwhile.")),
    "too-large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _("The body is too large.")),
    "unsupported-media-type": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _("The body must be JSON in UTF-8.")),
    "invalid-value": (HTTPStatus.UNPROCESSABLE_ENTITY, _("A value cannot be used.")),
    "idempotency-mismatch": (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        _("This Idempotency-Key was used for another request."),
    ),
    "rate-limited": (HTTPStatus.TOO_MANY_REQUESTS, _("Too many requests.")),
    "quarantine-full": (HTTPStatus.TOO_MANY_REQUESTS, _("Too many bad messages of this source wait in quarantine.")),
    "internal-error": (HTTPStatus.INTERNAL_SERVER_ERROR, _("Something went wrong on our side.")),
    "unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, _("We cannot serve this just now.")),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one place of the body: a JSON pointer, a code for programs, words for people."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):
    """Raise it anywhere below a view under /api/; the answer is problem+json with the status of its kind."""

    def __init__(
        self,
        kind: str,
        detail: Any = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.status, self.title = KINDS[kind]
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = extra

    def document(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "type": f"/api/problems/{self.kind}",
            "title": str(self.title),
            "status": int(self.status),
            "detail": str(self.detail),
            "instance": request.path,
            "request_id": getattr(request, "id", ""),
            **({"errors": [asdict(error) for error in self.errors]} if self.errors else {}),
            **self.extra,
        }


def problem_response(problem: Problem, request: HttpRequest) -> HttpResponse:
    # what a caller put into the address or a name of a field may hold characters UTF-8 cannot say
    document = msgspec.json.encode(_sayable(problem.document(request)))
    return HttpResponse(
        document, status=problem.status, content_type="application/problem+json", headers=problem.headers
    )


def holds_nul(error: BaseException) -> bool:
    """Whether it says that a text holds a NUL: PostgreSQL keeps none, and nobody types one."""
    return "NUL (0x00)" in str(error) or isinstance(error.__cause__, UntranslatableCharacter)


def as_problem(error: BaseException) -> Problem | None:
    """The problem that says what `error` says; None when it is one we did not foresee."""
    match error:
        case Problem():
            return error
        case ValidationError():
            return _from_validation(error)
        case Http404() | drf.NotFound():
            return Problem("not-found")
        case PermissionDenied() | drf.PermissionDenied():
            return Problem("forbidden")
        case RequestDataTooBig():
            return Problem("too-large", most_at_once(settings.DATA_UPLOAD_MAX_MEMORY_SIZE))
        case SuspiciousOperation():
            return Problem("invalid-request")
        case ValueError() | DatabaseError() if holds_nul(error):
            return Problem("invalid-request")
        case UnreadablePostError():
            return Problem("timeout")
        case OperationalError() | InterfaceError():
            # the connection may be beyond use; the next request opens another
            connection.close_if_unusable_or_obsolete()
            return Problem("unavailable", headers={"Retry-After": "2"})
        case DatabaseError() if type(error) is DatabaseError:
            # a server that dies in the middle of an answer leaves an error without a class of its own
            connection.close_if_unusable_or_obsolete()
            return Problem("unavailable", headers={"Retry-After": "2"})
        case drf.APIException():
            return _from_framework(error)
    return None


def most_at_once(size: int) -> str:
    """How large a body may be."""
    return gettext("A body has at most %(size)d KB: send it in parts.") % {"size": size // 1024}


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """Django REST framework's door to problem+json; it also answers what nobody foresaw."""
    request = context["request"]
    return problem_response(as_problem(error) or _unforeseen(error), getattr(request, "_request", request))


def json_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give a plain Django view the manners of the API: no CSRF cookie, and every error as problem+json."""

    @csrf_exempt
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Exception as error:
            return problem_response(as_problem(error) or _unforeseen(error), request)

    return wrapped


def require_method(request: HttpRequest, *allowed: str) -> None:
    if request.method not in allowed:
        raise Problem("method-not-allowed", headers={"Allow": ", ".join(allowed)})


def _from_validation(error: ValidationError) -> Problem:
    """Codes of our services that mean more than a bad value: an edit too late, a value taken, a filter unknown."""
    each = [one for _name, errors in _by_field(error) for one in errors]
    codes = {one.code for one in each}
    known = {name: value for one in each for name, value in (one.params or {}).items() if isinstance(value, str | int)}
    if codes == {"stale_edit"}:
        version = known["version"]
        return Problem("stale-edit", " ".join(error.messages), headers={"ETag": f'"{version}"'}, version=version)
    if codes == {"already_exists"}:
        problem = Problem("conflict", errors=field_errors(error))
        problem.extra |= {name: known[name] for name in ("existing",) if name in known}
        return problem
    if codes == {"invalid_filter"}:
        pointer = f"?{known['field']}"
        return Problem("invalid-query", errors=[FieldError(pointer, "invalid", one.messages[0]) for one in each])
    return Problem("invalid-value", errors=field_errors(error))


def field_errors(error: ValidationError) -> list[FieldError]:
    """Django's validation error as pointers; a field named `emails.0` points to /emails/0."""
    return [_field_error(name, one) for name, errors in _by_field(error) for one in errors]


def _by_field(error: ValidationError) -> list[tuple[str, list[ValidationError]]]:
    return list(error.error_dict.items()) if hasattr(error, "error_dict") else [("", error.error_list)]


def _field_error(name: str, error: ValidationError) -> FieldError:
    pointer = "" if name in {"", NON_FIELD_ERRORS} else "/" + name.replace(".", "/")
    return FieldError(pointer, error.code or "invalid", " ".join(error.messages))


_FRAMEWORK: Final = {
    drf.NotAuthenticated: "invalid-credentials",
    drf.AuthenticationFailed: "invalid-credentials",
    drf.MethodNotAllowed: "method-not-allowed",
    drf.NotAcceptable: "not-acceptable",
    drf.UnsupportedMediaType: "unsupported-media-type",
    drf.ParseError: "malformed-json",
    drf.Throttled: "rate-limited",
}


def _from_framework(error: drf.APIException) -> Problem:
    if isinstance(error, drf.ValidationError):
        return Problem("invalid-value", errors=list(_flat(error.detail, "")))
    return Problem(_FRAMEWORK.get(type(error), "invalid-request"))


def _flat(detail: Any, pointer: str) -> Sequence[FieldError]:
    """The nested errors of a serializer, flat: {"emails": {0: ["bad"]}} is one error at /emails/0."""
    if isinstance(detail, dict):
        return [
            error
            for name, part in detail.items()
            for error in _flat(part, pointer if name == "non_field_errors" else f"{pointer}/{escaped(str(name))}")
        ]
    if isinstance(detail, list):
        plain = all(isinstance(part, drf.ErrorDetail) for part in detail)
        return [
            error for at, part in enumerate(detail) for error in _flat(part, pointer if plain else f"{pointer}/{at}")
        ]
    return [FieldError(pointer, getattr(detail, "code", None) or "invalid", str(detail))]


def _unforeseen(error: Exception) -> Problem:
    logger.error("unforeseen error", exc_info=error)
    return Problem("internal-error")


def _sayable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_sayable(str(name)): _sayable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_sayable(part) for part in value]
    return value
