"""What nobody does but time: answers that become overdue, and reminders. Each is told once."""

from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from staff.models import Role, User

from .models import AnswerClock, NoticeKind, Task
from .noticing import notify

AT_ONCE: Final = 200


def watch_answers() -> int:
    """Tell the owner and the team's managers of what passed its target, and managers of what passed it twice."""
    told = 0
    while some := _tell_overdue() + _tell_late():
        told += some
    return told


def _tell_overdue() -> int:
    with transaction.atomic():
        clocks = _claimed(Q(told_at=None, due_at__lte=timezone.now()), "due_at")
        managers = _managers(clocks)
        for clock in clocks:
            owner = clock.holder or clock.contact.owner
            whom = [*([owner] if owner else []), *managers.get(clock.team_id, ())]
            notify(whom, NoticeKind.OVERDUE, f"overdue:{clock.question_id}", contact_id=clock.contact_id)
        AnswerClock.objects.filter(pk__in=[clock.pk for clock in clocks]).update(told_at=timezone.now())
    return len(clocks)


def _tell_late() -> int:
    with transaction.atomic():
        clocks = _claimed(Q(told_late_at=None, late_at__lte=timezone.now()), "late_at")
        if clocks:
            leading = list(User.objects.filter(role__in=[Role.MANAGER, Role.ADMIN], is_active=True))
            for clock in clocks:
                notify(leading, NoticeKind.LATE, f"late:{clock.question_id}", contact_id=clock.contact_id)
            AnswerClock.objects.filter(pk__in=[clock.pk for clock in clocks]).update(told_late_at=timezone.now())
    return len(clocks)


def _claimed(which: Q, order: str) -> list[AnswerClock]:
    """Some clocks of those who wait, and that nobody else tells of now: an answer that is not folded yet is one."""
    running = AnswerClock.objects.waiting().filter(which).order_by(order)
    locked = running.select_for_update(skip_locked=True, no_key=True)[:AT_ONCE].values_list("pk", flat=True)
    return list(AnswerClock.objects.filter(pk__in=list(locked)).select_related("contact__owner", "holder"))


def _managers(clocks: Iterable[AnswerClock]) -> dict[int | None, list[User]]:
    """The managers of each team; a team without one has all managers, and where there is none the admins."""
    leading = list(User.objects.filter(role__in=[Role.MANAGER, Role.ADMIN], is_active=True).order_by("pk"))
    managers = [user for user in leading if user.role == Role.MANAGER] or leading
    by_team: dict[int | None, list[User]] = {}
    for team in {clock.team_id for clock in clocks}:
        by_team[team] = [user for user in managers if user.team_id == team] or managers
    return by_team


def remind_of_tasks() -> int:
    """Tell assignees of the tasks whose reminder has come; return how many there were."""
    with transaction.atomic():
        due = Task.objects.open().filter(reminded_at=None, remind_at__lte=timezone.now()).order_by("remind_at")
        locked = due.select_for_update(skip_locked=True, no_key=True)[:AT_ONCE].values_list("pk", flat=True)
        tasks = list(Task.objects.filter(pk__in=list(locked)).select_related("assignee"))
        for task in tasks:
            if task.assignee and task.remind_at:
                key = f"reminder:{task.pk}:{task.remind_at:%Y%m%dT%H%M%S}"
                notify([task.assignee], NoticeKind.REMINDER, key, contact_id=task.contact_id, task_id=task.pk)
        Task.objects.filter(pk__in=[task.pk for task in tasks]).update(reminded_at=timezone.now())
    return len(tasks)
