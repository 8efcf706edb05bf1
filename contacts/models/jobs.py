"""Work on many people at once, which goes on where it stopped whoever is killed meanwhile."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from staff.models import ApiKey
from staff.policy import Principal


class JobState(models.TextChoices):
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")
    FAILED = "failed", _("failed")


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, principal: Principal) -> Self:
        """Only whoever began it; it says whom it was done to."""
        return self.filter(by_key=principal.key) if principal.key else self.filter(by=principal.user)

    def running(self) -> Self:
        return self.filter(state=JobState.RUNNING)


class Job(models.Model):
    """One deed to many people: those of `choice`, by growing id. `gone_to` is where it goes on.

    `choice` is {"ids": [...]} or {"filter": ..., "q": ...}; an undoing has none, it follows the chunks of `undoes`.
    """

    kind = models.CharField(max_length=20, db_collation="C")
    params = models.JSONField(default=dict)
    kept = models.JSONField(default=dict, db_default={})  # what undoing needs beside the events of the chunks
    choice = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    by_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, related_name="+")
    language = models.CharField(max_length=8, blank=True)
    state = models.CharField(max_length=8, choices=JobState, default=JobState.RUNNING)
    total = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    left_alone = models.BigIntegerField(default=0)
    gone_to = models.BigIntegerField(default=0)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by")
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)
    failure = models.TextField(blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(
                condition=Q(by__isnull=False, by_key=None) | Q(by=None, by_key__isnull=False), name="job_of_somebody"
            ),
            models.CheckConstraint(
                condition=Q(state=JobState.RUNNING, finished_at=None)
                | ~Q(state=JobState.RUNNING) & Q(finished_at__isnull=False),
                name="job_ends_once",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state=JobState.RUNNING), name="job_running"),
            models.Index(F("by"), F("id").desc(), name="job_by_whom"),
        ]

    @property
    def is_running(self) -> bool:
        return self.state == JobState.RUNNING

    @property
    def seen(self) -> int:
        """People it has come by."""
        return self.done + self.left_alone


class JobChunk(models.Model):
    """What one step of a job did, written in the same transaction: its events, and who was left alone and why."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="chunks")
    events = ArrayField(models.BigIntegerField(), default=list)
    left = models.JSONField(default=list)  # [id of the contact, code, sentence]
