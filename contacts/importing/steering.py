"""An import is tried, begun, stopped, gone on with, taken back or dropped: each from the states that allow it."""

from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from staff import audit
from staff.policy import Principal

from ..models import Import, ImportState
from . import keeping
from .chunking import converter_of
from .drafting import mapping_from
from .mapping import as_json
from .preparing import EDITABLE, draft_of, refuse_begun, survey_again
from .reading import open_table
from .running import source_of_mapping
from .undoing import begin_undoing
from .working import nudge_imports


def check_import(*, by: Principal, run: Import) -> None:
    """Have the workers count what it would do."""
    _ready(run)
    checking = {"state": ImportState.CHECKING, "foreseen": None, "permille": 0, "taken_until": None}
    _turn(run, EDITABLE, language=get_language() or "", **checking)
    transaction.on_commit(nudge_imports)


def start_import_of(*, by: Principal, run: Import) -> None:
    """Have the workers bring it in."""
    _ready(run)
    now = {"state": ImportState.RUNNING, "started_at": Now(), "finished_at": None, "taken_until": None, "permille": 0}
    with transaction.atomic():
        _turn(run, EDITABLE, started_by=by.user, by_key=by.key, language=get_language() or "", **now)
        audit.record(by=by, action="import_started", kind="import", row=run.pk, source=run.source.key)
        transaction.on_commit(nudge_imports)
    keeping.throw_away_book(run)


def _ready(run: Import) -> None:
    """Set its mapping to what was chosen; raises ValidationError where that cannot be, or does not fit the file."""
    refuse_begun(run)
    path = keeping.path_of(run)
    mapping = mapping_from(draft_of(run))
    with open_table(path, mapping.file, survey_again(run)) as table:
        converter_of(mapping, table)
    run.source = source_of_mapping(mapping)
    run.mapping = as_json(mapping)
    run.save(update_fields=["source", "mapping"])


def stop_import(*, by: Principal, run: Import) -> None:
    """Stop after the chunk in hand: what is in stays, and it can go on. A dry run just ends."""
    if Import.objects.filter(pk=run.pk, state=ImportState.CHECKING).update(
        state=ImportState.DRAFT, taken_until=None, permille=0
    ):
        return
    _turn(run, (ImportState.RUNNING,), state=ImportState.CANCELLED, finished_at=Now())
    audit.record(by=by, action="import_stopped", kind="import", row=run.pk)


def resume_import(*, by: Principal, run: Import) -> None:
    keeping.path_of(run)
    now = {"state": ImportState.RUNNING, "finished_at": None, "failure": "", "taken_until": None}
    with transaction.atomic():
        _turn(run, (ImportState.CANCELLED, ImportState.FAILED), **now)
        audit.record(by=by, action="import_started", kind="import", row=run.pk, source=run.source.key)
        transaction.on_commit(nudge_imports)


def undo_import(*, by: Principal, run: Import, also_changed: bool = False) -> None:
    """Have the workers take it back."""
    with transaction.atomic():
        begin_undoing(run=run, also_changed=also_changed)
        audit.record(by=by, action="import_undone", kind="import", row=run.pk, also_changed=also_changed)
        transaction.on_commit(nudge_imports)


def drop_draft(*, by: Principal, run: Import) -> None:
    """Forget a file that was not brought in."""
    refuse_begun(run)
    keeping.throw_away(run)
    with suppress(Import.DoesNotExist):
        run.delete()
    audit.record(by=by, action="import_dropped", kind="import", row=run.pk)


def _turn(run: Import, states: tuple[ImportState, ...], **values: Any) -> None:
    if not Import.objects.filter(pk=run.pk, state__in=states).update(**values):
        raise ValidationError(_("The import is not in a state for that any more."), code="wrong_state")
    run.refresh_from_db()
