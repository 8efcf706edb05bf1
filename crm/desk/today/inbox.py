"""Who waits for an answer: those whose time runs out first on top."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.models import AnswerClock, EventType
from contacts.prepared import Prepared
from rest.pages import DEFAULT_LIMIT, Page, page
from rest.problems import Problem
from staff.hours import Calendars
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
    """Somebody who waits, how long, and how much of the time is left. `who` answers: has it in hand, or owns them."""

    id: int  # of the clock
    contact: int
    name: str
    place: int  # on the path; 0 before its first stop
    asked: int
    kind: str
    source: str
    words: str
    who: int | None
    who_name: str
    is_taken: bool
    waited: timedelta
    left: timedelta  # of business time; less than nothing: over
    share: float  # of the target that is used up, per cent

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
    clocks = clocks_of(principal, whose).values("id", "due_at")
    try:
        found = page(request, clocks, orderings=ORDERINGS, default="due_at")
    except Problem:  # an address that somebody shortened or made up begins at the top
        found = Page(list(clocks.order_by("due_at", "pk")[:DEFAULT_LIMIT]), None, None)
    return Inbox(told([one["id"] for one in found.rows]), found)


def first_waiting(principal: Principal, whose: str, n: int, calendars: Calendars | None = None) -> list[Waiting]:
    first = clocks_of(principal, whose).order_by("due_at", "pk").values_list("pk", flat=True)[:n]
    return told(list(first), calendars)


def sum_of(principal: Principal, whose: str = "") -> Sum:
    """One statement, whatever waits."""
    some = clocks_of(principal, whose).order_by("due_at", "pk")[: COUNTED + 1]
    late = Q(due_at__lt=timezone.now())
    found = AnswerClock.objects.filter(pk__in=some.values("pk")).aggregate(
        n=Count("pk"), overdue=Count("pk", filter=late), since=Min("asked_at")
    )
    return Sum(min(found["n"], COUNTED), found["n"] > COUNTED, min(found["overdue"], COUNTED), found["since"])


_LINES: Final = Prepared(
    "inbox_lines",
    """
SELECT k.id, k.contact_id, coalesce(nullif(c.name, ''), c.emails[1], '#' || c.id), coalesce(stop.place, 0), k.asked,
       type.key, type.label_en, type.label_fi, s.name, q.properties::text, who.id,
       coalesce(nullif(who.name, ''), who.email, ''), k.holder_id IS NOT NULL, k.team_id, k.asked_at, k.due_at
  FROM unnest(%(ids)s) WITH ORDINALITY AS one (id, number)
  JOIN contacts_answerclock k ON k.id = one.id
  JOIN contacts_contact c ON c.id = k.contact_id
  JOIN contacts_event q ON q.id = k.last_question_id
  JOIN contacts_eventtype type ON type.id = q.type_id
  JOIN contacts_source s ON s.id = q.source_id
  LEFT JOIN staff_user who ON who.id = coalesce(k.holder_id, c.owner_id)
  LEFT JOIN funnel_position p ON p.contact_id = k.contact_id
  LEFT JOIN (SELECT id, row_number() OVER (ORDER BY "order") AS place FROM funnel_stage WHERE archived_at IS NULL) stop
       ON stop.id = p.stage_id
 ORDER BY one.number
""",
    ids="bigint[]",
)


def told(clock_ids: Sequence[int], calendars: Calendars | None = None) -> list[Waiting]:
    """The clocks as they are shown now: one statement, and one for the hours of the teams where they are not known."""
    if not clock_ids:
        return []
    now, hours = timezone.now(), calendars or Calendars.read()
    return [_told(row, now, hours) for row in _LINES.rows(ids=list(clock_ids))]


def _told(row: Sequence[Any], now: datetime, calendars: Calendars) -> Waiting:
    clock, contact, name, place, asked, key, label_en, label_fi, *others = row
    source, properties, who, who_name, is_taken, team, asked_at, due_at = others
    calendar = calendars.of(team)
    if now <= due_at:
        left = calendar.work.between(now, due_at)
    else:
        left = -calendar.work.between(due_at, now) or timedelta(microseconds=-1)
    return Waiting(
        clock,
        contact,
        name,
        place,
        asked,
        kind=str(EventType(key=key, label_en=label_en, label_fi=label_fi)),
        source=source,
        words=said_in(json.loads(properties)),
        who=who,
        who_name=who_name,
        is_taken=is_taken,
        waited=now - asked_at,
        left=left,
        share=100 * (1 - left / calendar.target),
    )


def said_in(properties: Mapping[str, Any]) -> str:
    """What they said, short; a form without words has its name."""
    for name in _WORDS:
        said = properties.get(name)
        if isinstance(said, str) and said.strip():
            text = " ".join(said.split())
            return text if len(text) <= LONGEST else f"{text[:LONGEST].rsplit(' ', 1)[0]}…"
    return ""
