"""/api/v1/board, and /api/v1/contacts/{id}/move: what the board of the desk shows and does."""

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from contacts.doors import require_trusted
from contacts.models import Contact, Source
from funnel.boards import LANES_BY, board, usual_days
from funnel.cards import CARDS, MOST_CARDS, Card, Cause, Wish
from funnel.moving import LONGEST_REASON, SCOPE, Moved, Refused, move_contacts
from funnel.names import HEALTH_NAMES, STANDING_NAMES
from funnel.parameters import one_of
from funnel.serializers import BoardShape, CardCauseShape, CardShape, LaneShape, MoveBody, MoveShape
from rest.access import admit
from rest.answers import answer
from rest.bodies import json_body, refuse_unknown_fields
from rest.endpoints import caller, endpoint, operation
from rest.idempotency import once
from rest.limits import tell_allowance
from rest.problems import FieldError, Problem, json_view
from rest.queries import invalid_query, parameter, refuse_unknown_parameters, whole_number
from rest.schema import IDEMPOTENCY_KEY, LIST_PROBLEMS, described, query_parameter
from staff.policy import Principal

TAG: Final = "Path"
ORDERS: Final = {"-entered_at": False, "entered_at": True}
_PARAMETERS: Final = [
    query_parameter("by", _("What the lanes are."), enum=list(LANES_BY)),
    query_parameter("owner", _("Whose people: the id of a user, or nobody.")),
    query_parameter("source", _("The key of the source that brought them.")),
    query_parameter("q", _("Words: each begins a word of a name, a title, a company, an address or a number.")),
    query_parameter("ordering", _("Who came last first, or who came first."), enum=list(ORDERS)),
    query_parameter("limit", _("How many cards of each lane, at most 400."), int),
    query_parameter("currency", _("Of the values, such as EUR; without it the one most people have bought in.")),
    query_parameter("lane", _("The key of one lane: only this one.")),
    query_parameter("cursor", _("With lane: its next cards, from `next` of the page before.")),
]


@operation(
    "contacts:read",
    summary=_("The board"),
    tag=TAG,
    answers={200: BoardShape},
    parameters=_PARAMETERS,
    problems=LIST_PROBLEMS,
)
def board_read(request: Request) -> HttpResponse:
    """People in lanes by stage, owner or health: of each lane how many stand there (`count_is_exact`: or more), what
    they have bought and kept, how long they usually stay, and its first cards. Visitors, and those whose standing is
    closed, are on no board."""
    return _shown(request._request, caller(request))


def _look(request: HttpRequest) -> HttpResponse:
    """The same as a plain Django view: what lies between would take as long as the board."""
    principal = admit(request, "contacts:read")
    with translation.override(translation.get_language_from_request(request)):
        response = _shown(request, principal)
    tell_allowance(request, response)
    return response


def _shown(request: HttpRequest, principal: Principal) -> HttpResponse:
    refuse_unknown_parameters(request, _NAMES)
    seen = board(principal, _wish(request))
    usual, keys = usual_days(), {stage.pk: stage.key for stage in seen.stages}
    lanes = [
        LaneShape(
            key=lane.key,
            title=lane.title,
            count=lane.count,
            count_is_exact=lane.is_exact,
            value_minor=lane.value_minor,
            usual_days=usual.get(lane.id) if lane.stage else None,
            cards=[_shape(card, keys) for card in lane.cards],
            next=lane.next,
        )
        for lane in seen.lanes
    ]
    return answer(BoardShape(seen.wish.by, seen.currency or None, list(seen.currencies), lanes))


_NAMES: Final = [one.name for one in _PARAMETERS]


def _wish(request: HttpRequest) -> Wish:
    owner, source = parameter(request, "owner") or "", parameter(request, "source")
    if owner and owner != "nobody" and not (owner.isascii() and owner.isdigit() and len(owner) <= 15):
        raise invalid_query("owner", _now("It is the id of a user, or nobody."))
    source_id = Source.objects.filter(key=source).values_list("pk", flat=True).first() if source else None
    if source and source_id is None:
        raise invalid_query("source", _now("There is no such source."))
    lane, after = parameter(request, "lane") or "", parameter(request, "cursor") or ""
    if after and not lane:
        raise invalid_query("cursor", _now("It goes on in a lane: name the lane too."))
    return Wish(
        by=one_of(request, "by", {name: name for name in LANES_BY}) or "stage",
        owner=owner,
        source=source_id,
        words=parameter(request, "q") or "",
        longest_first=one_of(request, "ordering", ORDERS) or False,
        limit=whole_number(request, "limit", default=CARDS, least=1, most=MOST_CARDS),
        lane=lane,
        after=after,
        currency=parameter(request, "currency") or "",
    )


