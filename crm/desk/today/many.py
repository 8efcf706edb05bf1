"""Many tasks done, put off, moved to a day or given to somebody at once; all of it undone at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from contacts.models import Task
from contacts.tasking import change_task, finish_task, move_task, postpone_task, reopen_task
from staff.models import User
from staff.policy import Principal

AT_ONCE: Final = 50


@dataclass
class Came:
    """What became of them: what was before, for whoever takes it back, and why some were not touched."""

    was: list[list[Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def n(self) -> int:
        return len(self.was)


def finish_many(*, tasks: Sequence[Task], by: Principal) -> Came:
    return _each(tasks, lambda task: finish_task(task=task, by=by))


def postpone_many(*, tasks: Sequence[Task], by: Principal, days: int) -> Came:
    return _each(tasks, lambda task: postpone_task(task=task, by=by, days=days))


def move_many(*, tasks: Sequence[Task], by: Principal, day: date) -> Came:
    return _each(tasks, lambda task: move_task(task=task, by=by, day=day))


def give_many(*, tasks: Sequence[Task], by: Principal, to: User) -> Came:
    return _each(tasks, lambda task: change_task(task=task, by=by, assignee=to))


def take_back_many(*, by: Principal, was: Iterable[Sequence[Any]]) -> int:
    """Have each of them be as it was; how many were."""
    rows = {pk: said for pk, *said in was}
    tasks = Task.objects.visible_to(by).filter(pk__in=rows).order_by("pk")
    return _each(list(tasks), lambda task: _restore(task, by, *rows[task.pk])).n


def _restore(task: Task, by: Principal, due: int, remind: int | None, assignee: int | None, *turn: Any) -> Task:
    """One that was done is open again; one that was moved or given is where it was, and comes again as it did."""
    if task.done_at:
        return reopen_task(task=task, by=by)
    changes = {"due_at": _moment(due), "remind_at": None if remind is None else _moment(remind)} | _turn(*turn)
    person = {} if assignee == task.assignee_id else {"assignee": User.objects.filter(pk=assignee or 0).first()}
    return change_task(task=task, by=by, **changes, **person)


def _turn(turn_on: str | None = None, repeat_day: int | None = None) -> dict[str, Any]:
    return {"turn_on": turn_on and date.fromisoformat(turn_on), "repeat_day": repeat_day}


def _each(tasks: Sequence[Task], do: Callable[[Task], Task]) -> Came:
    came = Came()
    with transaction.atomic():
        for task in tasks:
            turn = [task.turn_on and task.turn_on.isoformat(), task.repeat_day]
            before = [task.pk, _number(task.due_at), _number(task.remind_at), task.assignee_id, *turn]
            try:
                with transaction.atomic():
                    do(task)
            except ValidationError as error:
                came.refused += [words for words in error.messages if words not in came.refused]
            else:
                came.was.append(before)
    return came


def _number(moment: datetime | None) -> int | None:
    """Microseconds: what is taken back is to the letter what it was."""
    if moment is None:
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _moment(number: int) -> datetime:
    return datetime.fromtimestamp(number // 1_000_000, UTC).replace(microsecond=number % 1_000_000)
