"""The figures of the path, asked of the database in whole sets. What they mean stands in `funnel.metrics`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from funnel.metrics import SHARES, Cohort, Group, Place, in_days
from funnel.models import Stage, StageCount
from funnel.pictures import EVERYBODY, Path, Picture, ask, ask_at_length, scope_of, sees_everyone
from staff.policy import Principal

Places = Counter[Place]


# Where everybody stands


def places(picture: Picture, principal: Principal, among: Q = EVERYBODY) -> Places:
    """How many stand in each stage, health and standing, by source, visitors apart."""
    if not picture.live:
        question = _PLACES_OF_ALL if sees_everyone(principal) and not among else _PLACES
        return as_places(ask(picture, principal, question, among=among))
    if sees_everyone(principal) and not among:
        return as_places(
            StageCount.objects.values_list("stage_id", "health", "standing", "source_id", "is_visitor", "n")
        )
    return counted_positions(principal, among)


def counted_positions(principal: Principal, among: Q = EVERYBODY) -> Places:
    """The same as now, for those to whom the roll-up would tell too much."""
    scope, own = scope_of(principal, among)
    return as_places(ask_at_length(_STANDING.format(scope=scope), own))


_STANDING = """
    SELECT stage_id, coalesce(health, 0), standing, source_id, is_visitor, count(*)
      FROM funnel_position WHERE stage_id IS NOT NULL {scope} GROUP BY 1, 2, 3, 4, 5
"""


def as_places(rows: Iterable[tuple[int, int, int, int, bool, int]]) -> Places:
    found: Places = Counter()
    for stage, health, standing, source, is_visitor, n in rows:
        if n:
            found[Place(stage, health or None, standing, Group(source, is_visitor))] += n
    return found


# The last move of each dimension: seq and value packed into one number, so that one pass without a sort finds it.
_ENDS = """
    SELECT stage, health, CASE standing WHEN 0 THEN 1 ELSE standing END AS standing, source_id, is_visitor
      FROM (SELECT source_id, is_visitor,
                   max((seq::bigint << 16) | coalesce(to_value, 0)) FILTER (WHERE dimension = 0) & 65535 AS stage,
                   coalesce(max((seq::bigint << 16) | coalesce(to_value, 0)) FILTER (WHERE dimension = 1) & 65535, 0)
                       AS health,
                   coalesce(max((seq::bigint << 16) | coalesce(to_value, 0)) FILTER (WHERE dimension = 2) & 65535, 0)
                       AS standing
              FROM {moves} GROUP BY contact_id, source_id, is_visitor) AS ends
     WHERE stage > 0
"""
_PLACES = f"""
    SELECT stage, health, standing, source_id, is_visitor, count(*)
      FROM ({_ENDS.format(moves="moves")}) AS place GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608  (of ours)
# Everybody stands where the roll-up says but those whose moves in the picture are not their moves now.
_PLACES_OF_ALL = f""",
    elsewhere AS MATERIALIZED (
        SELECT contact_id FROM funnel_transition
         WHERE superseded_at IS NULL AND dimension IN (0, 1, 2) AND occurred_at > %(as_of)s
         UNION
        SELECT contact_id FROM funnel_transition WHERE superseded_at IS NULL AND recorded_at > %(known_on)s
         UNION
        SELECT contact_id FROM funnel_transition WHERE superseded_at > %(known_on)s),
    place AS (
        SELECT stage_id AS stage, health, standing, source_id, is_visitor, n FROM funnel_stagecount
         UNION ALL
        SELECT stage_id, coalesce(health, 0), standing, source_id, is_visitor, -1
          FROM funnel_position WHERE stage_id IS NOT NULL AND contact_id IN (SELECT contact_id FROM elsewhere)
         UNION ALL
        SELECT past.*, 1
          FROM elsewhere CROSS JOIN LATERAL (
               {_ENDS.format(moves="everybodys AS moves WHERE moves.contact_id = elsewhere.contact_id")}) AS past)
    SELECT stage, health, standing, source_id, is_visitor, sum(n)::bigint FROM place GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608


# Who went on


@dataclass(frozen=True, slots=True)
class Entries:
    """A cohort: those who first reached `stage` between `first` and `last`; how far they went within `window`."""

    stage: Stage
    first: datetime | None = None
    last: datetime | None = None
    window: timedelta | None = None


def conversions(
    picture: Picture, principal: Principal, entries: Entries, path: Path
) -> dict[Stage, dict[Group, Cohort]]:
    """For each stage after the cohort's: of those who reached the cohort's stage, how many reached this one."""
    reached = path.order[path.order.index(entries.stage.pk) :]
    question = _COHORT_OF_ALL if entries.first is None else _COHORT_OF_A_PERIOD
    stages: dict[str, Any] = {f"reached_{place}": reached[place:] for place in range(len(reached))}
    rows = ask(
        picture,
        principal,
        question.format(reaches=_reaches(len(reached)), furthest=_furthest(len(reached))),
        first=entries.first,
        last=entries.last,
        window=entries.window,
        **stages,
    )
    entered: Counter[Group] = Counter()
    converted: dict[int, Counter[Group]] = defaultdict(Counter)
    for source, is_visitor, furthest, n in rows:
        group = Group(source, is_visitor)
        entered[group] += n
        for stage in reached[1 : furthest + 1]:
            converted[stage][group] += n
    return {
        stage: {group: Cohort(n, converted[stage.pk][group]) for group, n in entered.items()}
        for stage in path.stages
        if stage.pk in reached[1:]
    }


def _reaches(stages: int) -> str:
    """When a contact first reached each stage from the cohort's on: reach_0, reach_1, ..."""
    return ", ".join(
        f"min(occurred_at) FILTER (WHERE to_value = ANY(%(reached_{place})s)) AS reach_{place}"
        for place in range(stages)
    )


