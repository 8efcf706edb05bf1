"""Who waits for an answer, and what staff are told of."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.db.models.lookups import IsNull
from django.utils.translation import gettext_lazy as _

from staff.models import Team, User
from staff.policy import Principal, sees_every_row

from ..turns import ENDINGS, LETTERS, TALKS
from .erasures import Erasure
from .jobs import Job
from .log import Event, Pending, Trust
from .people import Contact
from .tasks import Task


class AnswerClockQuerySet(models.QuerySet["AnswerClock"]):
    def visible_to(self, principal: Principal) -> Self:
        """Those of people the principal sees; whoever is to be forgotten is hidden until their clocks are gone."""
        if principal.key:
            return self
        if sees_every_row(principal):
            return self.exclude(contact__in=Erasure.objects.unfinished().values("contact"))
        return self.filter(contact__in=Contact.objects.visible_to(principal).filter(erased_at=None))

    def running(self) -> Self:
        return self.filter(answered_at=None)

    def waiting(self) -> Self:
        """Running, and nobody has answered in the log meanwhile: what is recorded is folded a moment later."""
        asked = Event.objects.filter(pk=OuterRef(OuterRef("last_question_id"))).values("occurred_at")
        answers = Event.objects.standing().filter(
            Q(type__key__in=TALKS | ENDINGS) | Q(type__key__in=LETTERS, by__isnull=False, campaign_key=None),
            contact=OuterRef("contact"),
            occurred_at__gte=Subquery(asked),  # looked for only where there is a mark
            source__trust=Trust.TRUSTED,
        )
        # Who has no mark has no news. Looked for person by person: an EXISTS may be planned to read all marks first,
        # which were none then and are a million now.
        mark = Pending.objects.filter(contact_id=OuterRef("contact_id")).values("contact_id")[:1]
        return self.running().filter(IsNull(Subquery(mark), True) | ~Exists(answers))

    def in_hand_of(self, user: User) -> Self:
        """Theirs to answer: they took it, or own the person and nobody took it."""
        return self.filter(Q(holder=user) | Q(holder=None, contact__owner=user))

    def measured(self) -> Self:
        """Those that were answered, and not merely ended."""
        return self.filter(answered_at__isnull=False, is_waived=False)


class AnswerClock(models.Model):
    """From somebody's question to our answer. Made from the log by `contacts.clocks`; at most one runs a person.

    `asked` questions came before the answer, `question` first and `last_question` last. `due_at` is when the target of
    business time is used up, `late_at` twice of it; `took_s` is the business time the answer took. `holder` has it in
    hand; where nobody took it, it is the owner's.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="clocks")
    question = models.OneToOneField(
        Event, on_delete=models.DO_NOTHING, db_constraint=False, related_name="clock", primary_key=False
    )
    last_question = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    asked = models.PositiveIntegerField(default=1)
    asked_at = models.DateTimeField()
    source_id = models.SmallIntegerField()
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    due_at = models.DateTimeField()
    late_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    is_waived = models.BooleanField(default=False)
    took_s = models.PositiveIntegerField(null=True, blank=True)
    in_time = models.BooleanField(null=True, blank=True)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="clocks"
    )
    told_at = models.DateTimeField(null=True, blank=True)
    told_late_at = models.DateTimeField(null=True, blank=True)

    objects = AnswerClockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contact"], condition=Q(answered_at=None), name="one_clock_runs_a_person"),
            models.CheckConstraint(
                condition=Q(answered_at=None) | Q(answered_at__gte=F("asked_at")), name="clock_answered_after_asked"
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, took_s=None, in_time=None, answer=None)
                | Q(answered_at__isnull=False, took_s__isnull=False, in_time__isnull=False, answer__isnull=False),
                name="clock_measured_when_answered",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(answered_at=None), name="clock_running"),
            models.Index(fields=["due_at"], condition=Q(answered_at=None, told_at=None), name="clock_to_tell"),
            models.Index(
                fields=["late_at"], condition=Q(answered_at=None, told_late_at=None), name="clock_to_tell_late"
            ),
            models.Index(fields=["asked_at", "id"], name="clock_by_question"),
            # all that a report measures: weeks of clocks are read without their rows
            models.Index(
                fields=["asked_at"],
                include=["contact", "team", "answered_by", "source_id", "took_s", "in_time", "is_waived"],
                name="clock_measured",
            ),
        ]

    @property
    def is_running(self) -> bool:
        return self.answered_at is None


class AnswerFigure(models.Model):
    """How soon we answered, of one group, as of one sight: counted anew as a whole, by contacts.answer_counts."""

    sight = models.BigIntegerField()  # 0: of everybody; else of what a team (its id) sees
    part = models.CharField(max_length=6)
    key = models.CharField(max_length=20)  # of the week its Monday, else the id; empty where there is none
    n = models.IntegerField()
    median = models.FloatField(null=True)  # seconds of business time
    p90 = models.FloatField(null=True)
    in_time = models.IntegerField()
    ended = models.IntegerField()
    running = models.IntegerField()
    counted_at = models.DateTimeField()
    rests_until = models.DateTimeField()  # not counted again before

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sight", "part", "key"], name="one_answer_figure_a_group")]


class AnswerMark(models.Model):
    """Count the answers anew. Only ever inserted; whoever counts deletes the marks."""

    at = models.DateTimeField(db_default=Now(), editable=False)


class NoticeKind(models.TextChoices):
    GIVEN = "given", _("somebody is yours now")
    TO_ANSWER = "to_answer", _("an answer is yours to give")
    TASK = "task", _("a task is yours now")
    REMINDER = "reminder", _("a reminder")
    OVERDUE = "overdue", _("an answer is overdue")
    LATE = "late", _("an answer is long overdue")
    NOBODY_FREE = "nobody_free", _("nobody could be given a new lead")
    JOB = "job", _("a job is done")
    IMPORT = "import", _("an import is done")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def of(self, user: User) -> Self:
        """Theirs, but for those about somebody they do not see any more."""
        seen = Contact.objects.visible_to(Principal(user=user)).filter(erased_at=None)
        return self.filter(Q(contact=None) | Q(contact__leader__in=seen), user=user)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notice(models.Model):
    """Something one member of staff is told, once: the same `key` never comes again. Texts are made when it is read."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=12, choices=NoticeKind)
    key = models.CharField(max_length=80, db_collation="C")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    said = models.JSONField(default=dict, blank=True)  # figures and addresses of ours, never what people wrote
    at = models.DateTimeField(db_default=Now(), editable=False)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_is_told_once"),
            models.CheckConstraint(condition=Q(kind__in=NoticeKind.values), name="notice_kind_known"),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_by_user"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notice_unread"),
        ]
