"""Where those come from who are missing behind a leak of the path, and whether going on has stopped there.

Always true or absent: a source is named only when by its own rate of before it misses enough people, and most of those
who are missing; that nobody goes on is said only when ten would have.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from django.utils.translation import gettext

from contacts.catalogue import OWN_SOURCES
from funnel.metrics import Cohort
from funnel.models import Pace
from funnel.pacing import Whose
from funnel.reading import array
from funnel.spans import day_of, number_of
from funnel.walks import LEAST_MISSED, Step, Walk, percent

LEAST: Final = 5  # people that a source must miss to be named
MOST: Final = 0.5  # the share of the missing that a source must account for to be named
QUIET_DAYS: Final = 3  # fewer days without anybody say nothing
USUAL_DAYS: Final = 28  # over which one looks how many used to go on
LOOKED_BACK: Final = 120  # days within which going on may have stopped


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nobody has gone on since `day`; in the four weeks up to it so many did."""

    day: date
    used_to: int


@dataclass(frozen=True, slots=True)
class Origin:
    """The source most of the missing come from, with its own counts now and before."""

    source: str
    missing: int
    onward: Cohort
    onward_before: Cohort
    stopped: Stopped | None


@dataclass(slots=True)
class Counts:
    """What the roll-ups hold of one source about one stage."""

    entered: Counter[bool] = field(default_factory=Counter)  # by whether it is of the cohort now, or of the one before
    went: Counter[bool] = field(default_factory=Counter)
    on: Counter[int] = field(default_factory=Counter)  # who went on, by the number of the day

    def cohort(self, *, now: bool) -> Cohort:
        return Cohort(self.entered[now], self.went[now])


def values_of_leak(walk: Walk, whose: Whose) -> dict[str, Any]:
    """What LEAK_BY_SOURCE is to be asked with about the leak of a walk of everybody; nothing where there is none, or no
    roll-up of it."""
    leak = walk.leak
    if leak is None or not whose.is_of_all or whose.source is not None:
        return {}
    first, last = (number_of(day) for day in walk.cohort)
    today = number_of(walk.until)
    return {
        "leak_stage": leak.stage.pk,
        "leak_further": array(walk.path.order[leak.place :]),
        "leak_before": number_of(walk.cohort[0] - timedelta(days=walk.days)),
        "leak_first": first,
        "leak_last": last,
        "leak_window": walk.window,
        "leak_since": today - LOOKED_BACK,
        "leak_today": today,
    }


def origin_of_leak(walk: Walk, rows: Iterable[Sequence[Any]]) -> Origin | None:
    """The source that accounts for the leak, if a single one does; `rows` are the answer of LEAK_BY_SOURCE."""
    return _worst(walk.leak, _by_source(rows), number_of(walk.until)) if walk.leak else None


def _worst(leak: Step, counted: Mapping[str, Counts], today: int) -> Origin | None:
    missing = {source: _missing(one) for source, one in counted.items()}
    source = max(missing, key=lambda name: missing[name], default="")
    if not source or missing[source] < max(LEAST, MOST * leak.missing):
        return None
    counts = counted[source]
    return Origin(
        source=gettext(source) if source in OWN_SOURCES.values() else source,
        missing=min(missing[source], leak.missing),
        onward=counts.cohort(now=True),
        onward_before=counts.cohort(now=False),
        stopped=stopped(counts.on, today),
    )


def _missing(counts: Counts) -> int:
    before = percent(counts.cohort(now=False))
    return 0 if before is None else round(before / 100 * counts.entered[True]) - counts.went[True]


def stopped(on: Mapping[int, int], today: int) -> Stopped | None:
    """Whether so many used to go on that the silence since the last of them cannot be chance."""
    last = max((day for day, n in on.items() if n > 0 and day <= today), default=None)
    if last is None:
        return None
    used_to = sum(n for day, n in on.items() if last - USUAL_DAYS < day <= last)
    quiet = today - last
    if quiet < QUIET_DAYS or quiet * used_to / USUAL_DAYS < LEAST_MISSED:
        return None
    return Stopped(day_of(last), used_to)


def _by_source(rows: Iterable[Sequence[Any]]) -> dict[str, Counts]:
    found: dict[str, Counts] = {}
    for source, what, day, now, n in rows:
        counts = found.setdefault(source, Counts())
        if what == "on":
            counts.on[day] += int(n)
        else:
            getattr(counts, what)[now] += int(n)
    return found


_OF_SOURCE: Final = "whose = ANY(source.circles) AND level = 0 AND NOT is_visitor"
# SQL for one value, and the types of what it is asked with.
LEAK_BY_SOURCE: Final = f"""
    (SELECT json_agg(json_build_array(source.name, pace.what, pace.day, pace.is_now, pace.n))
       FROM (SELECT name, array_agg(circle.id) AS circles
               FROM contacts_source AS one JOIN funnel_circle AS circle ON circle.source_id = one.id
              WHERE circle.campaign = '' GROUP BY one.id) AS source
      CROSS JOIN LATERAL (
           SELECT 'entered' AS what, 0 AS day, block >= %(leak_first)s AS is_now, sum(n) AS n FROM funnel_pacecount
            WHERE kind = {Pace.MOVED} AND {_OF_SOURCE} AND block BETWEEN %(leak_before)s AND %(leak_last)s
              AND to_stage = %(leak_stage)s
            GROUP BY 3
            UNION ALL
           SELECT 'went', 0, block >= %(leak_first)s, sum(n) FROM funnel_pacecount
            WHERE kind = {Pace.WENT_ON} AND {_OF_SOURCE} AND block BETWEEN %(leak_before)s AND %(leak_last)s
              AND from_stage = %(leak_stage)s AND to_stage = ANY(%(leak_further)s::smallint[])
              AND lag <= %(leak_window)s
            GROUP BY 3
            UNION ALL
           SELECT 'on', block, FALSE, sum(n) FROM funnel_pacecount
            WHERE kind = {Pace.MOVED} AND {_OF_SOURCE} AND block BETWEEN %(leak_since)s AND %(leak_today)s
              AND from_stage = %(leak_stage)s AND to_stage = ANY(%(leak_further)s::smallint[])
            GROUP BY 2) AS pace)
"""  # noqa: S608  (numbers of ours)
LEAK_TYPES: Final = {
    "leak_stage": "smallint",
    "leak_further": "smallint[]",
    "leak_before": "int",
    "leak_first": "int",
    "leak_last": "int",
    "leak_window": "smallint",
    "leak_since": "int",
    "leak_today": "int",
}
