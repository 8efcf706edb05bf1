"""Moving many people: the deed of funnel.moving, as a job."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.jobs import KINDS, Kind, Outcome
from contacts.models import Job
from funnel.models import Stage, Standing
from funnel.moving import LONGEST_REASON, Moved, move_contacts
from staff.policy import Principal


def _check(params: Mapping[str, Any], _by: Principal) -> dict[str, Any]:
    stage, reason = params.get("stage"), params.get("reason") or ""
    if not isinstance(stage, str) or not Stage.objects.in_use().filter(key=stage).exists():
        words = _("There is no such stage on the path.")
        raise ValidationError({"stage": ValidationError(words, code="unknown_stage")})
    if not isinstance(reason, str) or len(reason) > LONGEST_REASON:
        words = _("The reason is a text of at most %d characters.") % LONGEST_REASON
        raise ValidationError({"reason": ValidationError(words, code="invalid")})
    return {"stage": stage, "reason": reason}


def _do(job: Job, by: Principal, ids: Sequence[int]) -> Outcome:
    outcome = Outcome()
    for result in move_contacts(by, ids, job.params["stage"], job.params["reason"]):
        if isinstance(result, Moved):
            outcome.events.append(result.event_id)
        else:
            outcome.left.append((result.contact_id, result.code, result.sentence))
    return outcome


def _spares(params: Mapping[str, Any]) -> list[tuple[Q, str]]:
    stage = Stage.objects.get(key=params["stage"])
    return [
        (Q(position__standing=Standing.CLOSED), _("They are closed. Reopen the relationship first.")),
        (Q(position__stage_id=stage.pk), _("They stand there already.")),
    ]


def register() -> None:
    KINDS["move"] = Kind("move", gettext_lazy("Move"), _check, _do, _spares, scope="events:write")
