"""/api/v1/playbooks/backtests: what a draft would have made of everybody, and the proof of what is published."""

from datetime import datetime
from typing import Any, Final

import msgspec
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from contacts.models import Contact
from funnel.api.refusing import refusal
from funnel.backtesting import progress_of, start_backtest, start_proof, stop_backtest
from funnel.explaining import Words
from funnel.histories import Histories, Step, histories_of
from funnel.models import Backtest, BacktestKind, BacktestPerson, BacktestState, PlaybookDraft, Stage
from funnel.names import HEALTH_NAMES, STANDING_NAMES, names_of, stage_ids
from funnel.outcomes import CLOSED, laid_beside
from funnel.pictures import sees_everyone
from funnel.publishing import FaultyPlaybookError
from rest.answers import answer
from rest.bodies import MomentField, body_as
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.pages import PARAMETERS, page
from rest.queries import invalid_query, refuse_unknown_parameters, whole_number
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters, query_parameter

TAG: Final = "Backtests"
_READING: Final = ("invalid-query", "not-found")
ORDERS: Final = {"differs_at": ("differs_at", "contact_id"), "contact": ("contact_id",)}


class BacktestShape(msgspec.Struct, kw_only=True):
    """`figures` are those of everybody, for who sees everybody: pairs are written `as it is>with the draft`."""

    id: int
    kind: str
    draft: int | None
    draft_version: int
    since: datetime | None
    until: datetime
    state: str
    progress: int
    events: int
    started_at: datetime
    finished_at: datetime | None
    failure: str
    figures: dict[str, Any] | None


class PlaceShape(msgspec.Struct):
    stage: str | None
    health: str | None
    standing: str | None


class DifferingShape(msgspec.Struct):
    contact: int
    stands_elsewhere: bool
    differs_at: datetime
    as_it_is: PlaceShape
    with_the_draft: PlaceShape


class StepShape(msgspec.Struct):
    """`shared`: the other history has the same move at the same moment."""

    at: datetime
    dimension: str
    before: str | None
    after: str | None
    version: int
    rule: str
    sentence: str
    cause: int | None
    shared: bool


class HistoriesShape(msgspec.Struct):
    contact: int
    events: int
    as_it_is: list[StepShape]
    with_the_draft: list[StepShape]


class LaidShape(msgspec.Struct):
    """How many stand in a stage (or are `closed`): as it is, with this draft, and with that of the other."""

    stage: str
    as_it_is: int
    this: int
    other: int


class BesideShape(msgspec.Struct):
    """`stages` are counts of everybody, for who sees everybody; as it is, when this one was counted."""

    this: int
    other: int
    stages: list[LaidShape] | None


class BacktestBody(serializers.Serializer[Any]):
    since = MomentField(required=False, allow_null=True)


