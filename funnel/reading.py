"""What the fold is fed with: the playbooks, the names behind our numbers, and the events of people."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction

from contacts.messages import CLAIMED_TYPES
from contacts.models import EventType, Source, Trust
from funnel.fold import Event
from funnel.models import Playbook as PlaybookRow
from funnel.models import Stage
from funnel.playbooks import ALWAYS, Playbook, Playbooks

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def moment_of(micros: int) -> datetime:
    return EPOCH + micros * MICROSECOND


def micros(moment: datetime) -> int:
    whole: int = (moment - EPOCH) // MICROSECOND
    return whole


@dataclass(frozen=True, slots=True)
class Names:
    """What our small numbers stand for. Rows are only ever added, so what is known stays true."""

    types: dict[int, str]
    public_sources: frozenset[int]
    stage_ids: dict[str | None, int | None]
    known_sources: frozenset[int]

    @classmethod
    def read(cls) -> "Names":
        sources = dict(Source.objects.values_list("id", "trust"))
        return cls(
            types=dict(EventType.objects.values_list("id", "key")),
            public_sources=frozenset(number for number, trust in sources.items() if trust == Trust.PUBLIC),
            stage_ids={None: None, **dict(Stage.objects.values_list("key", "id"))},
            known_sources=frozenset(sources),
        )


class World:
    """The playbooks in their newest version and the names; read again only when there are more of them.

    One a process, whichever of its threads asks. It is asked after marks were taken: the publication behind a mark
    that is gone has then been seen.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._published: tuple[Any, ...] | None = None
        self._playbooks: Playbooks | None = None
        self._names: Names | None = None

    def playbooks(self) -> Playbooks:
        with self._lock:
            with connection.cursor() as cursor:
                cursor.execute("SELECT array_agg(xmin::text || ctid::text ORDER BY number) FROM funnel_playbook")
                published = tuple(cursor.fetchone()[0] or ())
            if self._playbooks is None or published != self._published:
                self._playbooks, self._names = read_playbooks(), None
                self._published = published
            return self._playbooks

    def names(self, *, types: Iterable[int] = (), sources: Iterable[int] = ()) -> Names:
        """The names, in which these types and sources are sure to be."""
        with self._lock:
            names = self._names
            if names is None or not (names.types.keys() >= set(types) and names.known_sources >= set(sources)):
                names = self._names = Names.read()
            return names

    def forget(self) -> None:
        """For when the database is another one."""
        with self._lock:
            self._published = self._playbooks = self._names = None


WORLD = World()


def read_playbooks() -> Playbooks:
    return Playbooks(
        Playbook.parse(row.document, row.number, ALWAYS if row.since is None else micros(row.since))
        for row in PlaybookRow.objects.all()
    )


@contextmanager
def snapshot(*, writing: bool = False) -> Iterator[None]:
    """All that is read within is of one moment, unless a transaction is already open."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        if not nested:
            with connection.cursor() as cursor:
                access = "READ WRITE" if writing else "READ ONLY"
                cursor.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, {access}")
        yield


class Mark(NamedTuple):
    """What was to be done about a contact. Without an event the person is folded from the start."""

    contact: int
    event: int | None
    reason: int


_EVENT = """
    SELECT {about}, e.id, (extract(epoch FROM e.occurred_at) * 1000000)::bigint, e.rank,
           encode(uuid_send(e.key), 'hex'),
           e.type_id, e.source_id, e.value_minor, e.currency,
           CASE WHEN e.type_id = ANY(%(with_properties)s::smallint[]) THEN e.properties::text END
      FROM contacts_event e
"""
_NAMED = " WHERE e.id = ANY(%(ids)s::bigint[]) AND e.retracted_at IS NULL"
# Held events are those the fold died on; they are left out until they are replayed.
_STANDING = """
     WHERE e.contact_id = ANY(%(ids)s::bigint[]) AND e.retracted_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM contacts_quarantine q WHERE q.event_id = e.id AND q.replayed_at IS NULL)
"""


def named_events(ids: Sequence[int], playbooks: Playbooks) -> list[tuple[bool, Event]]:
    """The standing ones of these events, each with whether it carries a campaign, in no order."""
    return _read(_EVENT.format(about="coalesce(e.campaign_key > '', false)") + _NAMED, ids, playbooks)


def standing_events(contacts: Sequence[int], playbooks: Playbooks) -> list[tuple[int, Event]]:
    """All events of these contacts that stand and are not held, each with its contact, in no order."""
    return _read(_EVENT.format(about="e.contact_id") + _STANDING, contacts, playbooks)


def _read(query: str, ids: Sequence[int], playbooks: Playbooks) -> list[tuple[Any, Event]]:
    if not ids:
        return []
    names = WORLD.names()
    rows = _rows(query, ids, playbooks, names)
    if not names.types.keys() >= {row[5] for row in rows}:  # a rule may look into the properties of a type just made
        names = WORLD.names(types={row[5] for row in rows})
        rows = _rows(query, ids, playbooks, names)
    names = WORLD.names(sources={row[6] for row in rows})
    # A claim is in the log only because somebody trusted has confirmed it.
    types, public, fromhex = names.types, names.public_sources, bytes.fromhex
    return [
        (
            about,
            Event(
                at,
                rank,
                fromhex(key),
                types[type_],
                value,
                currency,
                decoded(properties) if properties else None,
                source in public and types[type_] not in CLAIMED_TYPES,
                number,
            ),
        )
        for about, number, at, rank, key, type_, source, value, currency, properties in rows
    ]


def decoded(properties: str) -> Any:
    try:
        return msgspec.json.decode(properties)
    except msgspec.DecodeError:
        return json.loads(properties)  # which takes numbers beyond those of any machine


def _rows(query: str, ids: Sequence[int], playbooks: Playbooks, names: Names) -> list[tuple[Any, ...]]:
    with_properties = [number for number, key in names.types.items() if key in playbooks.types_with_properties]
    with connection.cursor() as cursor:
        cursor.execute(query, {"ids": array(ids), "with_properties": array(with_properties)})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def array(numbers: Iterable[int | None]) -> str:
    """Numbers as PostgreSQL reads an array; a literal of one token, so that long ones cost the parser nothing."""
    return "{" + ",".join(map(str, numbers)).replace("None", "NULL") + "}"


def numbers(query: str, parameters: Any) -> list[int]:
    """The one column of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [number for (number,) in cursor.fetchall()]
