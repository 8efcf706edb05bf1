"""/api/v1/funnel: how many stand where, who went on, how long they stayed."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from funnel import figures
from funnel.figure_shapes import (
    ConversionsShape,
    PlaybookInForce,
    SummaryShape,
    TimeInStageShape,
)
from funnel.models import Stage
from funnel.parameters import PICTURE, one_of, period, picture
from funnel.pictures import Path, Picture, path_in
from funnel.reports import Entries
from rest.answers import answer
from rest.endpoints import caller, operation
from rest.queries import invalid_query, parameter, refuse_unknown_parameters, whole_number
from rest.schema import query_parameter

LONGEST_WINDOW: Final = 3650
TAG: Final = "Figures"

PICTURE_PARAMETERS = [
    query_parameter("as_of", _("A day (its end) or a moment: how it was then. When not given: known_on, or now.")),
    query_parameter("known_on", _("A day (its end) or a moment: as it was known then. When not given: all settled.")),
]
_BY_SOURCE = query_parameter("group_by", _("Also by source."), enum=["source"])
_PROBLEMS = ("invalid-query",)


@operation(
    "figures:read",
    summary=_("Who stands where"),
    tag=TAG,
    answers={200: SummaryShape},
    parameters=[*PICTURE_PARAMETERS, _BY_SOURCE],
    problems=_PROBLEMS,
)
def funnel_summary(request: Request) -> HttpResponse:
    """People and visitors by phase, stage, health and standing. Those whose standing is closed are counted apart."""
    refuse_unknown_parameters(request._request, (*PICTURE, "group_by"))
    seen = picture(request._request)
    path = path_in(seen)
    people, visitors, sources = figures.summary(seen, caller(request), path, by_source=_by_source(request._request))
    return answer(SummaryShape(**_head(seen, path), people=people, visitors=visitors, sources=sources))


@operation(
    "figures:read",
    summary=_("Who went on"),
    tag=TAG,
    answers={200: ConversionsShape},
    parameters=[
        query_parameter(
            "stage", _("The stage whose entries make the cohort; also entries further on count."), required=True
        ),
        query_parameter("from", _("A day or a moment: those who first reached the stage then or later.")),
        query_parameter("to", _("A day (to its end) or a moment: those who first reached the stage until then.")),
        query_parameter("goal", _("A stage after it; when not given, each.")),
        query_parameter(
            "window", _("Days (of 24 hours) from the entry to the goal; when not given, without limit."), int
        ),
        _BY_SOURCE,
        *PICTURE_PARAMETERS,
    ],
    problems=_PROBLEMS,
)
def funnel_conversions(request: Request) -> HttpResponse:
    """Of those who first reached a stage in a period: how many reached the goal within the window."""
    plain = request._request
    refuse_unknown_parameters(plain, (*PICTURE, "stage", "from", "to", "goal", "window", "group_by"))
    seen = picture(plain)
    path = path_in(seen)
    stage, goal = _stage_and_goal(plain, path)
    window = _window(plain)
    first, last = period(plain)
    entries = Entries(stage, first, last, figures.window_of(window))
    results = figures.conversions(seen, caller(request), path, entries, goal, by_source=_by_source(plain))
    return answer(
        ConversionsShape(
            **_head(seen, path),
            stage=stage.key,
            entered_from=first,
            entered_to=last,
            window_days=window,
            complete=figures.is_complete(seen, entries),
            results=results,
        )
    )


@operation(
    "figures:read",
    summary=_("How long they stayed"),
    tag=TAG,
    answers={200: TimeInStageShape},
    parameters=[
        query_parameter("from", _("A day or a moment: stays that ended then or later.")),
        query_parameter("to", _("A day (to its end) or a moment: stays that ended until then.")),
        _BY_SOURCE,
        *PICTURE_PARAMETERS,
    ],
    problems=_PROBLEMS,
)
def funnel_time_in_stage(request: Request) -> HttpResponse:
    """Days in each stage (median, 75th and 90th percentile) of the stays that ended in a period, and how many go on."""
    plain = request._request
    refuse_unknown_parameters(plain, (*PICTURE, "from", "to", "group_by"))
    seen = picture(plain)
    path = path_in(seen)
    first, last = period(plain)
    results = figures.time_in_stage(seen, caller(request), path, first=first, last=last, by_source=_by_source(plain))
    return answer(TimeInStageShape(**_head(seen, path), ended_from=first, ended_to=last, results=results))


def _head(seen: Picture, path: Path) -> dict[str, Any]:
    return {
        "as_of": seen.as_of,
        "known_on": seen.known_on,
        "settled_at": seen.settled_at,
        "live": seen.live,
        "playbook": PlaybookInForce(path.version, list(path.being_applied)),
    }


def _by_source(request: HttpRequest) -> bool:
    return one_of(request, "group_by", {"source": True}) or False


def _stage_and_goal(request: HttpRequest, path: Path) -> tuple[Stage, str | None]:
    stages = {stage.key: stage for stage in path.stages[:-1]}
    stage = one_of(request, "stage", stages)
    if stage is None:
        raise invalid_query("stage", _("It must be given. Allowed are: %s.") % ", ".join(stages))
    after = path.stages[path.stages.index(stage) + 1 :]
    return stage, one_of(request, "goal", {later.key: later.key for later in after})


def _window(request: HttpRequest) -> int | None:
    if parameter(request, "window") is None:
        return None
    return whole_number(request, "window", default=0, least=0, most=LONGEST_WINDOW)
