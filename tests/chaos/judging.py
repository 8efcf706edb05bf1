"""The verdict: what stands in the database, what was answered and what was received, beside what the oracle says.

Each function names what differs, by the product's own numbers of contacts; nothing is the only good answer.
"""

import multiprocessing
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.chaos.clients import Ledger
from tests.chaos.receiver import Receipt
from tests.chaos.stored import DIMENSIONS, NUMBERS, PLAYBOOK, EffectKey, Stored
from tests.chaos.world import SOURCES, Act, Message, Name, World
from tests.oracle.oracle import DAY, Answer
from tests.oracle.people import event_key, key_of, merged, people
from tests.oracle.values import decay

HELD = "fold_failed"
CONFLICT = "duplicate-conflict"
OLD_S = 24 * 3600
ZONE = ZoneInfo("Europe/Helsinki")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Found = Iterator[str]


class Expectation:
    """What the oracle says of a world after these acts, in the product's numbers."""

    def __init__(self, world: World, acts: Iterable[Act], stored: Stored) -> None:
        self.world = world
        self.numbers = {name.contact: number for name in world.names.values() if (number := number_of(name, stored))}
        self.contacts = sorted(self.numbers, key=self.numbers.__getitem__)
        self.acts = [*world.links, *acts]
        self.until = stored.now
        self.groups = merged({"contacts": self.contacts, "acts": self.acts})
        self.people: dict[int, Answer] = {}
        self.recorded: dict[tuple[str, str], str] = {}
        self.claims: set[tuple[str, str]] = set()
        self.quarantine: set[tuple[str, str]] = set()
        self.effects: dict[EffectKey, int] = {}
        self._ask()

    def _ask(self) -> None:
        """In two processes: the oracle tells everybody's life the slow way."""
        with multiprocessing.get_context("fork").Pool(2) as pool:
            for told in pool.imap_unordered(people, self._logs()):
                self.recorded |= told["recorded"]
                self.claims |= told["claims"]
                self.quarantine |= set(told["quarantine"])
                for leader, person in told["people"].items():
                    self.people[self.numbers[leader]] = person["answer"]

    def _logs(self, at_once: int = 200) -> Iterator[dict[str, Any]]:
        """The world cut between people."""
        messages: dict[str, list[Message]] = defaultdict(list)
        for message in self.world.messages:
            messages[message["contact"]].append({name: message[name] for name in message if name != "wire"})
        acts = defaultdict(list)
        for act in self.acts:
            if "of" in act:
                acts[act["of"][0]].append(act)
        others = [act for act in self.acts if "of" not in act]
        named = {(act["source"], act["id"]): act for act in others}
        leaders = list(self.groups)
        for start in range(0, len(leaders), at_once):
            contacts = [contact for leader in leaders[start : start + at_once] for contact in self.groups[leader]]
            said = [message for contact in contacts for message in messages[contact]]
            yield {
                "contacts": sorted(contacts, key=self.numbers.__getitem__),
                "sources": SOURCES,
                "messages": said,
                "acts": [act for contact in contacts for act in acts[contact]]
                + [named[key] for message in said if (key := key_of(message)) in named],
                "versions": [{"number": 1, "since": None, "document": PLAYBOOK}],
                "until": self.until,
            }


def number_of(name: Name, stored: Stored) -> int | None:
    kind = "external" if name.kind == "external_id" else name.kind
    namespace = "" if kind == "email" else name.sources[0]
    return stored.names.get((kind, namespace, name.value))


def differences(expected: Expectation, stored: Stored, ledger: Ledger) -> list[str]:
    return [
        *in_the_log(expected, stored),
        *in_the_quarantine(expected, stored),
        *in_positions(expected, stored),
        *in_histories(expected, stored),
        *in_rollups(expected, stored),
        *in_answers(expected, ledger),
    ]


def differences_outside(expected: Expectation, stored: Stored, receipts: list[Receipt]) -> list[str]:
    return [*in_effects(expected, stored), *in_deliveries(stored, receipts)]


def in_the_log(expected: Expectation, stored: Stored) -> Found:
    world, numbers = expected.world, expected.numbers
    for contact in world.names.keys() - numbers.keys():
        yield f"nobody is called {world.names[contact]}"
    times = Counter((event.source, event.message_id) for event in stored.events)
    for key, number in times.items():
        if number != 1:
            yield f"event {key} is recorded {number} times"
    for key in sorted(stored.claims ^ expected.claims):
        yield f"claim {key}: {'stored' if key in stored.claims else 'missing'}"
    wanted = expected.recorded.keys() - expected.claims
    for key in sorted(wanted ^ times.keys()):
        yield f"event {key}: {'was lost' if key in wanted else 'nobody sent it'}"
    retracted = {(act["source"], act["id"]) for act in expected.acts if act["act"] == "retract"}
    links = {contact: link["of"] for link in world.links for contact in link["of"]}
    messages = {key_of(message): message for message in world.messages}
    for event in stored.events:
        key = (event.source, event.message_id)
        message = messages.get(key)
        if message is None or key not in wanted:
            continue
        body, contact = message["body"], message["contact"]
        whose = {numbers[one] for one in links.get(contact, [contact])}
        told = (event.type, event.at, event.is_retracted, event.key, event.contact in whose)
        if told != (body["type"], body["at"], key in retracted, event_key(*key), True):
            yield f"event {key} is recorded otherwise than it was sent: {event}"


def in_the_quarantine(expected: Expectation, stored: Stored) -> Found:
    """When the poison was replayed: only what nobody can use waits."""
    kept = {(one.source, one.message_id) for one in stored.quarantine if one.reason not in (HELD, CONFLICT)}
    for key in sorted(kept ^ expected.quarantine):
        yield f"quarantine: {key} {'is kept' if key in kept else 'is missing'}"
    conflicts = {(one.source, one.message_id) for one in stored.quarantine if one.reason == CONFLICT}
    for key in sorted(conflicts ^ {key_of(message) for message in expected.world.conflicts}):
        yield f"quarantine: conflict {key} {'is kept' if key in conflicts else 'is missing'}"
    for one in stored.quarantine:
        if one.reason == HELD and one.is_waiting:
            yield f"quarantine: {one} still waits"


def of_the_held(world: World, stored: Stored) -> Found:
    """Before the replay: all poison is listed, and no person is left without a name in the list."""
    held = {(one.source, one.message_id) for one in stored.quarantine if one.reason == HELD and one.event}
    for key in sorted(world.poison().keys() - held):
        yield f"poison {key} is not listed"
    for one in stored.quarantine:
        if one.reason == HELD and one.event is None:
            yield f"a whole person is suspended: {one}"


def of_innocents(world: World, acts: Iterable[Act], stored: Stored) -> Found:
    """Nothing is held of people who have no poison, however often processes died with them in hand.

    Whoever was ever joined with somebody poisonous may have been held in the meantime.
    """
    held = {(one.source, one.message_id) for one in stored.quarantine if one.reason == HELD and one.event}
    joined = [act for act in (*world.links, *acts) if act["act"] == "merge"]
    groups = merged({"contacts": [*world.names], "acts": joined})
    sick = {message["contact"] for message in world.messages if message.get("poison")}
    company = {contact for group in groups.values() if sick & set(group) for contact in group}
    whose = {key_of(message): message["contact"] for message in world.messages}
    for key in sorted(key for key in held if whose.get(key) not in company):
        yield f"event {key} is held, and nobody near it is poisonous"


def in_positions(expected: Expectation, stored: Stored) -> Found:
    for leader, told in expected.people.items():
        position = stored.positions.get(leader)
        if position is None:
            if told.stage is not None:
                yield f"contact {leader} has no position, and should be in {told.stage}"
            continue
        if position.attempts:
            yield f"contact {leader}: {position.attempts} attempts are noted"
        score = decay(position.score, expected.until // DAY - position.score_day, PLAYBOOK["half_life_days"])
        is_ = (position.stage, position.health, position.standing, score if position.stage else 0)
        if is_ != told[:4]:
            yield f"contact {leader} is at {is_}, and should be at {told[:4]}"
    for contact in stored.positions.keys() - expected.people.keys():
        if stored.positions[contact].stage is not None:
            yield f"contact {contact} is nobody's leader, and stands at {stored.positions[contact]}"


def in_histories(expected: Expectation, stored: Stored) -> Found:
    for leader, told in expected.people.items():
        if stored.moves.get(leader, []) != told.moves:
            yield f"contact {leader} has moved {stored.moves.get(leader, [])}, and should have moved {told.moves}"
        elif stored.evidence.get(leader, []) != told.evidence:
            yield f"contact {leader}: evidence {stored.evidence.get(leader)}, and should be {told.evidence}"
    for contact in stored.moves.keys() - expected.people.keys():
        yield f"contact {contact} is nobody's leader, and has live moves"


def in_rollups(expected: Expectation, stored: Stored) -> Found:
    """Counted again from what the oracle says."""
    stages, flows = Counter[tuple[Any, ...]](), Counter[tuple[Any, ...]]()
    for told in expected.people.values():
        if told.stage is not None:
            health, standing = NUMBERS["health"][told.health], NUMBERS["standing"][told.standing]
            stages[stored.stages[told.stage], health, standing] += 1
        for dimension, from_, to, at, *_ in told.moves:
            numbers = numbers_of(dimension, stored)
            if dimension == "stage":
                flows[day_of(at), numbers[from_] or 0, numbers[to] or 0] += 1
    for name, counted, recounted in (("stages", stored.stage_counts, stages), ("flows", stored.flows, flows)):
        for place in sorted(counted.keys() | recounted.keys()):
            if counted[place] != recounted[place]:
                yield f"roll-up of {name} {place}: {counted[place]}, counted again {recounted[place]}"


def in_effects(expected: Expectation, stored: Stored) -> Found:
    entries = {
        (leader, DIMENSIONS.index(move[0]), numbers_of(move[0], stored)[move[2]], move[7])
        for leader, told in expected.people.items()
        for move in told.moves
    }
    for entry in sorted(entries - stored.effects.keys()):
        yield f"entry {entry} has no effect"
    for entry, effect in stored.effects.items():
        if effect.state == "waiting":
            yield f"effect {entry} still waits"
        elif entry in entries and effect.state == "superseded":
            yield f"effect {entry} was given up, and its entry stands"
        elif effect.age is None:
            yield f"effect {entry} is of a move that is gone"
        elif effect.state == "done" and not effect.stood:
            yield f"effect {entry} went out, and its entry did not stand then"
        elif effect.state == "done" and effect.age > OLD_S:
            yield f"effect {entry} went out, and is of a move that was {effect.age:.0f} s old"
        elif effect.state == "held" and not effect.hold_reason:
            yield f"effect {entry} is held without a reason"
        elif effect.state == "held" and effect.hold_reason == "old" and effect.age <= OLD_S:
            yield f"effect {entry} is held as old, and is of a move {effect.age:.0f} s old"


def in_deliveries(stored: Stored, receipts: list[Receipt]) -> Found:
    done = {effect.number: entry for entry, effect in stored.effects.items() if effect.state == "done"}
    delivered = {effect for effect, _, _ in stored.deliveries.values()}
    for number in done.keys() ^ delivered:
        yield f"effect {number} {done.get(number)}: {'no delivery' if number in done else 'delivered, and not done'}"
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for receipt in receipts:
        bodies[receipt.message_id].add(receipt.body)
        if not receipt.is_signed:
            yield f"receipt {receipt.message_id} has no valid signature"
    for message_id, (_, state, body) in stored.deliveries.items():
        if state != "delivered":
            yield f"delivery {message_id} is {state}"
        elif bodies[message_id] != {body}:
            yield f"delivery {message_id} was received {len(bodies[message_id])} times under other bodies"
    for message_id in bodies.keys() - stored.deliveries.keys():
        yield f"receipt {message_id} is of no delivery"


def in_answers(expected: Expectation, ledger: Ledger) -> Found:
    """Each message was answered, and as what it is; the first time and no other as new."""
    yield from ledger.complaints
    if sum(ledger.by_status.values()) != ledger.items_sent:
        yield f"{ledger.items_sent} items were sent, and answered {dict(ledger.by_status)}"
    for message in expected.world.messages:
        key = key_of(message)
        told = ledger.told.get(key)
        if told is None:
            yield f"message {key} was never answered"
            continue
        if message.get("malformed"):
            wanted = {"quarantined"}
        elif key in expected.claims:
            wanted = {"claim", "duplicate", "duplicate_conflict"}
        else:
            wanted = {"accepted", "duplicate", "duplicate_conflict"}
        if told.statuses.keys() - wanted or told.statuses["accepted"] > 1 or told.statuses["claim"] > 1:
            yield f"message {key} was answered {dict(told.statuses)}"


def numbers_of(dimension: str, stored: Stored) -> dict[str | None, int]:
    return stored.stages if dimension == "stage" else NUMBERS[dimension]


def day_of(at: int) -> Any:
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZONE).date()
