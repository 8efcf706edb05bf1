"""G8, the board, and G10, moves by API: each beside the least code that does the same, in turn."""

import statistics
from typing import Any

import msgspec

from benchmarks import load
from benchmarks.goals import CLIENTS, LIMIT_URL, PAIRS, SECONDS, Bench, Pace, Row, compared, serving_limit
from benchmarks.house import URL

LANES = 6
CARDS, MANY_CARDS = 20, 67  # of each lane: a board as it opens, and 402 of them
LOOKS = 400
STAGES = ("lead", "customer")  # whom the moves take to and fro


def boards(bench: Bench) -> list[Row]:
    """G8: one client reads the board of everybody."""
    with serving_limit(bench):
        return [_read(bench, CARDS, goal_ms=4.0), _read(bench, MANY_CARDS, goal_ms=10.0)]


def _read(bench: Bench, cards: int, goal_ms: float) -> Row:
    limits, products, pace = [], [], Pace()
    for _ in range(PAIRS):
        pace.look()
        limits.append(_looked(f"{LIMIT_URL}/board", f"?cards={cards}", {}))
        products.append(_looked(f"{URL}/api/v1/board", f"?limit={cards}", bench.headers()))
    product = statistics.median(one.p50_ms for one in products)
    return {
        "goal": "G8",
        "workload": f"a board of {LANES} x {cards} cards as JSON, 1 client",
        "limit": {"p50_ms": goal_ms},
        "product": {
            "p50_ms": product,
            "p99_ms": statistics.median(one.p99_ms for one in products),
            "plain_view_p50_ms": statistics.median(one.p50_ms for one in limits),
        },
        "unit": "ms",
        "pace": pace.figure,
        "failed": sum(one.failed for one in [*limits, *products]),
    }


def _looked(url: str, query: str, headers: dict[str, str]) -> load.Load:
    requests = [load.request(url, b"", headers, method="GET", query=query)] * LOOKS
    return load.run(url, requests, clients=1, seconds=SECONDS)


def moves(bench: Bench) -> Row:
    """G10: people are moved from a stage to the next and, in the next pair, back; workers folding meanwhile."""
    count = int(SECONDS * 4000)
    limits, products, alone = [], [], []
    with serving_limit(bench):
        for pair in range(PAIRS):
            said = bench.requests(f"{LIMIT_URL}/events", int(SECONDS * 6000), 1)
            limits.append(load.run(LIMIT_URL, said, clients=CLIENTS, seconds=SECONDS))
            decided = _decisions(bench, pair, count + LOOKS)
            products.append(load.run(URL, decided[LOOKS:], clients=CLIENTS, seconds=SECONDS))
            bench.wait_until_folded()
            alone.append(load.run(URL, decided[:LOOKS], clients=1, seconds=SECONDS))
            bench.wait_until_folded()
    return {
        "goal": "G10",
        "workload": f"a move a call, {CLIENTS} clients; workers folding meanwhile",
        **compared([one.per_second for one in limits], [one.per_second for one in products], 0.62),
        "unit": "moves/s",
        "product_p50_ms": statistics.median(one.p50_ms for one in products),
        "product_p99_ms": statistics.median(one.p99_ms for one in products),
        "one_client_p50_ms": statistics.median(one.p50_ms for one in alone),
        "failed": sum(one.failed for one in [*limits, *products, *alone]),
    }


def _decisions(bench: Bench, pair: int, count: int) -> list[bytes]:
    """Moves of as many people out of the fuller of the two stages, each once."""
    found: list[Any] = bench.rows(
        "SELECT s.key, array(SELECT contact_id FROM funnel_position p WHERE p.stage_id = s.id AND NOT p.is_visitor"
        " AND p.standing <> 3 ORDER BY p.entered_at LIMIT %s)"
        " FROM funnel_stage s WHERE s.key = ANY(%s)",
        [count, list(STAGES)],
    )
    here, people = max(found, key=lambda one: len(one[1]))
    there = next(stage for stage in STAGES if stage != here)
    body = msgspec.json.encode({"stage": there, "from": here, "reason": f"Pair {pair}"})
    headers = {"Content-Type": "application/json", **bench.headers()}
    return [load.request(f"{URL}/api/v1/contacts/{one}/move", body, headers) for one in people]
