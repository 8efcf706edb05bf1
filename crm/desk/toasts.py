"""What the desk says after a deed: a line at the foot of the page, with *Undo* where there is something to undo."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

Response = TypeVar("Response", bound=HttpResponseBase)
Tone = Literal["plain", "refused"]

_LEVELS: Final[dict[Tone, int]] = {"plain": messages.INFO, "refused": messages.ERROR}
# These make the browser load a page: what is said is said there.
_LEADING_AWAY: Final = ("HX-Redirect", "HX-Refresh", "HX-Location")
DRAWER: Final = "drawer-body"


def toast(
    request: HttpRequest, response: Response, text: object, *, undo: str | None = None, tone: Tone = "plain"
) -> Response:
    """Say `text` with this answer, or on the page it redirects to; return the answer.

    `undo` is a token of `undo_token`, or an address of ours (beginning with /) that takes a POST.
    """
    messages.add_message(request, _LEVELS[tone], str(text), extra_tags=undo or "")
    return response


def done(response: Response | None = None) -> Response | HttpResponse:
    """The answer to a deed that a drawer or a part of a page sent: drawers close, what shows it is loaded again."""
    answer = HttpResponse(status=HTTPStatus.NO_CONTENT) if response is None else response
    trigger(answer, {"done": {}})
    return answer


def trigger(response: HttpResponseBase, events: Mapping[str, Any]) -> None:
    """Have the browser hear these events, beside those that the answer triggers already."""
    said = response.headers.get("HX-Trigger", "")
    names = json.loads(said) if said.startswith("{") else {name.strip(): {} for name in said.split(",") if name}
    response.headers["HX-Trigger"] = json.dumps(names | dict(events))


def toasts_travel(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let views answer as if there were no htmx: what they say, and where they lead, reaches it in headers."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not request.htmx:  # type: ignore[attr-defined]
            return response
        if _leads_out_of_drawer(request, response):
            response = _closing(response.headers["Location"])
        if not _leads_away(response) and (said := _said(request)):
            trigger(response, {"toasts": {"all": said}})
        return response

    return middleware


def _leads_out_of_drawer(request: HttpRequest, response: HttpResponseBase) -> bool:
    is_redirect = 300 <= response.status_code < 400 and response.has_header("Location")
    return is_redirect and request.headers.get("HX-Target") == DRAWER


def _closing(address: str) -> HttpResponse:
    answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
    trigger(answer, {"done": {"to": address}})
    return answer


def _leads_away(response: HttpResponseBase) -> bool:
    return 300 <= response.status_code < 400 or any(response.has_header(name) for name in _LEADING_AWAY)


def _said(request: HttpRequest) -> list[dict[str, str]]:
    return [
        {
            "text": str(one.message),
            "undo": one.extra_tags or "",
            "tone": "refused" if one.level >= messages.ERROR else "plain",
        }
        for one in messages.get_messages(request)
    ]
