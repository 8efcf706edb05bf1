"""Work on many people: a job goes by growing id, a chunk a transaction, and goes on where it stopped.

A message to the workers may be lost and a worker may be killed: the sweep finds what is not done, and the last chunk
that was committed says where to go on. Undoing is a job too: it retracts the events of the chunks.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import DatabaseError, OperationalError, transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from psycopg2.errors import DeadlockDetected

from staff import audit
from staff.policy import Principal

from .choosing import checked_choice, chosen
from .ingest import retract_events
from .models import Job, JobChunk, JobState, NoticeKind
from .noticing import notify
from .nudge import call_workers
from .viewing import give_back_views

logger = logging.getLogger(__name__)

CHUNK: Final = 500
SHIFT_S: Final = 60.0
TASK: Final = "contacts.tasks.work_off_jobs"
QUEUE: Final = "import"
SCOPE: Final = "contacts:write"
UNDO: Final = "undo"
LONGEST_FAILURE: Final = 500


@dataclass(slots=True)
class Outcome:
    """What a step did: its events, and whom it left alone: id, code, sentence."""

    events: list[int] = field(default_factory=list)
    left: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kind:
    """A deed that can be done to many.

    `check` reads its parameters (ValidationError: not so), `do` does it to some people, `spares` says beforehand who
    is left alone: conditions with their sentences, the first that holds counts.
    """

    name: str
    label: Any
    check: Callable[[Mapping[str, Any], Principal], dict[str, Any]]
    do: Callable[[Job, Principal, Sequence[int]], Outcome]
    spares: Callable[[Mapping[str, Any]], Sequence[tuple[Q, str]]]
    scope: str = SCOPE
    after: Callable[[Job, Principal], dict[str, Any]] = lambda job, by: {}  # when everybody was come by; what it kept


KINDS: Final[dict[str, Kind]] = {}
# Jobs that go through something else than people: the next step, and where to go on. Nothing there ends them.
WALKS: Final[dict[str, Callable[[Job, Principal], tuple[int | None, Outcome]]]] = {}


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a job would do: to how many people, and how many it would leave alone, by reason."""

    total: int
    left: list[tuple[str, int]]

    @property
    def done(self) -> int:
        return self.total - sum(n for _sentence, n in self.left)


def foresee(*, by: Principal, kind: str, params: Mapping[str, Any], choice: Any) -> Foreseen:
    """Count before anything is done; raises ValidationError where the job would be refused."""
    known = _kind(kind, by)
    spared = known.spares(known.check(params, by))
    counts: dict[str, Any] = {"total": Count("pk")}
    before = Q(pk=None)
    for number, (condition, _sentence) in enumerate(spared):
        counts[f"left_{number}"] = Count("pk", filter=condition & ~before)
        before |= condition
    found = chosen(checked_choice(choice, by), by).order_by().aggregate(**counts)
    left = [(sentence, found[f"left_{number}"]) for number, (_condition, sentence) in enumerate(spared)]
    return Foreseen(found["total"], [(sentence, n) for sentence, n in left if n])


def start_job(*, by: Principal, kind: str, params: Mapping[str, Any], choice: Any) -> Job:
    """Have it done by the workers; nobody waits for it."""
    known = _kind(kind, by)
    checked, whom = known.check(params, by), checked_choice(choice, by)
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind,
            params=checked,
            choice=whom,
            by=by.user,
            by_key=by.key,
            language=get_language() or "",
            total=chosen(whom, by).order_by().count(),
        )
        audit.record(by=by, action="job_started", kind="job", row=job.pk, deed=kind, total=job.total, **checked)
        transaction.on_commit(_nudge)
    return job


def start_walk(*, by: Principal, kind: str, choice: Mapping[str, Any], total: int) -> Job:
    """A job through something else than people; what it goes through is for its walk to understand."""
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind, choice=dict(choice), by=by.user, by_key=by.key, language=get_language() or "", total=total
        )
        audit.record(by=by, action="job_started", kind="job", row=job.pk, deed=kind, total=total)
        transaction.on_commit(_nudge)
    return job


def stop_job(*, by: Principal, job: Job) -> None:
    """Stop after the chunk in hand; what is done stays done, and can be undone."""
    stopped = Job.objects.running().filter(pk=job.pk).update(state=JobState.STOPPED, finished_at=Now())
    if stopped:
        audit.record(by=by, action="job_stopped", kind="job", row=job.pk)


