"""What the wiring keeps: webhooks on their way out, who is given new leads, and what staff were sent and saw."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, Event, Notice
from funnel.models import Effect
from staff.models import Team


class WebhookEndpoint(models.Model):
    """An address that wants to hear of moves. `secret` signs each delivery (Standard Webhooks)."""

    url = models.URLField(max_length=500)
    description = models.CharField(max_length=120, blank=True)
    secret = models.CharField(max_length=100)
    previous_secret = models.CharField(max_length=100, blank=True)  # both sign while a rotation lasts
    dimensions = ArrayField(models.SmallIntegerField(), default=list, blank=True)  # empty: all
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=120, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")


class WebhookDelivery(models.Model):
    """One message for one endpoint; `message_id` stays the same over all tries. At least once."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries")
    effect = models.ForeignKey(Effect, on_delete=models.PROTECT, null=True, related_name="+")
    message_id = models.CharField(max_length=60, unique=True, db_collation="C")
    body = models.TextField()
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True, blank=True)  # somebody is sending it
    created_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_status = models.SmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "effect"], name="one_delivery_per_effect"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
        ]
        indexes = [
            models.Index(fields=["endpoint", "due_at", "id"], condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["endpoint", "-id"], name="delivery_by_endpoint"),
            models.Index(
                fields=["endpoint", "leased_until"], condition=Q(leased_until__isnull=False), name="delivery_leased"
            ),
        ]


class WebhookAttempt(models.Model):
    """One try of a delivery and what came of it: a status, or what went wrong before there was one."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField(db_default=Now())
    status = models.SmallIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True)
    duration_ms = models.IntegerField(default=0)


class Look(models.Model):
    """When somebody last looked at what came in, and the time before that."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    before = models.DateTimeField()


class AssignmentMethod(models.TextChoices):
    ROUND_ROBIN = "round_robin", _("in turn")
    LEAST_BUSY = "least_busy", _("whoever has least to do")


class AssignmentRule(models.Model):
    """New leads nobody owns, from these sources and countries (none named: all), go to the people of a team.

    Rules are asked in the order of `place`; the first that fits gives the lead away.
    """

    place = models.PositiveSmallIntegerField(default=1)
    sources = ArrayField(models.SmallIntegerField(), default=list, blank=True)
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    method = models.CharField(max_length=12, choices=AssignmentMethod, default=AssignmentMethod.ROUND_ROBIN)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(method__in=AssignmentMethod.values), name="assignment_method_known"),
        ]


class AssignmentTurn(models.Model):
    """Whose turn it was under a rule: how many they were given, and the number of the last among all it gave."""

    rule = models.ForeignKey(AssignmentRule, on_delete=models.CASCADE, related_name="turns")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    given = models.PositiveIntegerField(default=0)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "user"], name="one_turn_a_rule_and_user")]


class Assignment(models.Model):
    """A lead that was given to somebody by a rule; `event` says so in the log, and retracting it undoes this."""

    rule = models.ForeignKey(AssignmentRule, on_delete=models.SET_NULL, null=True, related_name="+")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    event = models.OneToOneField(Event, on_delete=models.DO_NOTHING, db_constraint=False, related_name="assignment")
    method = models.CharField(max_length=12)
    at = models.DateTimeField(db_default=Now(), editable=False)
    undone_at = models.DateTimeField(null=True, blank=True)


class StaffMailState(models.TextChoices):
    QUEUED = "queued", _("waiting to go out")
    SENDING = "sending", _("on its way")
    SENT = "sent", _("sent")
    RETRY = "retry", _("to be tried again")
    FAILED = "failed", _("could not be sent")
    UNCERTAIN = "uncertain", _("perhaps sent")
    NOTHING = "nothing", _("nothing to say")


class StaffMail(models.Model):
    """A mail of ours to a member of staff; claimed before it goes, so that whoever dies on the way sends none twice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=StaffMailState, default=StaffMailState.QUEUED)
    next_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True


class MorningMail(StaffMail):
    """The mail of one morning to one member of staff: at most one a day."""

    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "day"], name="one_morning_mail_a_day"),
            models.CheckConstraint(condition=Q(state__in=StaffMailState.values), name="morning_mail_state_known"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state__in=["queued", "retry"]), name="morning_mail_due"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="morning_mail_on_its_way"),
        ]


class NoticeMail(StaffMail):
    """That a notice goes out by mail too: once, together with the others of that moment."""

    notice = models.OneToOneField(Notice, on_delete=models.CASCADE, related_name="mail")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=StaffMailState.values), name="notice_mail_state_known"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state__in=["queued", "retry"]), name="notice_mail_due"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="notice_mail_on_its_way"),
        ]


class CalendarFeed(models.Model):
    """The secret address by which somebody's calendar reads their tasks. Only the hash of its token is kept."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True)  # SHA-256 of the token
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    read_on = models.DateField(null=True)
