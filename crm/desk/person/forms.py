"""What the composer of a person's page asks for, one form a deed."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, TaskKind
from contacts.tasking import YEARS
from funnel.models import Stage
from staff.models import User

LONGEST_TEXT: Final = 4000
FRIDAY: Final = 4
OUTCOMES: Final = (
    ("answered", _("Answered")),
    ("no_answer", _("No answer")),
    ("message_left", _("Left a message")),
    ("call_back", _("Asked to call back")),
    ("wrong_number", _("Wrong number")),
)
REASONS: Final = (
    ("no_need", _("no need")),
    ("no_budget", _("no budget")),
    ("no_decision", _("cannot decide")),
    ("competitor", _("chose somebody else")),
    ("unreachable", _("cannot be reached")),
    ("not_a_fit", _("not a fit for us")),
    ("left", _("left the company")),
    ("other", _("something else")),
)
REMINDERS: Final = (
    ("", _("no reminder")),
    ("0", _("when it is due")),
    ("15", _("15 minutes before")),
    ("60", _("an hour before")),
    ("1440", _("a day before")),
)
REPEATS: Final = (
    ("", _("once")),
    ("P1D", _("every day")),
    ("P1W", _("every week")),
    ("P2W", _("every two weeks")),
    ("P1M", _("every month")),
    ("P3M", _("every three months")),
    ("P1Y", _("every year")),
)
CHANNELS: Final = (
    ("email", _("e-mail")),
    ("phone", _("phone")),
    ("sms", _("text message")),
    ("post", _("post")),
    ("ads", _("ads")),
)
PURPOSES: Final = (("marketing", _("marketing")), ("correspondence", _("personal contact")))
BASES: Final = (
    ("consent", _("consent")),
    ("contract", _("contract")),
    ("legitimate_interest", _("legitimate interest")),
)


FOLLOWING: Final = (
    ("", _("nothing")),
    ("1", _("a task for tomorrow")),
    ("3", _("a task in 3 days")),
    ("7", _("a task in a week")),
    ("14", _("a task in two weeks")),
    ("30", _("a task in a month")),
)


class Moment(forms.DateTimeField):
    """When it happened, to the minute; not said: now."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self) -> None:
        super().__init__(required=False, label=_("When, if not now"))

    def validate(self, value: datetime | None) -> None:
        super().validate(value)
        if value and value > timezone.now() + timedelta(minutes=5):
            raise forms.ValidationError(_("It has not happened yet. Make it a task."), code="in_the_future")


class Words(forms.CharField):
    """A text of several lines."""

    def __init__(self, label: Any, *, required: bool = False, rows: int = 3, hint: Any = "") -> None:
        area = forms.Textarea(attrs={"rows": rows, "placeholder": hint} if hint else {"rows": rows})
        super().__init__(max_length=LONGEST_TEXT, label=label, required=required, widget=area)


class Following(forms.ChoiceField):
    """In how many days something is to follow; not said: nothing."""

    def __init__(self) -> None:
        super().__init__(required=False, label=_("And then"), choices=FOLLOWING)


class DeedForm(forms.Form):
    """Whom it is about is known to every form of the composer, and who does it."""

    def __init__(self, *args: Any, contact: Contact, user: User, **options: Any) -> None:
        self.contact, self.user = contact, user
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "in")

    def said(self) -> dict[str, Any]:
        """What goes into the event: what was filled in, but for when it was, and what is to follow."""
        beside = {"at", "then"}
        return {name: said for name, said in self.cleaned_data.items() if said not in ("", None) and name not in beside}

    def follows_at(self) -> datetime | None:
        """When something is to follow: in the morning, on no day of a weekend."""
        if not (days := self.cleaned_data.get("then")):
            return None
        day = timezone.localdate() + timedelta(days=int(days))
        if day.weekday() > FRIDAY:
            day += timedelta(days=7 - day.weekday())
        return timezone.make_aware(datetime.combine(day, time(9)))


class NoteForm(DeedForm):
    text = Words(_("Note"), required=True, hint=_("What happened? Facts stay as they were written."))
    at = Moment()
    then = Following()


class CallForm(DeedForm):
    outcome = forms.ChoiceField(label=_("How did it go"), choices=OUTCOMES)
    text = Words(_("What was said"), rows=2)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=24 * 60, required=False)
    at = Moment()
    then = Following()


