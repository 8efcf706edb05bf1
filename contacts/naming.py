"""Naming the kinds of events that sources brought: from then on people read a name and rules can ask for them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from .models import EventType


def name_type(
    *, kind: EventType, by: Principal, label_en: str, label_fi: str = "", rank: int | None = None
) -> EventType:
    """Say what an unknown type of events is called, and where it stands among others of the same moment.

    The rank holds for events to come; those recorded keep theirs, for the order of the log never changes.
    """
    said: dict[str, Any] = {"label_en": " ".join(label_en.split()), "label_fi": " ".join(label_fi.split())}
    if not said["label_en"]:
        raise ValidationError({"label_en": ValidationError(_("A type needs a name."), code="required")})
    with transaction.atomic():
        current = EventType.objects.select_for_update(no_key=True).get(pk=kind.pk)
        if current.first_source_id is None:
            raise ValidationError(_("Our own types have their names."), code="built_in")
        EventType.objects.filter(pk=kind.pk).update(**said, rank=current.rank if rank is None else rank, is_named=True)
        audit.record(by=by, action="type_named", kind="event_type", row=kind.pk, key=current.key, **said)
    kind.refresh_from_db()
    return kind
