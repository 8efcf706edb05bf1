"""What the drawers of companies ask for."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.attributes import BUILT_IN
from contacts.matching import normal_domain
from contacts.models import Company, Contact, CustomField, Joining, MembershipRole, TieKind
from contacts.projecting import fits
from crm.desk.house.forms import HouseForm
from crm.desk.own_fields import field_for, typed, written
from staff.models import Team, User
from staff.policy import Principal

MOST_DOMAINS = 20


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class CompanyForm(HouseForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    domains = forms.CharField(
        label=gettext_lazy("Domains, with commas between them"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("Those of its own addresses, such as example.com: they tell whose people write to us."),
    )
    joining = forms.ChoiceField(
        label=gettext_lazy("What a new address at these domains does"), choices=Joining, initial=Joining.PROPOSE
    )
    country = forms.CharField(label=gettext_lazy("Country"), required=False, max_length=80)
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"),
        queryset=User.objects.filter(is_active=True).order_by("name"),
        required=False,
        empty_label=gettext_lazy("nobody"),
    )
    team = forms.ModelChoiceField(
        label=gettext_lazy("Team"),
        queryset=Team.objects.order_by("name"),
        required=False,
        empty_label=gettext_lazy("No team"),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.declared = list(CustomField.objects.filter(of="company").order_by("pk"))
        for one in self.declared:
            self.fields[f"own-{one.key}"] = asked = field_for(one)
            asked.widget.attrs.setdefault("class", "in")

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        values = {one.key: typed(one, said.pop(f"own-{one.key}", "")) for one in self.declared}
        for one in self.declared:
            if values[one.key] is not None and not fits(one, values[one.key]):
                self.add_error(f"own-{one.key}", _("This does not fit the field."))
        return said | {"custom": values}

    def clean_domains(self) -> list[str]:
        said = [part for part in re.split(r"[\s,;]+", self.cleaned_data["domains"]) if part]
        found = [(part, normal_domain(part.rpartition("@")[2])) for part in said]
        if wrong := [part for part, domain in found if domain is None]:
            raise ValidationError(_("%s is no domain such as example.com.") % wrong[0])
        if len(found) > MOST_DOMAINS:
            raise ValidationError(_("A company has at most %s domains.") % MOST_DOMAINS)
        return list(dict.fromkeys(domain for _part, domain in found if domain))

    def clean_country(self) -> str:
        try:
            return str(BUILT_IN["country"](self.cleaned_data["country"])) if self.cleaned_data["country"] else ""
        except ValueError:
            raise ValidationError(_("This is no country such as FI, Finland or Suomi.")) from None

    @classmethod
    def said_of(cls, company: Company) -> dict[str, Any]:
        return {
            "name": company.name,
            "domains": ", ".join(company.domains),
            "joining": company.joining,
            "country": company.country,
            "owner": company.owner_id,
            "team": company.team_id,
            "version": company.version,
            **{f"own-{key}": written(value) for key, value in company.custom.items()},
        }


class PlaceForm(HouseForm):
    """Somebody's place: the role they play in what the company decides, and how long."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), required=False)
    title = forms.CharField(label=gettext_lazy("Title"), max_length=120, required=False)
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=DayInput)
    until = forms.DateField(label=gettext_lazy("Until"), required=False, widget=DayInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        roles = [(value, str(label).capitalize()) for value, label in MembershipRole.choices]
        self.fields["role"].choices = [("", _("No role yet")), *roles]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("since") and said.get("until") and said["until"] < said["since"]:
            self.add_error("until", _("It ends before it begins."))
        return said


class NewPlaceForm(PlaceForm):
    person = forms.CharField(
        label=gettext_lazy("Person"),
        max_length=254,
        help_text=gettext_lazy("Type the beginning of a name or an address, and choose."),
        widget=forms.TextInput(attrs={"list": "found", "autocomplete": "off", "autofocus": True}),
    )

    field_order = ("person", "role", "title", "since", "until")

    def __init__(self, principal: Principal, *args: Any, **options: Any) -> None:
        self.principal = principal
        super().__init__(*args, **options)

    def clean_person(self) -> Contact:
        return the_one(self.principal, self.cleaned_data["person"])


class TieForm(HouseForm):
    kind = forms.ChoiceField(label=gettext_lazy("What they are to this company"))
    whom = forms.CharField(
        label=gettext_lazy("Company, or a person's address"),
        max_length=254,
        widget=forms.TextInput(attrs={"list": "found", "autocomplete": "off", "autofocus": True}),
        help_text=gettext_lazy("Type the beginning of a name, and choose."),
    )
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=DayInput)

    field_order = ("whom", "kind", "since")

    def __init__(self, principal: Principal, company: Company, *args: Any, **options: Any) -> None:
        self.principal, self.company = principal, company
        super().__init__(*args, **options)
        kinds = [(value, str(label).capitalize()) for value, label in TieKind.choices]
        owned = ("owned", _("Owned by this company"))
        self.fields["kind"].choices = [*kinds, owned]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """With `other` or `contact`, whichever was meant; and what is owned turned round."""
        said: dict[str, Any] = super().clean() or {}
        if not said.get("whom"):
            return said
        company = the_company(self.principal, said["whom"])
        contact = None if company else _anyone(self.principal, said["whom"])
        if company is None and contact is None:
            self.add_error("whom", _("No company or person is called that."))
        elif contact and said.get("kind") == "owned":
            self.add_error("kind", _("A company does not own people."))
        return said | {"company": company, "contact": contact}


_NUMBERED = re.compile(r"\(#(\d{1,18})\)\s*$")  # as the list of what was found writes it


def the_one(principal: Principal, typed: str) -> Contact:
    """The person whom the text names; refused where it names nobody, or several."""
    found = _anyone(principal, typed, several=True)
    if found is None:
        raise ValidationError(_("Nobody is found by this. Choose one of the list, or add the person first."))
    return found


def _anyone(principal: Principal, typed: str, *, several: bool = False) -> Contact | None:
    people = Contact.objects.visible_to(principal).listed()
    if numbered := _NUMBERED.search(typed):
        return people.filter(pk=int(numbered[1])).first()
    found = list(people.mentioning(typed)[:2])
    if len(found) > 1 and several:
        raise ValidationError(_("Several people are found by this. Choose one of the list."))
    return found[0] if len(found) == 1 else None


def the_company(principal: Principal, typed: str) -> Company | None:
    companies = Company.objects.visible_to(principal)
    if numbered := _NUMBERED.search(typed):
        return companies.filter(pk=int(numbered[1])).first()
    named = list(companies.filter(name__iexact=typed.strip())[:2])
    if named:
        return named[0]
    found = list(companies.mentioning(typed)[:2]) if "@" not in typed else []
    return found[0] if len(found) == 1 else None
