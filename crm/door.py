"""Who may come in: members of staff whom an administrator made, and nobody who asks. Who came is on record."""

import base64
from hashlib import sha256
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from staff import audit
from staff.models import User
from staff.policy import Principal
from staff.steps import note_sign_in, note_step_gone


class Doorkeeper(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail or the password is wrong. Look at both again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        audit.record(by=Principal(user=user), action="signed_in", kind="user", row=user.pk)
        if note_sign_in(request, user):  # who they are was just shown: they are not asked again to set it up
            record_authentication(request, user, method="sign_in", reauthenticated=True)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """On record whether somebody is known or not, so that both take as long; what was typed is not kept."""
        known = User.objects.filter(email__iexact=str(credentials.get("email") or "")).first()
        audit.record(by=Principal(), action="sign_in_failed", kind="user", row=known.pk if known else None)

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        audit.record(by=Principal(user=user), action="password_changed", kind="user", row=user.pk)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """At the address of the site, whatever host the request named."""
        uid, _dash, secret = key.partition("-")
        return settings.SITE_URL + reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": secret})


_GONE = frozenset({"totp_deactivated", "webauthn_removed"})


class SecondStep(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is not typed
    """The second step of signing in. Its secrets are kept sealed by the SECRET_KEY; each change is on record."""

    def encrypt(self, text: str) -> str:
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _seal().decrypt(encrypted_text.encode()).decode()

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **more: Any) -> None:
        action = template_prefix.rpartition("/")[2]  # such as totp_activated
        audit.record(by=Principal(user=user), action=action, kind="user", row=user.pk)
        if action in _GONE:
            note_step_gone(user)
        super().send_notification_mail(template_prefix, user, *args, **more)


def _seal() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(sha256(b"crm.door\0" + settings.SECRET_KEY.encode()).digest()))


def forget_old_counts() -> int:
    """Drop what was counted and counts no more, such as failed sign-ins of an hour ago; return how many rows."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_cache WHERE expires < now()")
        return int(cursor.rowcount)
