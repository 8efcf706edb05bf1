"""What the pages of campaigns ask for. Sums are typed as people write them, and kept in minor units."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.ads import amount_of, decoded
from campaigns.cost_files import LEAVE_OUT
from campaigns.models import Campaign, Channel, Question
from contacts.messages import currencies, major_units, minor_units
from contacts.models import SavedView, Shared
from crm.desk.campaigns.words import CHANNELS, QUESTIONS
from crm.desk.house.forms import HouseForm
from funnel.models import Stage
from staff.models import User

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
BIGGEST_FILE = 2_000_000  # bytes


class CampaignForm(HouseForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    question = forms.ChoiceField(label=gettext_lazy("Which question does it answer?"))
    stage = forms.ModelChoiceField(
        label=gettext_lazy("Which step?"),
        queryset=Stage.objects.none(),
        required=False,
        empty_label=gettext_lazy("all steps of the question"),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Whose media?"))
    audience = forms.CharField(
        label=gettext_lazy("For whom?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    view = forms.ModelChoiceField(
        label=gettext_lazy("The same as a saved list"),
        queryset=SavedView.objects.none(),
        required=False,
        empty_label=gettext_lazy("no list"),
    )
    value_proposition = forms.CharField(
        label=gettext_lazy("What do they get?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    tactic = forms.CharField(
        label=gettext_lazy("How?"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    starts_on = forms.DateField(label=gettext_lazy("Starts on"), required=False, widget=DAY)
    ends_on = forms.DateField(label=gettext_lazy("Ends on"), required=False, widget=DAY)
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"),
        queryset=User.objects.none(),
        required=False,
        empty_label=gettext_lazy("nobody"),
    )
    budget = forms.CharField(label=gettext_lazy("Budget"), max_length=30, required=False)
    currency = forms.CharField(label=gettext_lazy("Currency"), max_length=3)

    def __init__(self, campaign: Campaign, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=self.said_of(campaign) | (initial or {}))
        choices: Any = self.fields
        choices["question"].choices = [(one.value, QUESTIONS[one]) for one in Question]
        choices["channel"].choices = [(one.value, CHANNELS[one]) for one in Channel]
        choices["stage"].queryset = Stage.objects.in_use()
        choices["view"].queryset = SavedView.objects.filter(shared=Shared.EVERYBODY).order_by("name")
        owner = Q(is_active=True) | Q(pk=campaign.owner_id)
        choices["owner"].queryset = User.objects.filter(owner).order_by("name", "email")
        self.fields["budget"].widget.attrs["inputmode"] = "decimal"

    @staticmethod
    def said_of(campaign: Campaign) -> dict[str, Any]:
        same = ("name", "question", "channel", "audience", "value_proposition", "tactic", "starts_on", "ends_on")
        rows = {"stage": campaign.stage_id, "view": campaign.view_id, "owner": campaign.owner_id}
        budget = "" if campaign.budget_minor is None else as_typed(campaign.budget_minor, campaign.currency)
        return (
            {name: getattr(campaign, name) for name in same}
            | rows
            | {
                "budget": budget,
                "currency": campaign.currency,
            }
        )

    def clean_currency(self) -> str:
        code: str = self.cleaned_data["currency"].upper()
        if code not in currencies():
            raise ValidationError(_("A code of three letters, such as EUR."))
        return code

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if "currency" in said and "budget" in said:
            try:
                said["budget"] = minor_of(said["budget"], said["currency"]) if said["budget"].strip() else None
            except ValidationError as error:
                self.add_error("budget", error)
        return said

    def changes(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        return said | {"budget_minor": said.pop("budget")}


def planned_like(campaign: Campaign, today: date) -> dict[str, Any]:
    """What the form begins with for another one of the same plan: from today, and as long, where it had an end."""
    said = CampaignForm.said_of(campaign)
    said["name"] = _("%(name)s, again") % {"name": campaign.name[:110]}
    if campaign.starts_on and campaign.ends_on:
        said["ends_on"] = today + (campaign.ends_on - campaign.starts_on)
    else:
        said["ends_on"] = None
    return said | {"starts_on": today}


class CostForm(HouseForm):
    sum = forms.CharField(
        label=gettext_lazy("Sum"), max_length=30, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    first_on = forms.DateField(label=gettext_lazy("On"), widget=DAY)
    last_on = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=DAY,
        help_text=gettext_lazy("Leave it empty for one day. Over more the sum is shared out by the day."),
    )
    note = forms.CharField(label=gettext_lazy("What for"), max_length=200, required=False)

    def __init__(self, currency: str, data: Any = None) -> None:
        super().__init__(data, initial={"first_on": timezone.localdate()})
        self.currency = currency
        self.fields["sum"].label = _("Sum in %(currency)s") % {"currency": currency}

    def clean_sum(self) -> int:
        return minor_of(self.cleaned_data["sum"], self.currency)

    def changes(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        return said | {"sum_minor": said.pop("sum")}


class LinkForm(HouseForm):
    url = forms.CharField(
        label=gettext_lazy("Address of the page"),
        max_length=1000,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    source = forms.CharField(label=gettext_lazy("Source: where the link stands"), max_length=80)
    medium = forms.CharField(label=gettext_lazy("Medium: what kind of place that is"), max_length=80)
    content = forms.CharField(label=gettext_lazy("Content: which of several"), max_length=80, required=False)
    term = forms.CharField(label=gettext_lazy("Term: the words searched for"), max_length=80, required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["source"].widget.attrs["placeholder"] = "newsletter"
        self.fields["medium"].widget.attrs["placeholder"] = "email"


class FileForm(HouseForm):
    file = forms.FileField(label=gettext_lazy("File of costs (CSV)"))

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > BIGGEST_FILE:
            raise ValidationError(_("The file is larger than two megabytes."))
        self.text = decoded(file.read())
        return file


class MeaningForm(HouseForm):
    """What each name of the platform means here."""

    def __init__(self, names: list[str], data: Any = None) -> None:
        super().__init__(data)
        rows = Campaign.objects.order_by("name").values_list("key", "name")
        choices = [(" ", _("not said yet: its lines wait")), ("-", _("leave it out")), *rows]
        self.names = dict(zip((f"name{place}" for place in range(len(names))), names, strict=True))
        for field, name in self.names.items():
            self.fields[field] = forms.ChoiceField(label=name, choices=choices, required=False)
            self.fields[field].widget.attrs["class"] = "in"

    def meaning(self) -> dict[str, str]:
        said = {name: self.cleaned_data.get(field, "").strip() for field, name in self.names.items()}
        return {name: LEAVE_OUT if key == "-" else key for name, key in said.items() if key}


def minor_of(text: str, currency: str) -> int:
    """A sum as people type it, in minor units; raises ValidationError with what to do."""
    amount = amount_of(text)
    if amount is None or amount < 0:
        raise ValidationError(_("A sum such as 1250 or 1250.50."))
    try:
        return minor_units(amount, currency)
    except ValueError as error:
        raise ValidationError(_("It has more digits than the currency, or is too much.")) from error


def as_typed(minor: int, currency: str) -> str:
    return str(major_units(minor, currency))
