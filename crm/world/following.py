"""How the demo company takes up who came in lately: whom it met, guests of the fair, and who wrote by the forms."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from campaigns.models import Deed, Submission
from contacts.catalogue import STAFF_SOURCE
from contacts.ingest import record_events
from contacts.messages import ContactRef, Message
from contacts.models import Contact, Source
from crm.world.answering import ANSWERS
from crm.world.saying import demo_event
from crm.world.working import Staff, leave_in_log
from staff.models import User

OUTCOMES: Final = (
    ("answered", "Remembers our stand. Wants to talk it over at home first.", 6),
    ("no_answer", "", 1),
    ("answered", "Comes to the open hour on Wednesday, with a colleague.", 9),
    ("call_back", "On a train; call again in the afternoon.", 2),
    ("left_message", "Left word about the dates in spring.", 1),
)
PAGES: Final = ("/prices", "/back-course", "/for-companies", "/team-days")
TAGS: Final = (["wants a quote"], ["back pain"], ["team day", "decision maker"], ["newsletter"])


def take_up_newcomers(staff: Staff, *, seed: int) -> None:
    """Each third is still nobody's; the others are called, look at our pages, ask for something, or buy."""
    luck = random.Random(seed)  # noqa: S311  (only how the demo looks)
    met = Contact.objects.listed().filter(Q(tags__contains=["fair"]) | Q(origin_source__key=STAFF_SOURCE))
    came = [(one, one.created_at) for one in met.order_by("pk")]
    sent = Submission.objects.exclude(contact=None).select_related("contact__leader", "form").order_by("sent_at")
    wrote = [(one.contact.leader, one.sent_at) for one in sent if one.contact]
    by_staff, by_shop = (Source.objects.get(key=key) for key in (STAFF_SOURCE, "shop"))
    answers = [_answer(one, staff, luck) for one in sent if one.form.deed == Deed.QUOTE and _is_past(one.sent_at)]
    record_events(source=by_staff, messages=answers)
    for number, (contact, since) in enumerate([*came, *wrote]):
        by = (*staff.sales, staff.manager)[number % 3]
        if number % 3 and contact.owner_id is None:
            leave_in_log(list(_taken_up(contact, by, since, number, luck)))
        if number % 2:
            leave_in_log(list(_looked(contact, since, number, luck)), by="website")
        if number % 8 == 7:
            order = {"order_id": f"N-{contact.pk}", "product": "Trial hour"}
            bought = _seen(contact, "order_completed", _after(since, luck), 0, order, value_minor=3900, currency="EUR")
            record_events(source=by_shop, messages=[bought])


def _is_past(moment: datetime) -> bool:
    return timezone.now() - moment > timedelta(days=1)


def _answer(submission: Submission, staff: Staff, luck: random.Random) -> Message:
    assert submission.contact
    at = min(submission.sent_at + timedelta(minutes=luck.randint(12, 600)), timezone.now())
    text = {"text": luck.choice(ANSWERS)}
    return demo_event(submission.contact, luck.choice(staff.sales), "message_answered", at, text, mark="form")


def _taken_up(contact: Contact, by: User, since: datetime, number: int, luck: random.Random) -> Iterator[Message]:
    soon = _after(since, luck)
    yield demo_event(contact, by, "owner_changed", soon, {"owner": by.email}, mark="newcomer")
    if number % 4 == 0:
        tags = {"add_tags": TAGS[number // 4 % len(TAGS)]}
        yield demo_event(contact, by, "attributes_changed", soon, tags, mark="newcomer")
    outcome, text, minutes = OUTCOMES[number % len(OUTCOMES)]
    kind = "call_held" if outcome in {"answered", "call_back"} else "call_tried"
    said = {"outcome": outcome, "minutes": minutes} | ({"text": text} if text else {})
    yield demo_event(contact, by, kind, _after(soon, luck), said, mark="newcomer")


def _looked(contact: Contact, since: datetime, number: int, luck: random.Random) -> Iterator[Message]:
    """What the site saw of them afterwards: pages, and by some the guide."""
    at = since
    for place in range(luck.randint(1, 4)):
        at = _after(at, luck)
        yield _seen(contact, "page_viewed", at, place, {"path": PAGES[(number + place) % len(PAGES)]})
    if number % 8 == 3:
        yield _seen(contact, "content_downloaded", at, 0, {"kind": "guide", "file": "back.pdf"})


def _seen(contact: Contact, kind: str, at: datetime, mark: int, said: dict[str, Any], **value: Any) -> Message:
    return Message(
        message_id=f"demo-{kind}-{contact.pk}-new-{mark}",
        type=kind,
        contact=ContactRef(id=contact.pk),
        occurred_at=at,
        properties=said,
        **value,
    )


def _after(moment: datetime, luck: random.Random) -> datetime:
    """Some hours or days later, or some time between then and now."""
    later, now = moment + timedelta(minutes=luck.randint(30, 4000)), timezone.now()
    return later if later < now else moment + (now - moment) * luck.random()
