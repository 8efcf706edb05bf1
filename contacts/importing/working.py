"""What workers do for imports: try them, run them, take them back. One after another; whoever is killed loses the chunk
in hand, and the next goes on behind the last one committed.
"""

import logging
from typing import Final

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import get_language, override

from ..models import Import, ImportState
from ..nudge import call_workers
from . import keeping
from .rehearsing import Foreseen, rehearse
from .running import fail, is_passing, run_import
from .taking import LEASE
from .undoing import undo_step

logger = logging.getLogger(__name__)

TASK: Final = "contacts.tasks.work_off_imports"
QUEUE: Final = "import"


def nudge_imports() -> None:
    call_workers(TASK, queue=QUEUE)


def work_off_imports() -> None:
    """Do what waits, one import after another; while somebody is at one, nobody begins a second."""
    while run := _claim():
        with override(run.language or get_language()):
            _work_on(run)


def _claim() -> Import | None:
    with transaction.atomic():
        waiting = list(Import.objects.waiting().select_for_update(no_key=True).order_by("pk"))
        free = Import.objects.filter(pk__in=[run.pk for run in waiting])
        if free.filter(taken_until__gte=Now()).exists():
            return None
        run = free.order_by("pk").first()
        if run:
            again = {"resumed_at": Now(), "resumed_rows": F("rows_read")}
            Import.objects.filter(pk=run.pk).update(taken_until=LEASE, **again)
            run.refresh_from_db()
    return run


def _work_on(run: Import) -> None:
    try:
        match run.state:
            case ImportState.CHECKING:
                _check(run)
            case ImportState.RUNNING:
                ended = run_import(run=run, path=keeping.path_of(run))
                if ended.state == ImportState.DONE:
                    keeping.throw_away(ended)
            case _:
                while undo_step(run):
                    Import.objects.filter(pk=run.pk).update(taken_until=LEASE)
    except (ValidationError, DatabaseError, OSError) as error:
        if is_passing(error):
            raise
        logger.warning("import failed", extra={"run": run.pk, "error": type(error).__name__})
        if run.state == ImportState.CHECKING:
            _end_check(run, {"failure": _words(error)})
        else:
            fail(run, error)


def _check(run: Import) -> None:
    def goes_on(foreseen: Foreseen, share: float) -> bool:
        checking = Import.objects.filter(pk=run.pk, state=ImportState.CHECKING)
        return bool(checking.update(taken_until=LEASE, permille=int(1000 * share)))

    foreseen = rehearse(run, keeping.path_of(run), goes_on=goes_on)
    if foreseen is not None:
        _end_check(run, {name: getattr(foreseen, name) for name in Foreseen.__dataclass_fields__})


def _end_check(run: Import, foreseen: dict[str, object]) -> None:
    """The result counts as long as nobody changed the mapping meanwhile."""
    Import.objects.filter(pk=run.pk, state=ImportState.CHECKING).update(
        state=ImportState.DRAFT, foreseen=foreseen, taken_until=None, permille=0
    )


def _words(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error).strip()
