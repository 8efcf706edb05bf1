"""A world into the tables, by COPY; then folded by the same code that folds every event.

The bulk is written as an import would have left it. A tail goes through the door as live events do: late ones, doubled
ones, refunds and merges, so that the paths they leave are those of the product and not of this module.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from itertools import islice
from typing import Any, Final

import msgspec
from django.db import connection, transaction

from campaigns.models import Campaign
from contacts.company_marks import mark_companies
from contacts.matching import search_tokens, sort_key
from contacts.messages import ContactRef, Message, body_digest, body_of, event_key
from contacts.models import EventType, PendingReason, Source
from contacts.recording import mark
from crm.world.people import CAMPAIGNS, SOURCES, Happening, Somebody, World, company_domain, company_name
from funnel.advancing import advance_pending

BLOCK: Final = 2000  # people written in one transaction
CURRENCY: Final = "EUR"
NOTHING: Final = r"\N"


@dataclass
class Ground:
    """What the rows of a world refer to."""

    sources: dict[str, int]
    types: dict[str, tuple[int, int]]  # key: (id, rank)
    first_contact: int
    first_company: int
    owners: Sequence[int] = ()


@dataclass
class Sheet:
    """The rows of one block on their way into one table."""

    table: str
    columns: tuple[str, ...]
    lines: list[str] = field(default_factory=list)

    def add(self, *values: object) -> None:
        self.lines.append("\t".join(NOTHING if value is None else str(value) for value in values))

    def copy(self) -> None:
        if self.lines:
            with connection.cursor() as cursor:
                text = StringIO("\n".join(self.lines) + "\n")
                cursor.copy_expert(f"COPY {self.table} ({', '.join(self.columns)}) FROM STDIN", text)


CONTACT: Final = ("id", "leader_id", "is_known", "name", "emails", "phones", "title", "country", "language",
                  "time_zone", "owner_id", "custom", "origin_source_id", "origin_campaign", "origin_note", "version",
                  "sort_key", "search", "created_at", "updated_at")  # fmt: skip
IDENTITY: Final = ("contact_id", "kind", "namespace", "value")
MEMBERSHIP: Final = ("contact_id", "company_id", "role", "title")
EVENT: Final = ("contact_id", "occurred_at", "recorded_at", "value_minor", "type_id", "source_id", "rank", "key",
                "digest", "currency", "campaign_key", "message_id", "properties")  # fmt: skip


def lay_ground(world: World, *, owners: Sequence[int] = ()) -> Ground:
    """Sources, campaigns and companies; and numbers for the people to come."""
    for key, (name, kind, trust) in SOURCES.items():
        Source.objects.get_or_create(key=key, defaults={"name": name, "kind": kind, "trust": trust})
    for key, (name, channel) in CAMPAIGNS.items():
        Campaign.objects.get_or_create(key=key, defaults={"name": name, "channel": channel})
    ground = Ground(
        sources=dict(Source.objects.values_list("key", "pk")),
        types={key: (pk, rank) for key, pk, rank in EventType.objects.values_list("key", "pk", "rank")},
        first_contact=_reserve("contacts_contact", world.contacts),
        first_company=_reserve("contacts_company", world.companies),
        owners=owners,
    )
    _copy_companies(world, ground)
    return ground


def load_people(world: World, ground: Ground, first: int, last: int) -> int:
    """Write the people with the numbers first <= n < last, their events, and a mark each; block by block."""
    people = world.people(first, last)
    while block := list(islice(people, BLOCK)):
        with transaction.atomic():
            for sheet in _sheets(world, ground, block):
                sheet.copy()
            mark_companies(ground.first_company + one.company for one in block if one.company is not None)
            mark((ground.first_contact + one.number for one in block), PendingReason.IMPORT)
    return last - first


def fold_people(limit: int) -> int:
    """Fold by the code that folds every event, until about `limit` people are folded or nobody is left."""
    folded = 0
    while folded < limit and (some := advance_pending()):
        folded += some
    return folded


def _reserve(table: str, count: int) -> int:
    """The first of `count` numbers in a row, which nobody else will get."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(number), max(number) FROM (SELECT nextval(pg_get_serial_sequence(%s, 'id')) AS number"
            " FROM generate_series(1, %s)) AS drawn",
            [table, count],
        )
        first, last = cursor.fetchone()
    if last - first + 1 != count:
        raise RuntimeError(f"Somebody else adds rows to {table}: stop the web server and the workers first.")
    return int(first)


