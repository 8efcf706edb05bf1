"""Bringing in the chunks of a run, each in one transaction with the count of rows read: by one hand, or by two.

The first chunk makes what all share: types, sources. Where a hand is lost, or the two are in each other's way, one
alone does the next chunk.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import DateTimeField, Func, Value
from django.utils.translation import gettext as _
from psycopg2.errors import DeadlockDetected

from ..attributes import BUILT_IN
from ..models import CustomField, Import, ImportState
from . import chunking
from .chunking import EACH, Chunk, chunks_of, converter_of
from .converting import Said
from .deciding import FILL, Decision, Known, Terms, decide
from .hands import Pair, second_hand
from .mapping import Mapping
from .reading import Survey, open_table
from .resolving import earlier_run, resolve
from .screening import screen
from .writing import write, write_rejects

ELSEWHERE: Final = "running_elsewhere"
# Whoever works on an import holds it for so long after each step; then others may take it for abandoned.
LEASE: Final = Func(
    Value(timedelta(seconds=settings.IMPORT_LEASE_S)),
    template="clock_timestamp() + %(expressions)s",
    output_field=DateTimeField(),
)
# How often a chunk is tried again when others record the same people or events at the same moment.
PATIENCE: Final = 10
COUNTS: Final = ("rows_read", "created", "updated", "unchanged", "skipped", "rejected")

Say = Callable[[float], None]  # called after each chunk, with the share of the file that is read


@dataclass(frozen=True)
class Job:
    """A run at work: what is read, and how."""

    run: Import
    path: Path
    mapping: Mapping
    found: Survey

    @contextmanager
    def chunks(self, ours: Iterable[bool]) -> Iterator[Iterator[Chunk]]:
        """The chunks that the run has not read yet, those that `ours` says True of."""
        with open_table(self.path, self.mapping.file, self.found) as table:
            yield chunks_of(table, converter_of(self.mapping, table), self.run.rows_read, ours)

    @cached_property
    def earlier(self) -> Import | None:
        """The finished run that took in the same rows, asked once: two begun ones are one."""
        return earlier_run(self.run)

    @cached_property
    def fields(self) -> dict[str, CustomField]:
        """The declared fields that a contact keeps."""
        return {one.key: one for one in CustomField.objects.filter(of="contact") if one.key not in BUILT_IN}


class Ended(Exception):
    """Somebody has cancelled the run."""


class OutOfTurn(Exception):
    """The chunk before is not in: whoever had it was lost. Or this one is: somebody else runs the same import."""


def bring_in(job: Job, say: Say) -> bool:
    """Bring in what is left of the file; False where the run has been cancelled. In a transaction one hand does it."""
    try:
        if connection.in_atomic_block:
            _by_one_hand(job, say)
            return True
        while _by_one_hand(job, say, most=1) == chunking.CHUNK and not _by_two_hands(job, say):
            job.run.refresh_from_db()
    except Ended:
        return False
    except OutOfTurn as error:
        raise ValidationError(_("Another process is running this import."), code=ELSEWHERE) from error
    return True


def _by_one_hand(job: Job, say: Say, most: int | None = None) -> int:
    """Bring in at `most` so many chunks; how many rows the last one has."""
    with job.chunks(EACH) as chunks:
        return _take_each(job, islice(chunks, most), Pair(), say)


def _by_two_hands(job: Job, say: Say) -> bool:
    """Bring in all that is left; False where a hand was lost."""
    with second_hand(partial(_help, job)) as pair, job.chunks(cycle((False, True))) as ours:
        pair.tell()  # the chunk before theirs is in
        try:
            _take_each(job, ours, pair, say)
        except OutOfTurn:
            return False
    return pair.is_whole


def _help(job: Job, pair: Pair) -> None:
    """What the second hand does."""
    with job.chunks(cycle((True, False))) as theirs:
        _take_each(job, theirs, pair, lambda _share: None)


def _take_each(job: Job, chunks: Iterator[Chunk], pair: Pair, say: Say) -> int:
    """Bring in the chunks; how many rows the last one has. Raises OutOfTurn or Ended.

    Where rows told of somebody known, those of the next chunk probably do too: it waits for its turn at once.
    """
    rows, is_early = 0, True
    for chunk in chunks:
        is_early = _take(job, chunk, pair, is_early=is_early)
        rows = chunk.rows
        say(chunk.share)
    return rows


@dataclass(slots=True)
class Turn:
    """When a chunk may look at and change what others share: once those before it are in.

    A chunk holds a lock of its own until it is in, so that the server sees who waits for whom.
    """

    run: Import
    before: int
    pair: Pair
    now: Import | None = None  # the run as those before left it, locked
    has_waited: bool = False

    def begin(self) -> None:
        self._lock("pg_advisory_xact_lock", self.before)
        self.pair.tell()

    def come(self) -> Import:
        if self.now is None:
            if not self.has_waited:
                self.pair.wait()
                self.has_waited = True
            self._lock("pg_advisory_xact_lock_shared", self.before - chunking.CHUNK)
            self.now = Import.objects.select_for_update(no_key=True).get(pk=self.run.pk)
            if self.now.state != ImportState.RUNNING:
                raise Ended
            if self.now.rows_read != self.before:
                raise OutOfTurn
        return self.now

    def _lock(self, function: str, row: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", [self.run.pk, row])


def _take(job: Job, chunk: Chunk, pair: Pair, *, is_early: bool) -> bool:
    """Bring in a chunk, an early one while that before may still be in hand; whether it tells of nobody known."""
    turn = Turn(job.run, chunk.before, pair)
    with transaction.atomic():
        _need_not_wait_for_the_disk()
        turn.begin()
        if not is_early:
            turn.come()
        now, is_news = _take_patiently(job, chunk, turn)
    _keep_count(job.run, now)
    return is_news


def _take_patiently(job: Job, chunk: Chunk, turn: Turn) -> tuple[Import, bool]:
    """Again and again, where somebody else records the same people or events at the same moment."""
    for attempt in range(PATIENCE):
        try:
            with transaction.atomic():
                return _take_once(job, chunk, turn)
        except (IntegrityError, OperationalError) as error:
            if not _is_race(error) or attempt == PATIENCE - 1:
                raise
            if turn.now and turn.pair.end and not isinstance(error, IntegrityError):
                # the chunk behind has what we need, and waits for us: both let go
                raise OutOfTurn from error
        turn.now = None
        turn.come()
    raise AssertionError("every attempt returns or raises")


def _is_race(error: Exception) -> bool:
    return isinstance(error, IntegrityError) or isinstance(error.__cause__, DeadlockDetected)


def _take_once(job: Job, chunk: Chunk, turn: Turn) -> tuple[Import, bool]:
    run, received = job.run, received_now()
    sound, refused, types = screen(run, chunk.said, received)
    known = _known(job, sound, turn)
    is_news = not (known.people or known.events)
    terms = terms_of(run, job.mapping)
    decision = decide(sound, known, terms)
    note = job.mapping.origin.note if job.mapping.origin else ""
    write(run, terms, decision, types, received, fields=job.fields, note=note, turn=turn.come)
    rejects = [*chunk.rejects, *refused, *decision.rejects]
    write_rejects(run, rejects)
    return _count(turn.come(), chunk, decision, len(rejects)), is_news


def _need_not_wait_for_the_disk() -> None:
    """Should the server die, the rows of the last moment are gone together with their count, and are read again.

    The run is done only once all of it is on the disk: that commit waits.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


