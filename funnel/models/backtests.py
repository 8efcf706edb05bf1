"""What would have been: a whole log folded with a draft, kept for a while beside how it is."""

from datetime import UTC, datetime, timedelta
from typing import Final, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from staff.models import ApiKey
from staff.policy import Principal

from .stages import PlaybookDraft

KEPT_FOR: Final = timedelta(days=30)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class BacktestKind(models.TextChoices):
    DRAFT = "draft", _("backtest")
    PROOF = "proof", _("proof")  # the published versions, against the table of live transitions


class BacktestState(models.TextChoices):
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")
    FAILED = "failed", _("failed")


class BacktestQuerySet(models.QuerySet["Backtest"]):
    def running(self) -> Self:
        return self.filter(state=BacktestState.RUNNING)

    def of_drafts(self) -> Self:
        return self.filter(kind=BacktestKind.DRAFT)

    def proofs(self) -> Self:
        return self.filter(kind=BacktestKind.PROOF)


class Backtest(models.Model):
    """One pass over the log. It writes nothing of the path: only this row, its pieces and the people who differ.

    `document` is the draft as it was when asked, in force from `since` (nothing: from the beginning) as the version
    after `published`, the newest one then. Both histories end at `until`. `result` is there when it is done.
    """

    kind = models.CharField(max_length=8, choices=BacktestKind)
    draft = models.ForeignKey(PlaybookDraft, on_delete=models.SET_NULL, null=True, related_name="backtests")
    draft_version = models.IntegerField(default=0)
    name = models.CharField(max_length=120, blank=True)
    document = models.JSONField(null=True)
    published = models.SmallIntegerField()
    since = models.DateTimeField(null=True)
    until = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    by_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=BacktestState, default=BacktestState.RUNNING)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    failure = models.CharField(max_length=300, blank=True)

    objects = BacktestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=BacktestKind.values), name="backtest_kind_known"),
            models.CheckConstraint(condition=Q(state__in=BacktestState.values), name="backtest_state_known"),
            models.CheckConstraint(
                condition=Q(state=BacktestState.RUNNING, finished_at=None)
                | ~Q(state=BacktestState.RUNNING) & Q(finished_at__isnull=False),
                name="backtest_ends_once",
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state=BacktestState.RUNNING), name="backtest_running")]

    @property
    def is_running(self) -> bool:
        return self.state == BacktestState.RUNNING


class BacktestPiece(models.Model):
    """Contacts from `first` to `last`: a process takes one at a time, by its lock. What it found, when it is done."""

    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="pieces")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    attempts = models.SmallIntegerField(default=0)  # counted before the attempt: a process may die in it
    tally = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["backtest"], condition=Q(tally__isnull=True), name="backtest_piece_to_do")]


class BacktestPersonQuerySet(models.QuerySet["BacktestPerson"]):
    def visible_to(self, principal: Principal) -> Self:
        """Of people whom the principal sees; erased ones, and those who were merged away since, are gone."""
        people = Contact.objects.visible_to(principal).filter(leader_id=F("id"), erased_at=None)
        return self.filter(contact__in=people)

    def after(self, differs_at: int, contact: int) -> Self:
        """Those behind a line of the list, which goes back in time from the newest difference."""
        moment = EPOCH + timedelta(microseconds=differs_at)
        return self.filter(Q(differs_at__lt=moment) | Q(differs_at=moment, contact_id__lt=contact))


class BacktestPerson(models.Model):
    """Somebody with another history under the draft. `is_elsewhere`: they would also stand elsewhere at the end.

    Values as in positions; `differs_at` is the moment from which the two histories part.
    """

    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, db_index=False, related_name="people")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    is_elsewhere = models.BooleanField()
    stage_before = models.SmallIntegerField(null=True)
    stage_after = models.SmallIntegerField(null=True)
    health_before = models.SmallIntegerField(null=True)
    health_after = models.SmallIntegerField(null=True)
    standing_before = models.SmallIntegerField(null=True)
    standing_after = models.SmallIntegerField(null=True)
    differs_at = models.DateTimeField()

    objects = BacktestPersonQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["backtest", "contact"], name="one_line_a_person_of_a_backtest")]
        indexes = [
            models.Index(
                fields=["backtest", "is_elsewhere", "-differs_at", "-contact"], name="backtest_people_in_turn"
            ),
        ]
