"""How many people a search finds, about: told by a sample of them, which each process reads anew every few minutes.

The index of words cannot be asked: a beginning such as "mar" finds tens of thousands, and counting them takes as long
as reading them. With the sample come the moments since which the newest 512, 1024, ... people are known.
"""

import re
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, prod
from sys import intern
from typing import Final

from django.db import connection

SECONDS_REMEMBERED: Final = 300.0
SIZE: Final = 2000  # people in the sample
PAGE: Final = 51  # rows that a list asks for
DEARER: Final = 7  # times as long as reading an entry of the index takes reading a row of the table
STEP: Final = 512  # people between two of the moments that are kept
STEPS: Final = 64
LAID: Final = 12  # entries of two indexes are laid over each other while a row is read
PATIENCE: Final = 4  # times as many as should do are walked past before another way is taken
SURELY: Final = 1.5  # times as many are looked through as should do, for the sample may mislead

_BEGINNINGS: Final = re.compile(r"'((?:[^']|'')*)':\*")
_LAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Sample:
    """The words of `size` out of about `people` people, sorted; by steps, since when the newest of all are known."""

    people: float
    size: int
    words: Sequence[str]
    known_since: Sequence[datetime] = ()

    def share(self, part: str) -> float:
        """Of all people, those whom a part of a tsquery finds: a beginning, or one or else several together."""
        first, *others = (self._share_of(one) for one in _BEGINNINGS.findall(part))
        return min(1.0, first + (prod(others) if others else 0.0))

    def known_before(self, newer: datetime | None, people: float) -> datetime | None:
        """The moment since which at least so many people are known who are not newer; None where we cannot tell."""
        begins = bisect_left(self.known_since, True, key=lambda at: at < newer) if newer else 0
        ends = begins + ceil(people / STEP)
        return self.known_since[ends] if ends < len(self.known_since) else None

    def _share_of(self, beginning: str) -> float:
        begins, ends = bisect_left(self.words, beginning), bisect_left(self.words, beginning + _LAST)
        return (ends - begins) / self.size if self.size else 0.0


_remembered: tuple[float, Sample] | None = None


def sample() -> Sample:
    if _remembered is None or time.monotonic() - _remembered[0] > SECONDS_REMEMBERED:
        remember(_taken())
    assert _remembered is not None
    return _remembered[1]


def remember(taken: Sample | None) -> None:
    """Go by this sample for a while; by none: take another when there is need."""
    global _remembered
    _remembered = None if taken is None else (time.monotonic(), taken)


def divided(parts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Parts of a search, all of which must hold: those to ask the index for, and those to check in the rows it gives.

    To read the entries of a word that is much more common than another takes longer than to check whom that one finds.
    """
    if len(parts) < 2:
        return list(parts), []
    known = sample()
    shares = {part: known.share(part) for part in parts}
    most = DEARER * min(shares.values())
    return [part for part in parts if shares[part] <= most], [part for part in parts if shares[part] > most]


def are_few(parts: Sequence[str]) -> bool:
    """Whether it is quicker to read all whom a search finds, and sort them, than to walk along the order of a list
    until a page is full."""
    known = sample()
    shares = [known.share(part) for part in parts]
    return known.people * min(shares) * prod(shares) <= PAGE


def to_walk_past(parts: Sequence[str], wanted: int) -> int:
    """How many people to look at along an order, at most, for so many whom a search finds."""
    known = sample()
    return ceil(PATIENCE * wanted / max(prod(known.share(part) for part in parts), 1 / max(known.people, 1)))


def newest_to_look_through(parts: Sequence[str]) -> float | None:
    """How many people, newest first, are to be looked through to find a page of those whom a search finds; None where
    that is no quicker than both other ways.

    It is done by laying two indexes over each other, by word and by the moment of becoming known: of each only entries
    are read, and rows of those alone whom both name.
    """
    known = sample()
    shares = [known.share(part) for part in parts]
    if not all(shares):
        return None
    people, found = SURELY * PAGE / prod(shares), known.people * min(shares)
    entries, rows = people + found, people * min(shares)
    return people if entries / LAID + rows < min(found, PAGE / prod(shares)) else None


# Twice as many rows are looked at as are wanted, for visitors are among them.
_SAMPLE: Final = """
WITH taken AS MATERIALIZED (
    SELECT search FROM contacts_contact TABLESAMPLE SYSTEM (
           (SELECT least(100, 200.0 * %(size)s / greatest(reltuples, 1))
              FROM pg_class WHERE oid = 'contacts_contact'::regclass))
     WHERE is_listed LIMIT %(size)s), newest AS (
    SELECT created_at, row_number() OVER (ORDER BY created_at DESC, id DESC) AS place
      FROM contacts_contact WHERE is_listed ORDER BY created_at DESC, id DESC LIMIT %(newest)s)
SELECT (SELECT reltuples FROM pg_class WHERE oid = 'contact_by_creation'::regclass), (SELECT count(*) FROM taken),
       (SELECT array_agg(word ORDER BY word COLLATE "C") FROM taken, unnest(tsvector_to_array(search)) AS word),
       (SELECT array_agg(created_at ORDER BY place) FROM newest WHERE place %% %(step)s = 0)
"""


def _taken() -> Sample:
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, {"size": SIZE, "newest": STEP * STEPS, "step": STEP})
        people, size, words, known_since = cursor.fetchone()
    return Sample(max(people, size), size, [intern(word) for word in words or ()], known_since or ())
