"""An import from its start to its end: it goes on where it stopped, is cancelled, fails. A kill costs one chunk."""

from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from staff.models import User

from ..models import BEGUN, Import, ImportState, Source, SourceKind
from ..nudge import nudge_on_commit
from ..resting import collector_at_rest
from .chunking import converter_of
from .mapping import Mapping, as_json, mapping_of
from .reading import Survey, open_table, survey
from .taking import ELSEWHERE, Job, bring_in
from .telling import tell_end

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


def _run(run: Import, path: Path, mapping: Mapping, found: Survey, progress: Report | None) -> Import:
    def report(share: float) -> None:
        nudge_on_commit()
        if progress:
            progress(run, share)

    try:
        with collector_at_rest():
            if bring_in(Job(run, path, mapping, found), report):
                _finish(run)
    except (ValidationError, DatabaseError, OSError) as error:
        # A worker goes on by itself once the database is back; whoever runs it elsewhere goes on anyway.
        if not (run.stored and is_passing(error)) and getattr(error, "code", "") != ELSEWHERE:
            fail(run, error)
        raise
    run.refresh_from_db()
    return run


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
