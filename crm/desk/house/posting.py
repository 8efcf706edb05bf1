"""Whether mail goes out: what is set up, and a letter to oneself to try it."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.handing import Handed, Outcome, hand_over
from crm.desk.doors import for_staff
from crm.desk.house.rooms import shown
from crm.sending import take_up_sending, waiting
from staff import audit
from staff.models import User
from staff.policy import Principal
from staff.sending import held, pause_sending


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of the letter, for people; `words` are those of the server."""

    went: bool
    sentence: str
    words: str


@require_POST
@for_staff("staff:manage")
def sending(request: HttpRequest, principal: Principal) -> HttpResponse:
    """Pause it, or take it up again with or without what waits."""
    match request.POST.get("deed"):
        case "pause":
            pause_sending(by=principal)
        case "resume":
            take_up_sending(by=principal)
        case "drop":
            take_up_sending(by=principal, drop=True)
    return redirect("desk:mail")


@for_staff("staff:manage")
def mail(request: HttpRequest, principal: Principal) -> HttpResponse:
    tried = None
    if request.method == "POST":
        assert isinstance(principal.user, User)
        tried = _try(principal.user.email)
        audit.record(by=principal, action="mail_tried", kind="mail", row=None, went=tried.went)
    return shown(request, principal, "mail.html", _setup() | {"tried": tried, "held": held(), "waiting": waiting()})


def _setup() -> dict[str, Any]:
    """What the settings say, without the password."""
    is_ssl, is_tls = getattr(settings, "EMAIL_USE_SSL", False), getattr(settings, "EMAIL_USE_TLS", False)
    return {
        "goes_out": settings.MAIL_GOES_OUT,
        "server": f"{getattr(settings, 'EMAIL_HOST', '')}:{getattr(settings, 'EMAIL_PORT', None) or ''}".strip(":"),
        "locked": "SSL" if is_ssl else "STARTTLS" if is_tls else "",
        "login": getattr(settings, "EMAIL_HOST_USER", "") or "",
        "sender": settings.DEFAULT_FROM_EMAIL,
    }


def _try(address: str) -> Tried:
    """Send one letter now, in this request: whoever tries wants to see the server's own words."""
    name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    letter = EmailMessage()
    letter["From"] = Address(name, addr_spec=sender)
    letter["To"] = Address(addr_spec=address)
    letter["Subject"] = _("A letter to see whether mail goes out")
    letter["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    letter.set_content(_("It does. This came from Polku at %(site)s.") % {"site": settings.SITE_URL})
    return _told(hand_over(letter, sender=sender, recipient=address), address)


def _told(handed: Handed, address: str) -> Tried:
    if handed.outcome is Outcome.TAKEN:
        if not settings.MAIL_GOES_OUT:
            return Tried(False, _("No mail server is set up: the letter lies as a file in the state folder."), "")
        words = _("The server took a letter to %(address)s. See whether it arrives, also among the spam.")
        return Tried(True, words % {"address": address}, handed.words)
    if handed.outcome is Outcome.NEVER:
        return Tried(False, _("The server refused the letter."), handed.words)
    return Tried(False, _("The letter could not be handed over."), handed.words)
