"""What stands in the database, read at one moment with plain SQL: the product's own code has no part in it."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import funnel
from tests.chaos.house import House

MessageKey = tuple[str, str]
EffectKey = tuple[int, int, int, int]  # contact, dimension, target, visit

PLAYBOOK: dict[str, Any] = json.loads(Path(funnel.__path__[0], "default_playbook.json").read_text())
RULES = [rule["name"] for rule in PLAYBOOK["rules"]]
DIMENSIONS = ("stage", "health", "standing")
NUMBERS = {
    "health": {None: 0, "active": 1, "cooling": 2, "lapsed": 3},
    "standing": {None: 0, "open": 1, "not_now": 2, "closed": 3},
}


class Event(NamedTuple):
    number: int
    source: str
    message_id: str
    contact: int
    type: str
    at: int
    is_retracted: bool
    key: bytes


class Position(NamedTuple):
    stage: str | None
    health: str | None
    standing: str
    score: int
    score_day: int
    attempts: int


class Effect(NamedTuple):
    number: int
    state: str
    hold_reason: str
    stood: bool  # its entry was in the live history when it was finished, or is now
    age: float | None  # seconds of the move when it was recorded, if it is there


class Kept(NamedTuple):
    source: str
    message_id: str
    reason: str
    event: int | None
    is_waiting: bool


@dataclass
class Stored:
    now: int
    contacts: dict[int, int]  # leader by contact
    names: dict[tuple[str, str, str], int]  # contact by kind, namespace, value
    events: list[Event]
    claims: set[MessageKey]
    positions: dict[int, Position]
    moves: dict[int, list[tuple[Any, ...]]]
    evidence: dict[int, list[Any]]
    effects: dict[EffectKey, Effect]
    deliveries: dict[str, tuple[int, str, bytes]]  # effect, state and body by message id
    quarantine: list[Kept]
    stage_counts: Counter[tuple[Any, ...]]
    flows: Counter[tuple[Any, ...]]
    stages: dict[str | None, int]
    freshness: list[float]


def read_stored(house: House) -> Stored:
    connection = house.connect()
    connection.autocommit = False
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    try:
        return _Reader(connection).read()
    finally:
        connection.close()


_MICROS = "(extract(epoch FROM {}) * 1000000)::bigint"
_EVENTS = f"""
    SELECT e.id, s.key, e.message_id, e.contact_id, t.key, {_MICROS.format("e.occurred_at")},
           e.retracted_at IS NOT NULL, uuid_send(e.key)
      FROM contacts_event e JOIN contacts_source s ON s.id = e.source_id JOIN contacts_eventtype t ON t.id = e.type_id
"""
_MOVES = f"""
    SELECT contact_id, dimension, from_value, to_value, {_MICROS.format("occurred_at")}, rule, version, cause_id, visit,
           evidence
      FROM funnel_transition WHERE superseded_at IS NULL ORDER BY contact_id, seq
"""
# An effect looks whether its entry stands a little before it is done; what supersedes the entry in between is too late.
RACE = "2 seconds"
_EFFECTS = """
    SELECT e.contact_id, e.dimension, e.target, e.visit, e.id, e.state, e.hold_reason,
           EXISTS (SELECT 1 FROM funnel_transition t
                    WHERE t.contact_id = e.contact_id AND t.dimension = e.dimension
                      AND coalesce(t.to_value, 0) = e.target AND t.visit = e.visit
                      AND t.recorded_at <= coalesce(e.finished_at, 'infinity')
                      AND (t.superseded_at IS NULL OR t.superseded_at >= e.finished_at - %(race)s::interval)),
           (SELECT extract(epoch FROM t.recorded_at - t.occurred_at) FROM funnel_transition t
             WHERE t.id = e.transition_id)::float
      FROM funnel_effect e
"""
_QUARANTINE = """
    SELECT s.key, coalesce(e.message_id, q.message_id), q.reason, q.event_id, q.replayed_at IS NULL
      FROM contacts_quarantine q JOIN contacts_source s ON s.id = q.source_id
      LEFT JOIN contacts_event e ON e.id = q.event_id
