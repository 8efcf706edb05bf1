"""/api/v1/positions and /transitions: where everybody stands, how they came there, and why."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from contacts.models import Contact
from funnel.explaining import Way, Why, explain, ways_on
from funnel.filters import POSITION_FILTERS, TRANSITION_FILTERS, filter_parameters
from funnel.models import Position, Transition
from funnel.names import DIMENSION_NAMES, HEALTH_NAMES, STANDING_NAMES, names_of, source_ids, stage_ids
from funnel.parameters import PICTURE, filtered, one_of, picture, row_id
from funnel.pictures import rows_of, sees_everyone
from funnel.scores import scores_now
from funnel.serializers import (
    AskedShape,
    CauseShape,
    EvidenceShape,
    PositionShape,
    TransitionShape,
    WayShape,
    WholePositionShape,
    WhyShape,
)
from funnel.texts import ordered
from rest.answers import answer
from rest.endpoints import caller, operation
from rest.pages import PARAMETERS as PAGING
from rest.pages import page
from rest.queries import invalid_query, parameter, refuse_unknown_parameters
from rest.schema import LIST_PROBLEMS, page_shape, paging_parameters, query_parameter
from staff.policy import Principal

TAG: Final = "Path"
VISITORS: Final = {"exclude": Q(is_visitor=False), "only": Q(is_visitor=True), "include": Q()}
_VISITORS = query_parameter("visitors", _("Whether those we know nothing of are there too."), enum=list(VISITORS))
POSITION_ORDERS: Final = {
    "entered_at": ("entered_at", "contact_id"),
    "score": ("score_rank", "contact_id"),
    "contact": ("contact_id",),
}
TRANSITION_ORDERS: Final = {"id": ("id",), "occurred_at": ("occurred_at", "id")}


# Where everybody stands


@operation(
    "contacts:read",
    summary=_("Positions"),
    tag=TAG,
    answers={200: page_shape("PositionPage", PositionShape)},
    parameters=[
        *filter_parameters(POSITION_FILTERS),
        _VISITORS,
        *paging_parameters(*POSITION_ORDERS),
    ],
    problems=LIST_PROBLEMS,
)
def position_list(request: Request) -> HttpResponse:
    """Where people stand, those who entered their stage last first. Several filters must all hold."""
    plain = request._request
    refuse_unknown_parameters(plain, (*POSITION_FILTERS.parameters(), "visitors", *PAGING))
    rows = seen_by(Position.objects.live(), caller(request)).filter(filtered(plain, POSITION_FILTERS))
    rows = rows.filter(_visitors(plain, "exclude"))
    default = "-entered_at"
    found = page(plain, rows.defer("memory"), orderings=POSITION_ORDERS, default=default)
    return answer(found.showing(_positions(found.rows)))


@operation(
    "contacts:read",
    summary=_("A position"),
    tag=TAG,
    answers={200: WholePositionShape},
    problems=["invalid-query", "not-found"],
)
def position_detail(request: Request, contact_id: int) -> HttpResponse:
    """Where one person stands, why (the last move of each dimension), and what the next stages would take."""
    refuse_unknown_parameters(request._request, ())
    leaders = Contact.objects.filter(pk=contact_id).values("leader_id")
    position = get_object_or_404(seen_by(Position.objects.live(), caller(request)), contact__in=leaders)
    [shape] = _positions([position])
    return answer(
        WholePositionShape(
            **{name: getattr(shape, name) for name in shape.__struct_fields__},
            why=_transitions(_last_moves(position)),
            next=_ways(ways_on(position)),
        )
    )


def _ways(ways: Sequence[Way] | None) -> list[WayShape] | None:
    return None if ways is None else [_way(way) for way in ways]


def _way(way: Way) -> WayShape:
    conditions = [
        AskedShape(asked.sentence, ordered(asked.condition), asked.value, asked.holds, asked.lacking, asked.changes_at)
        for asked in way.conditions
    ]
    return WayShape(way.stage, way.rule, way.sentence, sorted(way.types) if way.types else None, conditions)


def _last_moves(position: Position) -> list[Transition]:
    moves = Transition.objects.live().filter(contact=position.contact_id)
    return list(moves.order_by("dimension", "-seq").distinct("dimension"))


def _positions(rows: Sequence[Position]) -> list[PositionShape]:
    stages, sources, score = names_of(stage_ids()), names_of(source_ids()), scores_now()
    return [
        PositionShape(
            contact=row.contact_id,
            stage=stages[row.stage_id],
            entered_at=row.entered_at,
            health=HEALTH_NAMES[row.health],
            standing=STANDING_NAMES[row.standing],
            recall_at=row.recall_at,
            score=score(row.score, row.score_day),
            last_event_at=row.last_event_at,
            wake_at=row.wake_at,
            source=sources[row.source_id],
            is_visitor=row.is_visitor,
        )
        for row in rows
    ]


# How they came there


@operation(
    "contacts:read",
    summary=_("Moves"),
    tag=TAG,
    answers={200: page_shape("TransitionPage", TransitionShape)},
    parameters=[
        query_parameter("contact", _("The id of a contact: the moves of this person."), int),
        *filter_parameters(TRANSITION_FILTERS),
        query_parameter(
            "history", _("Moves that are live, that were superseded, or both."), enum=["live", "superseded", "all"]
        ),
        query_parameter("as_of", _("With known_on: the moves up to this day or moment.")),
        query_parameter("known_on", _("The moves as they were known on this day or moment.")),
        _VISITORS,
        *paging_parameters(*TRANSITION_ORDERS),
    ],
    problems=LIST_PROBLEMS,
)
def transition_list(request: Request) -> HttpResponse:
    """Moves with their why, those recorded last first. By `occurred_at` only for one contact, or for one `to`."""
    plain = request._request
    names = (*TRANSITION_FILTERS.parameters(), "contact", "history", "visitors", *PICTURE, *PAGING)
    refuse_unknown_parameters(plain, names)
    contact = row_id(plain, "contact")
    _refuse_unserved_order(plain, contact)
    rows = seen_by(Transition.objects.all(), caller(request)).filter(_history(plain))
    rows = rows.filter(filtered(plain, TRANSITION_FILTERS))
    if contact is not None:
        rows = rows.filter(contact__in=_person(contact))
    rows = rows.filter(_visitors(plain, "exclude" if contact is None else "include"))
    found = page(plain, rows, orderings=TRANSITION_ORDERS, default="-id")
    return answer(found.showing(_transitions(found.rows)))


@operation(
    "contacts:read",
    summary=_("A move"),
    tag=TAG,
    answers={200: TransitionShape},
    problems=["invalid-query", "not-found"],
)
def transition_detail(request: Request, transition_id: int) -> HttpResponse:
    """One move with its why, also when it was superseded."""
    refuse_unknown_parameters(request._request, ())
    rows = seen_by(Transition.objects.all(), caller(request))
    return answer(_transitions([get_object_or_404(rows, pk=transition_id)])[0])


def _history(request: HttpRequest) -> Q:
    if parameter(request, "as_of") or parameter(request, "known_on"):
        if parameter(request, "history"):
            raise invalid_query("history", _now("as_of and known_on say which moves were live then."))
        return rows_of(picture(request))
    live, superseded = Q(superseded_at=None), Q(superseded_at__isnull=False)
    histories = {"live": live, "superseded": superseded, "all": live | superseded}  # said in two parts, for two indexes
    return histories[one_of(request, "history", {name: name for name in histories}) or "live"]


def _refuse_unserved_order(request: HttpRequest, contact: int | None) -> None:
    by_occurrence = (parameter(request, "ordering") or "").removeprefix("-") == "occurred_at"
    if by_occurrence and contact is None and not (parameter(request, "dimension") and parameter(request, "to")):
        raise invalid_query("ordering", _now("By occurred_at only with contact, or with dimension and to."))


def _person(contact: int) -> list[int]:
    """All contacts that are one person with this one: moves of former leaders stay theirs."""
    leaders = list(Contact.objects.filter(pk=contact).values_list("leader_id", flat=True))
    return list(Contact.objects.led_by(leaders).values_list("pk", flat=True))


def _transitions(rows: Sequence[Transition]) -> list[TransitionShape]:
    stages, sources = names_of(stage_ids()), names_of(source_ids())
    names: dict[str, Mapping[Any, str | None]]
    names = {"stage": stages, "health": HEALTH_NAMES, "standing": STANDING_NAMES}
    return [
        TransitionShape(
            id=row.pk,
            contact=row.contact_id,
            dimension=dimension,
            from_=names[dimension].get(row.from_value),
            to=names[dimension].get(row.to_value),
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            superseded_at=row.superseded_at,
            visit=row.visit,
            source=sources[row.source_id],
            is_visitor=row.is_visitor,
            why=_why(row, why),
        )
        for row, why in zip(rows, explain(rows), strict=True)
        for dimension in [DIMENSION_NAMES[row.dimension]]
    ]


def _why(row: Transition, why: Why) -> WhyShape:
    event = why.cause
    cause = CauseShape(event.pk, event.type.key, event.occurred_at) if event else None
    evidence = [EvidenceShape(ordered(condition), value) for condition, value in why.evidence]
    return WhyShape(why.rule, why.sentence, row.version, why.by_timer, cause, evidence)


def _visitors(request: HttpRequest, default: str) -> Q:
    return VISITORS[one_of(request, "visitors", {name: name for name in VISITORS}) or default]


def seen_by(rows: QuerySet[Any], principal: Principal) -> QuerySet[Any]:
    """The rows about contacts that the caller may see."""
    return rows if sees_everyone(principal) else rows.filter(contact__in=Contact.objects.visible_to(principal))
