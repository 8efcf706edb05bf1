"""How soon we answer, counted by a worker and kept: nobody sorts weeks of answers to look at them.

Whatever changes a clock writes a mark in its own transaction; whoever counts takes the marks and counts all anew, so
nothing is added to and nothing can drift. Days and weeks are those of the organisation's time zone.
"""

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from staff.models import User
from staff.policy import ROLE_ROWS, Principal, Rows, sees_every_row

from .models import AnswerFigure, AnswerMark

WEEKS: Final = 12
DAYS: Final = 30
ALL, LATELY = "all", "lately"  # of WEEKS and of DAYS, together
GROUPS: Final = ("week", "team", "person", "source")
NOBODY: Final = "nobody"  # among persons: has answered yet; without a key it was a program
EVERYBODY: Final = 0  # of the sights, beside the teams
# Marks that wait for longer tell that nobody counts; then whoever looks does.
PATIENCE: Final = timedelta(minutes=15)
ONCE_IN: Final = timedelta(hours=1)  # at least
REST: Final = 60  # times as long as counting took nobody counts again, but no longer than
LONGEST_REST: Final = timedelta(minutes=10)


def today() -> date:
    return timezone.localdate(timezone=timezone.get_default_timezone())


def since_weeks(weeks: int) -> datetime:
    """The beginning of that many weeks, of which this one is the last."""
    day = today()
    return _midnight(day - timedelta(days=day.weekday(), weeks=weeks - 1))


def since_days(days: int = DAYS) -> datetime:
    return _midnight(today() - timedelta(days=days))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()), timezone.get_default_timezone())


def sight_of(principal: Principal) -> int | None:
    """Whose figures these are to see: everybody's, what all of a team see (its id), or what nobody else sees (None)."""
    if sees_every_row(principal):
        return EVERYBODY
    return principal.user.team_id if principal.user and principal.user.is_active else None


# --- How they are counted ---------------------------------------------------------------------------------------------

_KEYS: Final = {
    "week": "date_trunc('week', asked_at AT TIME ZONE %(zone)s)::date",
    "team": "clock.team_id",
    "person": f"CASE WHEN took_s IS NULL THEN '{NOBODY}' ELSE answered_by_id::text END",
    "source": "source_id",
    LATELY: "asked_at >= %(lately)s",
}
_TIMES: Final = "(percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY took_s) FILTER (WHERE NOT is_waived))"
_COUNTING: Final = f"""
    SELECT {{sight}} AS sight, {{part}} AS part, {{key}} AS key, count(took_s) FILTER (WHERE NOT is_waived) AS n,
           {_TIMES}[1] AS median, {_TIMES}[2] AS p90, count(*) FILTER (WHERE in_time AND NOT is_waived) AS in_time,
           count(*) FILTER (WHERE is_waived) AS ended, count(*) FILTER (WHERE took_s IS NULL) AS running
      FROM (SELECT {{keys}}, took_s, in_time, is_waived FROM contacts_answerclock AS clock {{whose}}
               AND asked_at >= %(since)s AND asked_at < %(until)s) AS asked
     GROUP BY GROUPING SETS ({{sets}}) HAVING {{key}} <> 'false'
"""  # noqa: S608  (words of ours)


def counting(parts: Sequence[str], whose: str, sight: str = str(EVERYBODY)) -> str:
    """A statement of the figures of these parts, each clock read once: to be asked what `asking` says.

    A part is ALL, LATELY or one of GROUPS. `whose` is a FROM clause up to its WHERE; what it calls `sight` (a column)
    parts the figures. Times are seconds of business time; what was ended without an answer and what still runs are
    told apart and not measured.
    """
    groups = [part for part in parts if part != ALL]
    own = [] if sight.isdecimal() else [sight]
    return _COUNTING.format(
        sight=sight,
        part=_part_of(groups),
        key="".join(["coalesce(", *(f"{group}::text, " for group in groups), "'')"]),
        keys=", ".join([*own, *(f"{_KEYS[group]} AS {group}" for group in groups)]) or "1 AS everything",
        whose=whose,
        sets=", ".join(f"({', '.join([*own, *([part] if part in groups else [])])})" for part in parts),
    )


