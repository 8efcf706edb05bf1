"""What the wiring keeps: webhooks on their way out."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from funnel.models import Effect


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
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="delivery_due"),
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
