"""Imports: a file on its way into contacts and events, resumable at any row."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .log import Source


class ImportState(models.TextChoices):
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")
    FAILED = "failed", _("failed")


class Import(models.Model):
    """One run over one file with one mapping; `rows_read` is where a restart goes on (committed with the rows)."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="imports")
    file_name = models.CharField(max_length=255)
    file_digest = models.CharField(max_length=64, db_collation="C")
    mapping = models.JSONField()
    columns = models.JSONField(default=list)  # of the file: the report of rejects has the same
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.RUNNING)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    rows_read = models.BigIntegerField(default=0)
    created = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    failure = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state_known"),
            models.CheckConstraint(
                condition=Q(
                    rows_read=models.F("created") + models.F("updated") + models.F("unchanged") + models.F("rejected")
                ),
                name="import_counts_every_row",
            ),
        ]


class ImportReject(models.Model):
    """A row an import refused: where it stands in the file, why, and the row itself."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejects")
    line = models.BigIntegerField()
    column = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=60)
    detail = models.TextField(blank=True)
    raw = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "line"], name="import_reject_once_per_line")]
