"""What programs say about identities and merges, turned into ours or refused."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from .matching import normal_email
from .models import Contact, IdentityKind, Source
from .placing import EMAIL, Name
from .serializers import Body, RowId


def _contact(pk: int) -> bool:
    return Contact.objects.filter(pk=pk, erased_at=None).exists()


class MergeBody(Body):
    """Two contacts that are one person, and the details chosen for that person."""

    first = RowId(_contact, _("The id of a contact."))
    second = RowId(_contact, _("The id of another contact."))
    fields = serializers.DictField(  # type: ignore[assignment]  # the name of the field, taken off the class
        required=False, help_text=_('Details chosen for the one person, such as {"name": "Aino Virtanen"}.')
    )


class IdentityBody(Body):
    """Something a contact is to be recognised by."""

    contact = RowId(_contact, _("The id of a contact."))
    kind = serializers.ChoiceField(IdentityKind.choices, help_text=_("What it is."))
    source = serializers.SlugRelatedField(  # type: ignore[assignment]
        slug_field="key", queryset=Source.objects.all(), required=False, help_text=_("Where; none for an address.")
    )
    value = serializers.CharField(max_length=254, help_text=_("The address or id itself."))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["kind"] == EMAIL) == ("source" in attrs):
            raise serializers.ValidationError({"source": _("An address has no source, anything else has one.")})
        if attrs["kind"] == EMAIL and normal_email(attrs["value"]) is None:
            raise serializers.ValidationError({"value": _("This is not an e-mail address.")})
        return attrs

    def name(self) -> Name:
        said = self.validated_data
        if said["kind"] == EMAIL:
            return Name(EMAIL, "", normal_email(said["value"]) or "")
        return Name(said["kind"], said["source"].key, said["value"])


class ReplayBody(Body):
    """What to try in place of what came, if anything."""

    raw = serializers.CharField(max_length=32_768, required=False, trim_whitespace=False)
