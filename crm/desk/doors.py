"""The door of a page of the desk: only somebody signed in comes through it, and only with the right it asks for."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from staff.models import User
from staff.policy import Principal

View = Callable[..., HttpResponseBase]


def for_staff(scope: str) -> Callable[[View], View]:
    """A page for those who have `scope`; the view is called with the request, who asks, and the rest of the address."""

    def door(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            assert isinstance(request.user, User)  # who is not signed in does not come here
            principal = Principal(user=request.user)
            if not principal.may(scope):
                raise PermissionDenied
            return view(request, principal, *args, **kwargs)

        guarded.scope = scope  # type: ignore[attr-defined]
        return guarded

    return door
