"""What each figure means, said over plain rows of the transition table (docs/figures.md says it in words).

`funnel.reports` asks the database the same questions in whole sets; the tests hold the answers equal to these.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil, floor
from typing import NamedTuple

STAGE, HEALTH, STANDING = range(3)
OPEN, NOT_NOW, CLOSED = 1, 2, 3
SHARES = (0.5, 0.75, 0.9)  # the median and two more
MICROSECOND = timedelta(microseconds=1)


class Row(NamedTuple):
    """What a transition says that figures are made of."""

    contact: int
    dimension: int
    from_value: int | None
    to_value: int | None
    occurred_at: datetime
    recorded_at: datetime
    superseded_at: datetime | None
    seq: int
    source: int
    is_visitor: bool


class Group(NamedTuple):
    """Whose figures: visitors are never mixed with people."""

    source: int
    is_visitor: bool


class Place(NamedTuple):
    """Where somebody stands."""

    stage: int
    health: int | None
    standing: int
    group: Group


class Stay(NamedTuple):
    """A time spent in one stage, ended by a move to another."""

    stage: int
    length: timedelta
    ended_at: datetime
    group: Group


class Cohort(NamedTuple):
    entered: int
    converted: int


def picture(rows: Iterable[Row], *, as_of: datetime, known_on: datetime) -> list[Row]:
    """The moves up to `as_of`, as they were known on `known_on`."""
    return [
        row
        for row in rows
        if row.occurred_at <= as_of
        and row.recorded_at <= known_on
        and (row.superseded_at is None or row.superseded_at > known_on)
    ]


def paths(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """The moves of each contact in order. `rows` are of one picture."""
    of_contact: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.seq):
        of_contact[row.contact].append(row)
    return of_contact


def places(rows: Iterable[Row]) -> Counter[Place]:
    """How many stand where. Without a move of standing one is open; whose path is closed stands nowhere."""
    return Counter(place for path in paths(rows).values() if (place := end_of(path)))


def end_of(path: Sequence[Row]) -> Place | None:
    last = {row.dimension: row.to_value for row in path}
    stage = last.get(STAGE)
    if stage is None:
        return None
    return Place(stage, last.get(HEALTH), last.get(STANDING) or OPEN, group_of(path))


def group_of(path: Sequence[Row]) -> Group:
    return Group(path[0].source, path[0].is_visitor)


def reached_at(path: Iterable[Row], stage: int, order: Sequence[int]) -> datetime | None:
    """When a contact first entered the stage or one after it in the `order` of the path."""
    far_enough = from_on(stage, order)
    entries = [row.occurred_at for row in path if row.dimension == STAGE and row.to_value in far_enough]
    return min(entries, default=None)


def from_on(stage: int, order: Sequence[int]) -> Collection[int]:
    return frozenset(order[order.index(stage) :])


def conversions(
    rows: Iterable[Row],
    *,
    stage: int,
    goal: int,
    order: Sequence[int],
    first: datetime | None,
    last: datetime | None,
    window: timedelta | None,
) -> dict[Group, Cohort]:
    """Of those who first reached `stage` between `first` and `last`: how many reached `goal` within `window`."""
    cohorts: dict[Group, Cohort] = {}
    for path in paths(rows).values():
        begun = reached_at(path, stage, order)
        if begun is None or not is_between(begun, first, last):
            continue
        arrived = reached_at(path, goal, order)
        converted = arrived is not None and (window is None or arrived - begun <= window)
        so_far = cohorts.get(group_of(path), Cohort(0, 0))
        cohorts[group_of(path)] = Cohort(so_far.entered + 1, so_far.converted + converted)
    return cohorts


def is_between(moment: datetime, first: datetime | None, last: datetime | None) -> bool:
    return (first is None or first <= moment) and (last is None or moment <= last)


def stays(rows: Iterable[Row]) -> list[Stay]:
    """The stays that a move to another stage ended. One of no length was passed through, not stayed in."""
    ended: list[Stay] = []
    for path in paths(rows).values():
        steps = [row for row in path if row.dimension == STAGE]
        for entry, leaving in pairwise(steps):
            length = leaving.occurred_at - entry.occurred_at
            if entry.to_value is not None and leaving.to_value is not None and length:
                ended.append(Stay(entry.to_value, length, leaving.occurred_at, group_of(path)))
    return ended


def lengths_in_days(some: Iterable[Stay]) -> tuple[float | None, ...]:
    """The median, the 75th and the 90th percentile of the stays' lengths."""
    lengths = sorted(stay.length // MICROSECOND for stay in some)
    return tuple(in_days(percentile(lengths, share)) if lengths else None for share in SHARES)


def percentile(ordered: Sequence[int], share: float) -> float:
    """The value that `share` of them do not exceed; between two of them it lies on the line from one to the other."""
    place = share * (len(ordered) - 1)
    below, above = ordered[floor(place)], ordered[ceil(place)]
    return below + (place - floor(place)) * (above - below)


def in_days(microseconds: float) -> float:
    """To the nearest thousandth of a day, about a minute and a half."""
    return round(microseconds / 86_400_000_000, 3)


def rate(cohort: Cohort) -> float | None:
    """The share that converted, to four decimals; nobody has no rate."""
    return round(cohort.converted / cohort.entered, 4) if cohort.entered else None
