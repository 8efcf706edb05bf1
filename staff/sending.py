"""Whether anything goes out by itself: paused by hand, or because the database is a copy of another one.

A dump that was restored would send again what its original sent long ago, and a copy made for trying things would
write to real people. So the database knows itself by its server, its own number and that of a table, all of which a
restored one has anew; until somebody says that it is the real one now, letters and webhooks wait.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models.functions import Now

from staff import audit
from staff.models import Sending, User
from staff.policy import Principal

HOME_SQL: Final = """
    (SELECT c.system_identifier || '/' || d.oid || '/' || 'staff_sending'::regclass::oid
       FROM pg_control_system() c, pg_database d WHERE d.datname = current_database())
"""
# What every page asks: a copy is paused by the upgrade that every start begins with.
IS_PAUSED_SQL: Final = "EXISTS (SELECT FROM staff_sending WHERE paused_at IS NOT NULL)"
IS_HELD_SQL: Final = f"EXISTS (SELECT FROM staff_sending WHERE paused_at IS NOT NULL OR home <> {HOME_SQL})"


@dataclass(frozen=True, slots=True)
class Held:
    """Why nothing goes out: `is_copy`, or somebody paused it."""

    is_copy: bool
    since: datetime | None
    by: User | None


def may_send() -> bool:
    """Whether what waits to go out may be taken in hand now."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT NOT {IS_HELD_SQL}")
        [may] = cursor.fetchone()
    return bool(may)


def held() -> Held | None:
    """What holds sending up; None when nothing does."""
    row = Sending.objects.select_related("paused_by").first()
    if row is None:
        return None
    is_copy = row.home != _home()
    return Held(is_copy, row.paused_at, row.paused_by) if is_copy or row.paused_at else None


def settle_home() -> bool:
    """Take the database as the real one, where nobody ever said; return whether it is a copy, which is paused."""
    settled, _made = Sending.objects.get_or_create(id=1, defaults={"home": _home()})
    is_copy = settled.home != _home()
    if is_copy:
        Sending.objects.filter(paused_at=None).update(paused_at=Now(), paused_by=None)
    return is_copy


@transaction.atomic
def pause_sending(*, by: Principal) -> None:
    """Let everything wait that goes out by itself. What is on the line is finished."""
    settle_home()
    if Sending.objects.filter(paused_at=None).update(paused_at=Now(), paused_by=by.user):
        audit.record(by=by, action="sending_paused", kind="sending")


@transaction.atomic
def resume_sending(*, by: Principal) -> None:
    """Let it go out again, and take this database as the real one."""
    settle_home()
    Sending.objects.update(home=_home(), paused_at=None, paused_by=None)
    audit.record(by=by, action="sending_resumed", kind="sending")


def _home() -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {HOME_SQL}")
        [home] = cursor.fetchone()
    return str(home)
