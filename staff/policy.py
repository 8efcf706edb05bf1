"""Who may do what, in one place: what a role or a key allows, and which rows somebody sees.

DEEDS is the whole table: one line a deed. Pages (`@for_staff`), the API (`@operation`), the page that shows it to
people and the matrix of tests all read it. Rows: whoever may do a deed may do it to the rows they see, and to no other.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staff.models import ApiKey, Role, User

_ADMIN: Final = frozenset({Role.ADMIN})
_LEADING: Final = _ADMIN | {Role.MANAGER}
_PLANNING: Final = _LEADING | {Role.MARKETER}
_WORKING: Final = _PLANNING | {Role.SALES}
_EVERYBODY: Final = _WORKING | {Role.READ_ONLY}


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that may be done: its scope, a sentence for people, and the roles that may.

    A key gets a deed `on_request` only when it is named: it is not part of "everything" when a key is made.
    """

    scope: str
    sentence: Any
    roles: frozenset[Role]
    on_request: bool = False

    @property
    def subject(self) -> str:
        return self.scope.partition(":")[0]


DEEDS: Final = (
    Deed("contacts:read", _("See people, companies, tasks and colleagues"), _EVERYBODY),
    Deed("contacts:write", _("Add and change people and companies, own them, tag them, do tasks"), _WORKING),
    Deed("contacts:merge", _("Join two people into one, and part them again"), _WORKING),
    Deed("contacts:export", _("Take people out as a file"), _PLANNING),
    Deed("contacts:import", _("Bring people in from a file, and take an import back"), _PLANNING),
    Deed("contacts:erase", _("Erase a person for ever"), _ADMIN, on_request=True),
    Deed("fields:manage", _("Declare fields of people and companies"), _PLANNING),
    Deed("events:read", _("See what happened"), _EVERYBODY),
    Deed("events:write", _("Record what happened, move people on the path"), _WORKING),
    Deed("mail:send", _("Write mail to a person"), _WORKING),
    Deed("views:share", _("Share saved views with everybody"), _WORKING),
    Deed("forms:write", _("Build forms, and have websites bear our script"), _PLANNING),
    Deed("figures:read", _("See figures"), _EVERYBODY),
    Deed("campaigns:read", _("See campaigns, what they cost and what came of them"), _EVERYBODY),
    Deed("campaigns:write", _("Plan campaigns, write down costs, make links"), _PLANNING),
    Deed("targets:write", _("Set targets"), _LEADING),
    Deed("hours:manage", _("Set working hours, goals of answering, and who is given new leads"), _LEADING),
    Deed("playbooks:read", _("See playbooks and stages"), _EVERYBODY),
    Deed("playbooks:write", _("Change playbooks and stages, and publish"), _PLANNING),
    Deed("webhooks:manage", _("Manage webhooks"), _ADMIN),
    Deed("intake:manage", _("Connect programs: sources, keys, quarantine, names of types"), _ADMIN, on_request=True),
    Deed("staff:manage", _("Invite staff, give roles and teams, close accounts"), _ADMIN, on_request=True),
    Deed("audit:read", _("Look through the audit trail"), _ADMIN, on_request=True),
)
SCOPES: Final = tuple(deed.scope for deed in DEEDS)
# What a key made without saying for what may do.
ORDINARY_SCOPES: Final = tuple(deed.scope for deed in DEEDS if not deed.on_request)
# A public key is written into web pages for anybody to read: it may only tell us things.
PUBLIC_SCOPES: Final = frozenset({"events:write"})


def _scopes_of(role: Role) -> frozenset[str]:
    return frozenset(deed.scope for deed in DEEDS if role in deed.roles)


ROLE_SCOPES: Final[dict[str, frozenset[str]]] = {role.value: _scopes_of(role) for role in Role}


class Rows(Enum):
    """Which of the rows that have an owner and a team."""

    ALL = _("everybody")
    THEIRS = _("their own, their team's, and whom nobody owns")


ROLE_ROWS: Final[dict[str, Rows]] = {role.value: Rows.THEIRS if role is Role.SALES else Rows.ALL for role in Role}


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks: a member of staff, or a program by its key."""

    user: User | None = None
    key: ApiKey | None = None

    # What Django REST framework asks of a user; a principal is only made for somebody we know.
    is_authenticated = True

    @property
    def scopes(self) -> frozenset[str]:
        if self.key:
            return frozenset(self.key.scopes)
        return ROLE_SCOPES[self.user.role] if self.user and self.user.is_active else frozenset()

    def may(self, scope: str) -> bool:
        return scope in self.scopes


def rows_visible_to(principal: Principal) -> Q:
    """The rows with an owner and a team that `principal` sees: all (for programs too), or theirs.

    A disabled user sees nothing.
    """
    user = principal.user
    if sees_every_row(principal):
        return Q()
    if user is None or not user.is_active:
        return Q(pk=None)
    return Q(owner=user) | Q(owner=None, team=None) | _rows_of_team(user)


def sees_every_row(principal: Principal) -> bool:
    user = principal.user
    if user is None:
        return principal.key is not None
    return user.is_active and ROLE_ROWS[user.role] is Rows.ALL


def sight_of(principal: Principal) -> Hashable:
    """The same for whoever sees the same rows, whatever rows there are."""
    user = principal.user
    if user is None or sees_every_row(principal):
        return sees_every_row(principal)
    return user.pk, user.is_active, user.team_id


def _rows_of_team(user: User) -> Q:
    if user.team_id is None:
        return Q(pk=None)
    colleagues = User.objects.filter(team=user.team_id).values("pk")
    return Q(team=user.team_id) | Q(owner__in=colleagues)
