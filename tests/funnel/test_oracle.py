"""The engine agrees with the independent oracle: on 10,000 random logs, at once and as they arrive."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

import funnel
from funnel.fold import EndlessRules, Event, Move, State, fold, is_late, score_at
from funnel.rules import Playbook, Playbooks
from tests.oracle.comparing import ENDLESS, Told, disagreement, oracle
from tests.oracle.logs import Log, default_log, random_log
from tests.oracle.oracle import Answer

pytestmark = pytest.mark.long
CHUNK = 500
DEFAULT_PLAYBOOK: dict[str, Any] = json.loads(Path(funnel.__path__[0], "default_playbook.json").read_text())


def engine(log: Log) -> Told:
    try:
        return answer(*fold(State.start(), walking_order(log.events), playbooks(log), log.until), log)
    except EndlessRules:
        return ENDLESS


def engine_as_they_arrive(log: Log) -> Told:
    """Fold in batches, in any order of arrival, going on from the stored state or from the start as the engine says."""
    random = Random(str(log.until))
    arriving = [event for event in log.events if event["at"] <= log.until]
    random.shuffle(arriving)
    in_force, arrived, now = playbooks(log), list[dict[str, Any]](), 0
    state, moves = State.start(), list[Move]()
    while arriving or now < log.until:
        batch = [arriving.pop() for _ in range(min(len(arriving), random.randrange(4)))]
        arrived += batch
        now = later(now, batch, log.until, random)
        if any(is_late(state, event["at"], event["rank"], event["key"]) for event in batch):
            state, moves, batch = State.start(), [], arrived
        try:
            state, made = fold(state, walking_order(batch), in_force, now)
        except EndlessRules:  # a log half arrived may be endless where the whole is not
            is_endless = oracle(log._replace(events=arrived, until=now)) == ENDLESS
            return oracle(log) if is_endless else ENDLESS
        moves = moves + made
    return answer(state, moves, log)


def later(now: int, batch: list[dict[str, Any]], until: int, random: Random) -> int:
    """A moment from `now` on, no earlier than the events known and no later than `until`."""
    soonest: int = max([now, *(event["at"] for event in batch)])
    return min(until, soonest + random.choice([0, 1, until - soonest, random.randrange(1 + until - soonest)]))


def walking_order(events: list[dict[str, Any]]) -> list[Event]:
    return sorted([Event(**event) for event in events], key=lambda event: (event.at, event.rank, event.key))


def playbooks(log: Log) -> Playbooks:
    return Playbooks([Playbook.parse(v["document"], v["number"], v["since"]) for v in log.versions])


def answer(state: State, moves: list[Move], log: Log) -> Answer:
    told = [(m.dimension, m.from_, m.to, m.at, m.rule_name, m.version, m.cause_key, m.visit) for m in moves]
    evidence = [[*move.evidence] for move in moves]
    score = score_at(state, playbooks(log), log.until)
    return Answer(state.stage, state.health, state.standing, score, told, evidence)


@pytest.mark.parametrize("chunk", range(10))
def test_the_engine_and_the_oracle_tell_the_same_with_the_default_playbook(chunk: int) -> None:
    logs = (default_log(seed, DEFAULT_PLAYBOOK) for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK))

    assert not (found := disagreement(oracle, engine, logs)), found


@pytest.mark.parametrize("chunk", range(11))
def test_the_engine_and_the_oracle_tell_the_same_with_random_playbooks(chunk: int) -> None:
    # in one of fourteen the rules set each other off for ever, which both must say
    logs = (random_log(seed) for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK))

    assert not (found := disagreement(oracle, engine, logs)), found


@pytest.mark.parametrize("chunk", range(4))
def test_folding_as_events_arrive_tells_what_the_oracle_tells(chunk: int) -> None:
    seeds = range(chunk * CHUNK // 2, (chunk + 1) * CHUNK // 2)
    logs = (log for seed in seeds for log in (default_log(seed, DEFAULT_PLAYBOOK), random_log(seed)))

    assert not (found := disagreement(oracle, engine_as_they_arrive, logs)), found
