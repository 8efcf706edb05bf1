"""Everything that happened to the people of a company, the newest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest

from contacts.models import Event, EventType, Source
from contacts.prepared import Prepared
from crm.desk.companies.people import MOST_PEOPLE, Found
from crm.desk.people.vocabulary import Stage
from crm.desk.person.telling import tell
from crm.desk.person.timeline import KINDS, MOVES, Chip, Entry, cursor_asked, kind_asked, moves_told, names_of
from funnel.company_people import EVENTS_SHOWN, MOVES_SHOWN
from funnel.explaining import Why
from funnel.models import RULE_ERASED, RULE_START, Dimension, Transition
from funnel.playbooks import Playbooks
from funnel.reading import decoded
from rest.pages import Cursor
from staff.models import User


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


_NAME: Final = "coalesce(nullif({0}.name, ''), {0}.emails[1], '#' || {0}.id)"
_TYPE: Final = "type.id, type.key, type.label_en, type.label_fi, type.is_named"
# Of each person only as many events are read as a page has, however long their story is.
_EVENTS: Final = Prepared(
    "events_of_company",
    f"""
    WITH newest AS (
    SELECT one.id, member.leader
      FROM (SELECT id, id AS leader FROM contacts_contact WHERE id = ANY(%(people)s::bigint[]) AND is_listed
             UNION ALL SELECT id, leader_id FROM contacts_contact
             WHERE leader_id = ANY(%(people)s::bigint[]) AND leader_id <> id) member
     CROSS JOIN LATERAL (
           SELECT id, occurred_at, rank FROM contacts_event
            WHERE contact_id = member.id AND retracted_at IS NULL
              AND (%(kinds)s::text[] IS NULL
                   OR type_id = ANY(ARRAY(SELECT id FROM contacts_eventtype WHERE key = ANY(%(kinds)s::text[]))))
              AND (occurred_at, rank, id) < (%(at)s::timestamptz, %(rank)s, %(event)s)
            ORDER BY occurred_at DESC, rank DESC, id DESC LIMIT {EVENTS_SHOWN + 1}) one
     ORDER BY one.occurred_at DESC, one.rank DESC, one.id DESC LIMIT {EVENTS_SHOWN + 1})
    SELECT e.id, e.occurred_at, e.value_minor, e.rank, e.currency, e.by_id, e.properties::text, newest.leader,
           {_NAME.format("leader")}, source.name, source.kind, staff.name, staff.email, {_TYPE}
      FROM newest
      JOIN contacts_event e ON e.id = newest.id
      JOIN contacts_contact leader ON leader.id = newest.leader
      JOIN contacts_eventtype type ON type.id = e.type_id
      JOIN contacts_source source ON source.id = e.source_id
      LEFT JOIN staff_user staff ON staff.id = e.by_id
     ORDER BY e.occurred_at DESC, e.rank DESC, e.id DESC LIMIT {EVENTS_SHOWN + 1}
    """,  # noqa: S608  (words of ours)
    people="bigint[]",
    kinds="text[]",
    at="timestamptz",
    rank="smallint",
    event="bigint",
)
_END: Final = ("infinity", 0, 0)
# Those between two moments, the last before a move.
_MOVES: Final = Prepared(
    "moves_of_company",
    f"""
    SELECT t.id, t.occurred_at, t.cause_id, t.version, t.rule, t.dimension, t.from_value, t.to_value, leader.id,
           {_NAME.format("leader")}, {_TYPE}
      FROM funnel_transition t
      JOIN contacts_contact leader ON leader.id = t.contact_id AND leader.is_listed
      LEFT JOIN contacts_event cause ON cause.id = t.cause_id
      LEFT JOIN contacts_eventtype type ON type.id = cause.type_id
     WHERE t.contact_id = ANY(%(people)s::bigint[]) AND t.superseded_at IS NULL
       AND t.dimension = {Dimension.STAGE.value} AND t.from_value IS NOT NULL
       AND t.occurred_at >= %(since)s::timestamptz AND (t.occurred_at, t.id) < (%(at)s::timestamptz, %(move)s)
     ORDER BY t.occurred_at DESC, t.id DESC LIMIT %(most)s
    """,  # noqa: S608  (words of ours)
    people="bigint[]",
    since="timestamptz",
    at="timestamptz",
    move="bigint",
    most="integer",
)


def most_asked(request: HttpRequest) -> int:
    """Of how many people the moves are looked at for the page that the address asks for.

    The newest events are of those heard of last, the newest moves of those who moved last: no more people than events.
    Of older ones, and of one kind, nothing is known before looking at everybody.
    """
    is_first = cursor_asked(request) is None and kind_asked(request) in ("", MOVES)
    return MOVES_SHOWN + 1 if is_first else MOST_PEOPLE


def timeline_of(request: HttpRequest, found: Found, stages: Sequence[Stage], playbooks: Playbooks) -> Timeline:
    """The page that the address asks for, of these people."""
    kind, asked = kind_asked(request), cursor_asked(request)
    heard = found.liveliest if asked or kind else found.liveliest[: EVENTS_SHOWN + 1]
    events, older = ([], None) if kind == MOVES else _events(heard, kind, asked, stages)
    since = events[-1].at if older else None
    moves, more = _moves(found.moved, kind, asked, since, stages, playbooks) if kind in ("", MOVES) else ([], None)
    said = sorted([*events, *moves], key=lambda one: one.at, reverse=True)
    return Timeline(said, older or more, kind, _chips(kind))


def _events(
    people: Sequence[int], kind: str, asked: tuple[datetime, int, int] | None, stages: Sequence[Stage]
) -> tuple[list[Happened], str | None]:
    at, rank, event = asked or _END
    kinds = sorted(KINDS[kind][1]) if kind else None
    rows = _EVENTS.rows(people=people, kinds=kinds, at=at, rank=rank, event=event)
    events = [_event(*row) for row in rows[:EVENTS_SHOWN]]
    names = names_of([one for one, _who in events], stages)
    told = [Happened(one.occurred_at, who, Entry(one.occurred_at, one, tell(one, names))) for one, who in events]
    older = _cursor_of(events[-1][0]) if len(rows) > EVENTS_SHOWN else None
    return told, older


# As the model has them in its order: to be given by place takes a third of the time that names take.
_OF_EVENT: Final = ("id", "occurred_at", "value_minor", "rank", "currency", "by_id", "properties")
_OF_MOVE: Final = ("id", "occurred_at", "cause_id", "version", "rule", "dimension", "from_value", "to_value")


def _event(*row: Any) -> tuple[Event, Who]:
    *own, said, leader, who, source, kind, name, email = row[:13]
    event = Event.from_db(DEFAULT_DB_ALIAS, _OF_EVENT, [*own, decoded(said)])
    event.type, event.source = _type(*row[13:]), _source(source, kind)
    if event.by_id:
        event.by = User(pk=event.by_id, name=name, email=email)
    return event, Who(leader, who)


@lru_cache(maxsize=1000)
def _type(pk: int, key: str, english: str, finnish: str, is_named: bool) -> EventType:
    return EventType(pk=pk, key=key, label_en=english, label_fi=finnish, is_named=is_named)


@lru_cache(maxsize=1000)
def _source(name: str, kind: str) -> Source:
    return Source(name=name, kind=kind)


def _moves(
    people: Sequence[int],
    kind: str,
    asked: tuple[datetime, int, int] | None,
    since: datetime | None,
    stages: Sequence[Stage],
    playbooks: Playbooks,
) -> tuple[list[Happened], str | None]:
    """The moves of the page: between its first and its last event, or a page of moves alone."""
    most = EVENTS_SHOWN if kind == MOVES else MOVES_SHOWN
    at, _rank, move = asked or _END
    last = move if kind == MOVES else 0  # of the moment itself none, where it is that of an event
    rows = _MOVES.rows(people=people, since=since or "-infinity", at=at, move=last, most=most + 1)
    moves = [_move(*row) for row in rows[:most]]
    whos, whys = {one.pk: who for one, who, _cause in moves}, _whys(moves, playbooks)
    told = moves_told([one for one, _who, _cause in moves], stages, whys)
    said = [Happened(one.at, whos[one.move.pk], one) for one in told if one.move]
    is_more = kind == MOVES and len(rows) > most
    return said, _cursor(moves[-1][0].occurred_at, 0, moves[-1][0].pk) if is_more else None


def _move(*row: Any) -> tuple[Transition, Who, Event | None]:
    move = Transition.from_db(DEFAULT_DB_ALIAS, _OF_MOVE, row[:8])
    cause = Event(pk=move.cause_id, type=_type(*row[10:])) if row[10] else None
    return move, Who(*row[8:10]), cause


def _whys(moves: Sequence[tuple[Transition, Who, Event | None]], playbooks: Playbooks) -> dict[int, Why]:
    """By which fact and which rule each was made; the sentences are told where somebody asks for them."""
    rules = {book.number: book.document["rules"] for book in playbooks.versions}
    whys = {}
    for move, _who, cause in moves:
        rule = rules[move.version][move.rule] if move.rule not in (RULE_START, RULE_ERASED) else None
        by_timer, number = rule is not None and rule["on"] == "time", move.rule + 1 if rule else None
        whys[move.pk] = Why("", "", by_timer, cause, (), version=move.version, number=number)
    return whys


def _chips(kind: str) -> list[Chip]:
    return [Chip(key, KINDS[key][0], 0, key == kind) for key in KINDS]


def _cursor_of(event: Event) -> str:
    return _cursor(event.occurred_at, event.rank, event.pk)


def _cursor(*values: Any) -> str:
    return Cursor("", False, values).text()
