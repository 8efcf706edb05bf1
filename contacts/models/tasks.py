"""What somebody here means to do for a person."""

from datetime import date, datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from staff.models import User
from staff.policy import Principal, sees_every_row

from .people import Contact, Membership


class TaskKind(models.TextChoices):
    TODO = "todo", _("to do")
    CALL = "call", _("call")
    WRITE = "write", _("write")
    MEETING = "meeting", _("meeting")


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, principal: Principal) -> Self:
        """Those about people the principal sees; a program sees all."""
        if principal.key:
            return self
        if sees_every_row(principal):
            return self.filter(contact__leader__erased_at=None)
        return self.filter(contact__leader__in=Contact.objects.visible_to(principal).filter(erased_at=None))

    def open(self) -> Self:
        return self.filter(done_at=None)

    def for_user(self, user: User) -> Self:
        return self.filter(assignee=user)

    def due_by(self, moment: datetime) -> Self:
        return self.filter(due_at__lte=moment)

    def about(self, leader_id: int) -> Self:
        """Those about this person, whichever of their contacts they were made for."""
        return self.filter(contact__in=Contact.objects.led_by([leader_id]).values("pk"))

    def at(self, company_id: int, day: date) -> Self:
        """Those about people who have a place in this company on the day."""
        places = Membership.objects.on(day).filter(company=company_id)
        return self.filter(contact__leader__in=places.values("contact__leader"))


class Task(models.Model):
    """Something to be done for a person until a moment. It is no event: it says what is meant, not what was."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="tasks")
    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(_("kind"), max_length=8, choices=TaskKind, default=TaskKind.TODO)
    due_at = models.DateTimeField(_("due"))
    remind_at = models.DateTimeField(_("reminder"), null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True, editable=False)
    repeat = models.CharField(
        _("again"), max_length=4, blank=True, default="", db_default="", db_collation="C"
    )  # P2W, P1M
    repeat_day = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)  # of the month, of the first
    turn_on = models.DateField(
        null=True, blank=True, editable=False
    )  # the day of its turn, where it was put off from it
    follows = models.OneToOneField("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="next")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=TaskKind.values), name="task_kind_known"),
            models.CheckConstraint(condition=~Q(title=""), name="task_says_what"),
            models.CheckConstraint(
                condition=Q(remind_at=None) | Q(remind_at__lte=F("due_at")), name="task_reminds_before_it_is_due"
            ),
            models.CheckConstraint(condition=Q(repeat__regex=r"^(P[1-9][0-9]?[DWMY])?$"), name="task_repeat_plain"),
        ]
        indexes = [
            models.Index(fields=["assignee", "due_at", "id"], condition=Q(done_at=None), name="task_to_do_by_assignee"),
            models.Index(fields=["contact", "due_at", "id"], name="task_by_contact"),
            models.Index(fields=["due_at", "id"], condition=Q(done_at=None), name="task_to_do"),
            models.Index(
                fields=["remind_at"],
                condition=Q(done_at=None, reminded_at=None, remind_at__isnull=False),
                name="task_to_remind_of",
            ),
        ]

    def __str__(self) -> str:
        return self.title