"""
_FRESHNESS = """
    SELECT extract(epoch FROM min(t.recorded_at) - e.recorded_at)::float
      FROM funnel_transition t JOIN contacts_event e ON e.id = t.cause_id
     WHERE t.dimension = 0 AND NOT EXISTS (SELECT 1 FROM contacts_quarantine q WHERE q.event_id = e.id) GROUP BY e.id
"""


class _Reader:
    def __init__(self, connection: Any) -> None:
        self.cursor = connection.cursor()

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        self.cursor.execute(query, parameters or None)
        rows: list[tuple[Any, ...]] = self.cursor.fetchall()
        return rows

    def read(self) -> Stored:
        [(now,)] = self.rows(f"SELECT {_MICROS.format('clock_timestamp()')}")
        self.stages: dict[str | None, int] = {None: 0, **dict(self.rows("SELECT key, id FROM funnel_stage"))}
        self.numbers = {"stage": self.stages, **NUMBERS}
        self.words = [
            {number: word for word, number in self.numbers[dimension].items()} | {None: None}
            for dimension in DIMENSIONS
        ]
        events = [Event._make((*row[:-1], bytes(row[-1]))) for row in self.rows(_EVENTS)]
        moves, evidence = self.moves({event.number: event.key for event in events})
        return Stored(
            now=now,
            contacts=dict(self.rows("SELECT id, leader_id FROM contacts_contact")),
            names=self.names(),
            events=events,
            claims=set(
                self.rows(
                    "SELECT s.key, c.body->>'message_id' FROM contacts_claim c"
                    " JOIN contacts_source s ON s.id = c.source_id"
                )
            ),
            positions=self.positions(),
            moves=moves,
            evidence=evidence,
            effects={row[:4]: Effect(*row[4:]) for row in self.rows(_EFFECTS, race=RACE)},
            deliveries={
                message: (effect, state, body.encode())
                for message, effect, state, body in self.rows(
                    "SELECT message_id, effect_id, state, body FROM crm_webhookdelivery"
                )
            },
            quarantine=[Kept(*row) for row in self.rows(_QUARANTINE)],
            stage_counts=counted(
                self.rows("SELECT stage_id, health, standing, sum(n) FROM funnel_stagecount GROUP BY 1, 2, 3")
            ),
            flows=counted(
                self.rows(
                    "SELECT date '1800-01-06' + block, from_stage, to_stage, sum(n) FROM funnel_pacecount"
                    " WHERE kind = 0 AND level = 0 AND whose = 0 GROUP BY 1, 2, 3"
                )
            ),
            stages=self.stages,
            freshness=sorted(value for (value,) in self.rows(_FRESHNESS)),
        )

    def names(self) -> dict[tuple[str, str, str], int]:
        rows = self.rows("SELECT kind, namespace, value, contact_id FROM contacts_identity WHERE unlinked_at IS NULL")
        return {(kind, namespace, value): contact for kind, namespace, value, contact in rows}

    def positions(self) -> dict[int, Position]:
        rows = self.rows(
            "SELECT contact_id, stage_id, health, standing, score, score_day, attempts FROM funnel_position"
        )
        stage_of, health_of, standing_of = self.words
        return {
            contact: Position(stage_of[stage], health_of[health], str(standing_of[standing]), score, day, attempts)
            for contact, stage, health, standing, score, day, attempts in rows
        }

    def moves(self, keys: dict[int, bytes]) -> tuple[dict[int, list[tuple[Any, ...]]], dict[int, list[Any]]]:
        """As the oracle writes them."""
        moves: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        evidence: dict[int, list[Any]] = defaultdict(list)
        for contact, dimension, from_, to, at, rule, version, cause, visit, seen in self.rows(_MOVES):
            words = self.words[dimension]
            name = "start" if rule == -1 else RULES[rule]
            key = None if cause is None else keys.get(cause, b"gone")
            moves[contact].append((DIMENSIONS[dimension], words[from_], words[to], at, name, version, key, visit))
            evidence[contact].append(seen or [])
        return moves, evidence


def counted(rows: list[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    return Counter({row[:-1]: int(row[-1]) for row in rows if row[-1]})
