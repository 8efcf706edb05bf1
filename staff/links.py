"""Links that let one person in once: 32 random bytes in the address, their hash in the row, an end."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, TypeVar

from django.db.models.functions import Now

from staff import audit
from staff.models import Invitation, OneTimeLink, SignInLink, User
from staff.policy import Principal

INVITATION_LASTS: Final = timedelta(days=7)
SIGN_IN_LASTS: Final = timedelta(minutes=30)

Link = TypeVar("Link", bound=OneTimeLink)


def new_token(lasts: timedelta) -> tuple[str, dict[str, Any]]:
    """A token, and what the row of its link keeps of it."""
    token = secrets.token_urlsafe(32)
    return token, {"digest": _digest(token), "expires_at": datetime.now(UTC) + lasts}


def link_of(kind: type[Link], token: str) -> Link | None:
    """The link with this token, if it still opens anything."""
    found: Link | None = kind.objects.usable().filter(digest=_digest(token)).first()
    return found


def use(link: OneTimeLink) -> bool:
    """Spend the link; false when somebody was faster."""
    return bool(type(link).objects.usable().filter(pk=link.pk).update(used_at=Now()))


def make_sign_in_link(*, user: User, by: Principal) -> str:
    """A token that lets `user` in once within half an hour; their earlier ones open nothing any more."""
    SignInLink.objects.usable().filter(user=user).update(withdrawn_at=Now())
    token, kept = new_token(SIGN_IN_LASTS)
    SignInLink.objects.create(user=user, made_by=by.user, **kept)
    audit.record(by=by, action="sign_in_link_made", kind="user", row=user.pk)
    return token


def open_invitation(token: str) -> Invitation | None:
    return link_of(Invitation, token)


def open_sign_in(token: str) -> SignInLink | None:
    link = link_of(SignInLink, token)
    return link if link and link.user.is_active else None


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
