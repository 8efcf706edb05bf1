"""Who waits for an answer: those whose time runs out first on top."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from contacts.models import AnswerClock, EventType
from contacts.prepared import Prepared
from crm.desk.today.seen import TYPES, somebody, statement_of
from rest.pages import DEFAULT_LIMIT, PARAMETERS, Page, first_page, page
from rest.problems import Problem
from staff.hours import Calendars
from staff.models import User
from staff.policy import Principal

COUNTED: Final = 1000
LONGEST: Final = 240
FOR_ME: Final = "for_me"  # mine, and what nobody has
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
    is_gone: bool  # on leave, or here no more
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
    """How many wait (no more than COUNTED are counted), since when the oldest does, and a page of them and one more."""

    n: int
    more: bool
    overdue: int
    since: datetime | None
    first: Sequence[Mapping[str, Any]]


def clocks_of(principal: Principal, whose: str = "") -> Any:
    waiting = AnswerClock.objects.visible_to(principal).waiting()
    if whose == "mine" and principal.user:
        return waiting.in_hand_of(principal.user)
    if whose == "nobody":
        return waiting.filter(_nobodys())
    if whose == FOR_ME and principal.user:
        mine = Q(holder=principal.user) | Q(holder=None, contact__owner=principal.user)
        return waiting.filter(mine | _nobodys())
    return waiting


def _nobodys() -> Q:
    """In nobody's hands, or in those of somebody who is on leave or gone."""
    gone = User.objects.filter(Q(is_active=False) | Q(is_away=True)).values("pk")
    return Q(holder__in=gone) | Q(holder=None, contact__owner=None) | Q(holder=None, contact__owner__in=gone)


def inbox(request: HttpRequest, principal: Principal, whose: str, waiting: Sum) -> Inbox:
    """The page of the inbox that the address asks for."""
    found = first_page(request, waiting.first, orderings=ORDERINGS, default="due_at")
    if any(name in request.GET for name in PARAMETERS):
        with suppress(Problem):  # an address that somebody shortened or made up begins at the top
            clocks = clocks_of(principal, whose).values("id", "due_at")
            found = page(request, clocks, orderings=ORDERINGS, default="due_at")
    return Inbox(told(found.rows), found)


_SUM: Final = f"""
SELECT count(*), count(*) FILTER (WHERE due_at < %(moment)s), min(asked_at),
       (array_agg(id ORDER BY due_at, id))[:{DEFAULT_LIMIT + 1}],
       (array_agg(due_at ORDER BY due_at, id))[:{DEFAULT_LIMIT + 1}]
  FROM ({{walk}}) AS waiting
"""  # noqa: S608  (words of ours)


def sum_of(principal: Principal, whose: str = "") -> Sum:
    """One statement, whatever waits."""
    user = principal.user
    assert user  # programs have no inbox
    walk = _walk(user.role, user.team_id is not None, whose)
    [(n, overdue, since, ids, dues)] = walk.rows(moment=timezone.now(), user=user.pk, team=user.team_id)
    first = [{"id": clock, "due_at": due_at} for clock, due_at in zip(ids or (), dues or (), strict=True)]
    return Sum(min(n, COUNTED), n > COUNTED, min(overdue, COUNTED), since, first)


@cache
def _walk(role: str, has_team: bool, whose: str) -> Prepared:
    waiting = clocks_of(somebody(role, has_team=has_team), whose).order_by("due_at", "pk")
    walk = statement_of(waiting.values("id", "due_at", "asked_at")[: COUNTED + 1])
    name = f"inbox_{role}{'_in_team' if has_team else ''}_{whose}"
    return Prepared(name, _SUM.format(walk=walk), is_general=True, **TYPES)


_LINES: Final = Prepared(
    "inbox_lines",
    """
SELECT k.id, k.contact_id, coalesce(nullif(c.name, ''), c.emails[1], '#' || c.id), coalesce(stop.place, 0), k.asked,
       type.key, type.label_en, type.label_fi, s.name, q.properties::text, who.id,
       coalesce(nullif(who.name, ''), who.email, ''), coalesce(who.is_away OR NOT who.is_active, FALSE),
       k.holder_id IS NOT NULL, k.team_id, k.asked_at, k.due_at
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
    is_general=True,
    ids="bigint[]",
)


def told(clocks: Sequence[Mapping[str, Any]], calendars: Calendars | None = None) -> list[Waiting]:
    """The clocks as they are shown now: one statement, and one for the hours of the teams where they are not known."""
    if not clocks:
        return []
    now, hours = timezone.now(), calendars or Calendars.read()
    return [_told(row, now, hours) for row in _LINES.rows(ids=[clock["id"] for clock in clocks])]


def _told(row: Sequence[Any], now: datetime, calendars: Calendars) -> Waiting:
    clock, contact, name, place, asked, key, label_en, label_fi, *others = row
    source, properties, who, who_name, is_gone, is_taken, team, asked_at, due_at = others
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
        kind=_kind(key, label_en, label_fi, get_language()),
        source=source,
        words=said_in(json.loads(properties)),
        who=who,
        who_name=who_name,
        is_gone=is_gone,
        is_taken=is_taken,
        waited=now - asked_at,
        left=left,
        share=100 * (1 - left / calendar.target),
    )


@lru_cache(maxsize=500)
def _kind(key: str, label_en: str, label_fi: str, _language: str | None) -> str:
    return str(EventType(key=key, label_en=label_en, label_fi=label_fi))


def said_in(properties: Mapping[str, Any]) -> str:
    """What they said, short; a form without words has its name."""
    for name in _WORDS:
        said = properties.get(name)
        if isinstance(said, str) and said.strip():
            text = " ".join(said.split())
            return text if len(text) <= LONGEST else f"{text[:LONGEST].rsplit(' ', 1)[0]}…"
    return ""
