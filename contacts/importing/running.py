"""Running an import: chunk by chunk, each in one transaction with the count of rows read. A kill costs one chunk."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from itertools import cycle, islice, repeat
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import DateTimeField, Func, Value
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from psycopg2.errors import DeadlockDetected

from staff.models import User

from ..attributes import BUILT_IN
from ..models import BEGUN, CustomField, Import, ImportState, Source, SourceKind
from ..nudge import nudge_on_commit
from ..resting import collector_at_rest
from .cells import RowRefused
from .converting import Converter, Said
from .deciding import FILL, Decision, Known, Reject, Terms, decide
from .hands import Pair, reader, second_hand
from .mapping import Mapping, as_json, mapping_of
from .reading import BadRow, Row, Survey, Table, open_table, survey
from .resolving import earlier_run, resolve
from .screening import screen
from .telling import tell_end
from .writing import write, write_rejects

CHUNK: Final = 3_000
EACH: Final = repeat(True)
ELSEWHERE: Final = "running_elsewhere"
# Whoever works on an import holds it for so long after each step; then others may take it for abandoned.
LEASE: Final = Func(
    Value(timedelta(seconds=settings.IMPORT_LEASE_S)),
    template="clock_timestamp() + %(expressions)s",
    output_field=DateTimeField(),
)
# How often a chunk is tried again when others record the same people or events at the same moment.
PATIENCE: Final = 10


@dataclass(slots=True)
class Chunk:
    """Consecutive rows of the file: what those that can be understood say, and why the others can't be."""

    before: int  # rows of the file that lie before it
    rows: int
    share: float  # of the file that lies before its end
    said: list[Said] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


Report = Callable[[Import, float], None]  # of the run as it stands, and the share of the file that is read


def import_file(*, path: Path, mapping: Mapping, by: User | None = None, progress: Report | None = None) -> Import:
    """Bring a file in, going on where an earlier try stopped; raises ValidationError where it does not fit."""
    found = survey(path, mapping.file.encoding)
    return _run(_start(path, mapping, found, by), path, mapping, found, progress)


def start_import(*, path: Path, mapping: Mapping, by: User | None = None) -> Import:
    """The run that an earlier try with this file and mapping left unfinished, or a new one."""
    return _start(path, mapping, survey(path, mapping.file.encoding), by)


def run_import(*, run: Import, path: Path, progress: Report | None = None) -> Import:
    """Bring in the rows of the file that `run` has not read yet, until its end or until somebody cancels."""
    mapping = mapping_of(run.mapping)
    return _run(run, path, mapping, survey_of(run, path, mapping), progress)


def survey_of(run: Import, path: Path, mapping: Mapping) -> Survey:
    """The file of a run, looked at again: it must be the same."""
    found = survey(path, mapping.file.encoding)
    if found.digest != run.file_digest:
        raise ValidationError(_("This is not the file that the import began with."), code="other_file")
    return found


def cancel_import(*, run: Import) -> None:
    """Stop after the chunk in hand. What is in stays; starting again goes on."""
    Import.objects.filter(pk=run.pk, state=ImportState.RUNNING).update(state=ImportState.CANCELLED, finished_at=Now())


def _start(path: Path, mapping: Mapping, found: Survey, by: User | None) -> Import:
    with open_table(path, mapping.file, found) as table:
        converter_of(mapping, table)
        columns = list(table.columns)
    with transaction.atomic():
        # two starts make one run
        source = Source.objects.select_for_update(no_key=True).get(pk=source_of_mapping(mapping).pk)
        same = {"source": source, "file_digest": found.digest, "mapping": as_json(mapping)}
        run = Import.objects.filter(**same, stored="", state__in=BEGUN).order_by("-pk").first()
        if run is None:
            run = Import.objects.create(**same, file_name=path.name[-255:], columns=columns, started_by=by)
        else:
            run.state, run.finished_at, run.failure = ImportState.RUNNING, None, ""
            run.save(update_fields=["state", "finished_at", "failure"])
    run.refresh_from_db()
    return run


def source_of_mapping(mapping: Mapping) -> Source:
    said = mapping.source
    made = {"name": (said.name or said.key)[:80], "kind": SourceKind.IMPORT, "trust": said.trust}
    source, _is_new = Source.objects.get_or_create(key=said.key, defaults=made)
    if source.kind == SourceKind.STAFF or source.trust != said.trust:
        words = _("source.trust: the source “%(key)s” is %(trust)s already, and not for %(said)s imports.")
        raise ValidationError(
            words % {"key": source.key, "trust": source.trust, "said": said.trust}, code="other_source"
        )
    return source