@operation(
    "playbooks:write",
    summary=_("Begin a backtest"),
    tag=TAG,
    takes=BacktestBody,
    answers={202: BacktestShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def backtest_start(request: Request, draft_id: int) -> HttpResponse:
    """As if the draft had been in force from `since` on (nothing: always). Nothing of the path is written."""
    draft = get_object_or_404(PlaybookDraft, pk=draft_id)
    body = body_as(BacktestBody, request)
    try:
        backtest = start_backtest(draft=draft, since=body.get("since"), by=caller(request))
    except FaultyPlaybookError as error:
        raise refusal(error) from None
    return _begun(request, backtest)


@operation(
    "playbooks:write",
    summary=_("Prove what is published"),
    tag=TAG,
    answers={202: BacktestShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=["invalid-value"],
)
def proof_start(request: Request) -> HttpResponse:
    """Fold everybody by the published versions, from nothing, and compare each move with the one on record."""
    return _begun(request, start_proof(by=caller(request)))


def _begun(request: Request, backtest: Backtest) -> HttpResponse:
    location = request.build_absolute_uri(f"/api/v1/playbooks/backtests/{backtest.pk}")
    return answer(_shape(request, backtest), status=202, headers={"Location": location})


@operation(
    "playbooks:read",
    summary=_("Backtests"),
    tag=TAG,
    answers={200: page_shape("BacktestPage", BacktestShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def backtest_list(request: Request) -> HttpResponse:
    """Backtests and proofs, the newest first; kept for 30 days."""
    return listed(request, Backtest.objects.all(), lambda one: _shape(request, one), default="-id")


@operation("playbooks:read", summary=_("A backtest"), tag=TAG, answers={200: BacktestShape}, problems=_READING)
def backtest_detail(request: Request, backtest_id: int) -> HttpResponse:
    refuse_unknown_parameters(request._request, ())
    return answer(_shape(request, get_object_or_404(Backtest, pk=backtest_id)))


@operation(
    "playbooks:write", summary=_("Stop a backtest"), tag=TAG, answers={200: BacktestShape}, problems=["not-found"]
)
def backtest_cancel(request: Request, backtest_id: int) -> HttpResponse:
    """What it found so far is dropped; one that is finished stays as it is."""
    backtest = get_object_or_404(Backtest, pk=backtest_id)
    stop_backtest(backtest=backtest, by=caller(request))
    backtest.refresh_from_db()
    return answer(_shape(request, backtest))


@operation(
    "playbooks:read",
    summary=_("Compare two backtests"),
    tag=TAG,
    answers={200: BesideShape},
    parameters=[query_parameter("with", _("The id of the other one."), int, required=True)],
    problems=_READING,
)
def backtest_compare(request: Request, backtest_id: int) -> HttpResponse:
    """Two finished results side by side, stage by stage."""
    plain = request._request
    refuse_unknown_parameters(plain, ("with",))
    done = Backtest.objects.of_drafts().filter(state=BacktestState.DONE)
    one = get_object_or_404(done, pk=backtest_id)
    other = done.filter(pk=whole_number(plain, "with", default=0, least=1, most=10**18 - 1)).first()
    if other is None:
        raise invalid_query("with", gettext("Say another backtest that is done."))
    return answer(BesideShape(one.pk, other.pk, _laid(one, other) if sees_everyone(caller(request)) else None))


def _laid(one: Backtest, other: Backtest) -> list[LaidShape]:
    laid = laid_beside((one.result or {})["stands"], (other.result or {})["stands"])
    path = [*Stage.objects.order_by("order").values_list("key", flat=True), CLOSED]
    return [LaidShape(key, *laid[key]) for key in path if key in laid]


@operation(
    "playbooks:read",
    summary=_("Who differs"),
    tag=TAG,
    answers={200: page_shape("DifferingPage", DifferingShape)},
    parameters=paging_parameters(*ORDERS),
    problems=(*LIST_PROBLEMS, "not-found"),
)
def backtest_people(request: Request, backtest_id: int) -> HttpResponse:
    """People with another history, of those you see, the newest difference first."""
    refuse_unknown_parameters(request._request, PARAMETERS)
    backtest = get_object_or_404(Backtest, pk=backtest_id)
    rows = BacktestPerson.objects.visible_to(caller(request)).filter(backtest=backtest)
    found = page(request._request, rows, orderings=ORDERS, default="-differs_at")
    stages = names_of(stage_ids())
    return answer(found.showing([_differing(one, stages) for one in found.rows]))


@operation("playbooks:read", summary=_("Both histories"), tag=TAG, answers={200: HistoriesShape}, problems=_READING)
def backtest_person(request: Request, backtest_id: int, contact_id: int) -> HttpResponse:
    """Of one person, as it is and with the draft, each move with its why."""
    refuse_unknown_parameters(request._request, ())
    backtest = get_object_or_404(Backtest, pk=backtest_id, kind=BacktestKind.DRAFT)
    people = Contact.objects.visible_to(caller(request)).leaders().filter(erased_at=None)
    contact = get_object_or_404(people, pk=contact_id)
    found = histories_of(backtest, contact.pk, Words.read())
    return answer(HistoriesShape(contact.pk, found.events if found else 0, *steps_of(found)))


def steps_of(found: Histories | None) -> tuple[list[StepShape], list[StepShape]]:
    """As it is, and with the draft."""
    return ([_step(one) for one in found.before], [_step(one) for one in found.after]) if found else ([], [])


def _shape(request: Request, backtest: Backtest) -> BacktestShape:
    progress = progress_of(backtest.pk) if backtest.is_running else None
    is_whole = sees_everyone(caller(request))
    result = backtest.result or {}
    return BacktestShape(
        id=backtest.pk,
        kind=backtest.kind,
        draft=backtest.draft_id,
        draft_version=backtest.draft_version,
        since=backtest.since,
        until=backtest.until,
        state=backtest.state,
        progress=progress.share if progress else 100 if result else 0,
        events=progress.events if progress else result.get("events", 0),
        started_at=backtest.started_at,
        finished_at=backtest.finished_at,
        failure=backtest.failure,
        figures=result if result and is_whole else None,
    )


def _differing(row: BacktestPerson, stages: dict[int | None, str]) -> DifferingShape:
    return DifferingShape(
        row.contact_id,
        row.is_elsewhere,
        row.differs_at,
        PlaceShape(stages.get(row.stage_before), HEALTH_NAMES[row.health_before], _standing(row.standing_before)),
        PlaceShape(stages.get(row.stage_after), HEALTH_NAMES[row.health_after], _standing(row.standing_after)),
    )


def _standing(value: int | None) -> str | None:
    return None if value is None else STANDING_NAMES[value]


def _step(step: Step) -> StepShape:
    move = step.move
    return StepShape(
        step.at,
        move.dimension,
        move.from_,
        move.to,
        move.version,
        move.rule_name,
        step.sentence,
        move.cause_id,
        step.is_shared,
    )
