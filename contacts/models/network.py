"""Ties around a company: who its partners, competitors and owners are, and who was proposed as its own and is not."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .people import Company, Contact


class TieKind(models.TextChoices):
    PARTNER = "partner", _("partner")
    COMPETITOR = "competitor", _("competitor")
    OWNER = "owner", _("owner")


MUTUAL = frozenset({TieKind.PARTNER, TieKind.COMPETITOR})  # the same from both ends


class TieQuerySet(models.QuerySet["Tie"]):
    def current(self) -> Self:
        return self.filter(until=None)


class Tie(models.Model):
    """`other` (a company) or `contact` (a person) is a partner, a competitor or an owner of `company`.

    Employees, former and future ones are told by their places (`Membership`) and are not said a second time here.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="ties")
    kind = models.CharField(max_length=12, choices=TieKind)
    other = models.ForeignKey(Company, on_delete=models.PROTECT, null=True, blank=True, related_name="ties_elsewhere")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="ties")
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TieQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=TieKind.values), name="tie_kind_known"),
            models.CheckConstraint(
                condition=Q(other=None, contact__isnull=False) | Q(other__isnull=False, contact=None),
                name="tie_has_one_other_end",
            ),
            models.CheckConstraint(condition=~Q(company=F("other")), name="tie_leads_elsewhere"),
            models.CheckConstraint(
                condition=Q(since=None) | Q(until=None) | Q(until__gte=F("since")), name="tie_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["company", "kind", "other"], condition=Q(until=None), name="one_current_tie_of_a_kind"
            ),
            models.UniqueConstraint(
                fields=["company", "kind", "contact"],
                condition=Q(until=None, contact__isnull=False),
                name="one_current_tie_of_a_kind_to_a_person",
            ),
        ]


class NotThere(models.Model):
    """Somebody has an address of a company and is none of its people: not to be proposed again."""

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "company"], name="not_there_said_once")]


class NotTheSame(models.Model):
    """Two people who look alike and are two: somebody said so."""

    first = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")  # the lower id
    second = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="one_word_on_two_people"),
            models.CheckConstraint(condition=Q(first_id__lt=F("second_id")), name="not_the_same_in_order"),
        ]
