"""Running an import: chunk by chunk, each in one transaction with the count of rows read. A kill costs one chunk."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
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

from ..models import BEGUN, CustomField, Import, ImportState, Source, SourceKind
from ..placing import Name
from ..resting import collector_at_rest
from .cells import RowRefused
from .converting import Converter, Said
from .deciding import FILL, Decision, Known, Reject, Terms, decide, names_of
from .hands import hand, side_by_side
from .mapping import Mapping, as_json, mapping_of
from .reading import BadRow, Survey, Table, open_table, survey
from .resolving import resolve
from .screening import screen
from .telling import tell_end
from .writing import write, write_rejects

CHUNK: Final = 4_000
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

    before: int = 0  # rows of the file that lie before it
    rows: int = 0
    said: list[Said] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    share: float = 0.0  # of the file that lies before its end
    names: set[Name | str] = field(default_factory=set)

    def named(self, source_key: str) -> set[Name | str]:
        """By what its contacts are called, and the keys of its events."""
        if not self.names:
            self.names.update(*[names_of(said, source_key) for said in self.said])
            self.names.update([fact.key for said in self.said for fact in said.facts])
        return self.names


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
    try:
        with open_table(path, mapping.file, found) as table, collector_at_rest():
            chunks = read_ahead(chunks_of(table, converter_of(mapping, table), run.rows_read))
            with closing(_taken(run, mapping, chunks)) as taken:
                for chunk, is_in in taken:
                    if not is_in:
                        break
                    if progress:
                        progress(run, chunk.share)
                else:
                    _finish(run)
    except (ValidationError, DatabaseError, OSError) as error:
        # A worker goes on by itself once the database is back; whoever runs it elsewhere goes on anyway.
        if not (run.stored and is_passing(error)) and getattr(error, "code", "") != ELSEWHERE:
            fail(run, error)
        raise
    run.refresh_from_db()
    return run


def read_ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks; each is read while the one before is worked on."""
    with hand() as reader:
        ahead = reader.submit(next, chunks, None)
        while chunk := ahead.result():
            ahead = reader.submit(next, chunks, None)
            yield chunk


def chunks_of(table: Table, convert: Converter, skip: int = 0) -> Iterator[Chunk]:
    chunk = Chunk(skip)
    for row, (line, cells) in enumerate(table.rows(), 1):
        if row <= skip:
            continue
        chunk.rows += 1
        if isinstance(cells, BadRow):
            chunk.rejects.append(Reject(line, "", cells.reason, cells.detail, [cells.raw.rstrip("\r\n")], cells.values))
        else:
            try:
                chunk.said.append(convert(row, line, cells))
            except RowRefused as refused:
                chunk.rejects.append(Reject.of(line, refused, cells))
        if chunk.rows == CHUNK:
            chunk.share = table.share_read()
            yield chunk
            chunk = Chunk(row)
    if chunk.rows:
        chunk.share = 1.0
        yield chunk


def _taken(run: Import, mapping: Mapping, chunks: Iterator[Chunk]) -> Generator[tuple[Chunk, bool]]:
    """Each chunk once it is in, or with False where the run has been cancelled.

    The first one makes what all share: types, sources. Within a transaction there is but one hand.
    """
    for chunk in chunks if connection.in_atomic_block else islice(chunks, 1):
        yield chunk, _take(run, mapping, chunk)
    apart = partial(_are_apart, run.source.key)
    for chunk, begun in side_by_side(chunks, partial(_take_early, run, mapping), may_follow=apart):
        is_in = True
        try:
            _keep_count(run, begun.result())
        except (OutOfTurn, DatabaseError, ValidationError) as error:
            if is_passing(error) and not _is_race(error):
                raise
            is_in = _take(run, mapping, chunk)
        yield chunk, is_in


def _are_apart(source_key: str, one: Chunk, other: Chunk) -> bool:
    """Whether two chunks name no contact and no event that is the same."""
    return one.named(source_key).isdisjoint(other.named(source_key))


class OutOfTurn(Exception):
    """The chunks before are not in, or the run has ended: this one is to be taken again."""


@dataclass(slots=True)
class Turn:
    """When a chunk may look at and change what others share: once those before it are in.

    A chunk holds a lock of its own until it is in, so that the server sees who waits for whom.
    """

    run: Import
    chunk: Chunk
    now: Import | None = None  # the run as those before left it, locked

    def hold(self) -> None:
        self._lock("pg_advisory_xact_lock", self.chunk.before)

    def come(self) -> Import:
        if self.now is None:
            self._lock("pg_advisory_xact_lock_shared", self.chunk.before - CHUNK)
            self.now = Import.objects.select_for_update(no_key=True).get(pk=self.run.pk)
            if self.now.rows_read != self.chunk.before or self.now.state != ImportState.RUNNING:
                raise OutOfTurn
        return self.now

    def _lock(self, function: str, row: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", [self.run.pk, row])


def _take_early(run: Import, mapping: Mapping, chunk: Chunk) -> Import:
    """Bring in a chunk while the one before may still be in hand; raises OutOfTurn where that does not come in."""
    with transaction.atomic():
        turn = Turn(run, chunk)
        turn.hold()
        return _take_once(run, mapping, chunk, turn)


def _take(run: Import, mapping: Mapping, chunk: Chunk) -> bool:
    """Bring in a chunk, unless the run has been cancelled."""
    for attempt in range(PATIENCE):
        try:
            with transaction.atomic():
                now = _ours(run)
                if now.state == ImportState.RUNNING:
                    _keep_count(run, _take_once(run, mapping, chunk, Turn(run, chunk, now)))
                return now.state == ImportState.RUNNING
        except (IntegrityError, OperationalError) as error:
            if not _is_race(error) or attempt == PATIENCE - 1:
                raise
    return False


def _is_race(error: Exception) -> bool:
    return isinstance(error, IntegrityError) or isinstance(error.__cause__, DeadlockDetected)


def _ours(run: Import) -> Import:
    """The run as it stands, locked; nobody else may be at it."""
    now = Import.objects.select_for_update(no_key=True).get(pk=run.pk)
    if now.rows_read != run.rows_read:
        raise ValidationError(_("Another process is running this import."), code=ELSEWHERE)
    return now


def _take_once(run: Import, mapping: Mapping, chunk: Chunk, turn: Turn) -> Import:
    received = received_now()
    _need_not_wait_for_the_disk()
    sound, refused, types = screen(run, chunk.said, received)
    known = _known(run, mapping, sound, turn)
    terms = terms_of(run, mapping)
    decision = decide(sound, known, terms)
    note = mapping.origin.note if mapping.origin else ""
    write(run, terms, decision, types, received, note=note, turn=turn.come)
    rejects = [*chunk.rejects, *refused, *decision.rejects]
    write_rejects(run, rejects)
    return _count(turn.come(), chunk, decision, len(rejects))


def _need_not_wait_for_the_disk() -> None:
    """Should the server die, the rows of the last moment are gone together with their count, and are read again.

    The run is done only once all of it is on the disk: that commit waits.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


def _known(run: Import, mapping: Mapping, rows: list[Said], turn: Turn) -> Known:
    """What is known of the rows. Of somebody we have, the rows before may tell something yet: they go first."""
    with_details = needs_details(mapping)
    known = resolve(run, rows, with_details=with_details)
    if turn.now is None and (known.people or known.events):
        turn.come()
        known = resolve(run, rows, with_details=with_details)
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
