"""/api/v1/funnel/walk: one look at the path, as its page shows it."""

from datetime import date
from typing import Final

import msgspec
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from contacts.models import Source
from funnel.api.figures import PICTURE_PARAMETERS
from funnel.figure_shapes import PlaybookInForce, Rate
from funnel.metrics import Cohort, rate
from funnel.pacing import Whose
from funnel.parameters import PICTURE, one_of, picture, row_id
from funnel.pictures import Picture
from funnel.rolling import WITHIN
from funnel.walks import PERIODS, Step, Trend, walk
from rest.answers import answer
from rest.endpoints import caller, operation
from rest.queries import parameter, refuse_unknown_parameters
from rest.schema import query_parameter

NAMES: Final = ("days", "within", "source", "campaign", "owner", "team", *PICTURE)


class StepShape(msgspec.Struct):
    """`standing` now; `came` in the period; of a `cohort` that came earlier, those who went further in time."""

    stage: str
    phase: str
    standing: int
    came: int
    came_before: int
    cohort: Rate
    cohort_before: Rate
    median_days: float | None
    leaks: bool
    missing: int


class FlowShape(msgspec.Struct):
    """Moves of people; from nothing, they came to the path."""

    from_stage: str | None = msgspec.field(name="from")
    to_stage: str = msgspec.field(name="to")
    people: int
    people_before: int


class TrendShape(msgspec.Struct):
    """How many came to each stage on each day, or in each week that begins with it."""

    weekly: bool
    days: list[date]
    came: dict[str, list[int]]
    came_before: dict[str, list[int]]


class WalkShape(msgspec.Struct):
    live: bool
    until: date
    days: int
    within_days: int
    cohort_from: date
    cohort_to: date
    playbook: PlaybookInForce
    people: int
    visitors: int
    closed: int
    health: dict[str, int]
    stages: list[StepShape]
    flows: list[FlowShape]
    trend: TrendShape


@operation(
    "figures:read",
    summary=_("One look at the path"),
    tag="Figures",
    answers={200: WalkShape},
    parameters=[
        query_parameter("days", _("The period are so many days, today the last."), enum=[str(one) for one in PERIODS]),
        query_parameter("within", _("Within so many days they went on."), enum=[str(one) for one in WITHIN]),
        query_parameter("source", _("The key of a source: whom it brought.")),
        query_parameter("campaign", _("The key of a campaign: whom it brought.")),
        query_parameter("owner", _("The number of an owner; none: people without one.")),
        query_parameter("team", _("The number of a team."), int),
        *PICTURE_PARAMETERS,
    ],
    problems=("invalid-query",),
)
def funnel_walk(request: Request) -> HttpResponse:
    """Who stands where, who came and went on in a period and in the one before it, and where the path leaks."""
    plain = request._request
    refuse_unknown_parameters(plain, NAMES)
    days = one_of(plain, "days", {str(one): one for one in PERIODS}) or 30
    within = one_of(plain, "within", {str(one): one for one in WITHIN})
    seen = picture(plain) if any(parameter(plain, name) for name in PICTURE) else Picture.now()
    walked = walk(seen, _whose(request), days=days, window=within)
    return answer(
        WalkShape(
            live=seen.live,
            until=walked.until,
            days=days,
            within_days=walked.window,
            cohort_from=walked.cohort[0],
            cohort_to=walked.cohort[1],
            playbook=PlaybookInForce(walked.path.version, list(walked.path.being_applied)),
            people=walked.people,
            visitors=walked.visitors,
            closed=walked.closed,
            health=dict(walked.health),
            stages=[_step(step) for step in walked.steps],
            flows=[
                FlowShape(flow.from_stage.key if flow.from_stage else None, flow.to_stage.key, flow.now, flow.before)
                for flow in walked.flows
            ],
            trend=_trend(walked.trend, {step.stage.pk: step.stage.key for step in walked.steps}),
        )
    )


def _whose(request: Request) -> Whose:
    plain: HttpRequest = request._request
    source = None
    if parameter(plain, "source"):
        source = one_of(plain, "source", dict(Source.objects.values_list("key", "pk")))
    hands = Q()
    if parameter(plain, "owner") == "none":
        hands &= Q(owner=None)
    elif owner := row_id(plain, "owner"):
        hands &= Q(owner=owner)
    if team := row_id(plain, "team"):
        hands &= Q(team=team)
    return Whose(caller(request), source, parameter(plain, "campaign") or "", hands)


def _step(step: Step) -> StepShape:
    return StepShape(
        stage=step.stage.key,
        phase=step.stage.phase,
        standing=step.count,
        came=step.came,
        came_before=step.came_before,
        cohort=_rate(step.onward),
        cohort_before=_rate(step.onward_before),
        median_days=step.median_days,
        leaks=step.is_leak,
        missing=max(step.missing, 0),
    )


def _rate(cohort: Cohort) -> Rate:
    return Rate(cohort.entered, cohort.converted, rate(cohort))


def _trend(trend: Trend, keys: dict[int, str]) -> TrendShape:
    nobody = [0] * len(trend.days)
    return TrendShape(
        weekly=trend.weekly,
        days=list(trend.days),
        came={key: list(trend.now.get(stage, nobody)) for stage, key in keys.items()},
        came_before={key: list(trend.before.get(stage, nobody)) for stage, key in keys.items()},
    )