def _known(job: Job, rows: list[Said], turn: Turn) -> Known:
    """What is known of the rows. Of somebody we have, the rows before may tell something yet: they go first."""
    asked = partial(resolve, job.run, rows, earlier=job.earlier, with_details=needs_details(job.mapping))
    known = asked()
    if turn.now is None and (known.people or known.events):
        turn.come()
        known = asked()
    return known


def needs_details(mapping: Mapping) -> bool:
    """Whether it matters what is known of the people of the file."""
    contact = mapping.contact
    return bool(contact.attributes or contact.phones or contact.tags) or mapping.duplicates == FILL


def terms_of(run: Import, mapping: Mapping) -> Terms:
    label = f"import:{run.pk}:{run.file_digest[:12]}"
    return Terms(run.source.key, label, run.source.is_public, mapping.duplicates)


def _count(now: Import, chunk: Chunk, decision: Decision, rejected: int) -> Import:
    now.rows_read += chunk.rows
    now.created += decision.created
    now.updated += decision.updated
    now.unchanged += decision.unchanged
    now.skipped += decision.skipped
    now.rejected += rejected
    counts = {name: getattr(now, name) for name in COUNTS}
    Import.objects.filter(pk=now.pk).update(**counts, permille=int(1000 * chunk.share), taken_until=LEASE)
    return now


def _keep_count(run: Import, now: Import) -> None:
    for name in COUNTS:
        setattr(run, name, getattr(now, name))


def received_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment
