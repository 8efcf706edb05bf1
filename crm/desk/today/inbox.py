"""Who waits for an answer: those whose time runs out first on top."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.models import AnswerClock, Event
from funnel.models import Position, Stage
from rest.pages import DEFAULT_LIMIT, Page, page
from rest.problems import Problem
from staff.hours import Calendars
from staff.models import User
from staff.policy import Principal

COUNTED: Final = 1000
LONGEST: Final = 240
ORDERINGS: Final = {"due_at": ("due_at", "id")}
_WORDS: Final = ("text", "message", "body", "question", "subject", "title", "form", "name")


@dataclass(frozen=True, slots=True)
class Whose:
    key: str
    label: Promise


WHOSE: Final = (
    Whose("", _("Everybody's")),
    Whose("mine", _("Mine")),
    Whose("nobody", _("Nobody has it")),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits, how long, and how much of the time is left."""

    clock: AnswerClock
    words: str
    waited: timedelta
    left: timedelta  # of business time; less than nothing: over
    share: float  # of the target that is used up, per cent
    place: int  # on the path; 0 before its first stop

    @property
    def who(self) -> User | None:
        return self.clock.holder or self.clock.contact.owner

    @property
    def is_overdue(self) -> bool:
        return self.left < timedelta()

    @property
    def is_close(self) -> bool:
        return not self.is_overdue and self.share >= 75

    @property
    def over(self) -> timedelta:
        return -self.left

    @property
    def width(self) -> str:
        return f"{min(100.0, self.share):.1f}"


@dataclass(frozen=True, slots=True)
class Inbox:
    lines: Sequence[Waiting]
    found: Page


@dataclass(frozen=True, slots=True)
class Sum:
    """How many wait (no more than COUNTED are counted), and since when the oldest does."""

    n: int
    more: bool
    overdue: int
    since: datetime | None


def clocks_of(principal: Principal, whose: str = "") -> Any:
    waiting = AnswerClock.objects.visible_to(principal).waiting()
    if whose == "mine" and principal.user:
        return waiting.in_hand_of(principal.user)
    if whose == "nobody":
        return waiting.filter(holder=None, contact__owner=None)
    return waiting


def inbox(request: HttpRequest, principal: Principal, whose: str) -> Inbox:
    """The page of the inbox that the address asks for."""
    clocks = _with_people(clocks_of(principal, whose))
    try:
        found = page(request, clocks, orderings=ORDERINGS, default="due_at")
    except Problem:  # an address that somebody shortened or made up begins at the top
        found = Page(list(clocks.order_by("due_at", "pk")[:DEFAULT_LIMIT]), None, None)
    return Inbox(told(found.rows), found)


def first_waiting(principal: Principal, whose: str, n: int) -> list[Waiting]:
    return told(list(_with_people(clocks_of(principal, whose)).order_by("due_at", "pk")[:n]))


def sum_of(principal: Principal, whose: str = "") -> Sum:
    """One statement, whatever waits."""
    some = clocks_of(principal, whose).order_by("due_at", "pk")[: COUNTED + 1]
    late = Q(due_at__lt=timezone.now())
    found = AnswerClock.objects.filter(pk__in=some.values("pk")).aggregate(
        n=Count("pk"), overdue=Count("pk", filter=late), since=Min("asked_at")
    )
    return Sum(min(found["n"], COUNTED), found["n"] > COUNTED, min(found["overdue"], COUNTED), found["since"])


def _with_people(clocks: Any) -> Any:
    return clocks.select_related("contact__owner", "holder", "last_question__type", "last_question__source", "team")


def told(clocks: Sequence[AnswerClock]) -> list[Waiting]:
    """The clocks as they are shown now."""
    if not clocks:
        return []
    now, calendars, places = timezone.now(), Calendars.read(), _places(clocks)
    return [_told(clock, now, calendars, places) for clock in clocks]


def _told(clock: AnswerClock, now: datetime, calendars: Calendars, places: Mapping[int, int]) -> Waiting:
    calendar = calendars.of(clock.team_id)
    if now <= clock.due_at:
        left = calendar.work.between(now, clock.due_at)
    else:
        left = -calendar.work.between(clock.due_at, now) or timedelta(microseconds=-1)
    share = 100 * (1 - left / calendar.target)
    waited = now - clock.asked_at
    return Waiting(clock, words_of(clock.last_question), waited, left, share, places.get(clock.contact_id, 0))


def _places(clocks: Iterable[AnswerClock]) -> dict[int, int]:
    """Where on the path each of them stands, by the number of the stop."""
    stops = {stage.pk: place for place, stage in enumerate(Stage.objects.in_use(), start=1)}
    standing = Position.objects.filter(contact__in=[clock.contact_id for clock in clocks])
    return {contact: stops.get(stage or 0, 0) for contact, stage in standing.values_list("contact", "stage_id")}


def words_of(event: Event) -> str:
    """What they said, short; a form without words has its name."""
    for name in _WORDS:
        said = event.properties.get(name)
        if isinstance(said, str) and said.strip():
            text = " ".join(said.split())
            return text if len(text) <= LONGEST else f"{text[:LONGEST].rsplit(' ', 1)[0]}…"
    return ""
