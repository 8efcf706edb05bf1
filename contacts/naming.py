"""Naming the kinds of events that sources brought: a name people read, or another word for a kind we know."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from .attributes import ATTRIBUTE_TYPES
from .messages import Message
from .models import EventType

# Another process may still record under the old word for as long as this.
SECONDS_REMEMBERED: Final = 2.0
_remembered: tuple[float, Mapping[str, str]] | None = None


def name_type(
    *,
    kind: EventType,
    by: Principal,
    label_en: str = "",
    label_fi: str = "",
    rank: int | None = None,
    alias_of: EventType | None = None,
) -> EventType:
    """Say what an unknown type of events is called, and where it stands among others of the same moment; or that it is
    another word for `alias_of`.

    Both hold for events to come; what is recorded stays as it is, for the log never changes.
    """
    said: dict[str, Any] = {"label_en": " ".join(label_en.split()), "label_fi": " ".join(label_fi.split())}
    with transaction.atomic():
        current = EventType.objects.select_for_update(no_key=True).get(pk=kind.pk)
        if current.first_source_id is None:
            raise ValidationError(_("Our own types have their names."), code="built_in")
        if alias_of:
            _refuse_alias(current, alias_of)
            said = {
                "label_en": said["label_en"] or alias_of.label_en,
                "label_fi": said["label_fi"] or alias_of.label_fi,
            }
        if not said["label_en"]:
            raise ValidationError({"label_en": ValidationError(_("A type needs a name."), code="required")})
        rank = alias_of.rank if alias_of else current.rank if rank is None else rank
        EventType.objects.filter(pk=kind.pk).update(**said, rank=rank, alias_of=alias_of, is_named=True)
        same_as = alias_of.key if alias_of else ""
        audit.record(
            by=by, action="type_named", kind="event_type", row=kind.pk, key=current.key, same_as=same_as, **said
        )
        transaction.on_commit(forget_aliases)
    kind.refresh_from_db()
    return kind


def may_be_meant() -> Any:
    """The types that another word may stand for."""
    return EventType.objects.filter(is_named=True, alias_of=None).exclude(key__in=ATTRIBUTE_TYPES)


def _refuse_alias(kind: EventType, meant: EventType) -> None:
    if meant.pk == kind.pk or not may_be_meant().filter(pk=meant.pk).exists() or kind.aliases.exists():
        words = _("This cannot be another word for that.")
        raise ValidationError({"alias_of": ValidationError(words, code="no_alias")})


def rename(messages: Iterable[Message]) -> None:
    """Have what was said under another word mean the type it stands for; repetitions are told by what was said."""
    meant = _aliases()
    if meant:
        for message in messages:
            message.type = meant.get(message.type, message.type)


def _aliases() -> Mapping[str, str]:
    global _remembered
    now = time.monotonic()
    if _remembered is None or now - _remembered[0] > SECONDS_REMEMBERED:
        rows = EventType.objects.filter(alias_of__isnull=False).values_list("key", "alias_of__key")
        _remembered = now, dict(rows)
    return _remembered[1]


def forget_aliases() -> None:
    global _remembered
    _remembered = None
