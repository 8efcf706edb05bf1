"""Forms that people outside fill in, what they were asked to agree to, and who has sent what."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, Source
from staff.models import ApiKey

from .mails import Mail, MailState
from .plan import Campaign


class Deed(models.TextChoices):
    """What sending a form amounts to: the type of the event it makes."""

    MESSAGE = "message_received", _("They write to us")
    QUOTE = "quote_requested", _("They ask for a quote")
    NEWSLETTER = "newsletter_subscribed", _("They subscribe to the newsletter")
    DOWNLOAD = "content_downloaded", _("They ask for a file")
    FORM = "form_submitted", _("Something else")


class FormQuerySet(models.QuerySet["Form"]):
    def in_use(self) -> Self:
        return self.filter(archived_at=None)


class Form(models.Model):
    """A page of questions under a link of its own. `fields` are those of `campaigns.questions`, in their order.

    It speaks as a public source of its own: what it says moves nobody further than to lead, and what it says of people
    we know waits until it is confirmed.
    """

    token = models.CharField(max_length=22, unique=True, db_collation="C")
    name = models.CharField(_("name"), max_length=80)
    deed = models.CharField(_("what it is for"), max_length=24, choices=Deed, default=Deed.FORM)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES, default="en")
    title = models.CharField(_("headline"), max_length=120)
    lead = models.TextField(_("text above"), max_length=1000, blank=True)
    fields: Any = models.JSONField(default=list)
    button = models.CharField(_("words of the button"), max_length=40)
    confirms_address = models.BooleanField(_("ask by letter whether the address is theirs"), default=False)
    thanks = models.TextField(_("what it says afterwards"), max_length=1000)
    leads_to = models.URLField(_("address it leads to afterwards"), max_length=1000, blank=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="forms")
    source = models.OneToOneField(Source, on_delete=models.PROTECT, related_name="form")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    opened_at = models.DateTimeField(null=True)  # null: nobody outside sees it
    archived_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)  # of what was saved: two who change it at once are told

    objects = FormQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(deed__in=Deed.values), name="form_deed_known"),
            models.CheckConstraint(condition=Q(archived_at=None) | Q(opened_at=None), name="form_put_away_is_closed"),
            models.CheckConstraint(
                condition=Q(leads_to="") | Q(leads_to__regex=r"^https?://"), name="form_leads_to_the_web"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    @property
    def wording(self) -> "Wording | None":
        """What people are asked to agree to now; None when they are asked nothing."""
        newest = max(self.wordings.all(), key=lambda one: one.number, default=None)
        return newest if newest and newest.text else None


class Wording(models.Model):
    """What a form asked people to agree to, word for word; a change is a new row. No text: nothing is asked."""

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="wordings")
    number = models.PositiveSmallIntegerField()
    text = models.TextField(max_length=1000, blank=True)
    is_needed = models.BooleanField(default=False)  # the form is not taken without it
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "number"], name="one_wording_of_a_number")]

    def __str__(self) -> str:
        return f"{self.form} {self.number}"


class HandoutManager(models.Manager["Handout"]):
    """Without what is in the files, which only a download needs."""

    def get_queryset(self) -> "models.QuerySet[Handout]":
        return super().get_queryset().defer("body")


class Handout(models.Model):
    """The file a form gives to those who send it; what is in it is read when it is asked for."""

    form = models.OneToOneField(Form, on_delete=models.CASCADE, primary_key=True, related_name="handout")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=80)  # its media type
    size = models.PositiveIntegerField()
    body = models.BinaryField()

    objects = HandoutManager()

    class Meta:
        base_manager_name = "objects"  # a form's handout is read so, too

    def __str__(self) -> str:
        return self.name


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def unanswered(self) -> Self:
        """Those whose letter has, or may have, arrived, and whose address nobody confirmed."""
        out = [MailState.SENDING, MailState.SENT, MailState.UNCERTAIN]
        return self.filter(mail__state__in=out, confirmed_at=None)


class Submission(models.Model):
    """A form sent by somebody, known by a link only they have. What they said is in the log."""

    token = models.CharField(max_length=22, unique=True, db_collation="C")
    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="submissions")
    nonce = models.CharField(max_length=64, db_collation="C")  # what the ids of its messages begin with
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, null=True, related_name="submissions")
    email = models.EmailField(max_length=254, blank=True)
    mail = models.ForeignKey(Mail, on_delete=models.SET_NULL, null=True, related_name="+")  # that asks for confirmation
    sent_at = models.DateTimeField(db_default=Now(), editable=False)
    confirmed_at = models.DateTimeField(null=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "nonce"], name="one_submission_of_a_page")]
        indexes = [models.Index(fields=["form", "-id"], name="submission_by_form")]

    def __str__(self) -> str:
        return self.token


class FormDay(models.Model):
    """How often a form was shown, sent, and left alone as the work of a robot, on a day of the organisation; and how
    many who sent it on whatever day said then that the address is theirs."""

    pk = models.CompositePrimaryKey("form", "day")
    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    shown = models.BigIntegerField(default=0)
    sent = models.BigIntegerField(default=0)
    left_out = models.BigIntegerField(default=0)
    confirmed = models.BigIntegerField(default=0, db_default=0)


class Site(models.Model):
    """A website that bears our tracking script. Its key is in the page for anybody to read, so we may keep it."""

    name = models.CharField(_("name"), max_length=80)
    source = models.OneToOneField(Source, on_delete=models.PROTECT, related_name="site")
    key = models.OneToOneField(ApiKey, on_delete=models.PROTECT, related_name="+")
    secret = models.CharField(max_length=64, db_collation="C", unique=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name
