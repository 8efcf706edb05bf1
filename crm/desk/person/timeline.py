"""The timeline of a person: events and moves, the newest first, page by page."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from contacts.models import Event, EventType, Source
from crm.desk.people.vocabulary import words
from crm.desk.person.telling import Names, Told, field_names, tell
from funnel.explaining import Why, explain
from funnel.models import Dimension, Health, Stage, Standing, Transition
from rest.pages import Cursor
from rest.problems import Problem
from staff.models import User

PAGE: Final = 30
MOST_MOVES: Final = 200
LATE: Final = timedelta(hours=1)
_OF_FIELDS: Final = frozenset({"attributes_changed", "contact_created"})
_OF_OWNERS: Final = _OF_FIELDS | {"owner_changed"}
_SPEAKING: Final = _OF_OWNERS | {"stage_set"}
TOGETHER: Final = timedelta(hours=2)  # pages looked at one after another are one visit
_ORDER: Final = ("occurred_at", "rank", "id")
MOVES: Final = "moves"

# key: (what it is called, the event types in it)
KINDS: Final[dict[str, tuple[Any, frozenset[str]]]] = {
    MOVES: (_("Moves"), frozenset()),
    "orders": (_("Orders"), frozenset({"order_completed", "order_delivered", "order_refunded"})),
    "talks": (
        _("Talks"),
        frozenset(
            {"call_held", "call_tried", "meeting_held", "note_added", "message_received", "message_answered"}
            | {"support_requested", "complaint_made", "feedback_given", "quote_requested"}
        ),
    ),
    "mails": (
        _("Mails"),
        frozenset(
            {"email_sent", "email_opened", "email_clicked", "email_bounced", "letter_sent"}
            | {"newsletter_subscribed", "unsubscribed"}
        ),
    ),
    "web": (
        _("Web"),
        frozenset(
            {"page_viewed", "ad_viewed", "ad_clicked", "social_reacted", "content_downloaded", "form_submitted"}
            | {"review_posted"}
        ),
    ),
    "details": (
        _("Details"),
        frozenset(
            {"contact_created", "attributes_changed", "owner_changed", "consent_given", "consent_withdrawn"}
            | {"stage_set", "postponed", "disqualified", "relationship_ended", "reopened"}
        ),
    ),
}


@dataclass(slots=True)
class Entry:
    """One line of the timeline: an event (with those like it), or a move."""

    at: datetime
    event: Event | None = None
    told: Told | None = None
    others: list[Event] = field(default_factory=list)  # pages of the same visit
    move: Transition | None = None
    why: Why | None = None
    place: int = 0
    from_name: str = ""
    to_name: str = ""
    health: str = ""
    may_retract: bool = False
    campaign: str = ""  # its name, or its key where it is none of ours

    @property
    def learned_late(self) -> timedelta | None:
        """By how much, when we heard of an event more than an hour after it."""
        if self.event is None:
            return None
        late = self.event.recorded_at - self.event.occurred_at
        return late if late > LATE else None


@dataclass(frozen=True, slots=True)
class Chip:
    key: str
    label: Any
    count: int
    is_on: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    entries: Sequence[Entry]
    older: str | None  # the cursor of what is older than this page
    kind: str
    is_first: bool


def kind_asked(request: HttpRequest) -> str:
    kind = request.GET.get("kind", "")
    return kind if kind in KINDS else ""


def timeline_of(
    request: HttpRequest,
    member_ids: Collection[int],
    moves: Sequence[Transition],
    stages: Sequence[Stage],
    *,
    types: Mapping[int, EventType],
    retractor: User | None,
    whys: Mapping[int, Why] | None = None,
) -> Timeline:
    """The page of the timeline that the address asks for; `moves` are all that stand, `retractor` whoever may undo."""
    kind = kind_asked(request)
    events, until, older = ([], None, None) if kind == MOVES else _events(request, member_ids, kind, types)
    since = events[-1].occurred_at if older else None
    shown = [
        move
        for move in (moves if kind in ("", MOVES) else ())
        if (since is None or move.occurred_at >= since) and (until is None or move.occurred_at < until)
    ][-MOST_MOVES:]
    told = [*moves_told(shown, stages, whys or {}), *told_of(events, types, stages, retractor)]
    told.sort(key=lambda entry: (entry.at, entry.move.seq if entry.move else -1), reverse=True)
    return Timeline(_visits(told), older, kind, until is None)


def chips(counts: Mapping[str, int], moves: int, kind: str) -> list[Chip]:
    """The kinds there is something of, with how much."""
    numbers = {key: moves if key == MOVES else sum(counts.get(type_, 0) for type_ in KINDS[key][1]) for key in KINDS}
    kept = [Chip(key, KINDS[key][0], number, key == kind) for key, number in numbers.items() if number or key == kind]
    return [Chip("", _("Everything"), 0, not kind), *kept]


def _events(
    request: HttpRequest, member_ids: Collection[int], kind: str, types: Mapping[int, EventType]
) -> tuple[list[Event], datetime | None, str | None]:
    """Events of the page, the moment it ends at, and the cursor of the older ones."""
    rows: QuerySet[Event] = Event.objects.filter(contact_id__in=member_ids).select_related("by")
    if kind:
        rows = rows.filter(type_id__in=[pk for pk, type_ in types.items() if type_.key in KINDS[kind][1]])
    until = cursor_asked(request)
    if until:
        rows = rows.filter(TupleLessThan(Tuple(*_ORDER), until))
    events = list(rows.order_by(*(f"-{name}" for name in _ORDER))[: PAGE + 1])
    shown, more = events[:PAGE], len(events) > PAGE
    older = Cursor("", False, tuple(getattr(shown[-1], name) for name in _ORDER)).text() if more else None
    return shown, until[0] if until else None, older


def cursor_asked(request: HttpRequest) -> tuple[datetime, int, int] | None:
    """Where the page begins; an address that somebody shortened or made up begins at the top."""
    try:
        at, rank, number = Cursor.read(request.GET.get("cursor", "")).values
        return datetime.fromisoformat(at), rank, number
    except (Problem, ValueError, TypeError):
        return None


def told_of(
    events: Iterable[Event], types: Mapping[int, EventType], stages: Sequence[Stage], retractor: User | None
) -> list[Entry]:
    events = list(events)
    sources = Source.objects.in_bulk()
    campaigns = {one.key: one.name for one in words().all.campaigns}
    for event in events:
        event.type, event.source = types[event.type_id], sources[event.source_id]
    names, entries = names_of(events, stages), []
    for event in events:
        own = retractor is not None and event.by_id == retractor.pk and event.retracted_at is None
        key = event.campaign_key or ""
        campaign = campaigns.get(key, key)
        entries.append(
            Entry(event.occurred_at, event=event, told=tell(event, names), may_retract=own, campaign=campaign)
        )
    return entries


def names_of(events: Sequence[Event], stages: Iterable[Any]) -> Names:
    """How we call what these number; what none of them speaks of is not asked for."""
    keys = {event.type.key for event in events}
    if not keys & _SPEAKING:
        return Names({}, {}, {})
    users = words().users if keys & _OF_OWNERS else {}
    return Names(
        {stage.key: str(stage) for stage in stages},
        {name: one.name for pk, one in users.items() for name in (pk, one.key)},
        field_names() if keys & _OF_FIELDS else {},
    )


def moves_told(moves: Sequence[Transition], stages: Iterable[Any], whys: Mapping[int, Why]) -> list[Entry]:
    """Each with its why, which is asked for where it is not known yet."""
    missing = [move for move in moves if move.pk not in whys]
    said = {**whys, **dict(zip((move.pk for move in missing), explain(missing) if missing else (), strict=True))}
    places = {stage.id: (place, str(stage)) for place, stage in enumerate(stages, start=1)}
    return [_move_entry(move, said[move.pk], places) for move in moves]


def _move_entry(move: Transition, why: Why, places: Mapping[int, tuple[int, str]]) -> Entry:
    if move.dimension == Dimension.STAGE:
        place, to_name = places.get(move.to_value or 0, (0, ""))
        from_name = places.get(move.from_value or 0, (0, ""))[1]
        return Entry(move.occurred_at, move=move, why=why, place=place, from_name=from_name, to_name=to_name)
    values: type[Health] | type[Standing] = Health if move.dimension == Dimension.HEALTH else Standing
    from_name, to_name = (str(values(value).label).capitalize() if value else "" for value in _ends(move))
    health = Health(move.to_value).name.lower() if values is Health and move.to_value else ""
    return Entry(move.occurred_at, move=move, why=why, from_name=from_name, to_name=to_name, health=health)


def _ends(move: Transition) -> tuple[int | None, int | None]:
    return move.from_value, move.to_value


def _visits(entries: Sequence[Entry]) -> list[Entry]:
    """The same with pages that were looked at one after another told as one visit, the last page first."""
    kept: list[Entry] = []
    for entry in entries:
        last = kept[-1] if kept else None
        if last is not None and _is_page(entry) and _is_page(last) and _ends_of(last) - entry.at < TOGETHER:
            assert entry.event
            last.others.append(entry.event)
        else:
            kept.append(entry)
    return kept


def _is_page(entry: Entry) -> bool:
    return entry.event is not None and entry.event.type.key == "page_viewed" and entry.event.retracted_at is None


def _ends_of(entry: Entry) -> datetime:
    return entry.others[-1].occurred_at if entry.others else entry.at