def asking(since: datetime) -> dict[str, Any]:
    zone = timezone.get_default_timezone_name()
    return {"since": since, "lately": since_days(), "until": timezone.now(), "zone": zone}


def _part_of(groups: Sequence[str]) -> str:
    """GROUPING has a bit for each group, the last the lowest, unset where the row is of that group."""
    if not groups:
        return f"'{ALL}'"
    every = (1 << len(groups)) - 1
    cases = (f"WHEN {every - (1 << place)} THEN '{group}'" for place, group in enumerate(reversed(groups)))
    return f"CASE GROUPING({', '.join(groups)}) {' '.join(cases)} ELSE '{ALL}' END"


# --- What is kept -----------------------------------------------------------------------------------------------------

# Nothing of another day, and nothing while marks have waited for too long.
KEPT: Final = """
    SELECT part, key, n, median, p90, in_time, ended, running FROM contacts_answerfigure
     WHERE sight = %(sight)s AND part = ANY(%(parts)s) AND counted_at >= %(today)s
       AND NOT EXISTS (SELECT FROM contacts_answermark WHERE at < %(patience)s)
"""


def asking_kept(sight: int, parts: Sequence[str]) -> dict[str, Any]:
    return {"sight": sight, "parts": list(parts), "today": _midnight(today()), "patience": timezone.now() - PATIENCE}


def mark_answers() -> None:
    """Have all counted anew; committed with what it tells of."""
    AnswerMark.objects.create()


def count_answers() -> bool:
    """Count where something changed, or the day did, or nobody counted for long; return whether it was counted.

    The marks go before the clocks are read: what is counted is never older than what they told of.
    """
    began, now = time.monotonic(), timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_IS_DUE, {"now": now, "counted": max(_midnight(today()), now - ONCE_IN)})
        [(is_due,)] = cursor.fetchall()
        if is_due:
            cursor.execute(_BEGIN_ANEW)
            cursor.execute(_OF_ALL_SIGHTS, asking(since_weeks(WEEKS)) | {"sights": _sights()})
            rest = min(REST * timedelta(seconds=time.monotonic() - began), LONGEST_REST)
            kept = [AnswerFigure(None, *row, counted_at=now, rests_until=now + rest) for row in cursor.fetchall()]
            AnswerFigure.objects.bulk_create(kept)
    return bool(is_due)


def _sights() -> list[int]:
    """Everybody's, and those of teams with somebody who sees no more than their team does."""
    roles = [role for role, rows in ROLE_ROWS.items() if rows is Rows.THEIRS]
    there = User.objects.filter(is_active=True, role__in=roles, team__isnull=False)
    return [EVERYBODY, *there.order_by("team").values_list("team", flat=True).distinct()]


_IS_DUE: Final = """
    SELECT NOT EXISTS (SELECT FROM contacts_answerfigure WHERE counted_at >= %(counted)s)
           OR EXISTS (SELECT FROM contacts_answermark)
              AND NOT EXISTS (SELECT FROM contacts_answerfigure WHERE rests_until > %(now)s)
"""
# One processor at most is taken from those who wait for an answer.
_BEGIN_ANEW: Final = """
    SET LOCAL max_parallel_workers_per_gather = 0;
    LOCK TABLE contacts_answerfigure IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM contacts_answermark;
    DELETE FROM contacts_answerfigure
"""
# Who is in a team sees the people of the team, of its members and of nobody (staff.policy).
_OF_ALL_SIGHTS: Final = counting(
    (*GROUPS, LATELY, ALL),
    f"""
      JOIN contacts_contact AS one ON one.id = clock.contact_id
      LEFT JOIN staff_user AS owner ON owner.id = one.owner_id
      JOIN unnest(%(sights)s::bigint[]) AS of (sight) ON of.sight = {EVERYBODY} OR one.team_id = of.sight
           OR owner.team_id = of.sight OR (one.team_id IS NULL AND one.owner_id IS NULL)
     WHERE one.erased_at IS NULL""",
    "sight",
)
