"""/api/v1/contacts/{id}/timeline: what happened to a person, in the order in which it did, and what it moved."""

from typing import Any

import msgspec
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from contacts.event_api import EventShape, show_events
from contacts.models import Contact, Event
from funnel.models import Transition
from funnel.names import DIMENSION_NAMES, HEALTH_NAMES, STANDING_NAMES, names_of, stage_ids
from rest.answers import answer
from rest.endpoints import caller, operation
from rest.pages import PARAMETERS, page
from rest.queries import refuse_unknown_parameters
from rest.schema import LIST_PROBLEMS, page_shape, paging_parameters

_ORDERINGS = {"occurred_at": ("occurred_at", "rank", "id")}


class MovedShape(msgspec.Struct):
    """A move that an event made; `transition` leads to its why."""

    transition: int
    dimension: str
    from_: str | None = msgspec.field(name="from")
    to: str | None


class EntryShape(msgspec.Struct):
    """An event with the moves that stand because of it."""

    event: EventShape
    moves: list[MovedShape]


@operation(
    "events:read",
    summary=_("The timeline of a person"),
    tag=_("Events"),
    answers={200: page_shape("TimelinePage", EntryShape)},
    parameters=paging_parameters("occurred_at"),
    problems=(*LIST_PROBLEMS, "not-found"),
)
def timeline(request: Request, contact_id: int) -> HttpResponse:
    """The events of the whole person, whichever of their contacts they were recorded for, the latest first; retracted
    ones too. `/positions/{id}` says why they stand where they do and what the next stage would take."""
    refuse_unknown_parameters(request._request, PARAMETERS)
    leader = get_object_or_404(Contact.objects.visible_to(caller(request)), members=contact_id)
    events = Event.objects.filter(contact_id__in=Contact.objects.led_by([leader.pk]).values_list("pk", flat=True))
    found = page(request._request, events, orderings=_ORDERINGS, default="-occurred_at")
    moves = _moves(leader, [event.pk for event in found.rows])
    shown = [EntryShape(event, moves.get(event.id, [])) for event in show_events(found.rows)]
    return answer(found.showing(shown))


def _moves(leader: Contact, event_ids: list[int]) -> dict[int, list[MovedShape]]:
    names: list[dict[Any, str | None]] = [
        {**names_of(stage_ids()), None: None},
        dict(HEALTH_NAMES),
        dict(STANDING_NAMES),
    ]
    made: dict[int, list[MovedShape]] = {}
    live = Transition.objects.live().filter(contact=leader, cause_id__in=event_ids)
    for move in live.order_by("seq"):
        values = names[move.dimension]
        shape = MovedShape(
            move.pk, DIMENSION_NAMES[move.dimension], values.get(move.from_value), values.get(move.to_value)
        )
        made.setdefault(move.cause_id or 0, []).append(shape)
    return made
