"""Backtests: the whole log folded as it is and with a draft, piece by piece, by as many processes as there are.

Nothing of the path is written. A process holds its piece by a row lock within one transaction, so that a piece whose
process is killed is free at once; what was found is committed with the piece. The attempt is counted before.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import Max, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2.errors import SerializationFailure

from contacts.messages import EARLIEST
from contacts.nudge import call_workers
from contacts.resting import collector_at_rest
from funnel.advancing import sweep_pending
from funnel.fold import State, go_on
from funnel.folding import HEALTHS, STANDINGS
from funnel.models import (
    Backtest,
    BacktestKind,
    BacktestPerson,
    BacktestPiece,
    BacktestState,
    Playbook,
    PlaybookDraft,
    Stage,
)
from funnel.models.backtests import KEPT_FOR
from funnel.outcomes import Parted, Tally, Walked
from funnel.playbooks import ALWAYS, Playbooks
from funnel.playbooks import Playbook as Compiled
from funnel.proving import Proof, prove_piece
from funnel.publishing import FaultyPlaybookError, check_draft, document_of
from funnel.reading import array, micros, snapshot
from funnel.replaying import PIECE, Lived, people_between
from staff import audit
from staff.policy import Principal

logger = logging.getLogger(__name__)

TASK: Final = "funnel.tasks.work_off_backtests"
QUEUE: Final = "stage"
PROCESSES: Final = 2
SHIFT_S: Final = 45.0
LOOK_S: Final = 0.5  # how long a fact may wait at most while its worker is at a backtest, about
TRIES: Final = 3
MOST_RUNNING: Final = 4
MOST_BACKTESTS: Final = 20
MOST_LISTED: Final = 100_000  # people of one backtest; the counts are of everybody


# --- Asking -----------------------------------------------------------------------------------------------------------

_CUT: Final = """
    INSERT INTO funnel_backtestpiece (backtest_id, first, last, attempts)
    SELECT %(backtest)s, start, start + %(size)s - 1, 0
      FROM (SELECT min(id) AS least, max(id) AS most FROM contacts_contact) AS between_,
           generate_series(least, most, %(size)s) AS start
"""


def start_backtest(*, draft: PlaybookDraft, since: datetime | None, by: Principal) -> Backtest:
    """Had the draft been in force since that moment (nothing: always). One that runs for the same draft is stopped."""
    if since and since > timezone.now():
        raise ValidationError({"since": ValidationError(_("Choose a day that has come."), code="in_the_future")})
    if since and since < EARLIEST:
        raise ValidationError({"since": ValidationError(_("It must not be before the year 1900."), code="too_early")})
    if findings := check_draft(draft):
        raise FaultyPlaybookError(findings)
    Backtest.objects.running().filter(draft=draft).update(state=BacktestState.STOPPED, finished_at=Now())
    asked = {"draft": draft, "draft_version": draft.version, "name": draft.name, "document": document_of(draft)}
    return _start(by, kind=BacktestKind.DRAFT, since=since, **asked)


def start_proof(*, by: Principal) -> Backtest:
    """Fold the published versions over everything, and compare with the live transitions."""
    return _start(by, kind=BacktestKind.PROOF)


def _start(by: Principal, **fields: Any) -> Backtest:
    if Backtest.objects.running().count() >= MOST_RUNNING:
        raise ValidationError(_("Others are running. Wait for them, or stop one."), code="too_many")
    newest = Playbook.objects.aggregate(number=Max("number"))["number"]
    with transaction.atomic():
        backtest = Backtest.objects.create(published=newest, until=Now(), by=by.user, by_key=by.key, **fields)
        with connection.cursor() as cursor:
            cursor.execute(_CUT, {"backtest": backtest.pk, "size": PIECE})
        action = "proof_started" if backtest.kind == BacktestKind.PROOF else "backtest_started"
        audit.record(by=by, action=action, kind="backtest", row=backtest.pk)
        transaction.on_commit(_nudge)
    backtest.refresh_from_db()
    return backtest


def stop_backtest(*, backtest: Backtest, by: Principal) -> None:
    """Stop after the pieces in hand; what was found is dropped."""
    running = Backtest.objects.running().filter(pk=backtest.pk)
    if running.update(state=BacktestState.STOPPED, finished_at=Now()):
        _clear(backtest)
        audit.record(by=by, action="backtest_stopped", kind="backtest", row=backtest.pk)


class Progress(NamedTuple):
    pieces: int
    done: int
    events: int

    @property
    def share(self) -> int:
        return 100 * self.done // self.pieces if self.pieces else 0


def progress_of(backtest_id: int) -> Progress:
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, [backtest_id])
        return Progress(*cursor.fetchone())


_PROGRESS: Final = """
    SELECT count(*), count(tally), coalesce(sum((tally->>'events')::bigint), 0)::bigint
      FROM funnel_backtestpiece WHERE backtest_id = %s
