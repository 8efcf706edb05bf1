"""A short way in for the busiest addresses."""

import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import activate, get_language_from_request

from contacts.event_api import events
from contacts.urls import contacts
from funnel.api.boards import boards, moves

GetResponse = Callable[[HttpRequest], HttpResponseBase]
View = Callable[[HttpRequest], HttpResponseBase]

_EVENTS: Final = "/api/v1/events"
_READ: Final[dict[str, View]] = {"/api/v1/board": boards, "/api/v1/contacts": contacts}
_MOVES: Final = re.compile(r"/api/v1/contacts/(\d{1,18})/move")


def express(get_response: GetResponse) -> GetResponse:
    """What programs record, the board and the list of people need no session, cookie or page: straight to their views.

    The layers between would cost more than recording an event; every other request passes them all.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        view = _express_view(request)
        if view is None:
            return get_response(request)
        if request.method == "GET":
            request.get_host()  # a name that is not ours is refused; what happened is taken by whatever name
        activate(get_language_from_request(request))  # what is refused, is refused in their language
        return _finished(view(request))

    return middleware


def _express_view(request: HttpRequest) -> View | None:
    if request.method == "GET":
        return _READ.get(request.path_info)
    if request.method != "POST":
        return None
    if request.path_info == _EVENTS:
        return events
    found = _MOVES.fullmatch(request.path_info)
    return (lambda asked: moves(asked, int(found[1]))) if found else None


def _finished(response: HttpResponseBase) -> HttpResponseBase:
    """With what the layers that were passed by would have added."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    if isinstance(response, HttpResponse):
        response.headers["Content-Length"] = str(len(response.content))
    return response
