"""What is done to whole companies: two that are one, two that look alike and are two, several given to somebody."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from staff.models import ApiKey

from .people import Company, Contact, Membership, MembershipRole


class CompanyMergeQuerySet(models.QuerySet["CompanyMerge"]):
    def live(self) -> Self:
        return self.filter(cut_at=None)


class CompanyMerge(models.Model):
    """We learned that `gone` is `kept`. What stood around the one followed to the other, and is named here: cutting
    the merge gives it back."""

    kept = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="merges")
    gone = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    recorded_at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    cut_at = models.DateTimeField(null=True, blank=True)
    cut_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    places = ArrayField(models.BigIntegerField(), default=list)
    ties = ArrayField(models.BigIntegerField(), default=list)
    not_there = ArrayField(models.BigIntegerField(), default=list)
    domains = ArrayField(models.CharField(max_length=253), default=list)
    fields = models.JSONField(default=dict)  # of the kept one: what each was, and what the merge made of it

    objects = CompanyMergeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(kept=F("gone")), name="company_merge_of_two"),
            models.CheckConstraint(
                condition=Q(cut_at=None) | Q(cut_at__gte=F("recorded_at")), name="company_merge_cut_later"
            ),
            models.UniqueConstraint(fields=["gone"], condition=Q(cut_at=None), name="one_live_merge_per_company"),
        ]


class PlaceAside(models.Model):
    """A place in the company that is gone, of somebody who has one in the kept company: it waits for the cut.

    What the other place did not say (`filled`) it took over from this one.
    """

    id = models.BigIntegerField(primary_key=True)  # that of the place, which has it again afterwards
    merge = models.ForeignKey(CompanyMerge, on_delete=models.PROTECT, related_name="asides")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    beside = models.ForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    filled = ArrayField(models.CharField(max_length=8), default=list)
    role = models.CharField(max_length=16, choices=MembershipRole, blank=True)
    title = models.CharField(max_length=120, blank=True)
    since = models.DateField(null=True, blank=True)
    by_domain = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role="") | Q(role__in=MembershipRole.values), name="place_aside_role_known"
            ),
        ]
        indexes = [models.Index(fields=["beside"], name="place_aside_beside")]


class CompanyGiving(models.Model):
    """Several companies were given an owner or a team at once: of each [id, owner before, team before]."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    by_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now(), editable=False)
    to = models.JSONField()  # owner_id, team_id, or one of them
    before = models.JSONField()
    undone_at = models.DateTimeField(null=True, blank=True)


class TwoCompanies(models.Model):
    """Two companies that look alike and are two: somebody said so."""

    first = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")  # the lower id
    second = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="one_word_on_two_companies"),
            models.CheckConstraint(condition=Q(first_id__lt=F("second_id")), name="two_companies_in_order"),
        ]
