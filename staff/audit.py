"""The audit trail: who did what to which row. Records are only ever added."""

from typing import Any

from staff.models import AuditRecord
from staff.policy import Principal


def record(*, by: Principal, action: str, kind: str = "", row: int | None = None, **detail: Any) -> None:
    """Note that `by` did (or was refused) `action`; `detail` holds names and ids, never secrets."""
    AuditRecord.objects.create(
        user=by.user, api_key=by.key, action=action, object_kind=kind, object_id=row, detail=detail
    )
