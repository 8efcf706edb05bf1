"""A backtest of the whole log beside its limit: the same pieces read by two processes, and a bare loop over them."""

import json
import multiprocessing
import statistics
import struct
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import psycopg2

from benchmarks import house
from benchmarks.goals import Bench, Row
from benchmarks.house import URL

PROCESSES: Final = 2
PIECE: Final = 4000
PAIRS: Final = 3
GOAL: Final = 0.25  # of a loop that folds nothing; the fold runs twice
_ROW: Final = struct.Struct(">2x4xq4xq4xh4x16s4xh4xh4xq")
_HEAD, _TAIL = 19, 2
_READ: Final = """
    COPY (SELECT contact_id, occurred_at, rank, key, type_id, source_id, id FROM contacts_event
           WHERE contact_id BETWEEN {0} AND {1} AND retracted_at IS NULL
           ORDER BY contact_id, occurred_at, rank, key) TO STDOUT (FORMAT binary)
"""


def backtests(bench: Bench, state: Path) -> Iterator[Row]:
    key = json.loads(
        house.manage(
            state, "create_key", "--source", "shop", "--trust", "trusted", "--json",
            "--scopes", "playbooks:read,playbooks:write",
        )
    )["key"]  # fmt: skip
    events = bench.one("SELECT count(*) FROM contacts_event WHERE retracted_at IS NULL")
    draft = _draft(key)
    for name, begin in (
        ("a draft, as it is and with it: two folds of the whole log", partial(_backtest, key, draft)),
        ("the proof: one fold, each move compared with the stored one", partial(_proof, key)),
    ):
        limits, products, last = [], [], {}
        for _pair in range(PAIRS):
            limits.append(events / _bare(bench))
            bench.wait_until_folded()
            last = begin()
            products.append(last["events"] / last["seconds"])
        limit, product = statistics.median(limits), statistics.median(products)
        yield {
            "goal": "backtest",
            "workload": f"{name}; {events:,} events, {bench.contacts:,} contacts, {PROCESSES} processes",
            "limit": round(limit),
            "product": round(product),
            "ratio": round(product / limit, 3),
            "goal_ratio": GOAL,
            "first_landing": GOAL / 2,
            "unit": "events/s",
            "seconds": round(events / product, 1),
            "found": last["found"],
        }


def _draft(key: str) -> int:
    """The rules in force, with one page view where it took three."""
    newest = _ask(key, "GET", "/playbooks")["results"][0]["number"]
    document = _ask(key, "GET", f"/playbooks/{newest}")["document"]
    for rule in document["rules"]:
        if rule["on"] == ["page_viewed"]:
            rule["when"][0]["at_least"] = 1
    return int(_ask(key, "POST", "/playbooks/drafts", {"name": "Bench", "document": document})["id"])


def _backtest(key: str, draft: int) -> Row:
    done = _finished(key, _ask(key, "POST", f"/playbooks/drafts/{draft}/backtests", {})["id"])
    return done | {"found": {"elsewhere": done["figures"]["elsewhere"], "people": done["figures"]["people"]}}


def _proof(key: str) -> Row:
    done = _finished(key, _ask(key, "POST", "/playbooks/proofs", {})["id"])
    return done | {"found": {name: done["figures"][name] for name in ("people", "moves", "differences")}}


def _finished(key: str, number: int) -> Row:
    began = time.perf_counter()
    while (one := _ask(key, "GET", f"/playbooks/backtests/{number}"))["state"] == "running":
        time.sleep(0.1)
    if one["state"] != "done":
        raise RuntimeError(one["failure"])
    return dict(one) | {"seconds": time.perf_counter() - began}


def _ask(key: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None and method == "GET" else json.dumps(body or {}).encode()
    with urlopen(Request(f"{URL}/api/v1{path}", data, headers, method=method)) as answer:
        return json.load(answer)


# --- The limit --------------------------------------------------------------------------------------------------------


def _bare(bench: Bench) -> float:
    """Seconds to read everything in pieces, two processes at once, and go through it doing nothing."""
    pieces = [(first, first + PIECE - 1) for first in range(1, bench.contacts + 1, PIECE)]
    work = partial(_read, bench.owner_url)
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        pool.map(work, [[]] * PROCESSES)  # both stand ready, as workers do
        began = time.perf_counter()
        read = sum(pool.map(work, [pieces[number::PROCESSES] for number in range(PROCESSES)]))
        took = time.perf_counter() - began
    assert read
    return took


def _read(url: str, pieces: list[tuple[int, int]]) -> int:
    connection, seen, last = psycopg2.connect(url), 0, -1
    with connection.cursor() as cursor:
        for first, until in pieces:
            parts = _Parts()
            cursor.copy_expert(_READ.format(first, until), parts)
            for contact, _at, _rank, _key, _type, _source, _id in _ROW.iter_unpack(
                memoryview(b"".join(parts.all))[_HEAD:-_TAIL]
            ):
                if contact != last:
                    last = contact
                seen += 1
    connection.close()
    return seen


class _Parts:
    def __init__(self) -> None:
        self.all: list[bytes] = []
        self.write = self.all.append
