"""What is done to the product's processes, and when: the same for the same seed."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from tests.chaos.house import WORKERS, House

# what is killed, and how often in comparison
HARMS = {
    "a worker's pool process": 4,
    "a worker": 3,
    "a web worker": 2,
    "the web server": 2,
    "beat": 1,
    "valkey": 2,
    "valkey and its disk": 1,
    "postgres": 2,
    "postgres (immediate stop)": 2,
    "a backend of postgres": 2,
    "a pause of a worker's pool process": 2,
}
FLUSH = "FLUSHALL"


def planned(seed: int, harms: dict[str, int], every_s: tuple[float, float]) -> Iterator[tuple[float, str]]:
    """Harms without end, each with its second."""
    random, at = Random(f"plan {seed}"), 0.0
    names, weights = list(harms), list(harms.values())
    while True:
        at += random.uniform(*every_s)
        yield at, random.choices(names, weights)[0]


def flushes(seed: int, every_s: float) -> Iterator[tuple[float, str]]:
    random, at = Random(f"flush {seed}"), 0.0
    while True:
        at += random.uniform(0.6, 1.4) * every_s
        yield at, FLUSH


class Harmer:
    def __init__(self, house: House, seed: int, plans: list[Iterator[tuple[float, str]]]) -> None:
        self.house = house
        self.random = Random(f"harmer {seed}")
        self.plans = plans
        self.next = [next(plan) for plan in plans]
        self.began = time.monotonic()
        self.done: Counter[str] = Counter()
        self.paused: dict[int, float] = {}  # processes, and when they go on

    def step(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        for place, (at, harm) in enumerate(self.next):
            if now - self.began >= at:
                self.next[place] = next(self.plans[place])
                if self._do(harm):
                    self.done[harm] += 1
        self._wake(now)

    def end(self) -> None:
        self._wake(float("inf"))

    def _wake(self, now: float) -> None:
        for pid in [pid for pid, until in self.paused.items() if until <= now]:
            del self.paused[pid]
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue

    def _do(self, harm: str) -> bool:
        house, worker = self.house, self.random.choice(WORKERS)
        ways: dict[str, Callable[[], object]] = {
            "a worker's pool process": lambda: house.kill_offspring(worker),
            "a worker": lambda: house.kill(worker),
            "a web worker": lambda: house.kill_offspring("web"),
            "the web server": lambda: house.kill("web"),
            "beat": lambda: house.kill("beat"),
            "valkey": lambda: house.kill("valkey"),
            "valkey and its disk": house.wipe_valkey,
            "postgres": lambda: house.kill("postgres"),
            "postgres (immediate stop)": house.crash_postgres,
            "a backend of postgres": house.kill_backend,
            "a pause of a worker's pool process": lambda: self._pause(worker),
            FLUSH: house.flush_valkey,
        }
        return bool(ways[harm]())

    def _pause(self, worker: str) -> bool:
        pid = self.house.kill_offspring(worker, signal.SIGSTOP)
        if pid:
            self.paused[pid] = time.monotonic() + self.random.uniform(1, 4)
        return pid is not None
