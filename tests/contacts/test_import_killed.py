"""A worker that is killed over an import: the next one goes on behind it, and nothing comes in, or goes out, twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from django.conf import settings as base

from contacts.catalogue import install_catalogue
from contacts.importing.preparing import bring_file, choose, start_import_of, undo_import
from contacts.models import Contact, Event, Identity, Import, ImportChunk, ImportState, Pending
from funnel.services import install_path
from staff.models import Role
from staff.policy import Principal
from tests.conftest import Servers
from tests.factories import make_user

ROWS = 6_000
WORKER = "import django; django.setup(); from contacts.importing import working; working.work_off_imports()"


def killed_when(run: Import, environment: dict[str, str], has_begun: Any) -> None:
    """A worker, killed as soon as it has committed something."""
    process = subprocess.Popen([sys.executable, "-c", WORKER], cwd=base.BASE_DIR, env=environment)
    while process.poll() is None and not has_begun():
        sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def worked_off(run: Import, environment: dict[str, str], state: str) -> None:
    """Workers look every second, as their sweep has them do, until it is done."""
    end = monotonic() + 120
    while run.state != state:
        assert monotonic() < end
        subprocess.run([sys.executable, "-c", WORKER], cwd=base.BASE_DIR, env=environment, check=True)
        run.refresh_from_db()
        sleep(0.2)


def test_a_worker_killed_over_an_import_and_over_its_undoing_is_followed_by_another(
    servers: Servers, settings: Any, tmp_path: Path
) -> None:
    install_catalogue()
    install_path()
    settings.IMPORTS_ROOT = tmp_path / "imports"
    environment = servers.environment | {"IMPORTS_ROOT": str(tmp_path / "imports"), "IMPORT_LEASE_S": "1"}
    environment |= {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    by = Principal(user=make_user("admin@example.com", role=Role.ADMIN))
    lines = [f"c{n},Name {n},{n},{'soon' if n % 1000 == 0 else '2026-01-01'}" for n in range(ROWS)]
    run = bring_file(by=by, name="orders.csv", pieces=["\n".join(["id,name,order,date", *lines, ""]).encode()])
    choose(by=by, run=run, said={"columns": ["external_id", "name", "event_id", "event_moment"]})
    start_import_of(by=by, run=run)

    killed_when(run, environment, lambda: Import.objects.get().rows_read > 0)
    run.refresh_from_db()
    assert (run.state, 0 < run.rows_read < ROWS) == (ImportState.RUNNING, True)
    worked_off(run, environment, ImportState.DONE)
    assert (run.rows_read, run.created, run.rejected) == (ROWS, ROWS - 6, 6)
    assert Contact.objects.count() == Identity.objects.count() == ROWS - 6
    assert Event.objects.count() == Pending.objects.count() == 2 * (ROWS - 6)

    undo_import(by=by, run=run)
    killed_when(run, environment, lambda: ImportChunk.objects.exclude(undone_at=None).exists())
    run.refresh_from_db()
    assert run.state == ImportState.UNDOING
    worked_off(run, environment, ImportState.UNDONE)
    assert (run.undone, run.left_alone) == (ROWS - 6, 0)
    assert (Contact.objects.listed().count(), Event.objects.standing().count()) == (0, 0)