def converter_of(mapping: Mapping, table: Table) -> Converter:
    return Converter(mapping, table.columns, {field.key: field for field in CustomField.objects.filter(of="contact")})


def _run(run: Import, path: Path, mapping: Mapping, found: Survey, progress: Report | None) -> Import:
    def report(share: float) -> None:
        nudge_on_commit()
        if progress:
            progress(run, share)

    try:
        with collector_at_rest():
            if _bring_in(Job(run, path, mapping, found), report):
                _finish(run)
    except (ValidationError, DatabaseError, OSError) as error:
        # A worker goes on by itself once the database is back; whoever runs it elsewhere goes on anyway.
        if not (run.stored and is_passing(error)) and getattr(error, "code", "") != ELSEWHERE:
            fail(run, error)
        raise
    run.refresh_from_db()
    return run


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


def read_ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks; each is read while the one before is worked on."""
    with reader() as other:
        ahead = other.submit(next, chunks, None)
        while chunk := ahead.result():
            ahead = other.submit(next, chunks, None)
            yield chunk


def chunks_of(table: Table, convert: Converter, skip: int = 0, ours: Iterable[bool] = EACH) -> Iterator[Chunk]:
    """The chunks behind so many rows, those that `ours` says True of."""
    rows = islice(enumerate(table.rows(), 1), skip, None)
    for is_ours in ours:
        piece = list(islice(rows, CHUNK))
        if not piece:
            return
        if is_ours:
            yield _understood(piece, convert, table.share_read() if len(piece) == CHUNK else 1.0)


def _understood(piece: Sequence[tuple[int, Row]], convert: Converter, share: float) -> Chunk:
    chunk = Chunk(piece[0][0] - 1, len(piece), share)
    for row, (line, cells) in piece:
        if isinstance(cells, BadRow):
            chunk.rejects.append(Reject(line, "", cells.reason, cells.detail, [cells.raw.rstrip("\r\n")], cells.values))
        else:
            try:
                chunk.said.append(convert(row, line, cells))
            except RowRefused as refused:
                chunk.rejects.append(Reject.of(line, refused, cells))
    return chunk


# --- One hand or two --------------------------------------------------------------------------------------------------

Say = Callable[[float], None]  # called after each chunk, with the share of the file that is read


class Ended(Exception):
    """Somebody has cancelled the run."""


class OutOfTurn(Exception):
    """The chunk before is not in: whoever had it was lost. Or this one is: somebody else runs the same import."""


def _bring_in(job: Job, say: Say) -> bool:
    """Bring in what is left of the file; False where the run has been cancelled.

    The first chunk makes what all share: types, sources. Where a hand is lost, or the two are in each other's way, one
    alone does the next chunk. Within a transaction there is but one.
    """
    try:
        if connection.in_atomic_block:
            _by_one_hand(job, say)
            return True
        while _by_one_hand(job, say, most=1) == CHUNK and not _by_two_hands(job, say):
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
            self._lock("pg_advisory_xact_lock_shared", self.before - CHUNK)
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


COUNTS: Final = ("rows_read", "created", "updated", "unchanged", "skipped", "rejected")


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


def _finish(run: Import) -> None:
    ended = {"state": ImportState.DONE, "finished_at": Now(), "permille": 1000, "taken_until": None}
    with transaction.atomic():
        if Import.objects.filter(pk=run.pk, state=ImportState.RUNNING).update(**ended):
            tell_end(run)


def is_passing(error: Exception) -> bool:
    return isinstance(error, OperationalError | InterfaceError)


def fail(run: Import, error: Exception) -> None:
    """Leave a word of why, where the database still listens; without it the run can go on as well."""
    words = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error).strip()
    try:
        under_way = Import.objects.filter(pk=run.pk, state__in=[ImportState.RUNNING, ImportState.UNDOING])
        with transaction.atomic():
            if under_way.update(state=ImportState.FAILED, finished_at=Now(), failure=words, taken_until=None):
                tell_end(run)
    except DatabaseError:
        connection.close()


def received_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment
