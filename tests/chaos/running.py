"""One chaos run: the product under way, harm done to it, everything drained, poison replayed, and the verdict."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos import judging
from tests.chaos.changes import CHANGES
from tests.chaos.clients import Actor, Ledger, Line, Refused, Sender, Work, shared_out
from tests.chaos.house import ROOT, House
from tests.chaos.plans import HARMS, Harmer, flushes, planned
from tests.chaos.receiver import Receiver
from tests.chaos.stored import Stored, read_stored
from tests.chaos.watching import Watcher
from tests.chaos.world import Act, Message, Shape, World, chunks, make_world
from tests.oracle.people import event_key

ACTORS = 3
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Course:
    """How a run goes."""

    shape: Shape
    senders: int = 6
    most_at_once: int = 200  # messages in a batch
    pace: float | None = None  # messages a second
    harms: dict[str, int] = field(default_factory=lambda: dict(HARMS))
    every_s: tuple[float, float] = (2.0, 5.0)
    flush_every_s: float | None = 4.0
    watch_every_s: float | None = 2.0
    changes: tuple[str, ...] = ("poison",)
    settle_window_s: int = 3
    sweep_s: int = 3
    stuck_s: int = 15
    patience_s: float = 180.0  # until everything must be drained
    beat: bool = True
    valkey: bool = True  # False: it dies as soon as the product runs, and stays dead until everything is drained
    webhooks: bool = True  # whether anybody wants to hear of moves
    checks_rebuild: bool = True


@dataclass
class Verdict:
    differences: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    harms: Counter[str] = field(default_factory=Counter)
    last_words: str = ""

    @property
    def is_good(self) -> bool:
        return not self.differences


class Undrained(Exception):
    """Something waits and nobody does it."""


def run(house: House, course: Course, say: Say = lambda words: None, start: int | None = None) -> Verdict:
    """The house is open, and nothing of the product runs; nor does it afterwards."""
    world = make_world(course.shape, start or time.time_ns() // 1000)
    runner = _Run(house, course, world, say)
    try:
        return runner.run()
    finally:
        runner.clear_up()


class _Run:
    def __init__(self, house: House, course: Course, world: World, say: Say) -> None:
        self.house, self.course, self.world, self.say = house, course, world, say
        self.ledger = Ledger()
        self.receiver = Receiver()
        self.poison = house.folder / "state" / "poison.json"
        self.verdict = Verdict()
        self.watcher: Watcher | None = None
        self.harmer: Harmer | None = None
        self.acts: list[Act] = []

    def run(self) -> Verdict:
        self.start()
        try:
            self.send()
            self.drain("after the storm")
            if self.world.poison():
                self.cure()
            self.settle()
        except Undrained as error:
            self.verdict.differences.append(str(error))
        self.judge()
        return self.verdict

    def start(self) -> None:
        began = time.monotonic()
        self.house.strangers.clear()
        self.house.bring_up("valkey")
        self.house.wait_until(self.house.flush_valkey, 20)
        self.write_poison()
        for change in self.changes():
            for statement in change.schema:
                self.house.ask(statement)
        self.house.start_product(
            {
                "CHAOS_CHANGES": ",".join(change.name for change in self.changes()),
                "CHAOS_POISON": str(self.poison),
                "WEBHOOK_ALLOW": self.receiver.place,
                "SETTLE_WINDOW_S": str(self.course.settle_window_s),
                "SWEEP_S": str(self.course.sweep_s),
                "STUCK_S": str(self.course.stuck_s),
            },
            beat=self.course.beat,
        )
        self.verdict.figures["seconds of starting"] = round(time.monotonic() - began, 1)
        if not self.course.valkey:
            self.house.keep_down("valkey")
        self.line = Line(self.house.port, self.ledger)
        if self.course.webhooks:
            made = self.line.insist(self.house.keys["shop"], "POST", "/api/v1/webhooks", {"url": self.receiver.url})
            self.receiver.secret = made["secret"]

    def changes(self) -> list[Any]:
        return [CHANGES[name] for name in self.course.changes]

    def write_poison(self) -> None:
        kinds = {event_key(*key).hex(): kind for key, kind in self.world.poison().items()}
        making = self.poison.with_suffix(".making")
        making.write_text(json.dumps(kinds))
        making.chmod(0o644)
        making.rename(self.poison)

    # --- the storm

    def send(self) -> None:
        course, seed = self.course, self.course.shape.seed
        plans = [planned(seed, course.harms, course.every_s)] if course.harms else []
        plans += [flushes(seed, course.flush_every_s)] if course.flush_every_s else []
        self.harmer = Harmer(self.house, seed, plans)
        if course.watch_every_s:
            self.watcher = Watcher(self.house, seed, self.ledger, course.watch_every_s)
            self.watcher.start()
        began = time.monotonic()
        self.send_all(self.world.sendings, with_acts=True)
        self.send_all(self.world.conflicts)
        self.verdict.figures["seconds of sending"] = round(time.monotonic() - began, 1)
        self.harmer.end()
        self.verdict.harms = self.harmer.done

    def send_all(self, sendings: list[Message], *, with_acts: bool = False) -> None:
        course, seed = self.course, self.course.shape.seed
        work = Work(chunks(sendings, Random(f"chunks {seed}"), course.most_at_once), course.pace)
        threads: list[Any] = [
            Sender(number, seed, self.house.port, self.house.keys, self.ledger, work)
            for number in range(course.senders)
        ]
        if with_acts:
            key = self.house.keys["shop"]
            threads += [
                Actor(acts, self.house.port, key, self.ledger, work) for acts in shared_out(self.world.acts, ACTORS)
            ]
        for thread in threads:
            thread.start()
        said_at = time.monotonic()
        while any(thread.is_alive() for thread in threads):
            assert self.harmer
            self.harmer.step()
            self.house.tend_for(0.02)
            if time.monotonic() - said_at > 15:
                said_at = time.monotonic()
                self.say(
                    f"  {self.ledger.answered:,} of {work.total:,} sendings answered, {self.harmer.done.total()} harms"
                )

    # --- the calm

    def drain(self, when: str) -> None:
        """Wait until nothing waits: no mark, no timer that has come, no attempt under way."""
        began = time.monotonic()
        while self.house.ask_patiently(
            "SELECT extract(epoch FROM clock_timestamp()) * 1000000 < %s", self.world.due_until
        )[0][0]:
            self.house.tend_for(0.2)
        while (left := self.left()) != (0, 0, 0):
            if time.monotonic() - began > self.course.patience_s:
                raise Undrained(f"{when}, after {self.course.patience_s:.0f} s: marks, due timers, troubled: {left}")
            self.house.tend_for(0.1)
        self.verdict.figures[f"seconds of draining {when}"] = round(time.monotonic() - began, 1)

    def left(self) -> tuple[int, int, int]:
        [row] = self.house.ask_patiently(
            "SELECT (SELECT count(*) FROM contacts_pending),"
            " (SELECT count(*) FROM funnel_position WHERE wake_at <= clock_timestamp()),"
            " (SELECT count(*) FROM funnel_position WHERE attempts > 0)"
        )
        return row

    def cure(self) -> None:
        """Look at what is held, mend the cause, and replay everything."""
        stored = read_stored(self.house)
        self.verdict.differences += judging.of_the_held(self.world, stored)
        self.verdict.differences += judging.of_innocents(self.world, self.ledger.done, stored)
        self.poison.unlink()
        self.house.tend_for(1.0)  # until every process has seen it
        key = self.house.keys["shop"]
        replayed = 0
        while held := self.held(key):
            for one in held:
                try:
                    self.line.insist(key, "POST", f"/api/v1/quarantine/{one['id']}/replay")
                except Refused as refusal:
                    if "already_replayed" not in refusal.codes:
                        raise
                self.house.tend()
            replayed += len(held)
        self.verdict.figures["replayed"] = replayed
        self.acts = [{"act": "replay", "source": source, "id": number} for source, number in self.world.poison()]
        self.drain("after the replay")

    def held(self, key: str) -> list[Any]:
        asked = "/api/v1/quarantine?waiting=true&malformed=false&limit=200"
        found: list[Any] = self.line.insist(key, "GET", asked)["results"]
        return found

    def settle(self) -> None:
        """Wait until every effect and every delivery is settled, for as long as they get fewer."""
        waiting = (
            "SELECT (SELECT count(*) FROM funnel_effect WHERE state = 'waiting')"
            " + (SELECT count(*) FROM crm_webhookdelivery WHERE state = 'waiting')"
        )
        began = fewer_at = time.monotonic()
        fewest = self.house.ask_patiently(waiting)[0][0]
        while left := self.house.ask_patiently(waiting)[0][0]:
            if left < fewest:
                fewest, fewer_at = left, time.monotonic()
            elif time.monotonic() - fewer_at > self.course.patience_s:
                raise Undrained(f"{left} effects or deliveries wait, and get no fewer")
            self.house.tend_for(0.1)
        self.verdict.figures["seconds of settling"] = round(time.monotonic() - began, 1)

    # --- the verdict

    def judge(self) -> None:
        verdict = self.verdict
        if self.watcher:
            self.watcher.stop()
            verdict.figures["reports taken, refused"] = [len(self.watcher.reports), self.watcher.unsettled]
            verdict.differences += self.watcher.changed()
        stored = read_stored(self.house)
        self.house.stop_product()
        expected = judging.Expectation(self.world, [*self.ledger.done, *self.acts], stored)
        verdict.differences += judging.differences(expected, stored, self.ledger)
        if self.course.webhooks:
            verdict.differences += judging.differences_outside(expected, stored, self.receiver.receipts)
        if self.course.checks_rebuild:
            verdict.differences += self.rebuilt()
        verdict.differences += [f"{name} ended by itself" for name in self.house.strangers]
        self.note_figures(stored, expected)
        if verdict.differences:
            verdict.last_words = self.house.last_words()

    def rebuilt(self) -> list[str]:
        """What the product's own check says."""
        done = subprocess.run(
            [sys.executable, "manage.py", "rebuild", "--check", "--processes", "2"],
            env=self.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = (done.stdout + done.stderr).splitlines()
        return [f"rebuild: {line}" for line in lines[:10]] if done.returncode else []

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.house.environment, "POLKU_PROCESS": "command"}

    def note_figures(self, stored: Stored, expected: judging.Expectation) -> None:
        figures, ledger = self.verdict.figures, self.ledger
        held = [one for one in stored.quarantine if one.reason == judging.HELD]
        figures |= {
            "people": len(expected.people),
            "contacts": len(self.world.names),
            "events": len(stored.events),
            "sendings answered": ledger.answered,
            "answers": dict(ledger.by_status),
            "http": {str(status): number for status, number in sorted(ledger.statuses.items(), key=str)},
            "longest wait for an answer (s)": round(ledger.longest_wait, 1),
            "acts": dict(Counter(act["act"] for act in ledger.done)),
            "moves": sum(map(len, stored.moves.values())),
            "effects": dict(Counter(effect.state for effect in stored.effects.values())),
            "receipts": len(self.receiver.receipts),
            "poison": len(self.world.poison()),
            "held": len(held),
        }
        if fresh := stored.freshness:
            figures["freshness p50, p99 (s)"] = [round(fresh[int(len(fresh) * share)], 2) for share in (0.5, 0.99)]

    def clear_up(self) -> None:
        if self.harmer:
            self.harmer.end()
        if self.watcher:
            self.watcher.over.set()
        self.house.stop_product()
        self.house.bring_up("valkey")
        self.receiver.close()
