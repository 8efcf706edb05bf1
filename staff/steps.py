"""The second step of signing in, where a role needs one.

Whoever signs in without having it is led to set it up before anything else; keys of programs are not concerned. The
session bears the mark, so that a page costs nothing more.
"""

from typing import Final

from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from staff import audit
from staff.models import GuardedRole, Role, User
from staff.policy import Principal

DUE: Final = "second_step_is_due"  # in the session of whoever has none and needs one


def guarded_roles() -> set[str]:
    return set(GuardedRole.objects.values_list("role", flat=True))


def has_second_step(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).exists())


def guard_role(*, role: Role, by: Principal, needed: bool) -> None:
    """Say whether people of `role` need a second step. Those signed in without one must sign in again, and set it up.

    Refused for one's own role while one has none: nobody locks themselves out.
    """
    if needed and by.user and by.user.role == role and not has_second_step(by.user):
        words = _("Set up your own second step first: your role would need it, too.")
        raise ValidationError(words, code="own_step_missing")
    with transaction.atomic():
        if needed == GuardedRole.objects.select_for_update().filter(role=role).exists():
            return
        if needed:
            GuardedRole.objects.create(role=role)
            _without_step(role).update(session_epoch=F("session_epoch") + 1)
        else:
            GuardedRole.objects.filter(role=role).delete()
        audit.record(by=by, action="role_guarded" if needed else "role_unguarded", kind="role", role=role)


def note_sign_in(request: HttpRequest, user: User) -> bool:
    """Mark the session that was just begun, where its second step is missing; return whether it is."""
    is_due = GuardedRole.objects.filter(role=user.role).exists() and not has_second_step(user)
    if is_due:
        request.session[DUE] = True
    return is_due


def step_is_due(request: HttpRequest, user: User) -> bool:
    """Whether whoever asks must set up a second step first; asked of the database only while they are marked."""
    if not request.session.get(DUE):
        return False
    if has_second_step(user) or not GuardedRole.objects.filter(role=user.role).exists():
        del request.session[DUE]
        return False
    return True


def note_step_gone(user: User) -> None:
    """Somebody has no second step any more: where their role needs one, their sessions end."""
    if GuardedRole.objects.filter(role=user.role).exists():
        _without_step(user.role).filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


def forget_steps(*, user: User, by: Principal) -> None:
    """Take away somebody's app, passkeys and recovery codes, for whoever lost them."""
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        note_step_gone(user)
        audit.record(by=by, action="second_step_removed", kind="user", row=user.pk)


def _without_step(role: str) -> QuerySet[User]:
    step = Authenticator.objects.filter(user=OuterRef("pk")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return User.objects.filter(~Exists(step), role=role)
