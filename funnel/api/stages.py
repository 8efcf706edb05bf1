"""/api/v1/stages: the stops of the path, as staff arrange them."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from funnel.arranging import add_stage, change_stage
from funnel.models import Stage
from funnel.serializers import StageBody, StageChanges, StageList, StageShape
from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.queries import refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY

TAG = "Path"


@operation("playbooks:read", summary=_("Stages"), tag=TAG, answers={200: StageList}, problems=["invalid-query"])
def stage_list(request: Request) -> HttpResponse:
    """All stages in the order of the path, archived ones too."""
    refuse_unknown_parameters(request._request, ())
    return answer(StageList([_shape(stage) for stage in Stage.objects.order_by("order")]))


@operation(
    "playbooks:write",
    summary=_("Add a stage"),
    tag=TAG,
    takes=StageBody,
    answers={201: StageShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def stage_add(request: Request) -> HttpResponse:
    """Key and phase stay for ever. Nobody comes to it before a playbook with a rule that leads there is published."""
    stage = add_stage(by=caller(request), **body_as(StageBody, request))
    return answer(
        _shape(stage), status=201, headers={"Location": request.build_absolute_uri(f"{request.path}/{stage.key}")}
    )


@operation(
    "playbooks:read", summary=_("A stage"), tag=TAG, answers={200: StageShape}, problems=["invalid-query", "not-found"]
)
def stage_detail(request: Request, key: str) -> HttpResponse:
    refuse_unknown_parameters(request._request, ())
    return answer(_shape(get_object_or_404(Stage, key=key)))


@operation(
    "playbooks:write",
    summary=_("Change a stage"),
    tag=TAG,
    takes=StageChanges,
    answers={200: StageShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def stage_change(request: Request, key: str) -> HttpResponse:
    """Labels, the place on the path, and whether it is archived. Folds and figures follow with the next publication."""
    stage = get_object_or_404(Stage, key=key)
    return answer(_shape(change_stage(stage=stage, by=caller(request), **body_as(StageChanges, request))))


def _shape(stage: Stage) -> StageShape:
    return StageShape(
        key=stage.key,
        phase=stage.phase,
        order=stage.order,
        label_en=stage.label_en,
        label_fi=stage.label_fi,
        archived_at=stage.archived_at,
    )
