"""Letters to staff: what they say, and whether they could be sent."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import gettext as _

from staff.models import Invitation

logger = logging.getLogger(__name__)


def invitation_url(token: str) -> str:
    return settings.SITE_URL + reverse("desk:join", args=[token])


def sign_in_url(token: str) -> str:
    return settings.SITE_URL + reverse("desk:enter", args=[token])


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