def undo_job(*, by: Principal, job: Job) -> Job:
    """Take back what a finished job did, as a job."""
    with transaction.atomic():
        current = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
        if current.is_running:
            raise ValidationError(_("Stop it first."), code="running")
        if current.undoes_id is not None or Job.objects.filter(undoes=current).exists():
            raise ValidationError(_("This was undone already."), code="already_retracted")
        undoing = Job.objects.create(
            kind=UNDO,
            by=by.user,
            by_key=by.key,
            language=get_language() or "",
            total=current.done,
            undoes=current,
        )
        audit.record(by=by, action="job_undone", kind="job", row=current.pk)
        transaction.on_commit(_nudge)
    return undoing


def _kind(name: str, by: Principal) -> Kind:
    known = KINDS.get(name)
    if known is None:
        words = _("There is no such deed. Deeds are: %s.") % ", ".join(sorted(KINDS))
        raise ValidationError({"deed": ValidationError(words, code="unknown_deed")})
    if not by.may(known.scope):
        raise ValidationError(_("You may look at people, not change them."), code="forbidden")
    return known


def _nudge() -> None:
    call_workers(TASK, queue=QUEUE)


# --- Working ----------------------------------------------------------------------------------------------------------


def work_off_jobs() -> None:
    """Do what is to be done, chunk by chunk; several workers may."""
    until = time.monotonic() + SHIFT_S
    while time.monotonic() < until and take_step():
        pass


def take_step(job_id: int | None = None) -> bool:
    """Do one chunk of a running job (of this one); false when there is none that nobody has in hand."""
    try:
        with transaction.atomic():
            running = Job.objects.select_for_update(skip_locked=True, no_key=True).running().order_by("pk")
            job = (running.filter(pk=job_id) if job_id else running).first()
            if job is None:
                return False
            with override(job.language or get_language()):
                _take(job)
    except OperationalError as error:
        if not isinstance(error.__cause__, DeadlockDetected):
            raise
    return True


def _take(job: Job) -> None:
    """One chunk. What cannot be done at all ends the job with a word of why."""
    by = Principal(user=job.by, key=job.by_key)
    try:
        with transaction.atomic():
            gone_to, outcome = _undo(job) if job.kind == UNDO else WALKS.get(job.kind, _do)(job, by)
            if gone_to is None:
                _end(job, JobState.DONE)
                if job.kind in KINDS:
                    Job.objects.filter(pk=job.pk).update(kept=KINDS[job.kind].after(job, by))
                elif job.undoes:
                    give_back_views(job.undoes.kept.get("views", []))
                return
            JobChunk.objects.create(job=job, events=outcome.events, left=outcome.left)
    except (ValidationError, DatabaseError) as error:
        if isinstance(error, OperationalError):
            raise
        words = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error).strip()
        logger.exception("job failed", extra={"job": job.pk})
        _end(job, JobState.FAILED, words[:LONGEST_FAILURE])
        return
    Job.objects.filter(pk=job.pk).update(
        gone_to=gone_to, done=F("done") + len(outcome.events), left_alone=F("left_alone") + len(outcome.left)
    )


def _do(job: Job, by: Principal) -> tuple[int | None, Outcome]:
    kind = _kind(job.kind, by)
    people = chosen(job.choice, by).filter(pk__gt=job.gone_to).order_by("pk")
    ids = list(people.values_list("pk", flat=True)[:CHUNK])
    return (ids[-1], kind.do(job, by, ids)) if ids else (None, Outcome())


def _undo(job: Job) -> tuple[int | None, Outcome]:
    chunk = JobChunk.objects.filter(job=job.undoes_id, pk__gt=job.gone_to).order_by("pk").first()
    if chunk is None:
        return None, Outcome()
    undone = retract_events(chunk.events)
    words = _("It was undone already.")
    left = [(one.contact_id, "already_undone", words) for one in undone.before]
    return chunk.pk, Outcome([one.pk for one in undone.now], left)


def _end(job: Job, state: JobState, failure: str = "") -> None:
    Job.objects.filter(pk=job.pk).update(state=state, finished_at=Now(), failure=failure)
    if job.by:
        notify([job.by], NoticeKind.JOB, f"job:{job.pk}", job_id=job.pk)
