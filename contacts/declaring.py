"""The fields of people and companies that an organisation declares beyond the built-in ones."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from staff import audit
from staff.policy import Principal

from .attributes import BUILT_IN
from .models import CustomField, FieldKind


@transaction.atomic
def declare_field(
    *, by: Principal, of: str, key: str, label: str, kind: FieldKind, choices: Sequence[str] = ()
) -> CustomField:
    """Declare a field of contacts or companies; its key and kind never change."""
    if key in BUILT_IN:
        words = _("Every contact has a field of this name.")
        raise ValidationError({"key": ValidationError(words, code="built_in")})
    if CustomField.objects.filter(of=of, key=key).exists():
        words = _("There is a field of this name.")
        raise ValidationError({"key": ValidationError(words, code="already_exists")})
    _check_choices(kind, choices)
    field = CustomField.objects.create(of=of, key=key, label=label, kind=kind, choices=list(choices))
    audit.record(by=by, action="field_declared", kind="field", row=field.pk, of=of, key=key)
    return field


@transaction.atomic
def change_field(
    *, field: CustomField, by: Principal, label: str | None = None, choices: Sequence[str] | None = None
) -> CustomField:
    """Change what it is called, or what may be chosen. What was written stays, also where it may not be chosen now."""
    if choices is not None:
        _check_choices(FieldKind(field.kind), choices)
    field.label = field.label if label is None else label
    field.choices = field.choices if choices is None else list(choices)
    field.save(update_fields=["label", "choices"])
    audit.record(by=by, action="field_changed", kind="field", row=field.pk, label=field.label, choices=field.choices)
    return field


@transaction.atomic
def drop_field(*, field: CustomField, by: Principal) -> None:
    """Ask for it no more. What was written stays in the log and is there again when its key is declared again."""
    audit.record(by=by, action="field_dropped", kind="field", row=field.pk, of=field.of, key=field.key)
    field.delete()


def free_key(of: str, label: str) -> str:
    """A key from the letters of a label that no field has yet: `customer_class`, `customer_class_2`."""
    plain = slugify(label).replace("-", "_").strip("_")[:36]
    plain = plain if plain[:1].isalpha() else f"field_{plain}".rstrip("_")
    taken = {*BUILT_IN, *CustomField.objects.filter(of=of).values_list("key", flat=True)}
    tried, number = plain, 2
    while tried in taken:
        tried, number = f"{plain}_{number}", number + 1
    return tried


def _check_choices(kind: FieldKind, choices: Sequence[str]) -> None:
    if (kind == FieldKind.CHOICE) != bool(choices):
        words = _("A choice needs choices, and nothing else has any.")
        raise ValidationError({"choices": ValidationError(words, code="choices_fit_kind")})
