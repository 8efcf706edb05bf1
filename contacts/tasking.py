"""Tasks: making, changing, doing and taking them back. Whoever may see a person may work for them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from staff import audit
from staff.models import User
from staff.policy import Principal

from .models import Contact, Task


def add_task(*, contact: Contact, by: Principal, **fields: Any) -> Task:
    """Put a task about a person on somebody's list; nobody named: on that of whoever makes it."""
    task = Task(contact=contact, created_by=by.user, **{"assignee": by.user, **fields})
    task.title = " ".join(task.title.split())
    with transaction.atomic():
        _check(task)
        task.save(force_insert=True)
        _note(task, "task_added", by)
    task.refresh_from_db()
    return task


def change_task(*, task: Task, by: Principal, **changes: Any) -> Task:
    """Change what is said; who did it, and when, is said by finishing."""
    with transaction.atomic():
        current = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
        for name, value in changes.items():
            setattr(current, name, value)
        _check(current)
        current.save(update_fields=list(changes))
        _note(current, "task_changed", by)
    return current


def finish_task(*, task: Task, by: Principal) -> Task:
    """Say that it is done; refused when it was."""
    with transaction.atomic():
        if not Task.objects.open().filter(pk=task.pk).update(done_at=Now(), done_by=by.user):
            raise ValidationError(_("This task is done already."), code="already_done")
        _note(task, "task_done", by)
    task.refresh_from_db()
    return task


def reopen_task(*, task: Task, by: Principal) -> Task:
    """Say that it is not done after all."""
    with transaction.atomic():
        if not Task.objects.filter(pk=task.pk, done_at__isnull=False).update(done_at=None, done_by=None):
            raise ValidationError(_("This task is not done yet."), code="not_done")
        _note(task, "task_reopened", by)
    task.refresh_from_db()
    return task


def drop_task(*, task: Task, by: Principal) -> None:
    """Take a task away that was made by mistake."""
    with transaction.atomic():
        _note(task, "task_dropped", by)
        task.delete()


def _check(task: Task) -> None:
    """What the columns hold, and that whoever is to do it may see the person."""
    if task.remind_at and task.remind_at > task.due_at:
        words = _("A reminder comes before the task is due.")
        raise ValidationError({"remind_at": ValidationError(words, code="after_due")})
    task.full_clean(exclude=["contact", "created_by", "done_by"], validate_constraints=False)
    if task.assignee and not _sees(task.assignee, task.contact):
        words = _("%(name)s does not see this person.") % {"name": task.assignee}
        raise ValidationError({"assignee": ValidationError(words, code="does_not_see")})


def _sees(user: User, contact: Contact) -> bool:
    return Contact.objects.visible_to(Principal(user=user)).filter(pk=contact.leader_id).exists()


def _note(task: Task, action: str, by: Principal) -> None:
    audit.record(by=by, action=action, kind="task", row=task.pk, contact=task.contact_id)
