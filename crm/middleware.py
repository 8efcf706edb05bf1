"""What wraps every request: its id, and the headers that are the same everywhere."""

import re
import uuid
from collections.abc import Callable
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone, translation

from crm import health
from crm.errors import bad_request
from rest.problems import holds_nul

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id(get_response: GetResponse) -> GetResponse:
    """Every request bears an id: the caller's X-Request-Id if it is sane, else ours; logs and the answer carry it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        request.id = given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.id)  # type: ignore[attr-defined]
        response = get_response(request)
        response.headers["X-Request-Id"] = request.id  # type: ignore[attr-defined]
        return response

    return middleware


def probes_first(get_response: GetResponse) -> GetResponse:
    """Answer probes before the host is checked: they come by the machine's address, not by the site's name."""
    views = {"/healthz": health.alive, "/readyz": health.ready}

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return views.get(request.path, get_response)(request)

    return middleware


_STRICT = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def strict_headers(get_response: GetResponse) -> GetResponse:
    """Isolate our pages from other sites; a view that serves other sites (a pixel, a snippet) sets its own value."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in _STRICT.items():
            response.headers.setdefault(name, value)
        return response

    return middleware


class ContentPolicy(CSPMiddleware):
    """What a page may load and run: said in the same words by all, but for a view that says its own."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if settings.DEBUG or any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, _usual_policy())
        return response


@cache
def _usual_policy() -> str:
    return build_policy()


def language_of_reader(get_response: GetResponse) -> GetResponse:
    """Whoever is signed in reads in the language they chose, on whatever machine; a program has no session to ask."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            chosen = getattr(request.user, "language", "")
            if chosen in dict(settings.LANGUAGES):
                translation.activate(chosen)
                request.LANGUAGE_CODE = chosen
        return get_response(request)

    return middleware


def time_zone_of_reader(get_response: GetResponse) -> GetResponse:
    """Times are those of the zone that whoever is signed in chose; for everybody else those of the organisation."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        chosen = ""
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            chosen = getattr(request.user, "time_zone", "")
        with timezone.override(_zone(chosen)):
            return get_response(request)

    return middleware


def _zone(name: str) -> ZoneInfo | None:
    """The zone of this name; none (so that of the organisation) for a name that is no zone any more."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def refuse_nul(get_response: GetResponse) -> GetResponse:
    """Whoever sends a NUL hears that we do not understand."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        return bad_request(request, exception) if holds_nul(exception) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def stored_nowhere(get_response: GetResponse) -> GetResponse:
    """What somebody signed in was shown stays in no cache: going back after signing out shows nobody's customers."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware
