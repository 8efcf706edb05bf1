"""Who we are: the people who work here, their teams, the keys of programs, and what was done."""

from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class Team(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    ADMIN = "admin", _("admin")
    MANAGER = "manager", _("manager")
    SALES = "sales", _("sales")
    MARKETER = "marketer", _("marketer")
    READ_ONLY = "read_only", _("read-only")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Make a member of staff; without a password they can only come in by a login link."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, **{"role": Role.ADMIN, **fields})


class User(AbstractBaseUser):
    """A member of staff, known by e-mail; the role says what they may do."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.SALES)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="members")
    language = models.CharField(_("language"), max_length=8, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_away = models.BooleanField(_("on leave"), default=False, db_default=False)  # nobody new is given to them
    wants_morning_mail = models.BooleanField(_("morning mail"), default=False, db_default=False)
    wants_reminder_mail = models.BooleanField(_("reminders by mail"), default=False, db_default=False)
    wants_notice_mail = models.BooleanField(_("news by mail"), default=False, db_default=False)
    joined_at = models.DateTimeField(db_default=Now(), editable=False)
    session_epoch = models.PositiveIntegerField(default=0, editable=False)  # another one ends every session

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_email"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must know: it ends with another password, another role, or when it is ended."""
        said = f"{self.password}|{self.role}|{self.session_epoch}"
        return salted_hmac("staff.User.session", said, secret=secret, algorithm="sha256").hexdigest()


class GuardedRole(models.Model):
    """A role whose people need a second step to sign in."""

    role = models.CharField(max_length=12, choices=Role, primary_key=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(role__in=Role.values), name="guarded_role_known")]

    def __str__(self) -> str:
        return self.role


class LinkQuerySet(models.QuerySet[Any]):
    def usable(self) -> Self:
        return self.filter(used_at=None, withdrawn_at=None, expires_at__gt=Now())


class OneTimeLink(models.Model):
    """A way in for one person, once, for a while. Only the hash of its token is kept."""

    digest = models.BinaryField(max_length=32, unique=True)  # SHA-256 of the token
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        return self.expires_at <= datetime.now(UTC)


class Invitation(OneTimeLink):
    """Somebody is asked to work here; whoever brings the link becomes the user it describes."""

    email = models.EmailField(_("e-mail"))
    name = models.CharField(_("name"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.SALES)
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(used_at=None, withdrawn_at=None),
                name="one_open_invitation_per_email",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class SignInLink(OneTimeLink):
    """Lets in somebody who cannot come in otherwise; the second step is still asked for."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_in_links")


PUBLIC_PREFIX: Final = "pk_"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self) -> Self:
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=Now()))


class ApiKey(models.Model):
    """A program's way in. It speaks for one source; only the hash of its secret is kept.

    `source` is the key of a contacts.Source (the database holds the reference).
    """

    name = models.CharField(max_length=80)
    source = models.CharField(max_length=40, db_collation="C")
    prefix = models.CharField(max_length=16, unique=True, db_collation="C")
    digest = models.BinaryField(max_length=32)  # SHA-256 of the whole key
    scopes = ArrayField(models.CharField(max_length=40))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="api_key_has_a_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_public(self) -> bool:
        """Whether it stands on pages, where anybody may read it."""
        return self.prefix.startswith(PUBLIC_PREFIX)


class AuditRecord(models.Model):
    """Who did what to which row, and when. Rows are only ever added."""

    at = models.DateTimeField(db_default=Now(), editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)
    # The chain of `sealing`: the place in it, and a hash over the record and the seal before.
    place = models.BigIntegerField(null=True, blank=True, unique=True, editable=False)
    seal = models.BinaryField(max_length=32, null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["object_kind", "object_id", "-id"], name="audit_by_object"),
            models.Index(fields=["user", "-id"], name="audit_by_user"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["id"], condition=Q(place=None), name="audit_to_seal"),
        ]


class WorkWeek(models.Model):
    """When a team works and how soon it answers; without a team: the organisation, and every team without its own.

    `week` holds seven lists of spans in minutes of the day, Monday first; `holidays` {"2026-12-24": "Christmas Eve"}.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="work_week")
    time_zone = models.CharField(_("time zone"), max_length=40)
    week = models.JSONField(default=list)
    holidays = models.JSONField(default=dict, blank=True)
    target_minutes = models.PositiveIntegerField(_("answer within"), default=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(models.Value(1), condition=Q(team=None), name="one_work_week_of_the_organisation"),
            models.CheckConstraint(
                condition=Q(target_minutes__gte=1, target_minutes__lte=60 * 24 * 60), name="work_week_target_possible"
            ),
        ]


class Sending(models.Model):
    """Whether letters and webhooks go out: one row, made by the upgrade; without it they do.

    `home` says in which database that was settled: a restored or copied one is another, and sends nothing.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    home = models.CharField(max_length=80)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_row_of_sending")]
