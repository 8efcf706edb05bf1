"""The places of the desk, for the rail and the tabs, and whether everything told was taken in."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from contacts.models import Pending, Quarantine

STAGE_COLOURS = 6  # the ramp of the path

PLACES = (
    ("desk:path", "route", _("Path")),
    ("desk:contact-list", "users", _("Contacts")),
    ("rest:reference", "code-xml", _("API")),
)


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    url: str
    icon: str
    label: Any
    is_current: bool


def page(request: HttpRequest) -> dict[str, Any]:
    """What every page of the desk needs."""
    here = request.resolver_match.view_name if request.resolver_match else ""
    return {
        "places": [Link(name, reverse(name), icon, label, name == here) for name, icon, label in PLACES],
        "is_behind": Pending.objects.exists(),
        "quarantined": Quarantine.objects.waiting().count(),
    }
