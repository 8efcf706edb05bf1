"""What we do to move them: campaigns, named by the key that events carry."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from funnel.models import Stage

MOST_PEOPLE: Final = 1_000_000_000


class Channel(models.TextChoices):
    OWNED = "owned", _("owned")
    EARNED = "earned", _("earned")
    PAID = "paid", _("paid")


class Campaign(models.Model):
    """One thing we do to reach people. Events name it by `key` (utm_campaign), also before it is made here."""

    key = models.CharField(max_length=80, unique=True, db_collation="C")
    name = models.CharField(_("name"), max_length=120)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, default=Channel.OWNED)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="campaigns"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="campaign_channel_known"),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="campaign_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Target(models.Model):
    """How many people are to come to a stage in a month; `month` is its first day."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="targets")
    month = models.DateField(_("month"))
    people = models.PositiveIntegerField(_("people"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["month", "stage"], name="one_target_per_stage_and_month"),
            models.CheckConstraint(condition=Q(people__gte=1, people__lte=MOST_PEOPLE), name="target_of_somebody"),
            models.CheckConstraint(condition=Q(month__day=1), name="target_month_is_its_first_day"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.month:%Y-%m}: {self.people}"
