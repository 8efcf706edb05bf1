"""What stands beside the path: the work of today, who stands still, who cools soon, and the targets of the month.

One statement; what could be many is counted to a thousand and no further.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import F, QuerySet, Value
from django.utils import timezone

from campaigns.models import Target
from contacts.models import Contact, Task
from funnel.leaks import Origin, origin_of_leak, question_of_leak
from funnel.models import Health, Phase, Position, Standing
from funnel.pacing import Whose
from funnel.walks import Step, Walk
from staff.policy import Principal

AT_MOST: Final = 6  # tasks that are shown
COUNTED: Final = 1000
COOLS_WITHIN: Final = timedelta(days=14)
NOTHING: Final[tuple[str, Sequence[Any]]] = ("NULL::json", ())
STILL_AFTER: Final = {Phase.FRIEND: 60}  # days in a stage of the phase that are long


@dataclass(frozen=True, slots=True)
class ToDo:
    id: int
    title: str
    due_at: datetime
    contact: Contact
    is_late: bool


@dataclass(frozen=True, slots=True)
class Still:
    """People who have stood in a stage for longer than `days`; `more`: there are more than were counted."""

    step: Step
    days: int
    n: int
    more: bool


@dataclass(frozen=True, slots=True)
class Beside:
    tasks: Sequence[ToDo]
    still: Sequence[Still]
    cooling: int
    more_cooling: bool
    targets: Mapping[int, int]
    origin: Origin | None  # where those come from whom the leak misses


def beside(principal: Principal, whose: Whose, walk: Walk, *, is_live: bool) -> Beside:
    now = timezone.now()
    watched = [(step, STILL_AFTER[phase]) for step in walk.steps if (phase := Phase(step.stage.phase)) in STILL_AFTER]
    questions = [
        _rows(_tasks(principal)),
        _rows(Target.objects.filter(month=walk.plan_month).values("stage_id", "people")),
        _number(
            _positions(whose).filter(health=Health.ACTIVE, standing=Standing.OPEN, wake_at__lte=now + COOLS_WITHIN)
        ),
        (question_of_leak(walk, whose) if is_live else None) or NOTHING,
        *(_number(_stood(whose, step, now - timedelta(days=days))) for step, days in watched),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(sql for sql, _ in questions), [one for _, values in questions for one in values]
        )
        tasks, targets, cooling, leaked, *still = cursor.fetchone()
    return Beside(
        tasks=[_to_do(row, now) for row in tasks or ()],
        still=[
            Still(step, days, min(n, COUNTED), n > COUNTED) for (step, days), n in zip(watched, still, strict=True) if n
        ],
        cooling=min(cooling, COUNTED),
        more_cooling=cooling > COUNTED,
        targets={row["stage_id"]: row["people"] for row in targets or ()},
        origin=origin_of_leak(walk, leaked or ()),
    )


def _tasks(principal: Principal) -> QuerySet[Any, Any]:
    """What is due by the end of today, the longest due first."""
    end = timezone.make_aware(datetime.combine(timezone.localdate(), time.max))
    tasks = Task.objects.none() if principal.user is None else Task.objects.open().for_user(principal.user)
    named = {"name": F("contact__name"), "emails": F("contact__emails")}
    shown = tasks.visible_to(principal).due_by(end).order_by("due_at", "pk")[:AT_MOST]
    return shown.values("id", "title", "due_at", "contact_id", **named)


def _positions(whose: Whose) -> QuerySet[Position]:
    positions = Position.objects.people().exclude(standing=Standing.CLOSED)
    if whose.source:
        positions = positions.filter(source_id=whose.source)
    if whose.is_rolled_up:
        return positions
    return positions.filter(contact__in=Contact.objects.visible_to(whose.principal).filter(whose.among))


def _stood(whose: Whose, step: Step, since: datetime) -> QuerySet[Position]:
    return _positions(whose).filter(stage_id=step.stage.pk, entered_at__lt=since)


def _rows(rows: QuerySet[Any, Any]) -> tuple[str, Sequence[Any]]:
    sql, values = rows.query.sql_with_params()
    return f"(SELECT json_agg(one) FROM ({sql}) one)", values  # noqa: S608  (of ours)


def _number(rows: QuerySet[Position]) -> tuple[str, Sequence[Any]]:
    sql, values = rows.values(one=Value(1))[: COUNTED + 1].query.sql_with_params()
    return f"(SELECT count(*) FROM ({sql}) one)", values  # noqa: S608


def _to_do(row: dict[str, Any], now: datetime) -> ToDo:
    contact = Contact(pk=row["contact_id"], name=row["name"], emails=row["emails"])
    due_at = datetime.fromisoformat(row["due_at"])
    return ToDo(row["id"], row["title"], due_at, contact, due_at < now)