"""


def _nudge() -> None:
    """A message for each process; lost ones cost seconds, for the clock asks too."""
    call_workers(TASK, queue=QUEUE, times=PROCESSES)


# --- Working ----------------------------------------------------------------------------------------------------------


def work_off_backtests() -> None:
    """Take pieces until there are none; several processes may. Who waits to be folded does not wait for that."""
    began = looked_at = time.monotonic()
    while take_piece():
        now = time.monotonic()
        if now - looked_at > LOOK_S:
            sweep_pending()
            looked_at = time.monotonic()
        if now - began > SHIFT_S:
            _nudge()
            return
    finish_backtests()
    drop_old_backtests()


def take_piece() -> bool:
    """Fold one piece; false when there is none that nobody has in hand."""
    number = _attempted()
    if number is None:
        return False
    try:
        with snapshot(writing=True), collector_at_rest():
            _work_on(number)
    except OperationalError as error:
        if not isinstance(error.__cause__, SerializationFailure):  # somebody else had it in hand
            raise
    except Exception:
        logger.exception("a piece of a backtest failed", extra={"piece": number})
    finish_backtests()
    return True


_ATTEMPT: Final = """
    UPDATE funnel_backtestpiece SET attempts = attempts + 1 WHERE id = (
        SELECT p.id FROM funnel_backtestpiece p JOIN funnel_backtest b ON b.id = p.backtest_id
         WHERE b.state = 'running' AND p.tally IS NULL AND p.attempts < %s
         ORDER BY p.attempts, p.id LIMIT 1 FOR UPDATE OF p SKIP LOCKED)
    RETURNING id
"""


def _attempted() -> int | None:
    """Choose a piece and count the attempt, in a transaction of its own."""
    with connection.cursor() as cursor:
        cursor.execute(_ATTEMPT, [TRIES])
        row = cursor.fetchone()
    return row[0] if row else None


def _work_on(number: int) -> None:
    in_hand = BacktestPiece.objects.select_for_update(skip_locked=True, of=("self",)).select_related("backtest")
    piece = in_hand.filter(pk=number, tally__isnull=True, backtest__state=BacktestState.RUNNING).first()
    if piece is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
    found = prove_piece(piece.first, piece.last) if piece.backtest.kind == BacktestKind.PROOF else _forecast(piece)
    piece.tally = msgspec.to_builtins(found)
    piece.save(update_fields=["tally"])


def _forecast(piece: BacktestPiece) -> Tally:
    backtest = piece.backtest
    before, after = books_of(backtest)
    tally, differing = Tally(), list[tuple[Lived, Walked, Walked, Parted]]()
    since, until = ALWAYS if backtest.since is None else micros(backtest.since), micros(backtest.until)
    version = after.versions[-1].number
    for lived in people_between(piece.first, piece.last, backtest.until, (before, after)):
        tally.events += lived.facts
        if lived.is_visitor:
            tally.visitors += 1
            continue
        try:
            pair = walked(lived, before, until), walked(lived, after, until)
        except ValueError:  # rules without end, which the checks did not foresee
            tally.unfoldable += 1
            continue
        if parted := tally.count(*pair, since, version):
            differing.append((lived, *pair, parted))
    _list(backtest, differing)
    return tally


def walked(lived: Lived, books: Playbooks, until: int) -> Walked:
    state, moves, _due = go_on(State.start(), lived.events, books, until)
    return Walked(state, moves)


_BOOKS: dict[int, tuple[Playbooks, Playbooks]] = {}  # of the backtest at hand, compiled


def books_of(backtest: Backtest) -> tuple[Playbooks, Playbooks]:
    """The versions as they were, and the same with the draft as the next one."""
    if backtest.pk not in _BOOKS:
        rows = Playbook.objects.filter(number__lte=backtest.published)
        versions = [Compiled(row.document, row.number, micros(row.since) if row.since else None) for row in rows]
        since = None if backtest.since is None else micros(backtest.since)
        draft = Compiled(backtest.document or {}, backtest.published + 1, since)
        _BOOKS.clear()
        _BOOKS[backtest.pk] = Playbooks(versions), Playbooks([*versions, draft])
    return _BOOKS[backtest.pk]


_LISTED: Final = """
    SELECT coalesce(sum((tally->>'elsewhere')::int + (tally->>'otherwise')::int), 0)
      FROM funnel_backtestpiece WHERE backtest_id = %s AND tally IS NOT NULL
