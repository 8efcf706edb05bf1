"""What is answered when no view could: problem+json to programs, a plain page to people."""

import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.translation import gettext as _

from crm.desk.toasts import trigger
from rest.problems import Problem, problem_response

FOR_PROGRAMS = ("/api/", "/v1/")
RETRY_AFTER_S = "2"
_KINDS = {
    HTTPStatus.BAD_REQUEST: "invalid-request",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal-error",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, HTTPStatus.BAD_REQUEST, _("This request is not one we understand."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, HTTPStatus.FORBIDDEN, _("You may not do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, HTTPStatus.NOT_FOUND, _("There is no such page, or it is not yours to see."))


def failed(request: HttpRequest) -> HttpResponse:
    """The last resort. A database that is away or too slow is a passing thing: 503, and when to come again."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        response = answer(request, HTTPStatus.SERVICE_UNAVAILABLE, _("The database does not answer. Try again soon."))
        response.headers["Retry-After"] = RETRY_AFTER_S
        return response
    return answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, _("Something went wrong on our side; it is in our log."))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A part of a page is given a new token to send again with, so that nothing typed is lost."""
    if _is_part(request):
        return HttpResponse(status=HTTPStatus.FORBIDDEN, headers={"X-Fresh-Token": get_token(request)})
    return answer(request, HTTPStatus.FORBIDDEN, _("This form is too old. Go back, load the page again and send it."))


def _is_part(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def answer(request: HttpRequest, status: HTTPStatus, detail: str) -> HttpResponse:
    if request.path.startswith(FOR_PROGRAMS):
        return problem_response(Problem(_KINDS[status], detail), request)
    if _is_part(request):
        said = HttpResponse(status=status)
        trigger(said, {"toasts": {"all": [{"text": detail, "tone": "refused"}]}})
        return said
    request_id = getattr(request, "id", "")
    return render(None, "problem.html", {"status": status, "detail": detail, "request_id": request_id}, status=status)
