"""Everything that happened to the people of a company, the newest first, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.http import HttpRequest

from contacts.models import Contact, Event, EventType
from crm.desk.person.timeline import KINDS, MOVES, PAGE, Chip, Entry, cursor_asked, kind_asked, moves_told, told_of
from funnel.models import Dimension, Stage, Transition
from rest.pages import Cursor

MOST_PEOPLE: Final = 2000  # whose events are looked through: those of whom something was heard last
MOST_MOVES: Final = 60


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, or a move with its why, and whose."""

    at: datetime
    who: Contact
    entry: Entry


@dataclass(frozen=True, slots=True)
class Timeline:
    entries: Sequence[Happened]
    older: str | None
    kind: str
    chips: Sequence[Chip]


# Of each person only as many events are read as a page has, however long their story is.
_NEWEST: Final = """
SELECT e.id FROM unnest(%(contacts)s::bigint[]) AS one(id) CROSS JOIN LATERAL (
    SELECT id, occurred_at, rank FROM contacts_event
     WHERE contact_id = one.id AND retracted_at IS NULL
       AND (%(types)s::smallint[] IS NULL OR type_id = ANY(%(types)s::smallint[]))
       AND (occurred_at, rank, id) < (%(at)s::timestamptz, %(rank)s, %(event)s)
     ORDER BY occurred_at DESC, rank DESC, id DESC LIMIT %(limit)s) e
 ORDER BY e.occurred_at DESC, e.rank DESC, e.id DESC LIMIT %(limit)s
"""
_END: Final = ("infinity", 0, 0)


def timeline_of(
    request: HttpRequest, leader_ids: Sequence[int], stages: Sequence[Stage], types: Mapping[int, EventType]
) -> Timeline:
    """The page that the address asks for, of these people, in eight statements."""
    kind, asked = kind_asked(request), cursor_asked(request)
    members = Contact.objects.led_by(leader_ids).select_related("leader").only("leader__name", "leader__emails")
    people = {one.pk: one.leader for one in members}
    events, older = ([], None) if kind == MOVES else _events(list(people), kind, asked, types)
    since = events[-1].occurred_at if older else None
    moves, more = _moves(leader_ids, kind, asked, since)
    said = [Happened(one.at, people[event.contact_id], one) for event, one in _told(events, types, stages)]
    for entry in moves_told(moves, stages, {}):
        assert entry.move
        said.append(Happened(entry.at, people[entry.move.contact_id], entry))
    said.sort(key=lambda one: one.at, reverse=True)
    return Timeline(said, older or more, kind, _chips(kind))


def _events(
    contact_ids: Sequence[int], kind: str, asked: tuple[datetime, int, int] | None, types: Mapping[int, EventType]
) -> tuple[list[Event], str | None]:
    at, rank, event = asked or _END
    kinds = [pk for pk, type_ in types.items() if type_.key in KINDS[kind][1]] if kind else None
    values: dict[str, Any] = {
        "contacts": contact_ids,
        "types": kinds,
        "at": at,
        "rank": rank,
        "event": event,
        "limit": PAGE + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, values)
        ids = [row[0] for row in cursor.fetchall()]
    found = Event.objects.select_related("by").in_bulk(ids[:PAGE])
    events = [found[one] for one in ids[:PAGE]]
    return events, _cursor(events[-1].occurred_at, events[-1].rank, events[-1].pk) if len(ids) > PAGE else None


def _moves(
    leader_ids: Sequence[int], kind: str, asked: tuple[datetime, int, int] | None, since: datetime | None
) -> tuple[list[Transition], str | None]:
    """The moves of the page: between its first and its last event, or a page of moves alone."""
    if kind not in ("", MOVES):
        return [], None
    moves = Transition.objects.live().filter(
        contact__in=leader_ids, dimension=Dimension.STAGE, from_value__isnull=False
    )
    if since:
        moves = moves.filter(occurred_at__gte=since)
    if asked and kind == MOVES:
        moves = moves.filter(TupleLessThan(Tuple("occurred_at", "id"), (asked[0], asked[2])))
    elif asked:
        moves = moves.filter(occurred_at__lt=asked[0])
    most = PAGE if kind == MOVES else MOST_MOVES
    found = list(moves.order_by("-occurred_at", "-id")[: most + 1])
    is_more = kind == MOVES and len(found) > most
    shown = found[:most]
    return shown, _cursor(shown[-1].occurred_at, 0, shown[-1].pk) if is_more else None


def _told(
    events: Sequence[Event], types: Mapping[int, EventType], stages: Sequence[Stage]
) -> list[tuple[Event, Entry]]:
    return list(zip(events, told_of(events, types, stages, None), strict=True)) if events else []


def _chips(kind: str) -> list[Chip]:
    return [Chip(key, KINDS[key][0], 0, key == kind) for key in KINDS]


def _cursor(*values: Any) -> str:
    return Cursor("", False, values).text()
