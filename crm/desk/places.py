"""The places of the desk, for the rail and the tabs, and whether everything told was taken in."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.prepared import Prepared
from contacts.quarantine import WAITING_SQL
from staff.models import User
from staff.policy import Principal
from staff.sending import IS_PAUSED_SQL

STAGE_COLOURS = 6  # the ramp of the path
MOVE, UNDERSTAND, WIRE = _("Move people"), _("Understand"), _("Set up")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the rail: the view it opens, its keys, and the scope it takes. At most four are tabs of the phone.

    Those of one `group` stand together, in the order of PLACES, under its name.
    """

    view: str
    icon: str
    label: Promise
    keys: str = ""
    scope: str = "contacts:read"
    is_tab: bool = False
    group: Promise | str = ""


PLACES = (
    Place("desk:path", "route", _("Path"), "g p", is_tab=True),
    Place("desk:today", "sun", _("Today"), "g t", is_tab=True),
    Place("desk:board", "columns-3", _("Board"), "g b", is_tab=True),
    Place("desk:contact-list", "users", _("Contacts"), "g c", is_tab=True),
    Place("desk:company-list", "building-2", _("Companies"), "g o"),
    Place("desk:inbox", "inbox", _("Inbox"), "g i"),
    Place("desk:strategy", "compass", _("Strategy"), "g y", scope="figures:read", group=MOVE),
    Place("desk:campaign-list", "megaphone", _("Campaigns"), "g m", scope="campaigns:read", group=MOVE),
    Place("desk:forms", "mouse-pointer-click", _("Forms"), "g f", group=MOVE),
    Place("desk:playbook", "book-open-check", _("Playbook"), "g k", scope="playbooks:read", group=UNDERSTAND),
    Place("desk:intake", "plug", _("Intake"), "g e", scope="intake:manage", group=WIRE),
    Place("rest:reference", "code-xml", _("API"), "g a", group=WIRE),
    Place("desk:settings", "settings", _("Settings"), "g s", group=WIRE),
)


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    place: Place
    url: str
    is_current: bool


def page(request: HttpRequest) -> dict[str, Any]:
    """What every page of the desk needs."""
    return {
        "places": places_of(request),
        "may_add": _asking(request).may("contacts:write"),
        **_intake(),
    }


_INTAKE: Final = Prepared(
    "intake_of_page",
    f"SELECT EXISTS (SELECT FROM contacts_pending), {WAITING_SQL}, {IS_PAUSED_SQL}",  # noqa: S608  (words of ours)
)


def _intake() -> dict[str, Any]:
    """Whether all that was told has been taken in, and whether anything goes out, in one statement."""
    [(is_behind, quarantined, is_held)] = _INTAKE.rows()
    return {"is_behind": is_behind, "quarantined": quarantined, "is_held": is_held}


def places_of(request: HttpRequest) -> tuple[Link, ...]:
    """The places that whoever asks may enter."""
    principal = _asking(request)
    open_ = tuple(place.view for place in PLACES if principal.may(place.scope))
    return _links(open_, tuple(view for view in open_ if _is_current(request.path, _url(view))))


@lru_cache(maxsize=500)
def _links(views: tuple[str, ...], current: tuple[str, ...]) -> tuple[Link, ...]:
    """The same ones whenever the same is asked, so that the rail need not be drawn again."""
    return tuple(Link(place, _url(place.view), place.view in current) for place in PLACES if place.view in views)


@cache
def _url(view: str) -> str:
    return reverse(view)


def _asking(request: HttpRequest) -> Principal:
    return Principal(user=request.user if isinstance(request.user, User) else None)


def _is_current(here: str, url: str) -> bool:
    """A place holds all the pages under its address; the start holds only itself."""
    return here == url or (url != "/" and here.startswith(f"{url.rstrip('/')}/"))
