"""The headline of today, by fixed rules: who waits, what is overdue, what is new; or that all is well."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.desk.today.came import Came
from crm.desk.today.doing import Tasks
from crm.desk.today.inbox import COUNTED, Sum
from crm.desk.today.spans import short


def headline(waiting: Sum, tasks: Tasks | None, came: Came | None, now: datetime) -> str:
    """Two short sentences at most; of tasks and newcomers only where they are asked about."""
    said = list(_sentences(waiting, tasks, came, now))[:2]
    if said:
        return " ".join(said)
    return _("Nobody waits for an answer. Good.") if tasks is None else _("Nobody waits and nothing is due. Good.")


def _sentences(waiting: Sum, tasks: Tasks | None, came: Came | None, now: datetime) -> Iterator[str]:
    if waiting.more:
        yield _("More than %(n)s people wait for an answer.") % {"n": COUNTED}
    elif waiting.n and waiting.since:
        words = ngettext(
            "%(n)s person waits for an answer, for %(time)s.",
            "%(n)s people wait for an answer, the oldest for %(time)s.",
            waiting.n,
        )
        yield words % {"n": waiting.n, "time": short(now - waiting.since)}
    if tasks and tasks.has_more and not (tasks.today or tasks.coming):
        yield _("More than %(n)s tasks are overdue.") % {"n": len(tasks.overdue)}
    elif tasks and tasks.overdue:
        n = len(tasks.overdue)
        yield ngettext("%(n)s task is overdue.", "%(n)s tasks are overdue.", n) % {"n": n}
    elif tasks and tasks.today:
        n = len(tasks.today)
        yield ngettext("%(n)s task is for today.", "%(n)s tasks are for today.", n) % {"n": n}
    if came and came.leads:
        n = len(came.leads)
        yield ngettext("%(n)s new lead came in.", "%(n)s new leads came in.", n) % {"n": n}
