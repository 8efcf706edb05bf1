"""Words of the intake pages."""

from typing import Any, Final

from django import template
from django.utils.translation import gettext_lazy as _

from contacts.models import Quarantine
from crm.desk.money import in_full
from rest.telling import told

register = template.Library()
REASONS: Final = {
    "archived-stage": _("It names a stage that is archived"),
    "bad-amount": _("The sum cannot be read"),
    "bad-currency": _("The currency is not known"),
    "bad-email": _("The e-mail address cannot be right"),
    "bad-time": _("The time cannot be read"),
    "bad-type": _("The kind of event cannot be read"),
    "before-1900": _("It is dated before 1900"),
    "duplicate-conflict": _("The same id came before and said something else"),
    "fold_failed": _("It could not be worked out"),
    "id-not-allowed": _("A public key may not name people by their id"),
    "in-the-future": _("It is dated in the future"),
    "invalid-character": _("A character in it cannot be kept"),
    "malformed-json": _("It is not valid JSON"),
    "missing-field": _("A field is missing"),
    "missing-identity": _("It does not say whom it is about"),
    "missing-message-id": _("The id of the message is missing"),
    "missing-type": _("It does not say what happened"),
    "not-a-number": _("A number in it is none"),
    "not-allowed": _("Its key may not say this"),
    "number-too-large": _("A number in it is too large"),
    "too-deep": _("It is nested too deeply"),
    "too-large": _("It is too large"),
    "too-long": _("A text in it is too long"),
    "too-many-keys": _("An object in it has too many fields"),
    "too-many-types": _("The source brought too many new kinds of events"),
    "unknown-contact": _("Nobody has this id"),
    "unknown-stage": _("It names a stage that is not on the path"),
    "unknown-field": _("A field in it is not known"),
    "wrong-type": _("A field holds the wrong sort of value"),
}


@register.filter
def waits_for(waits: dict[str, Any], room: str) -> int:
    """How many wait in a room."""
    return int(waits.get(room, 0))


@register.filter
def in_words(reason: Any) -> Any:
    """Why a message could not be used; anything else as it is."""
    return REASONS.get(reason, reason) if isinstance(reason, str) else reason


@register.filter
def detail_told(kept: Quarantine) -> str:
    """What is wrong with it, in a sentence."""
    return told(kept.detail, kept.values)


@register.filter
def worth(body: dict[str, Any]) -> str:
    """The sum a message tells of, as the language writes it."""
    minor, currency = body.get("value_minor"), str(body.get("currency") or "")
    if not isinstance(minor, int) or not minor:
        return ""
    return in_full(minor, currency)
