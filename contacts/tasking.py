"""Tasks: making, changing, doing and taking them back. Whoever may see a person may work for them."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from staff import audit
from staff.models import User
from staff.policy import Principal

from .models import Contact, NoticeKind, Task
from .noticing import notify
from .recurring import Repeat

YEARS: Final = range(1900, 3000)


def add_task(*, contact: Contact, by: Principal, **fields: Any) -> Task:
    """Put a task about a person on somebody's list; nobody named: on that of whoever makes it."""
    task = Task(contact=contact, created_by=by.user, **{"assignee": by.user, "repeat": "", **fields})
    task.title = " ".join(task.title.split())
    with transaction.atomic():
        _check_moments(task)
        _check(task)
        _check_assignee(task)
        task.save(force_insert=True)
        _note(task, "task_added", by)
        _tell_assignee(task, by)
    task.refresh_from_db()
    return task


def change_task(*, task: Task, by: Principal, **changes: Any) -> Task:
    """Change what is said; who did it, and when, is said by finishing. Another day is also the day of its turns."""
    with transaction.atomic():
        current = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
        before, due_on = current.assignee_id, _day(current)
        for name, value in changes.items():
            setattr(current, name, value)
        _check_moments(current)
        if "turn_on" not in changes and ("repeat" in changes or _day(current) != due_on):
            current.turn_on = None
        _check(current)
        if current.assignee_id != before:
            _check_assignee(current)
        if {"remind_at", "due_at"} & changes.keys():
            current.reminded_at = None
        current.save(update_fields=[*changes, "reminded_at", "repeat_day", "turn_on"])
        _note(current, "task_changed", by)
        if current.assignee_id != before:
            _tell_assignee(current, by)
    return current


def postpone_task(*, task: Task, by: Principal, days: int) -> Task:
    """Put it off by so many days, to the same hour on the clock; never into what is past."""
    return move_task(task=task, by=by, day=max(_day(task), timezone.localdate()) + timedelta(days=days))


def move_task(*, task: Task, by: Principal, day: date) -> Task:
    """Have it be due on this day, at the same hour on the clock; its reminder goes along, its turns stay."""
    zone = timezone.get_default_timezone()
    at = task.due_at.astimezone(zone).time()
    due = timezone.make_aware(datetime.combine(day, at), zone)
    changes: dict[str, Any] = {"due_at": due, "turn_on": (task.turn_on or _day(task)) if task.repeat else None}
    if task.remind_at:
        changes["remind_at"] = due - (task.due_at - task.remind_at)
    return change_task(task=task, by=by, **changes)


def finish_task(*, task: Task, by: Principal) -> Task:
    """Say that it is done; refused when it was. One that comes again leaves the next one behind."""
    with transaction.atomic():
        if not Task.objects.open().filter(pk=task.pk).update(done_at=Now(), done_by=by.user):
            raise ValidationError(_("This task is done already."), code="already_done")
        _note(task, "task_done", by)
        task.refresh_from_db()
        if task.repeat and not Task.objects.filter(follows=task.pk).exists():
            _repeat(task)
    task.refresh_from_db()
    return task


def reopen_task(*, task: Task, by: Principal) -> Task:
    """Say that it is not done after all; the next one that it left behind goes, unless that is done too."""
    with transaction.atomic():
        if not Task.objects.filter(pk=task.pk, done_at__isnull=False).update(done_at=None, done_by=None):
            raise ValidationError(_("This task is not done yet."), code="not_done")
        Task.objects.open().filter(follows=task.pk).delete()
        _note(task, "task_reopened", by)
    task.refresh_from_db()
    return task


def drop_task(*, task: Task, by: Principal) -> None:
    """Take a task away that was made by mistake."""
    with transaction.atomic():
        _note(task, "task_dropped", by)
        task.delete()


def _repeat(task: Task) -> None:
    """The next one, at the same hour on the clock of the organisation: after this one, however far it was put off."""
    zone = timezone.get_default_timezone()
    due = task.due_at.astimezone(zone).replace(tzinfo=None)
    now = timezone.now().astimezone(zone).replace(tzinfo=None)
    turn = datetime.combine(task.turn_on or due.date(), due.time())
    day = task.repeat_day or turn.day
    next_due = timezone.make_aware(Repeat.read(task.repeat).next(turn, max(due, now), day=day), zone)
    Task.objects.create(
        contact_id=task.contact_id,
        title=task.title,
        kind=task.kind,
        due_at=next_due,
        remind_at=next_due - (task.due_at - task.remind_at) if task.remind_at else None,
        assignee_id=task.assignee_id,
        created_by_id=task.created_by_id,
        repeat=task.repeat,
        repeat_day=day,
        follows=task,
    )


def _tell_assignee(task: Task, by: Principal) -> None:
    if task.assignee and task.assignee != by.user:
        key = f"task:{task.pk}:{task.assignee_id}"
        notify([task.assignee], NoticeKind.TASK, key, contact_id=task.contact_id, task_id=task.pk, by=by.user)


def _check_moments(task: Task) -> None:
    for name in ("due_at", "remind_at"):
        at = getattr(task, name)
        if at and at.year not in YEARS:  # at the ends of the calendar there is no moment in every zone
            words = _("It must lie in the years %(first)d to %(last)d.") % {"first": YEARS[0], "last": YEARS[-1]}
            raise ValidationError({name: ValidationError(words, code="out_of_range")})


def _check(task: Task) -> None:
    """What the columns hold."""
    task.repeat_day = _repeat_day(task) if task.repeat else None
    try:
        if task.repeat:
            Repeat.read(task.repeat)
    except ValueError:
        words = _("It comes again every so many days, weeks, months or years, such as P2W or P1M.")
        raise ValidationError({"repeat": ValidationError(words, code="bad_repeat")}) from None
    if task.remind_at and task.remind_at > task.due_at:
        words = _("A reminder comes before the task is due.")
        raise ValidationError({"remind_at": ValidationError(words, code="after_due")})
    task.full_clean(exclude=["contact", "created_by", "done_by", "follows"], validate_constraints=False)


def _check_assignee(task: Task) -> None:
    """Whoever is to do it sees the person; who had it before and does so no more may keep it."""
    if task.assignee and not _sees(task.assignee, task.contact):
        words = _("%(name)s does not see this person.") % {"name": task.assignee}
        raise ValidationError({"assignee": ValidationError(words, code="does_not_see")})


def _repeat_day(task: Task) -> int:
    """On which day of the month it comes: on the 31st, also after a month in which that was the 28th."""
    turn, kept = task.turn_on or _day(task), task.repeat_day
    return kept if kept and turn.day == min(kept, monthrange(turn.year, turn.month)[1]) else turn.day


def _day(task: Task) -> date:
    """On which it is due, where the organisation is."""
    return task.due_at.astimezone(timezone.get_default_timezone()).date()


def _sees(user: User, contact: Contact) -> bool:
    return Contact.objects.visible_to(Principal(user=user)).filter(pk=contact.leader_id).exists()


def _note(task: Task, action: str, by: Principal) -> None:
    audit.record(by=by, action=action, kind="task", row=task.pk, contact=task.contact_id)
