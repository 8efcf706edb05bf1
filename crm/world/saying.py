"""An event of the demo company, as its staff and its people leave them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contacts.messages import ContactRef, Message
from contacts.models import Contact
from staff.models import User


def demo_event(
    contact: Contact, by: User | None, kind: str, at: datetime, properties: Mapping[str, Any], *, mark: int | str
) -> Message:
    """`mark` tells it from the others of this kind about this contact."""
    return Message(
        message_id=f"demo-{kind}-{contact.pk}-{mark}",
        type=kind,
        contact=ContactRef(id=contact.pk),
        occurred_at=at,
        properties=dict(properties),
        by_id=by.pk if by else None,
    )
