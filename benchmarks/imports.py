"""G11: a file of people comes in, beside the smallest honest loop, in turn; and a million rows once."""

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import house
from benchmarks.goals import PAIRS, Bench, Row, compared

HEADER = ["email", "name", "phone", "country", "company"]
FIRST = ["Anna", "Matti", "Ville", "Jukka", "Päivi", "Liisa", "Oskar", "Sean", "Åke", "Zoë"]
LAST = ["Virtanen", "Korhonen", "Mäkinen", "Nieminen", "Smith", "Müller", "García", "Novák", "Sørensen", "Lee"]
COMPANIES = ["Virta Oy", "Korho Ky", "Smith Ltd", "Müller GmbH", "Laine & Pojat"]
TABLE = """
DROP TABLE IF EXISTS bench_person;
CREATE TABLE bench_person (id bigserial PRIMARY KEY, email text NOT NULL, name text, phone text, country text,
                           company text);
CREATE UNIQUE INDEX bench_person_email ON bench_person (lower(email))
"""


def imports(bench: Bench, state: Path, rows: int) -> Iterator[Row]:
    """Rows a second of `rows` new people, five pairs; then ten times as many, with the seconds and the memory."""
    bench.run(TABLE)
    limits: list[float] = []
    products: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(PAIRS):
            for what, speeds in (("limit", limits), ("product", products)):
                done = _run(bench, state, Path(folder), what, rows, f"{what}{pair}")
                speeds.append(done["rows"] / done["seconds"])
        yield {
            "goal": "G11",
            "workload": f"{rows:,} rows of new people: checks, history, search, report; beside COPY and upsert",
            **compared(limits, products, 0.45),
            "unit": "rows/s",
        }
        done = _run(bench, state, Path(folder), "product", 10 * rows, "million")
        yield {
            "goal": "G11",
            "workload": f"{10 * rows:,} rows, once",
            "limit": {"seconds": 25 * 10 * rows / 1_000_000, "more_memory_mib": 64},
            "product": {"seconds": round(done["seconds"], 1), "more_memory_mib": done["more_memory_mib"]},
            "unit": "s, MiB",
        }
    bench.wait_until_folded()


def _run(bench: Bench, state: Path, folder: Path, what: str, rows: int, name: str) -> Row:
    bench.number += 1
    path, source = folder / "people.csv", f"bench-{name}-{bench.number}"
    _write(path, rows, source)
    command = [sys.executable, "-m", "benchmarks.import_run", what, str(path), source]
    environment = house.environment(state) | {"DJANGO_SETTINGS_MODULE": "crm.settings"}
    if what == "limit":
        environment["DATABASE_URL"] = bench.owner_url
    pipes = {"cwd": house.ROOT, "env": environment, "stdout": subprocess.PIPE}
    with house.stopped_workers(bench.runner):  # what is to be folded of it waits
        done = subprocess.run(command, check=True, text=True, **pipes)  # type: ignore[call-overload]
    found: Row = json.loads(done.stdout)
    return found


def _write(path: Path, rows: int, batch: str) -> None:
    chance = random.Random(batch)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for number in range(rows):
            name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
            out.writerow([f"{batch}.{number}@example.com", name, f"+35840{number:07}", "FI", chance.choice(COMPANIES)])
    os.sync()
