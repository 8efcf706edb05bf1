"""Letters to staff: what they say, the links in them, and whether they could be sent."""

import logging
from smtplib import SMTPException

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.door import Doorkeeper
from staff import audit
from staff.models import Invitation, User
from staff.policy import Principal

logger = logging.getLogger(__name__)


def invitation_url(token: str) -> str:
    return settings.SITE_URL + reverse("desk:join", args=[token])


def sign_in_url(token: str) -> str:
    return settings.SITE_URL + reverse("desk:enter", args=[token])


def make_password_url(*, user: User, by: Principal) -> str:
    """Where somebody chooses a new password, for a day: what the letter holds that they can ask for themselves."""
    audit.record(by=by, action="password_link_made", kind="user", row=user.pk)
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    return Doorkeeper().get_reset_password_from_key_url(key)


def send_invitation(invitation: Invitation, token: str) -> bool:
    """Write to whom we invited; false where no mail goes out, or the server did not take it."""
    if not settings.MAIL_GOES_OUT:
        return False
    words = {
        "inviter": str(invitation.made_by or "Polku"),
        "site": settings.SITE_URL,
        "link": invitation_url(token),
    }
    letter = EmailMessage(
        subject=_("%(inviter)s invites you to Polku") % words,
        body=_(
            "%(inviter)s invites you to work in Polku at %(site)s.\n\n"
            "Open this link within seven days and choose a password:\n%(link)s\n\n"
            "It works once. Without it nothing happens."
        )
        % words,
        to=[invitation.email],
    )
    try:
        return bool(letter.send())
    except (SMTPException, OSError):
        logger.exception("an invitation could not be sent", extra={"invitation": invitation.pk})
        return False
