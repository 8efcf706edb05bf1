"""The addresses of signing in and of one's own account: allauth's, but for those that change the address of sign-in.

Staff are known by the e-mail an administrator gave them; another one is given by an administrator.
"""

from typing import Final

from allauth.account.urls import urlpatterns as every_address
from django.urls import include, path
from django.views.generic import RedirectView

_NOT_OURS: Final = frozenset(
    {"account_email", "account_email_verification_sent", "account_confirm_email", "account_confirm_login_code"}
)

urlpatterns = [
    *(address for address in every_address if address.name not in _NOT_OURS),
    path(
        "email/", RedirectView.as_view(pattern_name="desk:settings"), name="account_email"
    ),  # allauth leads there by this name
    path("2fa/", include("allauth.mfa.urls")),
]
