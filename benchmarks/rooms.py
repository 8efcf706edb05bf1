"""The pages of issue 4 as HTML, for one member of staff who is signed in: each beside a plain page of as many rows."""

import statistics
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import load
from benchmarks.furnishing import furnish
from benchmarks.goals import LIMIT_URL, PAIRS, Bench, Pace, Row, serving_limit
from benchmarks.house import URL
from benchmarks.lists import KEY, PAGES, next_page, said, statements_at

LOOKS: Final = 60
FIRST: Final = 10  # of these only warm up
SECONDS: Final = 1.5  # at most, of each half of a pair
GOAL_MS: Final = 8.0


class Room(NamedTuple):
    """A page: its address, where `{}` stands for what the query finds, and about how many rows it shows."""

    address: str
    rows: int
    what: str = ""
    query: str = ""


_BIG: Final = "SELECT company_id FROM contacts_membership GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
_USUAL: Final = "SELECT company_id FROM contacts_membership GROUP BY 1 HAVING count(*) = 4 ORDER BY 1 LIMIT 1"
ROOMS: Final = (
    Room("/today", 60),
    Room("/inbox", 50),
    Room("/inbox/answers", 50),
    Room("/tasks", 60),
    Room("/tasks?whose=all", 300, "of all"),
    Room("/companies", 50),
    Room("/companies?q=nor", 50, "a search"),
    Room("/companies?ordering=-people", 50, "by people"),
    Room("/companies", 50, f"{PAGES} pages deep"),
    Room("/companies/{}", 100, "a company of 2,500", _BIG),
    Room("/companies/{}", 20, "a company of 4", _USUAL),
    Room("/campaigns", 50),
    Room("/campaigns/{}", 120, "one of them", "SELECT id FROM campaigns_campaign WHERE key = 'instagram-always'"),
    Room("/campaigns/compared", 50),
    Room("/strategy", 50),
    Room("/playbooks", 20),
    Room("/playbooks/versions/1", 20, "a version"),
    Room("/intake", 40),
    Room("/intake/live", 25),
    Room("/intake/claims", 50),
    Room("/intake/quarantine", 50),
    Room("/intake/types", 50),
    Room("/intake/webhooks", 5),
    Room("/intake/webhooks/{}", 50, "the log of one", "SELECT min(id) FROM crm_webhookendpoint"),
    Room("/forms", 12),
    Room("/forms/{}", 50, "one of them", "SELECT min(id) FROM campaigns_form"),
    Room("/imports", 50),
    Room("/imports/{}", 20, "one of them", "SELECT min(id) FROM contacts_import"),
)


def rooms(bench: Bench, state: Path) -> list[Row]:
    furnish(bench)
    headers = {"Cookie": f"polku_session={said(state, KEY)}"}
    addresses = [_address(bench, room, headers) for room in ROOMS]
    counts = statements_at(state, addresses, times=3)
    with serving_limit(bench):
        return [
            _looked_at(bench, room, address, count, headers)
            for room, address, count in zip(ROOMS, addresses, counts, strict=True)
        ]


def _address(bench: Bench, room: Room, headers: dict[str, str]) -> str:
    address = room.address.format(bench.one(room.query) if room.query else "")
    for _page in range(PAGES if room.what.endswith("deep") else 0):
        address = next_page(address, headers)
    return address


def _looked_at(bench: Bench, room: Room, address: str, statements: int, headers: dict[str, str]) -> Row:
    limits, products, pace = [], [], Pace()
    for _ in range(PAIRS):
        pace.look()
        limits.append(_look(f"{LIMIT_URL}/page?rows={room.rows}", {}))
        products.append(_look(f"{URL}{address}", headers))
    name = room.address.format("…").partition("?")[0]
    return {
        "goal": "rooms",
        "workload": f"{name}, {room.what}" if room.what else name,
        "limit": {"p50_ms": GOAL_MS},
        "product": {
            "p50_ms": statistics.median(one.p50_ms for one in products),
            "p99_ms": statistics.median(one.p99_ms for one in products),
            "plain_view_p50_ms": statistics.median(one.p50_ms for one in limits),
            "statements": statements,
        },
        "unit": "ms",
        "pace": pace.figure,
        "failed": sum(one.failed for one in [*limits, *products]),
    }


def _look(url: str, headers: dict[str, str]) -> load.Load:
    address, _, query = url.partition("?")
    request = load.request(address, b"", headers, method="GET", query=f"?{query}" if query else "")
    load.run(url, [request] * FIRST, clients=1, seconds=SECONDS)
    return load.run(url, [request] * LOOKS, clients=1, seconds=SECONDS)
