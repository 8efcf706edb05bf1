"""The files people bring: kept on disk until they are in, or for a few days; never longer than the people in them."""

import os
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from ..mentions import traces_in
from ..models import Import, ImportState
from ..traces import Traces
from .reading import BLOCK
from .telling import tell_end

A_DAY_S: Final = 86_400
OVERLAP: Final = 1 << 10  # an address may stand across two blocks


def keep(pieces: Iterable[bytes]) -> Path:
    """Write an upload down, piece by piece; refused where it is larger than we take."""
    folder = _folder()
    path = folder / secrets.token_hex(16)
    size = 0
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in pieces:
                size += len(piece)
                if size > settings.IMPORT_LARGEST:
                    raise too_large()
                file.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def too_large() -> ValidationError:
    words = _("The file is larger than %(limit)s MB. Split it, or bring it in with manage.py import_events.")
    return ValidationError(words % {"limit": settings.IMPORT_LARGEST // 1_000_000}, code="too_large")


def new_path() -> Path:
    return _folder() / secrets.token_hex(16)


def _folder() -> Path:
    folder: Path = settings.IMPORTS_ROOT
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def path_of(run: Import) -> Path:
    """Where the file of a run lies; raises ValidationError where it does not lie there any more."""
    path = settings.IMPORTS_ROOT / run.stored
    if not run.stored or not path.is_file():
        raise ValidationError(_("The file is not kept any more. Upload it again."), code="file_gone")
    return Path(path)


def book_of(run: Import) -> Path | None:
    """The workbook the file is a sheet of, as long as another sheet may be chosen."""
    path = Path(settings.IMPORTS_ROOT / run.book)
    return path if run.book and path.is_file() else None


def throw_away(run: Import) -> None:
    """Delete the file; what came of it stays."""
    throw_away_book(run)
    if run.stored:
        (settings.IMPORTS_ROOT / run.stored).unlink(missing_ok=True)
        Import.objects.filter(pk=run.pk).update(stored="")
        run.stored = ""


def throw_away_book(run: Import) -> None:
    if run.book:
        (settings.IMPORTS_ROOT / run.book).unlink(missing_ok=True)
        Import.objects.filter(pk=run.pk).update(book="")
        run.book = ""


def throw_away_old() -> None:
    """Delete the files of imports that nobody went on with, and files that no import knows."""
    old = Q(uploaded_at__lt=Now() - timedelta(days=settings.IMPORT_FILES_DAYS))
    for run in Import.objects.filter(old).exclude(stored="").exclude(state=ImportState.RUNNING):
        throw_away(run)
    known = {name for names in Import.objects.exclude(stored="").values_list("stored", "book") for name in names}
    if settings.IMPORTS_ROOT.is_dir():
        for path in settings.IMPORTS_ROOT.iterdir():
            if path.name not in known and path.stat().st_mtime < time.time() - A_DAY_S:
                path.unlink(missing_ok=True)


def forget_in_files(members: Sequence[int]) -> None:
    """Delete the files in which somebody stands who is erased; an import under way ends with them."""
    kept = Import.objects.exclude(stored="")
    traces = traces_in(members) if kept.exists() else Traces()
    for run in kept:
        throw_away_book(run)  # they may stand in a sheet that was not read
        path = settings.IMPORTS_ROOT / run.stored
        if path.is_file() and _tells_of(path, run, traces):
            throw_away(run)
            if run.state in {ImportState.RUNNING, ImportState.CHECKING}:
                words = _("Somebody in the file was erased meanwhile, and the file with them. Upload it without them.")
                Import.objects.filter(pk=run.pk).update(state=ImportState.FAILED, failure=words, finished_at=Now())
                tell_end(run)


def _tells_of(path: Path, run: Import, traces: Traces) -> bool:
    encoding = run.choices.get("encoding") or "utf-8"
    before = ""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        while block := file.read(BLOCK):
            if traces.are_in(before + block):
                return True
            before = block[-OVERLAP:]
    return False
