"""All that waits in quarantine with one reason, tried again as a job."""

from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from staff.policy import Principal

from .jobs import WALKS, Outcome, start_walk
from .models import Job, Quarantine, Source
from .replaying import DONE, replay
from .telling import why

REPLAY: Final = "replay"
REPLAYS_A_STEP: Final = 100


def replay_walk(job: Job, by: Principal) -> tuple[int | None, Outcome]:
    """The next of what waits with the reason of the job, oldest first; what came after it began is not touched."""
    waiting = Quarantine.objects.waiting().filter(**job.choice, pk__gt=job.gone_to).order_by("pk")
    ids = list(waiting.values_list("pk", flat=True)[:REPLAYS_A_STEP])
    outcome = Outcome()
    for kept in Quarantine.objects.filter(pk__in=ids).select_related("source", "event").order_by("pk"):
        try:
            result = replay(kept, by=None)
        except ValidationError as error:
            outcome.left.append((kept.pk, "already_replayed", " ".join(error.messages)))
            continue
        if result is None:
            outcome.left.append((kept.pk, "released", _("Let go: it is worked out again.")))
        elif result.status in DONE and result.event_id:
            outcome.events.append(result.event_id)
        else:
            outcome.left.append((kept.pk, result.reason or str(result.status), why(result)))
    return (ids[-1], outcome) if ids else (None, outcome)


def replay_all(*, by: Principal, reason: str, source: Source | None = None) -> Job:
    """Try again all that waits with this reason, as a job that can be stopped and taken back."""
    choice = {"reason": reason} | ({"source": source.pk} if source else {})
    waiting = Quarantine.objects.waiting().filter(**choice)
    newest = waiting.order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        raise ValidationError(_("Nothing waits with this reason."), code="nothing_waits")
    return start_walk(by=by, kind=REPLAY, choice=choice | {"pk__lte": newest}, total=waiting.count())


def register() -> None:
    WALKS[REPLAY] = replay_walk
