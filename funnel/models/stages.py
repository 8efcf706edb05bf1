"""The path: its stages, and the playbook that decides who stands where."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Phase(models.TextChoices):
    STRANGER = "stranger", _("stranger")
    FRIEND = "friend", _("friend")
    CUSTOMER = "customer", _("customer")


class StageQuerySet(models.QuerySet["Stage"]):
    def in_use(self) -> Self:
        return self.filter(archived_at=None).order_by("order")


class Stage(models.Model):
    """A stop on the path. Key and phase are fixed; order and labels are free; archived, never deleted."""

    id = models.SmallAutoField(primary_key=True)
    key = models.CharField(max_length=40, unique=True, db_collation="C")
    phase = models.CharField(max_length=10, choices=Phase)
    order = models.SmallIntegerField()
    label_en = models.CharField(max_length=60)
    label_fi = models.CharField(max_length=60, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = StageQuerySet.as_manager()

    class Meta:
        ordering = ["order"]
        constraints = [
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="stage_phase_known"),
            models.CheckConstraint(condition=Q(key__regex=r"^[a-z][a-z0-9_]*$"), name="stage_key_plain"),
            models.UniqueConstraint(
                fields=["order"], name="one_stage_per_place", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        finnish = (get_language() or "").startswith("fi")
        return (self.label_fi if finnish else "") or self.label_en


class Playbook(models.Model):
    """A published version of the rules: immutable (the serving role may only set `marked_at` and `applied_at`).

    `since` is the moment it is in force from; version 1 has none: it holds from the beginning of time.
    Contacts are marked only after the version can be seen by all: else one that came meanwhile would be missed.
    """

    number = models.SmallIntegerField(primary_key=True)
    name = models.CharField(max_length=120)
    document = models.JSONField()
    since = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(db_default=Now(), editable=False)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    marked_at = models.DateTimeField(null=True, blank=True)  # when every contact had been marked to be folded with it
    applied_at = models.DateTimeField(null=True, blank=True)  # when the last contact had been folded with it

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1), name="playbook_numbered_from_one"),
            models.CheckConstraint(
                condition=Q(number=1, since=None) | Q(number__gt=1, since__isnull=False),
                name="playbook_one_since_the_beginning",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class PlaybookDraft(models.Model):
    """Rules being worked on. Publishing makes the next version of them."""

    name = models.CharField(max_length=120)
    document = models.JSONField()
    based_on = models.ForeignKey(Playbook, on_delete=models.PROTECT, null=True, related_name="drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())
    version = models.PositiveIntegerField(default=1)  # the ETag of edits
