"""What became of an import, for people: counts in words, and the refused rows as a file to mend and bring in again."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from rest.telling import told

from ..models import Import, ImportReject
from ..spreadsheet import MARK, csv_line

ERROR: Final = ("line", "column", "value", "reason")
REPORT_COLUMNS: Final = ("line", "column", "reason", "detail")  # before those of the file


def summary(run: Import) -> str:
    """The counts of a run in one sentence."""
    words = _(
        "%(rows)s rows: %(created)s created, %(updated)s updated, %(unchanged)s unchanged, %(rejected)s rejected."
    )
    if run.skipped:
        words = _(
            "%(rows)s rows: %(created)s created, %(updated)s updated, %(unchanged)s unchanged, %(skipped)s skipped, "
            "%(rejected)s rejected."
        )
    return words % {
        "rows": f"{run.rows_read:,}",
        "created": f"{run.created:,}",
        "updated": f"{run.updated:,}",
        "unchanged": f"{run.unchanged:,}",
        "skipped": f"{run.skipped:,}",
        "rejected": f"{run.rejected:,}",
    }


def first_rejects(run: Import, count: int) -> list[str]:
    """The first refused rows, a line each."""
    return [
        _("line %(line)s: %(reason)s: %(column)s%(detail)s")
        % {
            "line": reject.line,
            "reason": reject.reason,
            "column": f"{reject.column}: " if reject.column else "",
            "detail": told(reject.detail, reject.values),
        }
        for reject in run.rejects.order_by("line")[:count]
    ]


def foreseen_told(run: Import) -> dict[str, Any] | None:
    """What a dry run found, in the language of whoever reads it."""
    if not run.foreseen or "errors" not in run.foreseen:
        return run.foreseen
    errors = [
        {name: one[name] for name in ERROR if name in one} | {"detail": told(one["detail"], one.get("values"))}
        for one in run.foreseen["errors"]
    ]
    return {**run.foreseen, "errors": errors}


def reject_lines(run: Import) -> Iterator[str]:
    """The refused rows as CSV (UTF-8 with a mark, for spreadsheets): what is wrong, then the row as it was.

    Mended, it can be imported with the same mapping. Nothing in it is a formula.
    """
    delimiter = run.mapping.get("file", {}).get("delimiter") or ","
    yield MARK + csv_line([*REPORT_COLUMNS, *run.columns], delimiter)
    for reject in run.rejects.order_by("line").iterator(chunk_size=2000):
        said = told(reject.detail, reject.values)
        yield csv_line([str(reject.line), reject.column, reject.reason, said, *_cells(reject)], delimiter)


def _cells(reject: ImportReject) -> list[str]:
    try:
        return next(csv.reader([reject.raw]), [])
    except csv.Error:  # too long for a cell: that is what is wrong with it
        return [reject.raw]


def cell_of(run: Import, reject: ImportReject) -> str:
    """What stands in the column at fault."""
    cells = _cells(reject)
    at = run.columns.index(reject.column) if reject.column in run.columns else len(cells)
    return cells[at][:200] if at < len(cells) else ""


@contextmanager
def rehearsal() -> Iterator[None]:
    """Whatever is done inside is undone at the end: for seeing what an import would do.

    It is one transaction for as long as it takes: who writes the same people meanwhile waits.
    """
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