def _furthest(stages: int) -> str:
    """How many stages after the cohort's were reached in time. Whoever reached one has reached those before it."""
    in_time = "(reach_{0} IS NOT NULL AND (%(window)s::interval IS NULL OR reach_{0} - reach_0 <= %(window)s))::int"
    return " + ".join(in_time.format(place) for place in range(1, stages))


_COHORT_OF_ALL = """,
    member AS (
        SELECT source_id, is_visitor, {reaches}
          FROM moves WHERE dimension = 0 AND to_value = ANY(%(reached_0)s)
         GROUP BY contact_id, source_id, is_visitor)
    SELECT source_id, is_visitor, {furthest}, count(*)
      FROM member WHERE %(last)s::timestamptz IS NULL OR reach_0 <= %(last)s GROUP BY 1, 2, 3
"""
# Candidates entered in the period, found by index; the cohort are those whose first entry ever that was.
_COHORT_OF_A_PERIOD = """,
    candidate AS MATERIALIZED (
        SELECT contact_id, min(occurred_at) AS begun FROM moves
         WHERE dimension = 0 AND to_value = ANY(%(reached_0)s) AND occurred_at >= %(first)s
           AND (%(last)s::timestamptz IS NULL OR occurred_at <= %(last)s)
         GROUP BY contact_id)
    SELECT source_id, is_visitor, {furthest}, count(*)
      FROM candidate CROSS JOIN LATERAL (
           SELECT source_id, is_visitor, {reaches}
             FROM moves
            WHERE moves.contact_id = candidate.contact_id AND dimension = 0 AND to_value = ANY(%(reached_0)s)
            GROUP BY source_id, is_visitor) AS member
     WHERE reach_0 = begun
     GROUP BY 1, 2, 3
"""


# How long they stayed


@dataclass(frozen=True, slots=True)
class Lengths:
    """The stays that ended in the period: how many, and the median, 75th and 90th percentile in days."""

    ended: int
    days: tuple[float | None, ...]


NONE_ENDED = Lengths(0, (None,) * len(SHARES))


def lengths_of_stay(
    picture: Picture,
    principal: Principal,
    *,
    first: datetime | None = None,
    last: datetime | None = None,
    by_source: bool = False,
) -> Mapping[tuple[int, bool, int | None], Lengths]:
    """By stage, visitors apart, and by source (nothing: all sources together)."""
    source = "source_id" if by_source else "NULL::smallint"
    stays = _STAYS_OF_ALL if first is None else _STAYS_OF_A_PERIOD
    rows = ask(picture, principal, stays + _LENGTHS.format(source=source), first=first, last=last, shares=list(SHARES))
    return {
        (stage, is_visitor, source): Lengths(ended, tuple(in_days(length) for length in lengths))
        for stage, is_visitor, source, ended, lengths in rows
    }


_STAYS_OF_ALL = """,
    step AS (
        SELECT from_value, to_value, is_visitor, source_id, occurred_at,
               lag(occurred_at) OVER (PARTITION BY contact_id ORDER BY seq) AS entered_at
          FROM moves WHERE dimension = 0)
"""
# For each move of the period the one before it is found by index.
_STAYS_OF_A_PERIOD = """,
    step AS (
        SELECT leaving.from_value, leaving.to_value, leaving.is_visitor, leaving.source_id, leaving.occurred_at,
               entry.occurred_at AS entered_at
          FROM moves AS leaving
          JOIN LATERAL (
               SELECT occurred_at FROM moves AS entry
                WHERE entry.contact_id = leaving.contact_id AND entry.dimension = 0 AND entry.seq < leaving.seq
                ORDER BY entry.seq DESC LIMIT 1) AS entry ON true
         WHERE leaving.dimension = 0 AND leaving.to_value IS NOT NULL AND leaving.occurred_at >= %(first)s
           AND (%(last)s::timestamptz IS NULL OR leaving.occurred_at <= %(last)s))
"""
_LENGTHS = """,
    stay AS (
        SELECT from_value AS stage, is_visitor, source_id,
               (extract(epoch FROM occurred_at - entered_at) * 1000000)::float8 AS length
          FROM step
         WHERE from_value IS NOT NULL AND to_value IS NOT NULL AND occurred_at > entered_at
           AND (%(last)s::timestamptz IS NULL OR occurred_at <= %(last)s))
    SELECT stage, is_visitor, {source}, count(*),
           percentile_cont(%(shares)s::float8[]) WITHIN GROUP (ORDER BY length)
      FROM stay GROUP BY 1, 2, 3
"""
