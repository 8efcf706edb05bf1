"""What a world goes on to do when it stands: late news, messages sent twice, refunds, and people found to be one.

All of it goes through the services that live events use.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils import timezone

from contacts.ingest import record_events
from contacts.merging import merge_contacts
from contacts.messages import ContactRef, Message
from contacts.models import Contact, Event, Source
from contacts.results import Status
from crm.world.loading import CURRENCY, Ground, message_of
from crm.world.people import World, company_name

AT_ONCE: Final = 200
MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Lived:
    late: int
    doubled: int
    refunded: int
    merged: int


def live_on(world: World, ground: Ground) -> Lived:
    """Send the tail of the story; the counts say what was recorded, or (doubled) refused as known."""
    count = min(MOST, world.contacts // 50)
    chance = random.Random(world.seed)  # noqa: S311  (no secret)
    people = _some_people(world, ground, count, chance)
    return Lived(
        late=_send("mailer", [_late(world, contact, chance) for contact in people], Status.ACCEPTED),
        doubled=_send_again(world, ground, count, chance),
        refunded=_send("shop", _refunds(world, people), Status.ACCEPTED),
        merged=_merge(people),
    )


def _some_people(world: World, ground: Ground, count: int, chance: random.Random) -> Sequence[Contact]:
    drawn = chance.sample(range(world.contacts), min(world.contacts, count * 3))
    keys = [ground.first_contact + number for number in drawn]
    return list(Contact.objects.filter(pk__in=keys, is_known=True).order_by("pk")[:count])


def _late(world: World, contact: Contact, chance: random.Random) -> Message:
    """Somebody had opened a mail, or come to the fair, long before we heard of it."""
    return Message(
        message_id=f"world-{world.seed}-late-{contact.pk}",
        type=chance.choice(("email_clicked", "event_attended")),
        contact=ContactRef(id=contact.pk),
        occurred_at=contact.created_at + timedelta(days=chance.uniform(0, 3)),
    )


def _refunds(world: World, people: Sequence[Contact]) -> list[Message]:
    """The first order of some who bought is paid back."""
    now = timezone.now()
    orders = (
        Event.objects.standing().filter(contact__in=people, type__key="order_completed").order_by("contact_id", "pk")
    )
    return [
        Message(
            message_id=f"world-{world.seed}-refund-{order.pk}",
            type="order_refunded",
            contact=ContactRef(id=order.contact_id),
            occurred_at=min(order.occurred_at + timedelta(days=3 + order.pk % 12), now),
            value_minor=order.value_minor,
            currency=CURRENCY,
            properties={"order_id": order.properties["order_id"]},
        )
        for order in orders.distinct("contact_id")
    ]


def _send(source: str, messages: Sequence[Message], expected: Status) -> int:
    """How many of the messages were answered as expected."""
    sender = Source.objects.get(key=source)
    blocks = [messages[at : at + AT_ONCE] for at in range(0, len(messages), AT_ONCE)]
    return sum(one.status == expected for block in blocks for one in record_events(source=sender, messages=block))


def _send_again(world: World, ground: Ground, count: int, chance: random.Random) -> int:
    by_source: dict[str, list[Message]] = {}
    for number in chance.sample(range(world.contacts), min(world.contacts, count)):
        one = world.somebody(number)
        if one.happenings:
            company = company_name(world.seed, one.company) if one.company is not None else ""
            message = message_of(world, ground.first_contact + number, one, 0, company)
            by_source.setdefault(one.happenings[0].source, []).append(message)
    return sum(_send(source, messages, Status.DUPLICATE) for source, messages in by_source.items())


def _merge(people: Sequence[Contact]) -> int:
    """Every tenth of them turns out to be the one after."""
    pairs = list(zip(people[::10], people[1::10], strict=False))
    for first, second in pairs:
        merge_contacts(first=first, second=second)
    return len(pairs)
