"""The goals that are measured: each beside its limit, in turn, at least five times, in one run."""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec
import psycopg2

from benchmarks import house, load
from benchmarks.house import ROOT, URL

PAIRS = 5
CLIENTS = 8
SECONDS = 4.0  # of each half of a pair
PAGE_LOOKS = 40
PLAIN_PAGE_MS = 4.4  # a page of fifty people through a template, on the machine the limits of time were set on
PLAIN_LOOP = 94_000  # events a second of the ordered-lock loop in two processes, there
LIMIT_PORT = house.PORT + 1
LIMIT_URL = f"http://127.0.0.1:{LIMIT_PORT}"
# What real traffic is made of; a quarter of it moves somebody.
MIX = ("page_viewed",) * 62 + ("email_opened",) * 12 + ("email_clicked",) * 6 + ("ad_clicked",) * 6 + (
    "content_downloaded",) * 4 + ("form_submitted",) * 3 + ("order_completed",) * 7  # fmt: skip
TARGETS = {"email_clicked": 2, "ad_clicked": 2, "content_downloaded": 3, "form_submitted": 3, "order_completed": 4}

Row = dict[str, Any]


class Bench:
    """The world under measurement: its database, a key, and numbers that never come twice."""

    def __init__(self, owner_url: str, api_key: str, runner: int) -> None:
        self.connection = psycopg2.connect(owner_url)
        self.connection.autocommit = True
        self.owner_url, self.api_key, self.runner = owner_url, api_key, runner
        self.number = int(time.time()) * 10_000_000
        self.contacts: int = self.one("SELECT max(id) FROM contacts_contact")

    def one(self, query: str, parameters: Any = None) -> Any:
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchone()[0]

    def rows(self, query: str, parameters: Any = None) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall())

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    def run(self, query: str, parameters: Any = None) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters)

    def message(self) -> Row:
        self.number += 1
        return {
            "message_id": f"bench-{self.number}",
            "type": MIX[self.number % len(MIX)],
            "occurred_at": datetime.now(UTC).isoformat(),
            "contact": {"id": 1 + self.number * 7919 % self.contacts},
            "properties": {"path": f"/page/{self.number % 1000}", "title": "A page"},
        }

    def requests(self, url: str, count: int, size: int) -> list[bytes]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.api_key}"}
        bodies = ([self.message() for _ in range(size)] for _ in range(count))
        return [load.request(url, msgspec.json.encode(some if size > 1 else some[0]), headers) for some in bodies]

    def pending(self) -> int:
        return int(self.one("SELECT count(*) FROM contacts_pending"))

    def wait_until_folded(self) -> None:
        while self.one("SELECT EXISTS (SELECT 1 FROM contacts_pending)"):
            time.sleep(0.05)  # to look is not free: it passes the dead marks


class Pace:
    """How fast this machine is meanwhile beside the one the limits of time were set on, by the plain page of both."""

    def __init__(self) -> None:
        self.took: list[float] = []

    def look(self) -> None:
        request = load.request(f"{LIMIT_URL}/page", b"", {}, method="GET", query="?rows=50")
        self.took.append(load.run(LIMIT_URL, [request] * PAGE_LOOKS, clients=1, seconds=SECONDS).p50_ms)

    @property
    def figure(self) -> float:
        return round(PLAIN_PAGE_MS / statistics.median(self.took), 2)


