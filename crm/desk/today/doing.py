"""What somebody means to do: overdue, today, and in the days to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from django.utils import timezone

from contacts.models import Task
from staff.policy import Principal

AT_MOST: Final = 60
AHEAD: Final = timedelta(days=14)
_SHOWN: Final = (
    *("title", "due_at", "remind_at", "repeat", "repeat_day", "created_by__name", "created_by__email"),
    *("contact__leader__name", "contact__leader__emails"),
)


@dataclass(frozen=True, slots=True)
class Tasks:
    overdue: Sequence[Task]
    today: Sequence[Task]
    coming: Sequence[Task]

    @property
    def n(self) -> int:
        return len(self.overdue) + len(self.today)


def tasks_of(principal: Principal) -> Tasks:
    """Their own open tasks, the longest due first: one statement."""
    if principal.user is None:
        return Tasks([], [], [])
    now = timezone.now()
    end = timezone.make_aware(datetime.combine(timezone.localdate(), time.max))
    open_ = Task.objects.visible_to(principal).open().for_user(principal.user).due_by(end + AHEAD)
    shown = open_.select_related("contact__leader", "created_by").only(*_SHOWN)
    found = list(shown.order_by("due_at", "pk")[:AT_MOST])
    return Tasks(
        [task for task in found if task.due_at < now],
        [task for task in found if now <= task.due_at <= end],
        [task for task in found if task.due_at > end],
    )
