"""Telling members of staff something, once each."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models.functions import Now

from staff.models import User

from .models import Notice, NoticeKind


def notify(
    users: Iterable[User],
    kind: NoticeKind,
    key: str,
    *,
    contact_id: int | None = None,
    task_id: int | None = None,
    job_id: int | None = None,
    by: User | None = None,
    said: Mapping[str, Any] | None = None,
) -> None:
    """Tell each of these people under this key, unless they were told under it before."""
    about = {"contact_id": contact_id, "task_id": task_id, "job_id": job_id, "by": by, "said": dict(said or {})}
    told = sorted({user.pk: user for user in users if user.is_active}.items())
    rows = [Notice(user=user, kind=kind, key=key, **about) for _pk, user in told]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)


def mark_read(user: User, notice_ids: Iterable[int] | None = None) -> int:
    """Say that they read these notices (None: all there are)."""
    unread = Notice.objects.unread().filter(user=user)
    if notice_ids is not None:
        unread = unread.filter(pk__in=list(notice_ids))
    return int(unread.update(read_at=Now()))