def intake(bench: Bench, size: int) -> list[Row]:
    """G2 (one event a call) and G3 (a hundred): events a second beside the plain view, which has nothing to fold.

    Twice: with the workers folding meanwhile, as they do in life, and with the workers stopped for as long.
    """
    count = int(SECONDS * (6000 if size == 1 else 1500))
    limits: list[load.Load] = []
    folding: list[load.Load] = []
    idle: list[load.Load] = []
    with serving_limit(bench):
        for _ in range(PAIRS):
            limits.append(_loaded(f"{LIMIT_URL}/events", bench.requests(f"{LIMIT_URL}/events", count, size)))
            requests = [bench.requests(f"{URL}/api/v1/events", count, size) for _ in range(2)]
            folding.append(_loaded(f"{URL}/api/v1/events", requests[0]))
            bench.wait_until_folded()
            with house.stopped_workers(bench.runner):
                idle.append(_loaded(f"{URL}/api/v1/events", requests[1]))
            bench.wait_until_folded()
    return [
        _intake_row(size, "workers folding meanwhile", limits, folding),
        _intake_row(size, "workers idle", limits, idle),
    ]


def _intake_row(size: int, how: str, limits: list[load.Load], products: list[load.Load]) -> Row:
    goal, name = (0.80, "G2") if size == 1 else (0.85, "G3")
    return {
        "goal": name,
        "workload": f"{size} event{'s' * (size > 1)} a call, {CLIENTS} clients; {how}",
        **compared([one.per_second * size for one in limits], [one.per_second * size for one in products], goal),
        "unit": "events/s",
        "product_p50_ms": statistics.median(one.p50_ms for one in products),
        "product_p99_ms": statistics.median(one.p99_ms for one in products),
        "limit_p50_ms": statistics.median(one.p50_ms for one in limits),
        "failed": sum(one.failed for one in [*limits, *products]),
    }


def advance(bench: Bench, events: int) -> Row:
    """G1: marks worked off by the product's two Celery processes, beside an SQL loop in two processes."""
    limits, products = [], []
    for _ in range(PAIRS):
        limits.append(events / _limit_drained(bench, events))
        products.append(events / _product_drained(bench, events))
    deadlocks = bench.one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return {
        "goal": "G1",
        "workload": f"{events} events of {bench.contacts} contacts, 2 workers, real rules and tables",
        **compared(limits, products, 0.65),
        "unit": "events/s",
        "deadlocks": deadlocks,
    }


_ADD = """
    WITH drawn AS (
        SELECT n, 1 + floor(random() * %(contacts)s)::bigint AS contact, (%(mix)s::text[])[1 + n %% %(kinds)s] AS key
          FROM generate_series(%(first)s, %(first)s + %(events)s - 1) n),
    added AS (
        INSERT INTO contacts_event (contact_id, occurred_at, recorded_at, value_minor, type_id, source_id, rank, key,
               digest, currency, message_id, properties)
        SELECT contact, clock_timestamp(), clock_timestamp(), CASE WHEN t.key = 'order_completed' THEN 4900 END, t.id,
               s.id, t.rank, md5('bench' || n)::uuid, n, CASE WHEN t.key = 'order_completed' THEN 'EUR' END,
               'bench-' || n, jsonb_build_object('order_id', 'b' || n)
          FROM drawn JOIN contacts_eventtype t ON t.key = drawn.key JOIN contacts_source s ON s.key = 'shop'
        RETURNING id, contact_id, type_id)
"""
_MARKED = _ADD + "INSERT INTO contacts_pending (contact_id, event_id, reason) SELECT contact_id, id, 0 FROM added"
_QUEUED = (
    _ADD
    + """
    INSERT INTO bench_queue (contact_id, event_id, target)
    SELECT contact_id, added.id, (%(targets)s::jsonb ->> t.key)::smallint
      FROM added JOIN contacts_eventtype t ON t.id = added.type_id
"""
)


def _add(bench: Bench, query: str, events: int) -> None:
    first = bench.number + 1
    bench.number += events
    bench.run(
        query,
        {
            "contacts": bench.contacts, "mix": list(MIX), "kinds": len(MIX), "first": first, "events": events,
            "targets": msgspec.json.encode(TARGETS).decode(),
        },
    )  # fmt: skip


