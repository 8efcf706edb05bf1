"""How the demo company answers: most questions soon, some late, and a few people who wait at this moment."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from contacts.messages import Message
from contacts.models import Contact, Event
from contacts.turns import QUESTIONS
from crm.world.saying import demo_event
from staff.holidays import public_holidays
from staff.hours import Calendar, Calendars, set_work_week
from staff.models import User
from staff.policy import Principal

ANSWERED_FOR: Final = timedelta(days=1200)  # back: all there is
ASKED: Final = (  # how long ago of business time, minutes; what
    (415, "message_received", "Could you hold a back course for fourteen people at our office? What would it cost?"),
    (170, "quote_requested", "Ten trainings in spring, Tuesdays if possible. We are eleven."),
    (128, "message_received", "The link to the online course does not open for me."),
    (96, "form_submitted", "I would like a trial hour next week."),
    (64, "message_received", "Can I move my training from Thursday to Friday?"),
    (31, "quote_requested", "A team day in June, lunch and a walk included."),
    (9, "message_received", "Do you take exercise vouchers?"),
)  # fmt: skip
ANSWERS: Final = (
    "Gladly. Two dates fit: I sent them with the price.",
    "Yes. I have changed it for you.",
    "Thank you for asking. Here is the price list, and my number.",
    "I called and we agreed on the rest.",
)


def open_the_office(by: User) -> None:
    """Nine to five on working days, but for the public holidays of this year and the next."""
    year = timezone.localdate().year
    off = public_holidays("FI", year) | public_holidays("FI", year + 1)
    days = {day.isoformat(): name for day, name in off.items()}
    week = [[(9 * 60, 17 * 60)]] * 5 + [[], []]
    set_work_week(
        team=None, by=Principal(user=by), time_zone="Europe/Helsinki", week=week, holidays=days, target_minutes=120
    )


def answers(staff: Sequence[User], chance: random.Random) -> list[Message]:
    """An answer to each question of the last months, by the owner or somebody of the staff."""
    calendar, now = Calendars.read().of(None), timezone.now()
    asked = Event.objects.standing().filter(type__key__in=QUESTIONS, occurred_at__gte=now - ANSWERED_FOR)
    said = []
    for number, question in enumerate(asked.select_related("contact__owner").order_by("occurred_at", "pk")):
        at = calendar.work.after(question.occurred_at, timedelta(minutes=_minutes(chance)))
        by = question.contact.owner or chance.choice(staff)
        kind, what = _answer(number) if at < now else ("call_held", {"outcome": "answered", "minutes": 4})
        said.append(demo_event(question.contact, by, kind, min(at, now), what, mark=f"talk-{number}"))
    return said


def _answer(number: int) -> tuple[str, dict[str, Any]]:
    return "message_answered", {"text": ANSWERS[number % len(ANSWERS)]}


def questions(people: Mapping[str, Sequence[Contact]]) -> list[Message]:
    """Who waits now; since when is counted back in business time."""
    calendar, now = Calendars.read().of(None), timezone.now()
    whom = [*people["lead"][40:44], *people["customer"][40:43]]
    return [
        demo_event(contact, None, kind, _back(calendar, now, minutes), {"text": text}, mark=f"talk-{number}")
        for number, ((minutes, kind, text), contact) in enumerate(zip(ASKED, whom, strict=False))
    ]


def _back(calendar: Calendar, now: datetime, minutes: int) -> datetime:
    """The last moment since which so much business time has passed."""
    at = now - timedelta(minutes=minutes)
    while calendar.work.between(at, now) < timedelta(minutes=minutes):
        at -= timedelta(minutes=20)
    return at


def _minutes(chance: random.Random) -> int:
    return max(3, int(chance.lognormvariate(4.1, 0.75)))
