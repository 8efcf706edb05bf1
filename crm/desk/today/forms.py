"""What today and the inbox ask for."""

from django import forms
from django.utils.translation import gettext_lazy as _

from staff.models import Role, User


class GiveForm(forms.Form):
    to = forms.ModelChoiceField(
        label=_("Who answers"),
        queryset=User.objects.filter(is_active=True).exclude(role=Role.READ_ONLY).order_by("name", "email"),
        required=False,
        empty_label=_("Whoever owns them"),
        widget=forms.Select(attrs={"class": "in"}),
    )
