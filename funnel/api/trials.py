"""/api/v1/playbooks/drafts/ID/try: a draft on one person, and what one thing more would set off now."""

from typing import Final

import msgspec
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from contacts.answering import moment_said
from contacts.models import Contact
from funnel.api.backtests import HistoriesShape, steps_of
from funnel.api.refusing import refusal
from funnel.explaining import Words
from funnel.models import PlaybookDraft
from funnel.publishing import FaultyPlaybookError
from funnel.trying import Reaction, Trial, try_on
from rest.answers import answer
from rest.endpoints import caller, operation
from rest.queries import invalid_query, parameter, refuse_unknown_parameters, whole_number
from rest.schema import query_parameter

TAG: Final = "Playbooks"


class ReactionShape(msgspec.Struct):
    """A move that would be made at once, and why."""

    dimension: str
    to: str | None
    sentence: str


class ReactionsShape(msgspec.Struct):
    as_it_is: list[ReactionShape]
    with_the_draft: list[ReactionShape]


class TrialShape(HistoriesShape):
    """Both histories until now; `reactions` to the `event` asked about, null where none was."""

    reactions: ReactionsShape | None = None


@operation(
    "playbooks:read",
    summary=_("Try a draft on somebody"),
    tag=TAG,
    answers={200: TrialShape},
    parameters=[
        query_parameter("contact", _("The id of a contact you see."), int, required=True),
        query_parameter("since", _("The draft is in force from this day or moment on; always when not given.")),
        query_parameter("event", _("What if this happened now: `order_completed 59.00 EUR order_id=1`.")),
    ],
    problems=["invalid-query", "invalid-value", "not-found"],
)
def draft_try(request: Request, draft_id: int) -> HttpResponse:
    """One person's path as it is and with the draft, without a backtest. Nothing is written."""
    plain = request._request
    refuse_unknown_parameters(plain, ("contact", "since", "event"))
    draft = get_object_or_404(PlaybookDraft, pk=draft_id)
    contact, since = _contact(request), parameter(plain, "since")
    moment = min(moment_said("since", since), timezone.now()) if since else None
    event = " ".join((parameter(plain, "event") or "").split())
    try:
        trial = try_on(draft=draft, leader=contact.pk, since=moment, words=Words.read(), event=event)
    except FaultyPlaybookError as error:
        raise refusal(error) from None
    except ValidationError as error:
        raise invalid_query("event" if error.code == "bad_story" else "contact", error.messages[0]) from None
    return answer(_shape(contact, trial))


def _contact(request: Request) -> Contact:
    number = whole_number(request._request, "contact", default=0, least=1, most=10**18 - 1)
    people = Contact.objects.visible_to(caller(request)).leaders().filter(erased_at=None)
    contact = people.filter(pk=number).first()
    if contact is None:
        raise invalid_query("contact", gettext("There is nobody with this number."))
    return contact


def _shape(contact: Contact, trial: Trial | None) -> TrialShape:
    if trial is None:
        return TrialShape(contact.pk, 0, [], [])
    sides = trial.reactions and ReactionsShape(*(_reactions(side) for side in trial.reactions))
    return TrialShape(contact.pk, trial.histories.events, *steps_of(trial.histories), sides)


def _reactions(side: list[Reaction]) -> list[ReactionShape]:
    return [ReactionShape(one.dimension, one.to, one.sentence) for one in side]
