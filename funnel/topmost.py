"""The first people of an order by where they stand, the highest or latest: found without reading everybody.

What such an order goes by changes with almost every event, and a tree of it would cost each fold more than the order is
worth. The index `position_heights`, a BRIN, keeps only the least and the most of every four pages, and rows are updated
in place as if it was not there. A sample tells how low to look for so many people; then the pages that reach so high
are read.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from rest.pages import Cursor, Placed, Quick

SECONDS_REMEMBERED: Final = 300.0
SIZE: Final = 8000  # positions in the sample
FEW: Final = 20_000  # so many are all read as quickly
SURELY: Final = 2.0  # times as many are looked at as should do, for the sample may mislead
FARTHER: Final = (4.0, 20.0)  # times as many in the next try, at least and at most
MOST: Final = 10_000  # to look at more is to read them all


@dataclass(frozen=True, slots=True)
class Heights:
    """Of a sample of about `people` positions the numbers an order goes by, ascending; 0 where there is none."""

    people: float
    numbers: Sequence[float]

    def reached(self, top: float | None, people: float) -> tuple[float, float]:
        """A number that so many people reach, or a few more, without reaching `top`; and about how many these are.

        0 where there are not so many who have one.
        """
        each = self.people / max(len(self.numbers), 1)
        below = len(self.numbers) if top is None else bisect_left(self.numbers, top)
        steps = 1 + ceil(people / each)
        return (max(self.numbers[below - steps], 0.0) if steps <= below else 0.0), steps * each


_remembered: tuple[float, Mapping[str, Heights]] | None = None


def heights_of(column: str) -> Heights:
    if _remembered is None or time.monotonic() - _remembered[0] > SECONDS_REMEMBERED:
        remember(_taken())
    assert _remembered is not None
    return _remembered[1][column]


def remember(taken: Mapping[str, Heights] | None) -> None:
    """Go by these heights for a while; by none: take a sample when there is need."""
    global _remembered
    _remembered = None if taken is None else (time.monotonic(), taken)


COLUMNS: Final = ("score_rank", "entered_at", "last_event_at")
_SAMPLE: Final = """
SELECT (SELECT reltuples FROM pg_class WHERE oid = 'funnel_position'::regclass), score_rank,
       coalesce(date_part('epoch', entered_at), 0), coalesce(date_part('epoch', last_event_at), 0)
  FROM funnel_position TABLESAMPLE SYSTEM (
       (SELECT least(100, 100.0 * %(size)s / greatest(reltuples, 1))
          FROM pg_class WHERE oid = 'funnel_position'::regclass))
 LIMIT %(size)s
"""


def _taken() -> Mapping[str, Heights]:
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, {"size": SIZE})
        rows = cursor.fetchall()
    people, *columns = zip(*rows, strict=True) if rows else [()] * (1 + len(COLUMNS))
    about = max([len(rows), *people[:1], 1])
    return {name: Heights(about, sorted(numbers)) for name, numbers in zip(COLUMNS, columns, strict=True)}


def quickly_by(column: str) -> Callable[[QuerySet[Any, Any]], Quick]:
    """For people who are sorted by a column of their position, downwards: a quick way to a page of them."""

    def quickly(rows: QuerySet[Any, Any]) -> Quick:
        def quick(placed: Placed, after: Cursor | None, wanted: int) -> Sequence[Any] | None:
            top = _number(after.values[0]) if after else None
            if after and after.backwards:
                return _reaching(placed(rows), column, after.values[0], wanted) if top and top > 0 else None
            return _lower_and_lower(placed(rows), column, top, wanted)

        return quick

    return quickly


def _lower_and_lower(rows: QuerySet[Any, Any], column: str, top: float | None, wanted: int) -> Sequence[Any] | None:
    """Each try looks as much farther as it takes where those who are asked for are as rare as in the one before."""
    heights, people = heights_of(column), SURELY * wanted
    while heights.people > FEW and people < min(MOST, heights.people / 10):
        least, people = heights.reached(top, people)
        if not least:
            return None
        found = _reaching(rows, column, least if column == "score_rank" else datetime.fromtimestamp(least, UTC), wanted)
        if len(found) == wanted:
            return found
        people *= min(max(FARTHER[0], SURELY * wanted / max(len(found), 1)), FARTHER[1])
    return None


# The planner takes the pages of some people for all pages, because they lie anywhere; and reads all whom a filter
# finds to join them, where each may be looked up.
_LOOKING_UP: Final = """
SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
SET LOCAL max_parallel_workers_per_gather = 0
"""


def _reaching(rows: QuerySet[Any, Any], column: str, least: Any, wanted: int) -> Sequence[Any]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LOOKING_UP)
        return list(rows.filter(**{f"position__{column}__gte": least})[:wanted])


def _number(value: Any) -> float:
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else float(value)
