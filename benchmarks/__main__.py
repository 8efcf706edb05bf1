"""`make bench`: one run in which the product and its limits are measured in turn. Prints a JSON line a figure and
writes docs/performance.md.

    python -m benchmarks --contacts 1000000 --events 10000000 --state var/bench
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks import backtests, boards, dashboard, goals, house, imports, limits, lists, rooms
from benchmarks.goals import Bench, Row
from benchmarks.page import keep, write_page
from crm.starting import read_environment

SMALL = 0.1  # of the usual number of events, with --short


def main() -> None:
    options = parse()
    os.environ["POLKU_STATE"] = str(options.state)
    house.prepare(options.state, options.contacts, options.events)
    rows: list[Row] = []
    with house.running(options.state) as runner:
        bench = prepared(options.state, runner)
        about = facts(bench, options.state)
        say(rows, about)
        scale = SMALL if options.short else 1
        measures: dict[str, Callable[[], Iterable[Row]]] = {
            "G1": lambda: [goals.advance(bench, int(100_000 * scale))],
            "G2": lambda: goals.intake(bench, 1),
            "G3": lambda: goals.intake(bench, 100),
            "G4": lambda: [
                goals.freshness(bench, 1000, 30 * scale),
                goals.backlog(bench, int(1_000_000 * scale)),
            ],
            "G8": lambda: boards.boards(bench),
            "G9": lambda: dashboard.looks(bench),
            "G10": lambda: [boards.moves(bench)],
            "G5": lambda: lists.as_json(bench),
            "G6": lambda: lists.as_pages(bench, options.state),
            "G7": lambda: [lists.statements(options.state)],
            "rooms": lambda: rooms.rooms(bench, options.state),
            "G11": lambda: imports.imports(bench, options.state, int(100_000 * scale)),
            "G15": lambda: [goals.tasks(bench, int(100_000 * scale))],
            "G14": lambda: [goals.memory(bench)],
            "backtest": lambda: backtests.backtests(bench, options.state),
            "disk": lambda: [goals.disk(bench)],
        }
        for name in options.only or measures:
            for row in measures[name]():
                say(rows, row)
    if not options.short:
        every = keep(about, rows[1:], options.state)
        if not options.no_page:
            write_page(about, every, options.smaller)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--state", type=_folder, default=house.ROOT / "var" / "bench")
    names = [*(f"G{number}" for number in (*range(1, 12), 14, 15)), "rooms", "backtest", "disk"]
    parser.add_argument("--only", nargs="+", choices=names)
    parser.add_argument("--short", action="store_true", help="a tenth of the events; nothing is kept")
    parser.add_argument("--no-page", action="store_true", help="keep the figures, for a page that shows them --smaller")
    parser.add_argument("--smaller", type=_folder, nargs="+", default=[], help="states of worlds measured before")
    return parser.parse_args()


def _folder(text: str) -> Path:
    return Path(text).absolute()


def prepared(state: Path, runner: int) -> Bench:
    """A key for the shop, and the tables of the limits."""
    scopes = "events:write,events:read,contacts:read,figures:read"
    made = json.loads(
        house.manage(state, "create_key", "--source", "shop", "--trust", "trusted", "--scopes", scopes, "--json")
    )
    bench = Bench(read_environment(state / "environment")["DATABASE_OWNER_URL"], made["key"], runner)
    bench.run(limits.TABLES)
    bench.run("VACUUM ANALYZE")
    return bench


def facts(bench: Bench, state: Path) -> Row:
    """What the figures were measured on."""
    seconds = state / "world_seconds.json"
    return {
        "goal": "machine",
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "postgresql": bench.one("SHOW server_version"),
        "versions": {name: version(name) for name in ("django", "celery", "psycopg2-binary", "granian")},
        "contacts": bench.one("SELECT count(*) FROM contacts_contact"),
        "events": bench.one("SELECT count(*) FROM contacts_event"),
        "transitions": bench.one("SELECT count(*) FROM funnel_transition"),
        "world_made_in_seconds": json.loads(seconds.read_text()) if seconds.exists() else None,
        "fdatasync_ms": fdatasync_ms(state),
    }


def fdatasync_ms(state: Path) -> float:
    """The median time of making 8 KiB durable where the database lives."""
    took = []
    path = state / "fdatasync.probe"
    with path.open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(b"\0" * 8192)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    path.unlink()
    return round(1000 * sorted(took)[25], 2)


def say(rows: list[Row], row: Row) -> None:
    rows.append(row)
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
