"""The figures of the path, asked of the database in whole sets. What they mean stands in `funnel.metrics`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from django.db.models.functions import Coalesce

from contacts.models import Contact
from funnel.metrics import SHARES, Cohort, Group, Place, in_days
from funnel.models import Position, Stage, StageCount
from funnel.pictures import Path, Picture, ask, sees_everyone
from staff.policy import Principal

Places = Counter[Place]


# Where everybody stands


def places(picture: Picture, principal: Principal) -> Places:
    """How many stand in each stage, health and standing, by source, visitors apart."""
    if not picture.live:
        return _places(ask(picture, principal, _PLACES))
    if sees_everyone(principal):
        return _places(StageCount.objects.values_list("stage_id", "health", "standing", "source_id", "is_visitor", "n"))
    return counted_positions(principal)


def counted_positions(principal: Principal) -> Places:
    """The same as now, for those to whom the roll-up would tell too much."""
    positions = Position.objects.live().filter(contact__in=Contact.objects.visible_to(principal)).order_by()
    counted = positions.values_list("stage_id", Coalesce("health", 0), "standing", "source_id", "is_visitor")
    return _places(counted.annotate(n=Count("pk")))


def _places(rows: Iterable[tuple[int, int, int, int, bool, int]]) -> Places:
    found: Places = Counter()
    for stage, health, standing, source, is_visitor, n in rows:
        if n:
            found[Place(stage, health or None, standing, Group(source, is_visitor))] += n
    return found


# The last move of each dimension: seq and value packed into one number, so that one pass without a sort finds it.
_PLACES = """
    SELECT stage, health, CASE standing WHEN 0 THEN 1 ELSE standing END, source_id, is_visitor, count(*)
      FROM (SELECT source_id, is_visitor,
                   max((seq::bigint << 16) | coalesce(to_value, 0)) FILTER (WHERE dimension = 0) & 65535 AS stage,
                   coalesce(max((seq::bigint << 16) | coalesce(to_value, 0)) FILTER (WHERE dimension = 1) & 65535, 0)
                       AS health,
                   coalesce(max((seq::bigint << 16) | coalesce(to_value, 0)) FILTER (WHERE dimension = 2) & 65535, 0)
                       AS standing
              FROM moves GROUP BY contact_id, source_id, is_visitor) AS ends
     WHERE stage > 0
     GROUP BY 1, 2, 3, 4, 5
"""


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
    rows = ask(
        picture,
        principal,
        _CONVERSIONS,
        reached=reached,
        first=entries.first,
        last=entries.last,
        window=entries.window,
    )
    following = {stage.pk: stage for stage in path.stages if stage.pk in reached[1:]}
    entered: Counter[Group] = Counter()
    converted: dict[int, Counter[Group]] = defaultdict(Counter)
    for source, is_visitor, furthest, n in rows:
        group = Group(source, is_visitor)
        entered[group] += n
        for stage in reached[1:furthest]:
            converted[stage][group] += n
    return {
        stage: {group: Cohort(n, converted[pk][group]) for group, n in entered.items()}
        for pk, stage in following.items()
    }


# Candidates entered in the period; of those, the ones who had not been there before are the cohort. `furthest` counts
# from the cohort's stage on, which is 1.
_CONVERSIONS = """,
    candidate AS MATERIALIZED (
        SELECT DISTINCT contact_id FROM moves
         WHERE dimension = 0 AND to_value = ANY(%(reached)s)
           AND (%(first)s::timestamptz IS NULL OR occurred_at >= %(first)s)
           AND (%(last)s::timestamptz IS NULL OR occurred_at <= %(last)s)),
    entry AS (
        SELECT contact_id, source_id, is_visitor, occurred_at, array_position(%(reached)s, to_value::int) AS place,
               min(occurred_at) OVER (PARTITION BY contact_id) AS begun
          FROM candidate JOIN moves USING (contact_id)
         WHERE dimension = 0 AND to_value = ANY(%(reached)s)),
    member AS (
        SELECT source_id, is_visitor, max(place) AS furthest
          FROM entry
         WHERE (%(first)s::timestamptz IS NULL OR begun >= %(first)s)
           AND (%(window)s::interval IS NULL OR occurred_at - begun <= %(window)s)
         GROUP BY contact_id, source_id, is_visitor)
    SELECT source_id, is_visitor, furthest, count(*) FROM member GROUP BY 1, 2, 3
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
    rows = ask(picture, principal, _STAYS.format(source=source), first=first, last=last, shares=list(SHARES))
    return {
        (stage, is_visitor, source): Lengths(ended, tuple(in_days(length) for length in lengths))
        for stage, is_visitor, source, ended, lengths in rows
    }


_STAYS = """,
    stay AS (
        SELECT leaving.from_value AS stage, leaving.is_visitor, leaving.source_id,
               extract(epoch FROM leaving.occurred_at - entry.occurred_at) * 1000000 AS length
          FROM moves AS leaving
          JOIN LATERAL (
               SELECT occurred_at FROM moves AS entry
                WHERE entry.contact_id = leaving.contact_id AND entry.dimension = 0 AND entry.seq < leaving.seq
                ORDER BY entry.seq DESC LIMIT 1) AS entry ON true
         WHERE leaving.dimension = 0 AND leaving.from_value IS NOT NULL AND leaving.to_value IS NOT NULL
           AND (%(first)s::timestamptz IS NULL OR leaving.occurred_at >= %(first)s)
           AND (%(last)s::timestamptz IS NULL OR leaving.occurred_at <= %(last)s)
           AND leaving.occurred_at > entry.occurred_at)
    SELECT stage, is_visitor, {source}, count(*),
           percentile_cont(%(shares)s::float8[]) WITHIN GROUP (ORDER BY length::float8)
      FROM stay GROUP BY 1, 2, 3
"""
