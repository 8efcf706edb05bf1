"""A worker that is killed over an import: the next one goes on behind it, and nothing comes in, or goes out, twice."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from django.db.models import Value

from contacts.catalogue import install_catalogue
from contacts.importing import chunking, taking, working
from contacts.importing.preparing import bring_file, choose
from contacts.importing.steering import start_import_of, undo_import
from contacts.importing.working import work_off_imports
from contacts.models import Contact, Event, Identity, Import, ImportChunk, ImportState, Pending
from funnel.services import install_path
from staff.models import Role
from staff.policy import Principal
from tests.factories import make_user
from tests.killing import KILLED, ended, forked

ROWS, CHUNK = 3_000, 300


@pytest.fixture
def _often_and_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten chunks, and an import belongs to whoever was killed over it for a second only."""
    monkeypatch.setattr(chunking, "CHUNK", CHUNK)
    lease = taking.LEASE.copy()
    lease.set_source_expressions([Value(timedelta(seconds=1))])
    for module in (taking, working):
        monkeypatch.setattr(module, "LEASE", lease)


def killed_when(has_begun: Callable[[], bool]) -> None:
    """A worker, killed as soon as it has committed something."""
    with forked(work_off_imports) as child:
        pass
    while not has_begun():
        sleep(0.01)
    os.kill(child, signal.SIGKILL)
    assert ended(child) == KILLED


def worked_off(run: Import, state: str) -> None:
    """Workers look again and again, as their sweep has them do, until it is done."""
    end = monotonic() + 120
    while run.state != state:
        assert monotonic() < end
        work_off_imports()
        run.refresh_from_db()
        sleep(0.1)


@pytest.mark.usefixtures("transactional_db", "_often_and_soon")
def test_a_worker_killed_over_an_import_and_over_its_undoing_is_followed_by_another(
    settings: Any, tmp_path: Path
) -> None:
    install_catalogue()
    install_path()
    settings.IMPORTS_ROOT = tmp_path / "imports"
    by = Principal(user=make_user("admin@example.com", role=Role.ADMIN))
    lines = [f"c{n},Name {n},{n},{'soon' if n % 500 == 0 else '2026-01-01'}" for n in range(ROWS)]
    run = bring_file(by=by, name="orders.csv", pieces=["\n".join(["id,name,order,date", *lines, ""]).encode()])
    choose(by=by, run=run, said={"columns": ["external_id", "name", "event_id", "event_moment"]})
    start_import_of(by=by, run=run)

    killed_when(lambda: Import.objects.get().rows_read > 0)
    run.refresh_from_db()
    assert (run.state, 0 < run.rows_read < ROWS) == (ImportState.RUNNING, True)
    worked_off(run, ImportState.DONE)
    assert (run.rows_read, run.created, run.rejected) == (ROWS, ROWS - 6, 6)
    assert Contact.objects.count() == Identity.objects.count() == ROWS - 6
    assert Event.objects.count() == Pending.objects.count() == 2 * (ROWS - 6)

    undo_import(by=by, run=run)
    killed_when(lambda: ImportChunk.objects.exclude(undone_at=None).exists())
    run.refresh_from_db()
    assert run.state == ImportState.UNDOING
    worked_off(run, ImportState.UNDONE)
    assert (run.undone, run.left_alone) == (ROWS - 6, 0)
    assert (Contact.objects.listed().count(), Event.objects.standing().count()) == (0, 0)
