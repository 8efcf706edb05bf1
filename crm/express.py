"""A short way in for the busiest addresses."""

import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from contacts.event_api import events
from funnel.api.boards import boards, moves

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_EVENTS: Final = "/api/v1/events"
_BOARD: Final = "/api/v1/board"
_MOVES: Final = re.compile(r"/api/v1/contacts/(\d{1,18})/move")


def express(get_response: GetResponse) -> GetResponse:
    """What programs record, and the board, need no session, cookie or page: they go straight to their views.

    The layers between would cost more than recording an event; every other request passes them all.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method == "GET" and request.path_info == _BOARD:
            return _finished(boards(request))
        if request.method != "POST":
            return get_response(request)
        if request.path_info == _EVENTS:
            return _finished(events(request))
        found = _MOVES.fullmatch(request.path_info)
        return _finished(moves(request, int(found[1]))) if found else get_response(request)

    return middleware


def _finished(response: HttpResponseBase) -> HttpResponseBase:
    """With what the layers that were passed by would have added."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    if isinstance(response, HttpResponse):
        response.headers["Content-Length"] = str(len(response.content))
    return response
