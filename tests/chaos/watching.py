"""Reports taken at settled moments while everything is in motion, and asked for again at the end: none may change.

Each is asked of the API, and of the table itself: all moves up to A as known on K.
"""

import threading
import time
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode

import psycopg2

from tests.chaos.clients import Ledger, Line, Refused, Unreachable
from tests.chaos.house import House

_MOVES = """
    SELECT count(*), coalesce(sum(hashtextextended(concat_ws('|', contact_id, dimension, from_value, to_value,
           occurred_at, recorded_at, visit, rule, version, cause_id, source_id, is_visitor), 0)::numeric), 0)::text
      FROM funnel_transition
     WHERE recorded_at <= %(known_on)s AND (superseded_at IS NULL OR superseded_at > %(known_on)s)
       AND occurred_at <= %(as_of)s
"""


@dataclass(frozen=True, slots=True)
class Report:
    as_of: str
    known_on: str
    summary: Any
    moves: Any


class Watcher(threading.Thread):
    def __init__(self, house: House, seed: int, ledger: Ledger, every_s: float) -> None:
        super().__init__(name="watcher", daemon=True)
        self.house, self.every_s = house, every_s
        self.random = Random(f"watcher {seed}")
        self.line = Line(house.port, ledger)
        self.key = house.keys["shop"]
        self.over = threading.Event()
        self.reports: list[Report] = []
        self.unsettled = 0

    def run(self) -> None:
        while not self.over.wait(self.every_s):
            try:
                self.reports.append(self.report(*self.moments()))
            except Refused as refusal:
                if "not_settled" not in refusal.codes:
                    raise
                self.unsettled += 1  # a writer came to light that had begun before
            except (Unreachable, psycopg2.Error):
                continue

    def moments(self) -> tuple[str, str]:
        """A and K: as late as may be, and A sometimes days ago."""
        settled: str = self.line.call(self.key, "GET", "/api/v1/funnel/summary?known_on=2020-01-01")["settled_at"]
        if self.random.random() < 0.3:
            return f"{settled[:4]}-01-01T00:00:00Z", settled
        return settled, settled

    def report(self, as_of: str, known_on: str) -> Report:
        asked = urlencode({"as_of": as_of, "known_on": known_on})
        answer = self.line.call(self.key, "GET", f"/api/v1/funnel/summary?{asked}")
        connection = self.house.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(_MOVES, {"as_of": as_of, "known_on": known_on})
                moves = cursor.fetchone()
        finally:
            connection.close()
        return Report(as_of, known_on, [answer["people"], answer["visitors"]], moves)

    def stop(self) -> None:
        self.over.set()
        self.join(30)

    def changed(self) -> list[str]:
        """What reports say otherwise now than when they were taken."""
        found = []
        for was in self.reports:
            now = self._again(was)
            for part in ("moves", "summary"):
                if getattr(was, part) != getattr(now, part):
                    about = f"as of {was.as_of}, known on {was.known_on}"
                    found.append(f"the report {about}: {part} were {getattr(was, part)}, are {getattr(now, part)}")
        return found

    def _again(self, was: Report) -> Report:
        while True:
            try:
                return self.report(was.as_of, was.known_on)
            except (Unreachable, psycopg2.Error):
                time.sleep(0.2)
            except Refused as refusal:
                return Report(was.as_of, was.known_on, str(refusal), None)
