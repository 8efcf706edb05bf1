"""What the settings ask for."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from staff.models import Role, Team, User


class HouseForm(forms.Form):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput | forms.RadioSelect):
                field.widget.attrs.setdefault("class", "in")


class PlaceForm(HouseForm):
    """What an admin gives: a role, a team."""

    role = forms.ChoiceField(label=_("Role"), initial=Role.SALES)
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.order_by("name"), required=False, empty_label=_("No team")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        roles = [(role.value, role.label.capitalize()) for role in Role]
        self.fields["role"].choices = roles  # type: ignore[attr-defined]


class InvitationForm(PlaceForm):
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(label=_("Name"), max_length=120, required=False)

    field_order = ("email", "name", "role", "team")


class StaffForm(PlaceForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    is_active = forms.BooleanField(label=_("May sign in"), required=False)

    field_order = ("name", "role", "team", "is_active")


class OwnForm(HouseForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    wants_morning_mail = forms.BooleanField(
        label=_("Morning mail"),
        required=False,
        help_text=_("At 7:30 on working days, if somebody waits for you or something is due."),
    )
    wants_reminder_mail = forms.BooleanField(
        label=_("Reminders by mail"), required=False, help_text=_("When a task reminds of itself, beside the bell.")
    )
    wants_notice_mail = forms.BooleanField(
        label=_("News by mail"),
        required=False,
        help_text=_("Leads, tasks and answers given to you, and answers that take too long. Not what you read before."),
    )
    is_away = forms.BooleanField(
        label=_("On leave"), required=False, help_text=_("New leads go to others, and no mail of these kinds comes.")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        usual = _("As the organisation: %(zone)s") % {"zone": settings.TIME_ZONE}
        self.fields["language"].choices = [("", _("As the browser says")), *settings.LANGUAGES]  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = [  # type: ignore[attr-defined]
            ("", usual),
            *((zone, zone) for zone in sorted(available_timezones()) if "/" in zone),
        ]


class TeamForm(HouseForm):
    name = forms.CharField(label=_("Name"), max_length=80)


class JoinForm(HouseForm):
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("A password of your own"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. A sentence is easier to keep in mind than signs."),
    )


def place_of(user: User) -> dict[str, Any]:
    return {"name": user.name, "role": user.role, "team": user.team_id, "is_active": user.is_active}
