"""What the demo company saw otherwise later: its playbook got a second version, and some orders were another's."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from contacts.ingest import record_events, retract_event
from contacts.messages import ContactRef, Message, event_key
from contacts.models import Contact, Event, Source
from crm.world.loading import CURRENCY
from crm.world.working import Staff
from funnel.models import Playbook
from funnel.publishing import document_of, publish_playbook, save_draft, start_draft
from staff.policy import Principal

PUBLISHED, IN_FORCE = 41, 55  # days ago: it holds from two weeks before the day on which it was published
MISTAKEN: Final = "demo-mistaken-"
FRIENDS: Final = "Two page views in a fortnight make a friend"
ORDERS: Final = ((12, 4), (19, 9), (26, 3), (33, 7), (47, 21))  # days ago; after how many days it was taken back


def publish_second_version(staff: Staff) -> None:
    """Before anybody is folded, so that nobody is folded twice."""
    by = Principal(user=staff.marketer)
    draft = start_draft(name="Friends sooner", by=by)
    document = document_of(draft)
    [rule] = (rule for rule in document["rules"] if rule["to"] == "retargeting" and "when" in rule)
    rule["name"] = FRIENDS
    rule["when"] = [{"measure": "count", "of": ["page_viewed"], "within_days": 14, "at_least": 2}]
    draft = save_draft(draft=draft, seen=None, document=document)
    version = publish_playbook(draft=draft, since=_days_ago(IN_FORCE), by=by)
    day = _days_ago(PUBLISHED)
    applied: dict[str, Any] = {"published_at": day, "marked_at": day, "applied_at": day + timedelta(minutes=1)}
    Playbook.objects.filter(pk=version.pk).update(**applied)


def take_orders_back(staff: Staff) -> None:
    """A few leads were taken for customers, until somebody saw that the order was another's."""
    leads = Contact.objects.listed().filter(position__stage_id__isnull=False, position__health=None).exclude(emails=[])
    whom = list(leads.filter(origin_source__key="website").order_by("-pk")[: len(ORDERS)])
    shop = Source.objects.get(key="shop")
    for contact, (ago, _after) in zip(whom, ORDERS, strict=False):
        order = _order(contact, ago)
        record_events(source=shop, messages=[order])
        event = Event.objects.get(key=event_key(shop.key, order.message_id))
        retract_event(event=event, by=Principal(user=staff.manager))


def _order(contact: Contact, ago: int) -> Message:
    return Message(
        message_id=f"{MISTAKEN}{contact.pk}",
        type="order_completed",
        contact=ContactRef(id=contact.pk),
        occurred_at=_days_ago(ago),
        value_minor=11900,
        currency=CURRENCY,
        properties={"order_id": f"M-{contact.pk}", "product": "Back course"},
    )


def _days_ago(days: int) -> datetime:
    return timezone.localtime().replace(hour=9, minute=40, second=0, microsecond=0) - timedelta(days=days)
