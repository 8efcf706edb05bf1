"""The log for programs: recording, reading, and taking back what never was so."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from rest.answers import answer
from rest.endpoints import caller, endpoint, operation
from rest.pages import PARAMETERS, page
from rest.problems import json_view
from rest.queries import refuse_unknown_parameters
from rest.schema import LIST_PROBLEMS, described, page_shape, paging_parameters
from staff.policy import Principal

from .answering import filter_parameters
from .doors import require_trusted
from .filtering import EQUALITY, Field, Filters, Operator, moment, read_whole, short_text, text, yes_no
from .ingest import retract_event
from .intake import Answer, event_intake
from .messages import EventBody, major_units
from .models import Contact, Event, EventType, Source
from .models.log import EventQuerySet

EVENTS = _("Events")


class MoneyShape(msgspec.Struct):
    """An amount of money."""

    amount: str
    currency: str


class EventShape(msgspec.Struct):
    """Something that happened. `contact` is the one it was recorded for, `person` the one they are by now."""

    id: int
    type: str
    source: str
    contact: int
    person: int
    occurred_at: datetime
    recorded_at: datetime
    stated_at: datetime | None
    retracted_at: datetime | None
    value: MoneyShape | None
    campaign: str | None
    message_id: str | None
    by: int | None
    properties: dict[str, Any]


def show_events(events: Sequence[Event]) -> list[EventShape]:
    types = dict(EventType.objects.filter(pk__in={event.type_id for event in events}).values_list("pk", "key"))
    sources = dict(Source.objects.values_list("pk", "key"))
    people = dict(Contact.objects.filter(pk__in={event.contact_id for event in events}).values_list("pk", "leader_id"))
    return [
        EventShape(
            id=event.pk,
            type=types[event.type_id],
            source=sources[event.source_id],
            contact=event.contact_id,
            person=people[event.contact_id],
            occurred_at=event.occurred_at,
            recorded_at=event.recorded_at,
            stated_at=event.stated_at,
            retracted_at=event.retracted_at,
            value=_money(event.value_minor, event.currency),
            campaign=event.campaign_key,
            message_id=event.message_id,
            by=event.by_id,
            properties=event.properties,
        )
        for event in events
    ]


def _money(minor: int | None, currency: str | None) -> MoneyShape | None:
    if minor is None or currency is None:
        return None
    return MoneyShape(str(major_units(minor, currency)), currency)


def _of_people(operator: Operator, value: Any) -> Q:
    """Recorded for any contact of these people."""
    values = value if operator == Operator.IN else [value]
    leaders = Contact.objects.filter(pk__in=values).values_list("leader_id", flat=True)
    return Q(contact_id__in=list(Contact.objects.led_by(list(leaders)).values_list("pk", flat=True)))


def _by_key(column: str, rows: type[EventType] | type[Source]) -> Any:
    def found(operator: Operator, value: Any) -> Q:
        values = value if operator == Operator.IN else [value]
        meant = Q(**{f"{column}__in": list(rows.objects.filter(key__in=values).values_list("pk", flat=True))})
        return ~meant if operator == Operator.IS_NOT else meant

    return found


EVENT_FILTERS: Final = Filters(
    Field("contact", read_whole, _of_people, (Operator.IS, Operator.IN), _("the id of a contact")),
    Field("type", short_text, _by_key("type_id", EventType), EQUALITY, _("the key of an event type")),
    Field("source", short_text, _by_key("source_id", Source), EQUALITY, _("the key of a source")),
    text("campaign", "campaign_key", _("the key of a campaign")),
    moment("occurred_at", "occurred_at"),
    moment("recorded_at", "recorded_at"),
    yes_no("standing", "retracted_at__isnull"),
)


def visible_events(principal: Principal) -> EventQuerySet:
    """The events of whom `principal` sees; a program sees everybody, which must cost nothing."""
    events = Event.objects.all()
    if principal.key:
        return events
    return events.filter(contact__leader__in=Contact.objects.visible_to(principal))


@operation(
    "events:read",
    summary=_("List events"),
    tag=EVENTS,
    answers={200: page_shape("EventPage", EventShape)},
    parameters=[*filter_parameters(EVENT_FILTERS), *paging_parameters("id")],
    problems=LIST_PROBLEMS,
)
def event_list(request: Request) -> HttpResponse:
    """What was recorded, newest first. `contact` finds the events of the whole person; `standing=false` the retracted
    ones."""
    asked = request._request
    refuse_unknown_parameters(asked, (*PARAMETERS, *EVENT_FILTERS.parameters()))
    events = visible_events(caller(request)).filter(EVENT_FILTERS.from_parameters(asked.GET.dict()).q())
    found = page(asked, events, orderings={"id": ("id",)}, default="-id")
    return answer(found.showing(show_events(found.rows)))


@operation(
    "events:write",
    summary=_("Record events"),
    tag=EVENTS,
    takes=EventBody,
    answers={200: Answer},
    problems=("malformed-json", "too-large", "unsupported-media-type", "timeout", "quarantine-full", "unavailable"),
)
def event_record(request: Request) -> HttpResponse:
    """Record one event, or a list of up to 500. The answer is 200 with one result each, in order: `accepted`,
    `duplicate`, `duplicate_conflict`, `claim` or `quarantined` with its reason. A repetition (the same `message_id`
    from the same source) is recorded once, for ever."""
    return event_intake(request._request)


@operation(
    "events:read",
    summary=_("Read an event"),
    tag=EVENTS,
    answers={200: EventShape},
    problems=("not-found",),
)
def event_detail(request: Request, event_id: int) -> HttpResponse:
    """One event."""
    return answer(show_events([_event(request, event_id)])[0])


@operation(
    "events:write",
    summary=_("Retract an event"),
    tag=EVENTS,
    answers={200: EventShape},
    problems=("not-found", "forbidden", "invalid-value"),
)
def event_retract(request: Request, event_id: int) -> HttpResponse:
    """Say that an event never was so: its row stays, and everybody it moved is placed anew. Not for public keys."""
    require_trusted(caller(request))
    event = _event(request, event_id)
    retract_event(event=event, by=caller(request))
    return answer(show_events([event])[0])


def _event(request: Request, event_id: int) -> Event:
    return get_object_or_404(visible_events(caller(request)), pk=event_id)


_documented = endpoint(GET=event_list, POST=event_record)
_record = json_view(event_intake)


def _events(request: HttpRequest) -> HttpResponseBase:
    return _record(request) if request.method == "POST" else _documented(request)


_events.csrf_exempt = True  # type: ignore[attr-defined]
events = described(_events, _documented)
event = endpoint(GET=event_detail)
event_retraction = endpoint(POST=event_retract)
