"""Letters to one person, each a row that says how far it has come."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from contacts.consents import CORRESPONDENCE
from contacts.models import Contact
from staff.policy import Principal


class MailState(models.TextChoices):
    QUEUED = "queued", _("waiting to go out")
    SENDING = "sending", _("on its way")
    SENT = "sent", _("sent")
    RETRY = "retry", _("to be tried again")
    FAILED = "failed", _("could not be sent")
    UNCERTAIN = "uncertain", _("perhaps sent")
    REFUSED = "refused", _("not allowed")
    CANCELLED = "cancelled", _("taken back")


class MailQuerySet(models.QuerySet["Mail"]):
    def due(self) -> Self:
        return self.filter(state__in=[MailState.QUEUED, MailState.RETRY], next_at__lte=Now())

    def lapsed(self) -> Self:
        """Those somebody took to send, who never said what became of them."""
        return self.filter(state=MailState.SENDING, lease_until__lt=Now())

    def visible_to(self, principal: Principal) -> Self:
        if principal.key:
            return self
        return self.filter(contact__leader__in=Contact.objects.visible_to(principal).filter(erased_at=None))


class Mail(models.Model):
    """A letter to one person: what it says, on what ground it may go, and how far it has come.

    queued -> sending (claim, lease) -> sent | retry | failed | uncertain. What is uncertain may have arrived: it is
    shown and never sent again by itself. The body stays here; the event in the log bears the subject.
    """

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="mails")
    address = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    state = models.CharField(max_length=10, choices=MailState, default=MailState.QUEUED)
    purpose = models.CharField(max_length=16, default=CORRESPONDENCE, db_default=CORRESPONDENCE)  # what the gate asks
    ground = models.CharField(max_length=24, blank=True)  # what the gate decided by, when it was last asked
    reason = models.CharField(max_length=300, blank=True)  # why it did not go, for people
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    message_id = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MailState.values), name="mail_state_known"),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(claim__isnull=False, lease_until__isnull=False),
                name="mail_sent_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent") & Q(sent_at=None),
                name="mail_sent_at_a_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["contact", "-id"], name="mail_by_contact"),
            models.Index(fields=["next_at"], condition=Q(state__in=["queued", "retry"]), name="mail_due"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="mail_on_its_way"),
        ]

    def __str__(self) -> str:
        return self.subject
