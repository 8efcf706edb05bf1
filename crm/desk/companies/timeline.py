"""Everything that happened to the people of a company, the newest first, page by page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.http import HttpRequest

from contacts.models import Contact, Event, EventType
from crm.desk.companies.people import MOST_PEOPLE, Found
from crm.desk.person.timeline import KINDS, MOVES, PAGE, Chip, Entry, cursor_asked, kind_asked, moves_told, told_of
from funnel.explaining import Why
from funnel.models import RULE_ERASED, RULE_START, Dimension, Stage, Transition
from funnel.reading import WORLD
from rest.pages import Cursor

MOST_MOVES: Final = 60


class Who(NamedTuple):
    """A person by their leading contact."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, or a move with its why, and whose."""

    at: datetime
    who: Who
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


def most_asked(request: HttpRequest) -> int:
    """How many people are looked at for the page that the address asks for.

    The newest events are of those heard of last, the newest moves of those who moved last: no more people than events.
    Of older ones, and of one kind, nothing is known before looking at everybody.
    """
    is_first = cursor_asked(request) is None and kind_asked(request) in ("", MOVES)
    return MOST_MOVES + 1 if is_first else MOST_PEOPLE


def timeline_of(request: HttpRequest, found: Found, stages: Sequence[Stage]) -> Timeline:
    """The page that the address asks for, of these people, in nine statements."""
    kind, asked = kind_asked(request), cursor_asked(request)
    people = _people({*found.liveliest, *found.moved})
    heard = set(found.liveliest)
    members = [member for member, who in people.items() if who.id in heard]
    events, older = ([], None) if kind == MOVES else _events(members, kind, asked)
    since = events[-1].occurred_at if older else None
    moves, more = _moves(found.moved, kind, asked, since)
    causes = _causes(moves)
    types = EventType.objects.in_bulk({*causes.values(), *(event.type_id for event in events)})
    said = [Happened(one.at, people[event.contact_id], one) for event, one in _told(events, types, stages)]
    for entry in moves_told(moves, stages, _whys(moves, causes, types)):
        assert entry.move
        said.append(Happened(entry.at, people[entry.move.contact_id], entry))
    said.sort(key=lambda one: one.at, reverse=True)
    return Timeline(said, older or more, kind, _chips(kind))


def _people(leader_ids: Collection[int]) -> dict[int, Who]:
    """These people by all contacts that are theirs."""
    members = Contact.objects.led_by(leader_ids).select_related("leader")
    leaders = members.only("leader__name", "leader__emails") if leader_ids else ()
    return {one.pk: Who(one.leader_id, str(one.leader)) for one in leaders}


def _causes(moves: Sequence[Transition]) -> dict[int, int]:
    """The types of the events that moved them."""
    causes = [move.cause_id for move in moves if move.cause_id]
    return dict(Event.objects.filter(pk__in=causes).values_list("pk", "type_id"))


def _whys(moves: Sequence[Transition], causes: Mapping[int, int], types: Mapping[int, EventType]) -> dict[int, Why]:
    """By which fact and which rule each was made; the sentences are told where somebody asks for them."""
    rules = {book.number: book.document["rules"] for book in WORLD.playbooks().versions} if moves else {}
    whys = {}
    for move in moves:
        rule = rules[move.version][move.rule] if move.rule not in (RULE_START, RULE_ERASED) else None
        type_ = causes.get(move.cause_id or 0)
        cause = Event(pk=move.cause_id, type=types[type_]) if type_ else None
        by_timer, number = rule is not None and rule["on"] == "time", move.rule + 1 if rule else None
        whys[move.pk] = Why("", "", by_timer, cause, (), version=move.version, number=number)
    return whys


def _events(
    contact_ids: Sequence[int], kind: str, asked: tuple[datetime, int, int] | None
) -> tuple[list[Event], str | None]:
    at, rank, event = asked or _END
    of_kind = EventType.objects.filter(key__in=KINDS[kind][1]).values_list("pk", flat=True) if kind else None
    kinds = None if of_kind is None else list(of_kind)
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
