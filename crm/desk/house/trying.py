"""A letter to oneself, to see whether mail goes out."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.handing import Handed, Outcome, hand_over
from staff import audit
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of the letter, for people; `words` are those of the server."""

    went: bool
    sentence: str
    words: str


def try_mail(*, by: Principal) -> Tried:
    """Send `by` one letter now, in this request: whoever tries wants to see the server's own words."""
    assert by.user  # keys have no address
    tried = _tried(by.user.email)
    audit.record(by=by, action="mail_tried", kind="mail", went=tried.went)
    return tried


def _tried(address: str) -> Tried:
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