def _shape(card: Card, stages: Mapping[int, str]) -> CardShape:
    return CardShape(
        contact=card.id,
        name=card.name,
        company=card.company,
        owner=card.owner_id,
        stage=stages[card.stage_id],
        entered_at=card.entered_at,
        health=HEALTH_NAMES[card.health],
        standing=STANDING_NAMES[card.standing],
        recall_at=card.recall_at,
        wake_at=card.wake_at,
        score=card.score,
        cause=_cause(card.cause) if card.cause else None,
        overdue_task=card.overdue,
        is_being_folded=card.is_folding,
    )


def _cause(cause: Cause) -> CardCauseShape:
    return CardCauseShape(cause.id, cause.type, cause.said or None, cause.campaign)


# --- A move -----------------------------------------------------------------------------------------------------------


@operation(
    SCOPE,
    summary=_("Move a person"),
    tag=TAG,
    takes=MoveBody,
    answers={200: MoveShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=[
        "malformed-json", "unknown-field", "invalid-value", "not-found", "forbidden", "conflict",
        "unsupported-media-type", "request-in-progress", "idempotency-mismatch", "invalid-idempotency-key",
    ],
    example={"stage": "lead", "from": "retargeting", "reason": "Left her number at the gym door"},
)  # fmt: skip
def contact_move(request: Request, contact_id: int) -> HttpResponse:
    """Decide that a person stands in a stage; their position follows within a second. `from` is the stage the author
    of the decision saw: who stands elsewhere by now stays there (409, with `stage`). It is recorded as the event
    `stage_set`; retracting that event undoes the move. Not for public keys."""
    return _move(request._request, contact_id)


def _move(request: HttpRequest, contact_id: int) -> HttpResponse:
    """A plain Django view, for here every request counts."""
    principal = admit(request, SCOPE)
    require_trusted(principal)
    assert principal.key  # nobody else comes in by this door
    with translation.override(translation.get_language_from_request(request)):
        response = once(request, principal.key, lambda: _moved(principal, contact_id, json_body(request)))
    tell_allowance(request, response)
    return response


def _moved(principal: Principal, contact_id: int, body: Any) -> HttpResponse:
    try:
        refuse_unknown_fields(body, _FIELDS)
        _refuse_wrong_values(body)
    except Problem:
        if not Contact.objects.visible_to(principal).filter(pk=contact_id, erased_at=None).exists():
            raise Problem("not-found") from None
        raise
    seen = {contact_id: body["from"]} if body.get("from") is not None else None
    [result] = move_contacts(principal, [contact_id], body["stage"], body.get("reason") or "", seen=seen)
    if isinstance(result, Moved):
        return answer(MoveShape(result.contact_id, result.event_id, result.from_stage, result.to_stage))
    raise _problem(result)


_FIELDS: Final = {"stage", "from", "reason"}


def _refuse_wrong_values(body: Mapping[str, Any]) -> None:
    wrong = [
        FieldError(f"/{name}", "invalid", _now("It is a text."))
        for name in _FIELDS
        if not isinstance(body.get(name, ""), str) and not (name != "stage" and body[name] is None)
    ]
    if not body.get("stage"):
        wrong.append(FieldError("/stage", "required", _now("Say the key of a stage.")))
    if isinstance(body.get("reason"), str) and len(body["reason"]) > LONGEST_REASON:
        words = _now("At most %(n)s characters can be kept here.") % {"n": LONGEST_REASON}
        wrong.append(FieldError("/reason", "too-long", words))
    if wrong:
        raise Problem("invalid-value", errors=wrong)


def _problem(refused: Refused) -> Problem:
    """Why not, as programs are told: what is not there, what cannot be meant, and what is otherwise by now."""
    match refused.code:
        case "not_found" | "erased":
            return Problem("not-found")
        case "forbidden":
            return Problem("forbidden", refused.sentence)
        case "unknown_stage" | "archived_stage":
            errors = [FieldError("/stage", refused.code, refused.sentence)]
            return Problem("invalid-value", errors=errors)
    pointer = "/from" if refused.code == "stage_changed" else ""
    problem = Problem("conflict", refused.sentence, errors=[FieldError(pointer, refused.code, refused.sentence)])
    known = {"stage": refused.stage, "existing": refused.leader}
    problem.extra |= {name: value for name, value in known.items() if value is not None}
    return problem


# --- Both are served as plain views, and described as all others ------------------------------------------------------

_documented_board, _documented_move = endpoint(GET=board_read), endpoint(POST=contact_move)
_quick_look, _quick_move = json_view(_look), json_view(_move)


def _boards(request: HttpRequest) -> HttpResponseBase:
    return _quick_look(request) if request.method == "GET" else _documented_board(request)


def _moves(request: HttpRequest, contact_id: int) -> HttpResponseBase:
    if request.method == "POST":
        return _quick_move(request, contact_id)
    return _documented_move(request, contact_id=contact_id)


_boards.csrf_exempt = _moves.csrf_exempt = True  # type: ignore[attr-defined]
boards, moves = described(_boards, _documented_board), described(_moves, _documented_move)
