"""What stands beside the path: the work of today, who stands still, who cools soon, and the targets of the month.

One statement; what could be many is counted to a thousand and no further.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from contacts.models import Contact
from contacts.prepared import prepared
from funnel.leaks import LEAK_BY_SOURCE, LEAK_TYPES, Origin, origin_of_leak, values_of_leak
from funnel.models import Health, Phase, Standing
from funnel.pacing import Whose
from funnel.pictures import scope_of, types_of
from funnel.reading import array
from funnel.walks import Step, Walk
from staff.policy import Principal

AT_MOST: Final = 6  # tasks that are shown
COUNTED: Final = 1000
FEW: Final = 20_000  # people: so many are looked up one by one; of more, a thousand are soon found
COOLS_WITHIN: Final = timedelta(days=14)
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


# Of each watched stage one number; `leak` is a question about the leak of the path, if it has one.
_QUESTION: Final = f"""
SELECT (SELECT json_agg(one) FROM (
               SELECT id, title, due_at, about AS contact_id, name, emails
                 FROM (SELECT t.id, t.title, t.due_at, t.contact_id AS about, c.leader_id AS contact_id, c.name,
                              c.emails
                         FROM contacts_task t JOIN contacts_contact c ON c.id = t.contact_id
                        WHERE t.assignee_id = %(user)s AND t.done_at IS NULL AND t.due_at <= %(end)s) own
                WHERE EXISTS (SELECT FROM contacts_contact WHERE id = own.contact_id AND erased_at IS NULL) {{seen}}
                ORDER BY due_at, id LIMIT {AT_MOST}) one),
       (SELECT json_object_agg(stage_id, people) FROM campaigns_target WHERE month = %(month)s),
       (SELECT count(*) FROM (
               SELECT FROM funnel_position
                WHERE stage_id IS NOT NULL AND NOT is_visitor AND standing = {Standing.OPEN.value}
                  AND health = {Health.ACTIVE.value} AND wake_at <= %(cools)s
                  AND (%(source)s = 0 OR source_id = %(source)s) {{scope}} LIMIT {COUNTED + 1}) one),
       (SELECT json_agg(n ORDER BY place)
          FROM unnest(%(still)s::smallint[], %(since)s::timestamptz[]) WITH ORDINALITY AS watched (stage, since, place)
         CROSS JOIN LATERAL (
               SELECT count(*) AS n FROM (
                      SELECT FROM funnel_position
                       WHERE stage_id = watched.stage AND NOT is_visitor AND standing <> {Standing.CLOSED.value}
                         AND entered_at < watched.since
                         AND (%(source)s = 0 OR source_id = %(source)s) {{scope}} LIMIT {COUNTED + 1}) one) counted),
       {{leak}}
"""  # noqa: S608  (numbers of ours)
_TYPES: Final = {
    "user": "bigint",
    "end": "timestamptz",
    "month": "date",
    "cools": "timestamptz",
    "source": "smallint",
    "still": "smallint[]",
    "since": "timestamptz[]",
}


def beside(principal: Principal, whose: Whose, walk: Walk, *, is_live: bool) -> Beside:
    now = timezone.now()
    watched = [(step, STILL_AFTER[phase]) for step in walk.steps if (phase := Phase(step.stage.phase)) in STILL_AFTER]
    asked = {
        "user": principal.user.pk if principal.user else 0,
        "end": timezone.make_aware(datetime.combine(timezone.localdate(), time.max)),
        "month": walk.plan_month,
        "cools": now + COOLS_WITHIN,
        "source": whose.source or 0,
        "still": [step.stage.pk for step, _days in watched],
        "since": [(now - timedelta(days=days)).isoformat() for _step, days in watched],
    }
    leak = values_of_leak(walk, whose) if is_live else {}
    few = walk.people + walk.closed <= FEW
    tasks, targets, cooling, still, leaked = _answers(principal, whose, leak, asked, few=few)
    return Beside(
        tasks=[_to_do(row, now) for row in tasks or ()],
        still=[
            Still(step, days, min(n, COUNTED), n > COUNTED)
            for (step, days), n in zip(watched, still or (), strict=True)
            if n
        ],
        cooling=min(cooling, COUNTED),
        more_cooling=cooling > COUNTED,
        targets={int(stage): people for stage, people in (targets or {}).items()},
        origin=origin_of_leak(walk, leaked or ()),
    )


def _answers(
    principal: Principal, whose: Whose, leak: Mapping[str, Any], asked: dict[str, Any], *, few: bool
) -> tuple[Any, ...]:
    seen, whom = scope_of(principal)
    theirs = {f"seen_{name}": value for name, value in whom.items()}
    scope, own, types = _scope(whose, few=few)
    question = prepared(
        "beside_path",
        _QUESTION.format(
            seen=seen.replace("%(", "%(seen_"), scope=scope, leak=LEAK_BY_SOURCE if leak else "NULL::json"
        ),
        is_general=not (seen or scope),
        **(_TYPES | types | types_of(theirs) | (LEAK_TYPES if leak else {})),
    )
    return question.rows(**asked, **own, **theirs, **leak)[0]


def _scope(whose: Whose, *, few: bool) -> tuple[str, dict[str, Any], dict[str, str]]:
    """A condition, its values and their types.

    Many in some hands are told by the hands that their position names, as in the roll-up: whose each contact is need
    not be looked up.
    """
    if not (whose.is_of_all or few or whose.campaign):
        return "AND hands = ANY(%(hands)s)", {"hands": array(whose.hands_kept)}, {"hands": "int[]"}
    among = whose.among & Q(is_listed=True) if few and whose.among else whose.among  # whom the indexes of lists hold
    scope, values = scope_of(whose.principal, among, few=few)
    return scope, values, types_of(values)


def _to_do(row: dict[str, Any], now: datetime) -> ToDo:
    contact = Contact(pk=row["contact_id"], name=row["name"], emails=row["emails"])
    due_at = datetime.fromisoformat(row["due_at"])
    return ToDo(row["id"], row["title"], due_at, contact, due_at < now)