def _copy_companies(world: World, ground: Ground) -> None:
    sheet = Sheet("contacts_company", ("id", "name", "domains", "country", "custom", "version", "sort_key", "search"))
    for number in range(world.companies):
        name, domain = company_name(world.seed, number), company_domain(world.seed, number)
        tokens = search_tokens(texts=[name], domains=[domain])
        key = ground.first_company + number
        sheet.add(key, name, f"{{{domain}}}", "FI", "{}", 1, sort_key(name), _vector(tokens))
    sheet.copy()
    mark_companies(range(ground.first_company, ground.first_company + world.companies))


def _sheets(world: World, ground: Ground, block: Iterable[Somebody]) -> list[Sheet]:
    contacts = Sheet("contacts_contact", CONTACT)
    identities = Sheet("contacts_identity", IDENTITY)
    memberships = Sheet("contacts_membership", MEMBERSHIP)
    events = Sheet("contacts_event", EVENT)
    for one in block:
        key = ground.first_contact + one.number
        company = company_name(world.seed, one.company) if one.company is not None else ""
        _add_contact(contacts, world, ground, key, one, company)
        for kind, namespace, value in _identities(one):
            identities.add(key, kind, namespace, value)
        if one.company is not None:
            memberships.add(key, ground.first_company + one.company, "", one.title)
        _add_events(events, world, ground, key, one, company)
    return [contacts, identities, memberships, events]


def _add_contact(sheet: Sheet, world: World, ground: Ground, key: int, one: Somebody, company: str) -> None:
    phones = [one.phone] if one.phone else []
    tokens = search_tokens(texts=[one.name, one.title, company], emails=[one.email] if one.email else [], phones=phones)
    owner = ground.owners[one.number % len(ground.owners)] if ground.owners and one.is_known else None
    met = _stamp(min((happening.at for happening in one.happenings), default=world.end))
    sheet.add(
        key, key, "t" if one.is_known else "f", one.name, _list(one.email), _list(one.phone), one.title,
        one.country, "", "", owner, "{}", ground.sources[one.origin], one.campaign or "", "", 1, sort_key(one.name),
        _vector(tokens), met, met,
    )  # fmt: skip


def _identities(one: Somebody) -> Iterator[tuple[str, str, str]]:
    if one.email:
        yield "email", "", one.email
    if one.origin in {"website", "ads"}:
        yield "anonymous_id", "website", f"visitor-{one.number}"
    if one.has_account:
        yield "user_id", "shop", f"customer-{one.number}"


def _add_events(sheet: Sheet, world: World, ground: Ground, key: int, one: Somebody, company: str) -> None:
    for place, happening in enumerate(one.happenings):
        type_id, rank = ground.types[happening.type]
        message = message_of(world, key, one, place, company)
        recorded = min(happening.at + happening.learned_after, world.end)
        sheet.add(
            key, _stamp(happening.at), _stamp(recorded), message.value_minor, type_id,
            ground.sources[happening.source], rank, event_key(happening.source, message.message_id),
            body_digest(body_of(message)), message.currency, message.campaign, message.message_id,
            msgspec.json.encode(message.properties).decode().replace("\\", "\\\\"),
        )  # fmt: skip


def message_of(world: World, key: int, one: Somebody, place: int, company: str) -> Message:
    """The message that tells of a happening, as its source would send it (again)."""
    happening = one.happenings[place]
    return Message(
        message_id=f"world-{world.seed}-{one.number}-{place}",
        type=happening.type,
        contact=ContactRef(id=key),
        occurred_at=datetime.fromtimestamp(happening.at, UTC),
        value_minor=happening.value_minor,
        currency=None if happening.value_minor is None else CURRENCY,
        campaign=happening.campaign,
        properties=_properties(one, happening, company),
    )


def _properties(one: Somebody, happening: Happening, company: str) -> dict[str, Any]:
    """With the event that brings a name come all the details."""
    if happening.type not in {"contact_created", "attributes_changed"}:
        return happening.properties
    details = {"name": one.name, "email": one.email, "phone": one.phone, "title": one.title, "country": one.country}
    return {name: value for name, value in {**details, "company": company}.items() if value}


def _list(value: str) -> str:
    """A list of one, or of none, as COPY takes it."""
    return f"{{{value}}}"


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _vector(tokens: Iterable[str]) -> str:
    """A tsvector as COPY takes it."""
    return " ".join("'" + token.replace("'", "''").replace("\\", "\\\\\\\\") + "'" for token in tokens)
