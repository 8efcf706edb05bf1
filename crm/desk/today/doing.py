"""What somebody means to do: overdue, today, and in the days to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any, Final

from django.utils import timezone

from contacts.models import Task
from contacts.prepared import Prepared
from crm.desk.today.seen import MOMENT, TYPES, somebody, statement_of
from staff.policy import Principal

AT_MOST: Final = 60
AHEAD: Final = timedelta(days=14)
OF_OTHERS: Final = 5  # in a part of the page, beside all of one's own
_SHOWN: Final = (
    *("pk", "title", "due_at", "remind_at", "repeat", "created_by_id", "created_by__name", "created_by__email"),
    *("contact__leader_id", "contact__leader__name", "contact__leader__emails"),
    *("assignee_id", "assignee__name", "assignee__email"),
)


@dataclass(frozen=True, slots=True)
class Due:
    """A task, about whom, who gave it and who has it."""

    pk: int
    title: str
    due_at: datetime
    remind_at: datetime | None
    repeat: str
    by: int | None
    by_name: str
    contact: int
    name: str
    who: int | None
    who_name: str


@dataclass(frozen=True, slots=True)
class Tasks:
    overdue: Sequence[Due]
    today: Sequence[Due]
    coming: Sequence[Due]
    has_more: bool
    me: int

    def shown(self, part: Sequence[Due]) -> Sequence[Due]:
        """One's own of this part, and the first of the others."""
        return [*(task for task in part if task.who == self.me), *self._others(part)[:OF_OTHERS]]

    def _others(self, part: Sequence[Due]) -> Sequence[Due]:
        return [task for task in part if task.who != self.me]

    @property
    def hides_some(self) -> bool:
        parts = (self.overdue, self.today, self.coming)
        return self.has_more or any(len(self._others(part)) > OF_OTHERS for part in parts)

    @property
    def n(self) -> int:
        return len(self.overdue) + len(self.today)


def tasks_of(principal: Principal, *, mine: bool = True) -> Tasks:
    """The open tasks they have, and those of others they see unless only theirs are asked for: a statement each."""
    user, now = principal.user, timezone.now()
    assert user  # programs have no tasks
    end = timezone.make_aware(datetime.combine(timezone.localdate(), time.max))
    asked = {"user": user.pk, "team": user.team_id, "moment": end + AHEAD}
    parts = [
        _open(user.role, user.team_id is not None, own).rows(**asked) for own in ([True] if mine else [True, False])
    ]
    rows = {row[0]: row for part in parts for row in part[:AT_MOST]}
    found = sorted((_due(*row) for row in rows.values()), key=lambda task: (task.due_at, task.pk))
    return Tasks(
        [task for task in found if task.due_at < now],
        [task for task in found if now <= task.due_at <= end],
        [task for task in found if task.due_at > end],
        any(len(part) > AT_MOST for part in parts),
        user.pk,
    )


def _due(*row: Any) -> Due:
    pk, title, due_at, remind_at, repeat, by, by_name, by_email, contact, called, emails, who, name, email = row
    about = called or (emails[0] if emails else f"#{contact}")
    return Due(
        *(pk, title, due_at, remind_at, repeat, by, by_name or by_email or ""),
        *(contact, about, who, name or email or ""),
    )


@cache
def _open(role: str, has_team: bool, mine: bool) -> Prepared:
    looking = somebody(role, has_team=has_team)
    assert looking.user
    seen = Task.objects.visible_to(looking).open().due_by(MOMENT).order_by("due_at", "pk")
    tasks = seen.for_user(looking.user) if mine else seen
    name = f"tasks_{role}{'_in_team' if has_team else ''}{'' if mine else '_all'}"
    return Prepared(name, statement_of(tasks.values_list(*_SHOWN)[: AT_MOST + 1]), is_general=True, **TYPES)
