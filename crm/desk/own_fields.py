"""Fields that an organisation declared, in the forms of people and companies."""

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from contacts.models import CustomField, FieldKind


def field_for(declared: CustomField) -> forms.Field:
    """What asks for it; text that has not been read yet (`typed`)."""
    options: dict[str, Any] = {"label": declared.label, "required": False}
    match declared.kind:
        case FieldKind.YES_NO:
            answers = [("", "–"), ("true", gettext_lazy("yes")), ("false", gettext_lazy("no"))]
            return forms.ChoiceField(choices=answers, **options)
        case FieldKind.CHOICE:
            return forms.ChoiceField(choices=[("", "–"), *((one, one) for one in declared.choices)], **options)
        case FieldKind.DATE:
            return forms.CharField(widget=forms.DateInput(attrs={"type": "date"}), **options)
        case FieldKind.NUMBER:
            return forms.CharField(widget=forms.TextInput(attrs={"inputmode": "decimal"}), **options)
    return forms.CharField(max_length=2000, **options)


def typed(declared: CustomField, said: Any) -> Any:
    """What was typed as a value of the field; None when it is empty, and as it stands where it fits nothing."""
    text = str(said or "").strip()
    if not text:
        return None
    if declared.kind == FieldKind.YES_NO:
        return text == "true"
    if declared.kind == FieldKind.NUMBER:
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            return text  # which does not fit, and is said to
        return int(number) if number.is_integer() else number
    return text


def written(value: Any) -> str:
    """A value as a form holds it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def told(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