"""
_LIST: Final = """
    INSERT INTO funnel_backtestperson (backtest_id, contact_id, is_elsewhere, differs_at, stage_before, stage_after,
                                       health_before, health_after, standing_before, standing_after)
    SELECT %s, contact, is_elsewhere, 'epoch'::timestamptz + differs * interval '1 microsecond', stage_before,
           stage_after, health_before, health_after, standing_before, standing_after
      FROM unnest(%s::bigint[], %s::boolean[], %s::bigint[], %s::smallint[], %s::smallint[], %s::smallint[],
                  %s::smallint[], %s::smallint[], %s::smallint[])
        AS one (contact, is_elsewhere, differs, stage_before, stage_after, health_before, health_after,
                standing_before, standing_after)
"""


def _list(backtest: Backtest, differing: Sequence[tuple[Lived, Walked, Walked, Parted]]) -> None:
    stages: dict[str | None, int] = dict(
        Stage.objects.values_list("key", "pk")
    )  # also those that only the draft leads to
    with connection.cursor() as cursor:
        cursor.execute(_LISTED, [backtest.pk])
        room = max(MOST_LISTED - cursor.fetchone()[0], 0)
        lines = [_line(stages, *one) for one in differing[:room]]
        if lines:
            cursor.execute(_LIST, [backtest.pk, *map(array, zip(*lines, strict=True))])


def _line(
    stages: Mapping[str | None, int], lived: Lived, before: Walked, after: Walked, parted: Parted
) -> tuple[int | None, ...]:
    one, other = before.state, after.state
    return (
        lived.leader,
        int(parted.is_elsewhere),
        parted.at,
        stages.get(one.stage),
        stages.get(other.stage),
        HEALTHS[one.health],
        HEALTHS[other.health],
        STANDINGS[one.standing],
        STANDINGS[other.standing],
    )


# --- Ending -----------------------------------------------------------------------------------------------------------


def finish_backtests() -> None:
    """Put together what the pieces found, where the last one is done; give up where one cannot be done."""
    for backtest in Backtest.objects.running():
        with transaction.atomic():
            if Backtest.objects.select_for_update(skip_locked=True).running().filter(pk=backtest.pk).exists():
                _finish(backtest)


def _finish(backtest: Backtest) -> None:
    left = BacktestPiece.objects.filter(backtest=backtest, tally__isnull=True)
    if not left.exists():
        _end(backtest, BacktestState.DONE, result=msgspec.to_builtins(_put_together(backtest)))
    elif gone := left.filter(attempts__gte=TRIES).select_for_update(skip_locked=True).first():
        words = _("The contacts %(first)s to %(last)s could not be folded.")
        _end(backtest, BacktestState.FAILED, failure=words % {"first": gone.first, "last": gone.last})


def _put_together(backtest: Backtest) -> Tally | Proof:
    tallies = BacktestPiece.objects.filter(backtest=backtest).order_by("first").values_list("tally", flat=True)
    if backtest.kind == BacktestKind.PROOF:
        proof = Proof()
        for tally in tallies:
            proof += msgspec.convert(tally, Proof)
        return proof
    whole = Tally()
    for tally in tallies:
        whole += msgspec.convert(tally, Tally)
    return whole


def _end(backtest: Backtest, state: BacktestState, **fields: Any) -> None:
    Backtest.objects.filter(pk=backtest.pk).update(state=state, finished_at=Now(), **fields)
    _clear(backtest, people=state != BacktestState.DONE)


def _clear(backtest: Backtest, *, people: bool = True) -> None:
    BacktestPiece.objects.filter(backtest=backtest).delete()
    if people:
        BacktestPerson.objects.filter(backtest=backtest).delete()


def drop_old_backtests() -> None:
    """What has been kept for long enough, and of each draft all but the newest few."""
    old = Q(finished_at__lt=Now() - KEPT_FOR)
    newest = Backtest.objects.order_by("-pk").values_list("pk", flat=True)[:MOST_BACKTESTS]
    gone = Backtest.objects.filter(old | ~Q(pk__in=list(newest)), finished_at__isnull=False)
    for backtest in gone:
        _clear(backtest)
        backtest.delete()
