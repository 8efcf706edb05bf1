"""Letters the staff of the demo company wrote: sent ones, and each way one can get stuck. Nothing of it goes out.

And tasks that remind of themselves, so that a newcomer sees what that looks like.
"""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from campaigns.gate import Ground, may_write
from campaigns.models import Mail, MailState
from contacts.catalogue import STAFF_SOURCE
from contacts.ingest import record_events
from contacts.messages import ContactRef, Message
from contacts.models import Contact, Source, TaskKind
from contacts.tasking import add_task
from crm.world.working import Staff
from funnel.models import Health, Position
from staff.models import User
from staff.policy import Principal

SUBJECTS: Final = (
    ("The team day in June", "Hello,\n\nhere are the three dates we spoke of. Which one suits you?\n\nBest wishes"),
    ("Your yearly plan", "Hello,\n\nthis is what we agreed on. It holds until the end of the month.\n\nBest wishes"),
    ("Thank you for the visit", "Hello,\n\nit was good to see your office. The trial hour is yours.\n\nBest wishes"),
)
STUCK: Final = (
    (MailState.FAILED, "550 5.1.1 mailbox unavailable"),
    (MailState.UNCERTAIN, "The line was lost after the letter had been handed over."),
    (MailState.FAILED, "552 5.2.2 mailbox full"),
)
REMINDERS: Final = (  # what, days from today, hour, minutes before
    ("Call about the yearly plan", 1, 10, 15),
    ("Write how the first month went", 2, 14, 60),
    ("Renew the agreement", 5, 9, 24 * 60),
)


def correspond(staff: Staff) -> None:
    """To customers who are active, in the names of those who work with them."""
    people = _customers(24)
    for number, contact in enumerate(people[:18]):
        _sent(contact, contact.owner or staff.admin, days=2 + 3 * number, number=number)
    for (state, reason), contact in zip(STUCK, people[18:], strict=False):
        _stuck(contact, contact.owner or staff.admin, state, reason)
    for user in (*staff.all, staff.marketer):
        mine = next((one for one in people if one.owner_id == user.pk), people[0] if people else None)
        if mine is not None and (user not in staff.sales or mine.owner_id == user.pk):
            _reminded(mine, user)


def _customers(most: int) -> list[Contact]:
    """Customers with an address whom one may write to."""
    active = Position.objects.people().filter(health=Health.ACTIVE).order_by("-last_event_at", "contact")
    people = [one.contact for one in active.select_related("contact__owner")[: 4 * most]]
    return [one for one in people if one.emails and may_write(one, one.emails[0]).may][:most]


def _sent(contact: Contact, author: User, *, days: int, number: int) -> None:
    subject, body = SUBJECTS[number % len(SUBJECTS)]
    at = timezone.now() - timedelta(days=days, hours=number % 5)
    mail = _letter(contact, author, subject, body, at, state=MailState.SENT, sent_at=at)
    said = {"subject": subject, "mail": mail.pk, "to": mail.address}
    message = Message(
        message_id=f"mail-{mail.pk}", type="email_sent", contact=ContactRef(id=contact.pk), occurred_at=at,
        properties=said, by_id=author.pk,
    )  # fmt: skip
    record_events(source=Source.objects.get(key=STAFF_SOURCE), messages=[message])


def _stuck(contact: Contact, author: User, state: MailState, reason: str) -> None:
    subject, body = SUBJECTS[0]
    _letter(contact, author, subject, body, timezone.now() - timedelta(hours=20), state=state, reason=reason)


def _letter(contact: Contact, author: User, subject: str, body: str, at: datetime, **became: object) -> Mail:
    """As it stands after its time: no sender finds it waiting."""
    return Mail.objects.create(
        contact=contact, address=contact.emails[0], subject=subject, body=body, author=author,
        ground=Ground.CONTRACT, next_at=at, attempts=1, **became,
    )  # fmt: skip


def _reminded(contact: Contact, user: User) -> None:
    for title, day, hour, minutes in REMINDERS:
        due_at = timezone.localtime().replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=day)
        remind_at = due_at - timedelta(minutes=minutes)
        by = Principal(user=user)
        add_task(contact=contact, by=by, title=title, kind=TaskKind.TODO, due_at=due_at, remind_at=remind_at)
