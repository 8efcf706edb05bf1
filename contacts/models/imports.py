"""Imports: a file on its way into contacts and events, resumable at any row, and its way back out."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from staff.models import ApiKey
from staff.policy import Principal

from .log import Source


class ImportState(models.TextChoices):
    DRAFT = "draft", _("being prepared")
    CHECKING = "checking", _("being tried")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("stopped")
    FAILED = "failed", _("failed")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")


BEGUN = (ImportState.RUNNING, ImportState.CANCELLED, ImportState.FAILED)
WORKING = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, principal: Principal) -> Self:
        """Whoever may import sees everybody, and so every file that came in."""
        return self.all() if principal.may("contacts:import") else self.none()

    def waiting(self) -> Self:
        """What workers have to do: those begun on the desk or by the API, whose files we keep."""
        return self.filter(Q(state=ImportState.UNDOING) | Q(state__in=WORKING) & ~Q(stored=""))


class Import(models.Model):
    """One run over one file with one mapping; `rows_read` is where a restart goes on (committed with the rows).

    On the desk it begins as a draft: `stored` names the file we keep, `choices` what the columns are to mean,
    `foreseen` what a dry run found. Whoever works on it holds it until `taken_until`.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="imports")
    file_name = models.CharField(max_length=255)
    file_digest = models.CharField(max_length=64, db_collation="C")
    stored = models.CharField(max_length=80, blank=True, db_collation="C")
    book = models.CharField(max_length=80, blank=True, db_collation="C")  # the workbook it is a sheet of
    size = models.BigIntegerField(default=0)
    choices = models.JSONField(default=dict)
    mapping = models.JSONField()
    columns = models.JSONField(default=list)  # of the file: the report of rejects has the same
    foreseen = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.RUNNING)
    uploaded_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    by_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, related_name="+")
    language = models.CharField(max_length=8, blank=True)
    taken_until = models.DateTimeField(null=True)
    resumed_at = models.DateTimeField(null=True)
    resumed_rows = models.BigIntegerField(default=0)
    permille = models.SmallIntegerField(default=0)  # of the file that is read, or of the rows that are taken back
    finished_at = models.DateTimeField(null=True, blank=True)
    rows_read = models.BigIntegerField(default=0)
    created = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    undone = models.BigIntegerField(default=0)  # people from whom it was taken back
    left_alone = models.BigIntegerField(default=0)  # people whom somebody changed since
    undo_all = models.BooleanField(default=False)  # these as well
    failure = models.TextField(blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state_known"),
            models.CheckConstraint(
                condition=Q(
                    rows_read=F("created") + F("updated") + F("unchanged") + F("skipped") + F("rejected"),
                ),
                name="import_counts_every_row",
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state__in=WORKING), name="import_working")]

    @property
    def is_working(self) -> bool:
        return self.state in WORKING

    @property
    def is_begun(self) -> bool:
        """Whether any row was to come in; before that there are no counts."""
        return self.state not in (ImportState.DRAFT, ImportState.CHECKING)


class ImportChunk(models.Model):
    """What one step of an import wrote, in the same transaction: what undoing takes back."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="chunks")
    events = ArrayField(models.BigIntegerField(), default=list)
    contacts = ArrayField(models.BigIntegerField(), default=list)  # those it made
    identities = ArrayField(models.BigIntegerField(), default=list)
    first_event = models.BigIntegerField(default=0)
    last_event = models.BigIntegerField(default=0)
    undone_at = models.DateTimeField(null=True)
    left = ArrayField(models.BigIntegerField(), default=list)  # people whom undoing left alone

    class Meta:
        indexes = [models.Index(fields=["run", "id"], name="import_chunk_by_run")]


class ImportReject(models.Model):
    """A row an import refused: where it stands in the file, why, and the row itself."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejects")
    line = models.BigIntegerField()
    column = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=60)
    detail = models.TextField(blank=True)  # English, with places for
    values = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    raw = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "line"], name="import_reject_once_per_line")]
