"""What every request to the API passes: whose key it is, whether it may go on, whether it may do this."""

from django.http import HttpRequest

from rest.authentication import authenticate, require_scope
from rest.limits import limit_rate
from staff.policy import Principal


def admit(request: HttpRequest, scope: str) -> Principal:
    """The caller, let in; raises the Problem that keeps them out (401, 429, 403)."""
    principal = authenticate(request)
    limit_rate(request, principal)
    require_scope(principal, scope)
    return principal
