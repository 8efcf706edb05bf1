"""The circles that people belong to: those whose walks are counted together, because somebody asks for them at once."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from threading import Lock
from typing import Final, NamedTuple

from django.db import connection, transaction

from funnel.models import Circle


class Meaning(NamedTuple):
    """Whom a circle holds."""

    owner: int | None
    team: int | None
    campaign: str = ""


NOBODYS: Final = Meaning(None, None)


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


def _found(wanted: Iterable[Meaning]) -> dict[Meaning, int]:
    """Of circles that mean the same the oldest."""
    owners, teams, campaigns = zip(*wanted, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [list(owners), list(teams), list(campaigns)])
        return {Meaning(owner, team, campaign): number for number, owner, team, campaign in cursor.fetchall()}


def _made(wanted: Collection[Meaning]) -> dict[Meaning, int]:
    """By one process at a time, so that no two make the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock('funnel_circle'::regclass::int, 0)")
    found = _found(wanted)
    missing = sorted(set(wanted) - found.keys(), key=str)
    rows = Circle.objects.bulk_create([Circle(owner_id=o, team_id=t, campaign=c) for o, t, c in missing])
    return found | {meaning: circle.pk for meaning, circle in zip(missing, rows, strict=True)}


_FIND: Final = """
    SELECT max(circle.id), wanted.*
      FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS wanted (owner, team, campaign)
      JOIN funnel_circle AS circle
        ON circle.campaign = wanted.campaign AND circle.owner_id IS NOT DISTINCT FROM wanted.owner
       AND circle.team_id IS NOT DISTINCT FROM wanted.team
     GROUP BY wanted.owner, wanted.team, wanted.campaign
"""
