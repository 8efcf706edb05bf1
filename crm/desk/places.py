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
from staff.models import Role, User
from staff.policy import ROLE_SCOPES
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
    Place("desk:tasks", "list-checks", _("Tasks"), "g w"),
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


@dataclass(frozen=True, slots=True)
class Me:
    """Whoever looks, as every page names them."""

    name: str
    email: str
    role: str

    @property
    def role_label(self) -> str:
        return str(Role(self.role).label)


def page(request: HttpRequest) -> dict[str, Any]:
    """What every page of the desk needs."""
    return frame(request) | _intake()


def frame(request: HttpRequest) -> dict[str, Any]:
    """The same but for what the database is asked."""
    user = request.user
    assert isinstance(user, User)  # who is not signed in is led to the door
    return {
        "places": _places_of(request.path, user.role),
        "me": Me(str(user), user.email, user.role),
        "may_add": "contacts:write" in ROLE_SCOPES[user.role],
        "address": request.get_full_path(),
    }


_INTAKE: Final = Prepared(
    "intake_of_page",
    f"SELECT EXISTS (SELECT FROM contacts_pending), {WAITING_SQL}, {IS_PAUSED_SQL}",  # noqa: S608  (words of ours)
)


def _intake() -> dict[str, Any]:
    """Whether all that was told has been taken in, and whether anything goes out, in one statement."""
    [(is_behind, quarantined, is_held)] = _INTAKE.rows()
    return {"is_behind": is_behind, "quarantined": quarantined, "is_held": is_held}


@lru_cache(maxsize=500)
def _places_of(path: str, role: str) -> tuple[Link, ...]:
    """The places that this role may enter."""
    open_ = tuple(place.view for place in PLACES if place.scope in ROLE_SCOPES[role])
    return _links(open_, tuple(view for view in open_ if _is_current(path, _url(view))))


@lru_cache(maxsize=500)
def _links(views: tuple[str, ...], current: tuple[str, ...]) -> tuple[Link, ...]:
    """The same ones whenever the same is asked, so that the rail need not be drawn again."""
    return tuple(Link(place, _url(place.view), place.view in current) for place in PLACES if place.view in views)


@cache
def _url(view: str) -> str:
    return reverse(view)


def _is_current(here: str, url: str) -> bool:
    """A place holds all the pages under its address; the start holds only itself."""
    return here == url or (url != "/" and here.startswith(f"{url.rstrip('/')}/"))
