"""What we do to move people: campaigns, named by the key that events carry; and the targets of a month."""

from datetime import date
from typing import Final, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from contacts.models import SavedView
from funnel.models import Stage

MOST_PEOPLE: Final = 1_000_000_000
MOST_MONEY: Final = 10**14  # minor units
EURO: Final = "EUR"


class Channel(models.TextChoices):
    OWNED = "owned", _("owned")
    EARNED = "earned", _("earned")
    PAID = "paid", _("paid")


class Question(models.TextChoices):
    """The three things a company can ask itself of the people it wants to move."""

    REACH = "reach", _("reach strangers")
    BEFRIEND = "befriend", _("make friends")
    KEEP = "keep", _("make and keep customers")


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def in_use(self) -> Self:
        return self.filter(archived_at=None)


class Campaign(models.Model):
    """One thing we do to reach people. Events name it by `key` (utm_campaign), also before it is made here."""

    key = models.CharField(max_length=80, unique=True, db_collation="C")
    name = models.CharField(_("name"), max_length=120)
    question = models.CharField(_("question"), max_length=8, choices=Question, default=Question.REACH)
    stage = models.ForeignKey(  # the step it works for; empty: every step of its question
        Stage, on_delete=models.PROTECT, null=True, blank=True, related_name="campaigns"
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, default=Channel.OWNED)
    audience = models.TextField(_("audience"), max_length=500, blank=True)
    view = models.ForeignKey(  # the same as a saved list of people
        SavedView, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    value_proposition = models.TextField(_("value proposition"), max_length=500, blank=True)
    tactic = models.TextField(_("tactic"), max_length=1000, blank=True)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="campaigns"
    )
    budget_minor = models.BigIntegerField(_("budget"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default=EURO)
    # what ad platforms call it, where that is not its key or name
    other_names = ArrayField(models.CharField(max_length=200), default=list, db_default=[], blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="campaign_channel_known"),
            models.CheckConstraint(condition=Q(question__in=Question.values), name="campaign_question_known"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="campaign_currency_is_a_code"),
            models.CheckConstraint(
                condition=Q(budget_minor=None) | Q(budget_minor__gte=0, budget_minor__lte=MOST_MONEY),
                name="campaign_budget_is_money",
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="campaign_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_running(self, day: date) -> bool:
        begun, over = self.starts_on is None or self.starts_on <= day, self.ends_on is not None and self.ends_on < day
        return begun and not over and self.archived_at is None


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
