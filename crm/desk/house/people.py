"""Who works here, as the settings show it, and the table of who may do what."""

from itertools import groupby
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from staff.models import Role, Team, User
from staff.policy import DEEDS, ROLE_ROWS
from staff.steps import guarded_roles


def members() -> QuerySet[User]:
    """Everybody, those who may sign in first."""
    second = Authenticator.objects.filter(user=OuterRef("pk")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return User.objects.select_related("team").annotate(has_second_step=Exists(second)).order_by("-is_active", "name")


def teams() -> QuerySet[Team]:
    """Each with whoever works in it, as `working`."""
    working = User.objects.filter(is_active=True).order_by("name", "email")
    return Team.objects.prefetch_related(Prefetch("members", working, to_attr="working")).order_by("name")


def policy(user: User) -> dict[str, Any]:
    """The policy file as a table: a line a deed, a column a role; the reader's own role is marked."""
    roles = list(Role)
    lines = [
        [{"deed": deed, "may": [{"role": role, "may": role in deed.roles} for role in roles]} for deed in some]
        for _subject, some in groupby(DEEDS, key=lambda deed: deed.subject)
    ]
    rows = [{"role": role, "sees": ROLE_ROWS[role.value].value} for role in roles]
    guarded = guarded_roles()
    steps = [{"role": role, "needed": role in guarded} for role in roles]
    return {"roles": roles, "subjects": lines, "rows": rows, "steps": steps, "own_role": user.role}