class MeetingForm(DeedForm):
    text = Words(_("What was agreed"), required=True)
    place = forms.CharField(label=_("Place"), max_length=120, required=False)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=24 * 60, required=False)
    at = Moment()
    then = Following()


class TaskForm(DeedForm):
    title = forms.CharField(label=_("What is to be done"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=TaskKind.choices, initial=TaskKind.TODO)
    due = forms.DateField(
        label=_("Due"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[MinValueValidator(date(YEARS[0], 1, 1)), MaxValueValidator(date(YEARS[-1], 12, 31))],
    )
    at_time = forms.TimeField(
        label=_("Time"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    remind = forms.ChoiceField(label=_("Reminder"), choices=REMINDERS, required=False)
    repeat = forms.ChoiceField(label=_("Again"), choices=REPEATS, required=False)
    assignee = forms.ModelChoiceField(label=_("Who does it"), queryset=User.objects.none())

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        colleagues(self.fields["assignee"])
        self.fields["assignee"].initial = self.user.pk
        self.fields["due"].initial = timezone.localdate() + timedelta(days=1)
        self.fields["at_time"].initial = time(9)

    def task(self) -> dict[str, Any]:
        """The task as contacts.tasking takes it."""
        said = self.cleaned_data
        due_at = timezone.make_aware(datetime.combine(said["due"], said["at_time"] or time(17)))
        remind_at = due_at - timedelta(minutes=int(said["remind"])) if said["remind"] else None
        named = {name: said[name] for name in ("title", "kind", "assignee", "repeat")}
        return {**named, "due_at": due_at, "remind_at": remind_at}


class PostponeForm(DeedForm):
    until = forms.DateField(label=_("Come back on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    reason = forms.CharField(label=_("Why not now"), max_length=300, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["until"].initial = timezone.localdate() + timedelta(days=90)

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if until <= timezone.localdate():
            raise forms.ValidationError(_("Choose a day after today."), code="not_later")
        return until

    def said(self) -> dict[str, Any]:
        return super().said() | {"until": self.cleaned_data["until"].isoformat()}


class CloseForm(DeedForm):
    reason = forms.ChoiceField(label=_("Reason"), choices=REASONS)
    text = forms.CharField(label=_("In their words"), max_length=300, required=False)


class ReopenForm(DeedForm):
    reason = forms.CharField(label=_("What changed"), max_length=300, required=False)


class OwnerForm(DeedForm):
    owner = forms.ModelChoiceField(
        label=_("Who is responsible"), queryset=User.objects.none(), required=False, empty_label=_("nobody")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        colleagues(self.fields["owner"])
        self.fields["owner"].initial = self.contact.owner_id


class MoveForm(DeedForm):
    stage = forms.ChoiceField(label=_("To"))
    reason = forms.CharField(label=_("What happened"), max_length=500, required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        stages = Stage.objects.in_use()
        self.fields["stage"].choices = [(stage.key, str(stage)) for stage in stages]  # type: ignore[attr-defined]


class ConsentForm(DeedForm):
    given = forms.ChoiceField(label=_("They"), choices=[("given", _("agreed")), ("withdrawn", _("withdrew it"))])
    channel = forms.ChoiceField(label=_("Channel"), choices=CHANNELS)
    purpose = forms.ChoiceField(label=_("Purpose"), choices=PURPOSES)
    basis = forms.ChoiceField(label=_("Basis"), choices=BASES, required=False)
    wording = forms.CharField(label=_("Version of the wording"), max_length=80, required=False)
    evidence = forms.CharField(
        label=_("Evidence"),
        max_length=500,
        widget=forms.TextInput(attrs={"placeholder": _("Where they said so: a call, a signed paper, a mail")}),
    )
    at = Moment()

    def said(self) -> dict[str, Any]:
        return {name: value for name, value in super().said().items() if name != "given"}


class WriteForm(DeedForm):
    to = forms.ChoiceField(label=_("To"))
    subject = forms.CharField(label=_("Subject"), max_length=200)
    body = forms.CharField(label=_("Letter"), max_length=50_000, widget=forms.Textarea(attrs={"rows": 8}))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        addresses = [(address, address) for address in self.contact.emails]
        self.fields["to"].choices = addresses  # type: ignore[attr-defined]


def colleagues(field: forms.Field) -> None:
    """Let a field choose among those who work here."""
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = User.objects.filter(is_active=True).order_by("name", "email")
