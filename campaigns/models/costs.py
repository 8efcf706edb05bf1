"""What campaigns cost. A cost is never changed: a wrong one is taken back, and the right one is another row."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .plan import MOST_MONEY, Campaign


class CostFile(models.Model):
    """An export of an ad platform as it was sent, and the campaigns that its names were taken to mean."""

    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    text = models.TextField()
    meaning = models.JSONField(default=dict)  # the platform's name of a campaign: our key, or nothing for "leave out"
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class CostQuerySet(models.QuerySet["Cost"]):
    def standing(self) -> Self:
        return self.filter(withdrawn_at=None)


class Cost(models.Model):
    """So much money over the days from first to last; `spreading` says how much of it is a day's."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="costs")
    first_on = models.DateField(_("from"))
    last_on = models.DateField(_("to"))
    sum_minor = models.BigIntegerField(_("sum"))
    note = models.CharField(_("what for"), max_length=200, blank=True)
    file = models.ForeignKey(CostFile, on_delete=models.PROTECT, null=True, related_name="costs")
    line = models.CharField(max_length=300, null=True, db_collation="C")  # noqa: DJ001  (what a file calls it)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = CostQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(last_on__gte=F("first_on")), name="cost_ends_after_start"),
            models.CheckConstraint(condition=Q(sum_minor__gte=1, sum_minor__lte=MOST_MONEY), name="cost_is_money"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gt=F("recorded_at")), name="cost_withdrawn_later"
            ),
            models.UniqueConstraint(
                fields=["campaign", "line"],
                condition=Q(withdrawn_at=None, line__isnull=False),
                name="cost_of_a_line_stands_once",
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "first_on"], name="cost_by_campaign"),
            models.Index(fields=["last_on"], name="cost_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.sum_minor} {self.first_on}"
