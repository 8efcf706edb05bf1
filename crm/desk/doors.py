"""The door of a page of the desk: only somebody signed in comes through it, and only with the right it asks for."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from staff.models import User
from staff.policy import Principal
from staff.steps import step_is_due

View = Callable[..., HttpResponseBase]


def signed_in(view: View) -> View:
    """Who is not signed in is led to the door; a part of a page, which cannot show the door, only hears 401."""
    led_to_door = login_required(view)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.htmx and not request.user.is_authenticated:  # type: ignore[attr-defined]
            return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
        return led_to_door(request, *args, **kwargs)

    return guarded


TAKEN = ("GET", "HEAD", "POST")  # what browsers send to pages


def _led_to_second_step(request: HttpRequest) -> HttpResponse:
    """Before anything else; a part of a page has the whole page go there."""
    address = reverse("desk:second-step")
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": address})
    return redirect(address)


def for_staff(scope: str) -> Callable[[View], View]:
    """A page for those who have `scope`; the view is called with the request, who asks, and the rest of the address."""

    def door(view: View) -> View:
        @signed_in
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            assert isinstance(request.user, User)  # who is not signed in does not come here
            principal = Principal(user=request.user)
            if step_is_due(request, request.user):
                return _led_to_second_step(request)
            if request.method not in TAKEN:
                return HttpResponseNotAllowed(TAKEN)
            if not principal.may(scope):
                raise PermissionDenied
            return view(request, principal, *args, **kwargs)

        guarded.scope = scope  # type: ignore[attr-defined]
        return guarded

    return door
