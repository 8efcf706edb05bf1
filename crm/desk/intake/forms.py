"""What the rooms of the intake ask for."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.models import EventType, Source, Trust
from crm.desk.house.forms import HouseForm
from funnel.models import Dimension
from staff.policy import DEEDS, PUBLIC_SCOPES, Principal


class SourceForm(HouseForm):
    name = forms.CharField(
        label=_("What is it called?"),
        max_length=80,
        help_text=_("Such as Web shop, or Website. Events are told apart within it for ever; keys come and go."),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    trust = forms.ChoiceField(
        label=_("Where does its key stand?"),
        choices=[
            (Trust.TRUSTED, _("On a server of ours: what it says is believed")),
            (Trust.PUBLIC, _("In a page for anybody to read: it decides nothing about people we know")),
        ],
        initial=Trust.TRUSTED,
        widget=forms.RadioSelect,
    )


class KeyForm(HouseForm):
    """One more key of a source. What may be chosen is what whoever asks may do."""

    name = forms.CharField(label=_("What is the key for?"), max_length=80, required=False)
    scopes = forms.MultipleChoiceField(label=_("What may it do?"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, principal: Principal, source: Source, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known = [deed for deed in DEEDS if deed.scope in principal.scopes]
        if source.is_public:
            known = [deed for deed in known if deed.scope in PUBLIC_SCOPES]
        self.fields["scopes"].choices = [(deed.scope, deed.sentence) for deed in known]  # type: ignore[attr-defined]
        self.fields["scopes"].initial = ["events:write"]


LONGEST_LABEL: Final = 80
RANKS: Final = (
    (0, _("with details of people, first")),
    (1, _("with what they looked at")),
    (2, _("with what they asked for")),
    (3, _("with orders")),
    (4, _("with refunds")),
    (5, _("with what they say of us")),
    (6, _("with decisions, last")),
)


class TypeForm(HouseForm):
    """What the page asks of a type; `cells.TypeForms` draws it."""

    alias_of = forms.ChoiceField(label=_("Another word for"), required=False)
    label_en = forms.CharField(label=_("Name in English"), max_length=LONGEST_LABEL, required=False)
    label_fi = forms.CharField(label=_("Name in Finnish"), max_length=LONGEST_LABEL, required=False)
    rank = forms.TypedChoiceField(label=_("Among events of one moment"), coerce=int, choices=RANKS)

    def __init__(self, known: "Known", *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.known = known
        self.fields["alias_of"].choices = known.choices  # type: ignore[attr-defined]

    def clean_alias_of(self) -> EventType | None:
        return self.known.types.get(self.cleaned_data["alias_of"])

    @classmethod
    def of(cls, kind: EventType, known: "Known", data: Any) -> "TypeForm":
        return cls(known, data, prefix=f"t{kind.pk}")


class Known:
    """The types that an unknown one may be another word for, as all forms of a page offer them."""

    def __init__(self, types: Sequence[EventType]) -> None:
        self.types = {str(one.pk): one for one in types}
        self.choices = [("", gettext("nothing we know")), *((pk, str(one)) for pk, one in self.types.items())]


class WebhookForm(HouseForm):
    url = forms.CharField(
        label=_("Address that hears of moves"),
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/hook", "autocomplete": "off"}),
    )
    description = forms.CharField(label=_("What is it for?"), max_length=120, required=False)
    dimensions = forms.TypedMultipleChoiceField(
        label=_("Of which moves; none chosen: of all"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[
            (Dimension.STAGE.value, _("From stage to stage")),
            (Dimension.HEALTH.value, _("Health: active, cooling, lapsed")),
            (Dimension.STANDING.value, _("Standing: open, paused, closed")),
        ],
    )
