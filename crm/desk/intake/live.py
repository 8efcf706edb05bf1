"""What came in last and what became of it: recorded, sent again, claimed, in quarantine.."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Max
from django.utils.translation import gettext_lazy as _

from contacts.models import Claim, Contact, Event, Quarantine, Source, SourceKind
from contacts.repeats import repeats_of
from staff.policy import Principal

SHOWN: Final = 25
LOOKED_THROUGH: Final = 20_000  # events; a source that wrote longer ago than these has nothing in the list
CONFLICT: Final = "duplicate-conflict"
WORDS: Final = {
    "recorded": _("recorded"),
    "again": _("sent again"),
    "claim": _("claim"),
    "conflict": _("conflict"),
    "quarantine": _("in quarantine"),
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came in. `who` only where whoever looks may see them."""

    at: datetime
    result: str
    source: Source
    what: Any
    who: Contact | None = None
    why: str = ""
    pointer: str = ""
    row: int = 0

    @property
    def word(self) -> Any:
        return WORDS[self.result]


def arrivals(principal: Principal, source: Source | None = None) -> list[Arrival]:
    """The newest first, of all programs or of one source; a constant number of statements."""
    sources = {source.pk: source} if source else {one.pk: one for one in programs()}
    found = [*_recorded(sources), *_again(sources), *_claimed(sources), *_kept(sources)]
    newest = sorted(found, key=lambda one: one.at, reverse=True)[:SHOWN]
    seen = set(
        Contact.objects.visible_to(principal)
        .filter(pk__in=[one.who.pk for one in newest if one.who], erased_at=None)
        .values_list("pk", flat=True)
    )
    return [one if one.who and one.who.pk in seen else _of_nobody(one) for one in newest]


def programs() -> list[Source]:
    """The sources that speak from outside: not our staff, and no files."""
    return list(Source.objects.exclude(kind__in=[SourceKind.STAFF, SourceKind.IMPORT]).order_by("name", "pk"))


def _of_nobody(one: Arrival) -> Arrival:
    return Arrival(one.at, one.result, one.source, one.what, None, one.why, one.pointer, one.row)


def _newest_events() -> Any:
    newest = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
    return Event.objects.filter(pk__gt=newest - LOOKED_THROUGH)


def _recorded(sources: dict[int, Source]) -> list[Arrival]:
    events = _newest_events().filter(source__in=sources).select_related("type", "contact__leader")
    return [
        Arrival(one.recorded_at, "recorded", sources[one.source_id], one.type, one.contact.leader)
        for one in events.order_by("-pk")[:SHOWN]
    ]


def _again(sources: dict[int, Source]) -> list[Arrival]:
    said = repeats_of(sources)[:SHOWN]
    events = Event.objects.select_related("type", "contact__leader").filter(source__in=sources)
    known = events.in_bulk([one.event_id for one in said])
    return [
        Arrival(one.at, "again", sources[event.source_id], event.type, event.contact.leader)
        for one in said
        if (event := known.get(one.event_id))
    ]


def _claimed(sources: dict[int, Source]) -> list[Arrival]:
    claims = Claim.objects.open().filter(source__in=sources).select_related("type", "contact__leader")
    return [
        Arrival(one.received_at, "claim", sources[one.source_id], one.type, one.contact.leader, row=one.pk)
        for one in claims.order_by("-pk")[:SHOWN]
    ]


def _kept(sources: dict[int, Source]) -> list[Arrival]:
    rows = Quarantine.objects.waiting().filter(source__in=sources, event=None).defer("raw")
    return [
        Arrival(
            one.received_at,
            "conflict" if one.reason == CONFLICT else "quarantine",
            sources[one.source_id],
            one.reason,
            why=one.detail,
            pointer=one.pointer,
            row=one.pk,
        )
        for one in rows.order_by("-pk")[:SHOWN]
    ]


@dataclass(frozen=True, slots=True)
class Written:
    """How much a source wrote among the newest events, and when last."""

    events: int
    last_at: datetime | None


def written_lately(sources: Sequence[Source]) -> dict[int, Written]:
    """Of each source, in two statements."""
    rows = _newest_events().filter(source__in=sources).order_by().values_list("source")
    rows = rows.annotate(n=Count("pk"), at=Max("recorded_at"))
    return {source: Written(n, at) for source, n, at in rows}
