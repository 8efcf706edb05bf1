"""What programs of the demo company sent that asks for somebody: a claim, a message that says of nobody, a new word."""

from datetime import UTC, datetime
from typing import Any, Final

from contacts.ingest import take_in
from contacts.models import Contact, Source
from contacts.reading import said_in
from contacts.settling import Terms

DOOR: Final = "events"


def send_oddly(*, number: int = 3) -> None:
    """Through the door that programs use, as of now."""
    buyers = Contact.objects.listed().filter(position__health__isnull=False).exclude(emails=[]).order_by("-pk")[:number]
    now = datetime.now(UTC).strftime("%Y%m%d")
    _take("website", [_order(one, f"{now}-{at}") for at, one in enumerate(buyers)])
    _take("shop", [_watched(one, f"{now}-{at}") for at, one in enumerate(buyers)])
    _take("shop", [{"message_id": f"basket-{now}", "type": "checkout_started", "contact": {}}])


def _order(contact: Contact, number: str) -> dict[str, Any]:
    return {
        "message_id": f"thanks-{number}",
        "type": "order_completed",
        "contact": {"email": contact.emails[0]},
        "value": {"amount": "59.00", "currency": "EUR"},
        "properties": {"order_id": f"W-{number}", "page": "/thank-you"},
    }


def _watched(contact: Contact, number: str) -> dict[str, Any]:
    said = {"title": "A back that lasts", "minutes": 34}
    return {
        "message_id": f"webinar-{number}",
        "type": "webinar_watched",
        "contact": {"email": contact.emails[0]},
        "properties": said,
    }


def _take(source: str, messages: list[dict[str, Any]]) -> None:
    terms = Terms(Source.objects.get(key=source), endpoint=DOOR)
    take_in(terms, [said_in(one, is_clean=True) for one in messages])
