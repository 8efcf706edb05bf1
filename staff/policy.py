"""Who may do what, in one place: what a role or a key allows, and which rows somebody sees."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from staff.models import ApiKey, Role, User

SCOPES: Final = (
    "events:write",
    "events:read",
    "contacts:read",
    "contacts:write",
    "figures:read",
    "playbooks:read",
    "playbooks:write",
    "webhooks:manage",
)
# A public key is written into web pages for anybody to read: it may only tell us things.
PUBLIC_SCOPES: Final = frozenset({"events:write"})

_READING: Final = frozenset({"events:read", "contacts:read", "figures:read", "playbooks:read"})
_WORKING: Final = _READING | {"events:write", "contacts:write"}
ROLE_SCOPES: Final[dict[str, frozenset[str]]] = {
    Role.ADMIN: frozenset(SCOPES),
    Role.MANAGER: _WORKING | {"playbooks:write"},
    Role.MARKETER: _WORKING | {"playbooks:write"},
    Role.SALES: _WORKING,
    Role.READ_ONLY: _READING,
}


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
    """The rows with an owner and a team that `principal` sees.

    Sales see their own, their team's and what nobody owns; everybody else sees all. A disabled user sees nothing.
    """
    user = principal.user
    if user is None:
        return Q() if principal.key else Q(pk=None)
    if not user.is_active:
        return Q(pk=None)
    if user.role != Role.SALES:
        return Q()
    return Q(owner=user) | Q(owner=None, team=None) | _rows_of_team(user)


def _rows_of_team(user: User) -> Q:
    if user.team_id is None:
        return Q(pk=None)
    colleagues = User.objects.filter(team=user.team_id).values("pk")
    return Q(team=user.team_id) | Q(owner__in=colleagues)
