"""Who works here and what they may: each change by somebody, on record with what was before and what is now."""

from collections.abc import Callable
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, ProtectedError
from django.utils.translation import gettext as _

from staff import audit
from staff.models import Role, Team, User
from staff.policy import Principal

# What an admin changes of others, and what everybody changes of themselves.
GIVEN: Final = ("name", "role", "team", "is_active")
OWN: Final = (
    "name",
    "language",
    "time_zone",
    "is_away",
    "wants_morning_mail",
    "wants_reminder_mail",
    "wants_notice_mail",
)
# Who keeps something by team: told that one is gone, in the same transaction.
FOLLOWERS: Final[list[Callable[[], None]]] = []


def change_user(*, user: User, by: Principal, **changes: Any) -> User:
    """Change what is GIVEN. Another role, or closing the account, ends their sessions; one admin always stays."""
    return _changed(user, by, {name: changes[name] for name in GIVEN if name in changes})


def change_oneself(*, user: User, **changes: Any) -> User:
    return _changed(user, Principal(user=user), {name: changes[name] for name in OWN if name in changes})


def _changed(user: User, by: Principal, changes: dict[str, Any]) -> User:
    with transaction.atomic():
        admins = _locked_admins()
        user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        before = {name: getattr(user, name) for name in changes}
        for name, value in changes.items():
            setattr(user, name, value)
        user.clean_fields(exclude=["password", "email"])
        differing = {name: value for name, value in before.items() if value != getattr(user, name)}
        if not differing:
            return user
        if user.pk in admins and not _is_admin(user) and len(admins) == 1:
            raise ValidationError(_("Somebody must stay admin. Make another one first."), code="last_admin")
        user.save(update_fields=list(differing))
        audit.record(by=by, action="user_changed", kind="user", row=user.pk, **_difference(user, differing))
    return user


def end_sessions(*, user: User, by: Principal) -> None:
    """Whoever is signed in as `user`, on whatever machine, must sign in again."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
        audit.record(by=by, action="sessions_ended", kind="user", row=user.pk)
    user.refresh_from_db()


def add_team(*, by: Principal, name: str) -> Team:
    team = Team(name=name.strip())
    team.full_clean()
    with transaction.atomic():
        team.save()
        audit.record(by=by, action="team_added", kind="team", row=team.pk, name=team.name)
    return team


def rename_team(*, team: Team, by: Principal, name: str) -> Team:
    before, team.name = team.name, name.strip()
    team.full_clean()
    with transaction.atomic():
        team.save(update_fields=["name"])
        audit.record(by=by, action="team_renamed", kind="team", row=team.pk, before=before, after=team.name)
    return team


def drop_team(*, team: Team, by: Principal) -> None:
    """Take away a team that nobody is in any more; what it had is then nobody's."""
    with transaction.atomic():
        audit.record(by=by, action="team_dropped", kind="team", row=team.pk, name=team.name)
        try:
            team.delete()
            for follow in FOLLOWERS:
                follow()
        except ProtectedError:
            raise ValidationError(_("Somebody is still in this team."), code="in_use") from None


def _locked_admins() -> set[int]:
    """The admins of now; nobody else changes who is one until the end of the transaction."""
    admins = User.objects.select_for_update(no_key=True).filter(role=Role.ADMIN, is_active=True)
    return set(admins.order_by("pk").values_list("pk", flat=True))


def _is_admin(user: User) -> bool:
    return user.role == Role.ADMIN and user.is_active


def _difference(user: User, before: dict[str, Any]) -> dict[str, Any]:
    def said(value: Any) -> Any:
        return value.name if isinstance(value, Team) else value

    return {
        "before": {name: said(value) for name, value in before.items()},
        "after": {name: said(getattr(user, name)) for name in before},
    }
