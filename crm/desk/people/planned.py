"""What is to be done next for each person of a page, asked for only where its column is shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from contacts.models import Contact, Task


class Planned(NamedTuple):
    title: str
    due_at: datetime


def next_tasks(ids: Sequence[int]) -> Mapping[int, Planned]:
    """The open task that is due first, by person."""
    about = Task.objects.open().filter(contact__in=Contact.objects.led_by(ids).values("pk"))
    first = about.order_by("contact__leader", "due_at", "pk").distinct("contact__leader")
    return {
        who: Planned(title, due_at) for who, title, due_at in first.values_list("contact__leader", "title", "due_at")
    }
