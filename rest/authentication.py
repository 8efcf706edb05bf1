"""Who is calling: a program with its key, as Bearer token or as the user name of Basic credentials."""

import base64
import binascii
from typing import Final

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from rest.problems import Problem
from staff import audit
from staff.keys import find_key
from staff.policy import Principal

CHALLENGE: Final = 'Bearer realm="Polku", Basic realm="Polku"'
_LONGEST: Final = 512


def authenticate(request: HttpRequest) -> Principal:
    """The program behind `request`. Whatever is wrong with its key, the answer is the same 401."""
    return principal_of(presented_key(request))


def principal_of(secret: str) -> Principal:
    """The program whose key this is; for doors where the key stands in the body."""
    key = find_key(secret) if secret else None
    if key is None:
        raise Problem("invalid-credentials", headers={"WWW-Authenticate": CHALLENGE})
    return Principal(key=key)


def presented_key(request: HttpRequest) -> str:
    scheme, _space, credentials = request.headers.get("Authorization", "").strip().partition(" ")
    if len(credentials) > _LONGEST:
        return ""
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            return _user_name(credentials.strip())
    return ""


def require_scope(principal: Principal, scope: str) -> None:
    """Refuse, and put on record, what the key was not made for."""
    if not principal.may(scope):
        audit.record(by=principal, action="refused", scope=scope)
        raise Problem("missing-scope", _("This needs the scope %(scope)s.") % {"scope": scope}, scope=scope)


class KeyAuthentication(BaseAuthentication):
    """The same for Django REST framework: `request.user` is the Principal."""

    def authenticate(self, request: Request) -> tuple[Principal, str]:
        return authenticate(request._request), ""

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def _user_name(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return ""
