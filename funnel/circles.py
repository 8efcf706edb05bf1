"""The circles that people belong to: those whose walks are counted together, because somebody asks for them at once."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from threading import Lock
from typing import Final, NamedTuple

from django.db import connection, transaction

from funnel.models import Circle


class Meaning(NamedTuple):
    """Whom a circle holds: those in some hands; or, within a circle of hands, those whom a source brought, by whatever
    campaign or by one."""

    owner: int | None = None
    team: int | None = None
    within: int | None = None
    source: int | None = None
    campaign: str = ""


class Brought(NamedTuple):
    """Into whose hands (a circle) somebody came, by which source, and by which campaign if there was one."""

    hands: int
    source: int
    campaign: str


Counting = tuple[int, int, int | None]  # the circles of these hands, of the source, and of the campaign


class Circles:
    """Their numbers by what they mean, which stay: one a process, whichever of its threads asks."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[Meaning, int] = {}

    def numbers(self, wanted: Collection[Meaning], *, made: bool = True) -> Mapping[Meaning, int]:
        """The number of each. One that there is not yet is made; or it is 0."""
        lacking = {meaning for meaning in wanted if meaning not in self._known}
        if not lacking:
            return self._known
        found = _found(lacking)
        if lacking - found.keys():
            found |= _made(lacking) if made else dict.fromkeys(lacking - found.keys(), 0)
        if not made:
            return {**self._known, **found}
        transaction.on_commit(partial(self._learn, found))
        return {**self._known, **found}

    def _learn(self, found: Mapping[Meaning, int]) -> None:
        with self._lock:
            self._known = {**self._known, **found}

    def forget(self) -> None:
        """For when the database is another one."""
        with self._lock:
            self._known = {}


CIRCLES: Final = Circles()


def circle_of_nobody() -> int:
    """Of those without owner and team."""
    return CIRCLES.numbers({Meaning()})[Meaning()]


def circles_of(brought: Iterable[Brought]) -> Mapping[Brought, Counting]:
    """Those that each counts in; made where there are none yet."""
    meanings = {
        one: (
            Meaning(within=one.hands, source=one.source),
            Meaning(within=one.hands, source=one.source, campaign=one.campaign) if one.campaign else None,
        )
        for one in set(brought)
    }
    numbers = CIRCLES.numbers({meaning for both in meanings.values() for meaning in both if meaning})
    return {
        one: (one.hands, numbers[of_source], numbers[of_campaign] if of_campaign else None)
        for one, (of_source, of_campaign) in meanings.items()
    }


def _found(wanted: Iterable[Meaning]) -> dict[Meaning, int]:
    """Of circles that mean the same the oldest."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, list(map(list, zip(*wanted, strict=True))))
        return {Meaning._make(meaning): number for number, *meaning in cursor.fetchall()}


def _made(wanted: Collection[Meaning]) -> dict[Meaning, int]:
    """By one process at a time, so that no two make the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock('funnel_circle'::regclass::int, 0)")
    found = _found(wanted)
    missing = sorted(set(wanted) - found.keys(), key=str)
    rows = Circle.objects.bulk_create(
        [Circle(owner_id=o, team_id=t, within_id=w, source_id=s, campaign=c) for o, t, w, s, c in missing]
    )
    return found | {meaning: circle.pk for meaning, circle in zip(missing, rows, strict=True)}


_FIND: Final = """
    SELECT max(circle.id), wanted.*
      FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::smallint[], %s::text[])
           AS wanted (owner, team, within, source, campaign)
      JOIN funnel_circle AS circle
        ON circle.campaign = wanted.campaign AND circle.source_id IS NOT DISTINCT FROM wanted.source
       AND circle.within_id IS NOT DISTINCT FROM wanted.within
       AND circle.owner_id IS NOT DISTINCT FROM wanted.owner AND circle.team_id IS NOT DISTINCT FROM wanted.team
     GROUP BY wanted.owner, wanted.team, wanted.within, wanted.source, wanted.campaign
"""
