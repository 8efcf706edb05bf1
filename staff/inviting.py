"""How somebody comes to work here: an admin invites, they choose a password."""

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from staff import audit
from staff.links import INVITATION_LASTS, new_token, use
from staff.models import Invitation, Team, User
from staff.policy import Principal


def invite(*, by: Principal, email: str, role: str, team: Team | None = None, name: str = "") -> tuple[Invitation, str]:
    """Ask somebody in; return the invitation with its token, which cannot be had again. A new one replaces the old."""
    email = email.strip().lower()
    invitation = Invitation(email=email, name=name.strip(), role=role, team=team, made_by=by.user)
    invitation.clean_fields(exclude=["digest", "made_by", "expires_at", "user", "team"])
    if User.objects.filter(email=email).exists():
        raise ValidationError({"email": ValidationError(_("They work here already."), code="known")})
    token, kept = new_token(INVITATION_LASTS)
    try:
        with transaction.atomic():
            _open(email).update(withdrawn_at=Now())
            invitation = Invitation.objects.create(
                email=email, name=invitation.name, role=role, team=team, made_by=by.user, **kept
            )
            audit.record(by=by, action="user_invited", kind="invitation", row=invitation.pk, email=email, role=role)
    except IntegrityError:
        raise ValidationError({"email": ValidationError(_("Somebody just invited them."), code="invited")}) from None
    return invitation, token


def renew_invitation(*, invitation: Invitation, by: Principal) -> tuple[Invitation, str]:
    """The same invitation with another link and another week; the link before opens nothing any more."""
    return invite(by=by, email=invitation.email, role=invitation.role, team=invitation.team, name=invitation.name)


def withdraw_invitation(*, invitation: Invitation, by: Principal) -> None:
    with transaction.atomic():
        if _open(invitation.email).filter(pk=invitation.pk).update(withdrawn_at=Now()):
            audit.record(by=by, action="invitation_withdrawn", kind="invitation", row=invitation.pk)


def accept_invitation(*, invitation: Invitation, name: str, password: str, language: str = "") -> User:
    """Become a member of staff. The link opens nothing afterwards, however often it is sent."""
    user = User(email=invitation.email, name=name.strip(), role=invitation.role, language=language)
    user.team = invitation.team
    if not user.name:
        raise ValidationError({"name": ValidationError(_("Your colleagues want to know your name."), code="required")})
    _check_password(password, user)
    try:
        with transaction.atomic():
            if not use(invitation):
                raise ValidationError(_("This invitation was used already."), code="used")
            user.set_password(password)
            user.save()
            Invitation.objects.filter(pk=invitation.pk).update(user=user)
            audit.record(by=Principal(user=user), action="user_joined", kind="user", row=user.pk, role=user.role)
    except IntegrityError:
        raise ValidationError(_("They work here already."), code="known") from None
    return user


def open_invitations() -> list[Invitation]:
    """Those nobody has answered yet, also when their time is over."""
    still = Invitation.objects.filter(used_at=None, withdrawn_at=None)
    return list(still.select_related("team", "made_by").order_by("-made_at"))


def _open(email: str) -> QuerySet[Invitation]:
    return Invitation.objects.filter(email__iexact=email, used_at=None, withdrawn_at=None)


def _check_password(password: str, user: User) -> None:
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.error_list}) from None