def _limit_drained(bench: Bench, events: int) -> float:
    _add(bench, _QUEUED, events)
    bench.run("ANALYZE bench_queue")
    command = [sys.executable, "-c", "from benchmarks.limits import drain_queue; drain_queue(5000)"]
    environment = {**os.environ, "BENCH_DATABASE_URL": bench.owner_url}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    loops = [subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for loop in loops:
        assert loop.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for loop in loops:
        loop.stdin.write("go\n")
        loop.stdin.flush()
    for loop in loops:
        assert loop.wait() == 0
    return time.perf_counter() - began


def _product_drained(bench: Bench, events: int) -> float:
    _add(bench, _MARKED, events)
    began = time.perf_counter()
    _nudge(bench)
    bench.wait_until_folded()
    return time.perf_counter() - began


def _nudge(bench: Bench) -> None:
    """One event by the door: its commit tells the workers that there is work."""
    connection = load.Connection(URL)
    [request] = bench.requests(f"{URL}/api/v1/events", 1, 1)
    assert connection.exchange(request) == 200


def freshness(bench: Bench, rate: int, seconds: float) -> Row:
    """G4: from the moment a request should have been sent (open loop) until the stage of its contact is stored."""
    took: list[float] = []
    sender = threading.Thread(target=_send_at, args=(bench, rate, seconds, took))
    sender.start()
    sender.join()
    took.sort()
    return {
        "goal": "G4",
        "workload": f"{rate} events/s for {seconds:.0f} s in calls of {BURST}; probes: a new lead each",
        "limit": {"p50_ms": 100, "p99_ms": 500},
        "product": {
            "p50_ms": round(1000 * took[len(took) // 2], 1),
            "p99_ms": round(1000 * took[int(len(took) * 0.99)], 1),
            "probes": len(took),
        },
        "unit": "ms",
    }


BURST = 20


def _send_at(bench: Bench, rate: int, seconds: float, took: list[float]) -> None:
    """Calls at a constant rate; one event in each makes a lead of somebody new, and is waited for by a watcher."""
    sent: dict[str, float] = {}
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(bench.owner_url, sent, took, done))
    watcher.start()
    connections = [load.Connection(URL) for _ in range(4)]
    calls = int(rate / BURST * seconds)
    prepared = []
    for _ in range(calls):
        some = [bench.message() for _ in range(BURST)]
        probe = f"probe-{bench.number}@bench.example"
        some[0] |= {"type": "form_submitted", "contact": {"email": probe}}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bench.api_key}"}
        prepared.append((probe, load.request(f"{URL}/api/v1/events", msgspec.json.encode(some), headers)))
        for message in some:
            message["occurred_at"] = None
    start = time.perf_counter() + 0.2

    def client(lane: int) -> None:
        for number in range(lane, calls, len(connections)):
            due = start + number * BURST / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            probe, request = prepared[number]
            sent[probe] = due
            connections[lane].exchange(request)

    clients = [threading.Thread(target=client, args=(lane,)) for lane in range(len(connections))]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    until = time.monotonic() + 30
    while sent and time.monotonic() < until:
        time.sleep(0.05)
    done.set()
    watcher.join()


def _watch(url: str, sent: dict[str, float], took: list[float], done: threading.Event) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        while not done.is_set():
            waiting = list(sent)
            cursor.execute(
                "SELECT i.value FROM contacts_identity i JOIN funnel_position p ON p.contact_id = i.contact_id"
                " WHERE i.kind = 'email' AND i.namespace = '' AND i.value = ANY(%s) AND i.unlinked_at IS NULL"
                " AND p.stage_id IS NOT NULL",
                [waiting],
            )
            now = time.perf_counter()
            took += [now - sent.pop(value) for (value,) in cursor.fetchall() if value in sent]
            time.sleep(0.004)


def backlog(bench: Bench, events: int) -> Row:
    """G4, second half: how long a large backlog takes, and how long the loop of G1 takes over as many."""
    loop_s, seconds = _limit_drained(bench, events), _product_drained(bench, events)
    return {
        "goal": "G4",
        "workload": f"a backlog of {events} events",
        "limit": {"seconds": round(20 * events / 1_000_000, 1)},
        "product": {"seconds": round(seconds, 1), "the_loop_seconds": round(loop_s, 1)},
        "unit": "s",
        "pace": round(events / loop_s / PLAIN_LOOP, 2),
    }


def tasks(bench: Bench, events: int) -> Row:
    """G15: Celery tasks that a hundred thousand events cost, sent in calls of a hundred."""
    before = _tasks_done(bench)
    requests = bench.requests(f"{URL}/api/v1/events", events // 100, 100)
    load.run(URL, requests, clients=CLIENTS, seconds=600)
    bench.wait_until_folded()
    stage_tasks = _tasks_done(bench) - before
    return {
        "goal": "G15",
        "workload": f"{events} events in calls of 100",
        "limit": {"tasks": round(events / 1000)},
        "product": {"tasks": stage_tasks},
        "unit": "tasks funnel.tasks.advance_pending",
    }


def _tasks_done(bench: Bench) -> int:
    environment = house.environment(Path(os.environ["POLKU_STATE"]))
    script = (
        "from crm.celery import app; s = app.control.inspect(timeout=5).stats() or {};"
        "print(sum(one['total'].get('funnel.tasks.advance_pending', 0) for one in s.values()))"
    )
    command = [sys.executable, "-c", script]
    return int(subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout)


def memory(bench: Bench) -> Row:
    """G14: the web server (2 workers) and the Celery worker (2 processes) after all of the above."""
    parts = house.proportional_memory(bench.runner)
    ours = {name: parts.get(name, 0.0) for name in ("crm.serving", "crm.working", "crm.ticking")}
    return {
        "goal": "G14",
        "workload": "web (2) + Celery (2) after the load; PSS",
        "limit": {"mib": 300},
        "product": {"mib": round(ours["crm.serving"] + ours["crm.working"], 1), "beat": ours["crm.ticking"]},
        "unit": "MiB",
    }


def disk(bench: Bench) -> Row:
    events, total, heap = bench.one("SELECT count(*) FROM contacts_event"), 0, 0
    total = bench.one("SELECT pg_total_relation_size('contacts_event')")
    heap = bench.one("SELECT pg_relation_size('contacts_event')")
    return {
        "goal": "disk",
        "workload": f"{events} events with their indexes",
        "product": {"bytes_per_event": round(total / events, 1), "of_these_heap": round(heap / events, 1)},
        "unit": "bytes",
    }


def compared(limits: list[float], products: list[float], goal: float) -> Row:
    """Medians, and the ratio pair by pair."""
    ratios = [product / limit for limit, product in zip(limits, products, strict=True)]
    return {
        "limit": round(statistics.median(limits)),
        "product": round(statistics.median(products)),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "goal_ratio": goal,
        "first_landing": goal / 2,
    }


def _loaded(url: str, requests: list[bytes]) -> load.Load:
    return load.run(url, requests, clients=CLIENTS, seconds=SECONDS)


@contextmanager
def serving_limit(bench: Bench) -> Iterator[None]:
    """The plain view on the same kind of server with as many workers and threads."""
    threads = str(2 * (os.cpu_count() or 1) + 1)
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(LIMIT_PORT), "--workers", "2",
        "--blocking-threads", threads, "--no-ws", "--log-level", "error", "benchmarks.limits:application",
    ]  # fmt: skip
    environment = {**os.environ, "BENCH_SERVE": "1", "BENCH_DATABASE_URL": bench.owner_url}
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _await(lambda: urlopen(f"{LIMIT_URL}/nothing", timeout=1))
        yield
    finally:
        server.terminate()
        server.wait(timeout=30)


def _await(call: Callable[[], Any]) -> None:
    for _ in range(200):
        try:
            call()
        except OSError as error:
            if getattr(error, "code", 0) == 404:
                return
        time.sleep(0.05)
    raise SystemExit("The plain view did not start.")
