"""G11: a file of people comes in, beside the least loop that writes the same, in turn; and a million rows once."""

import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import house
from benchmarks.goals import PAIRS, Bench, Row, compared

HEADER = ["email", "name", "phone", "country", "company"]
FIRST = ["Anna", "Matti", "Ville", "Jukka", "Päivi", "Liisa", "Oskar", "Sean", "Åke", "Zoë"]
LAST = ["Virtanen", "Korhonen", "Mäkinen", "Nieminen", "Smith", "Müller", "García", "Novák", "Sørensen", "Lee"]
BESIDE = {"limit": "a loop that writes as much", "table": "COPY and upsert of one table"}
COMPANIES = ["Virta Oy", "Korho Ky", "Smith Ltd", "Müller GmbH", "Laine & Pojat"]
PLAIN_UPSERT = 116_000  # rows a second into one table, on the machine the limits of time were set on (105 to 127)
TABLES = """
DROP TABLE IF EXISTS bench_row, bench_identity, bench_told, bench_mark, bench_person;
CREATE TABLE bench_row (id bigserial PRIMARY KEY, email text NOT NULL, name text, phone text, country text,
                        company text);
CREATE UNIQUE INDEX bench_row_email ON bench_row (lower(email));
CREATE TABLE bench_person (id bigserial PRIMARY KEY, name text, phone text, country text, company text,
                           search tsvector NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON bench_person (lower(name), id);
CREATE INDEX ON bench_person (created_at, id);
CREATE INDEX ON bench_person USING gin (search);
CREATE TABLE bench_identity (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE,
                             person_id bigint NOT NULL REFERENCES bench_person);
CREATE TABLE bench_told (id bigserial PRIMARY KEY, key uuid NOT NULL UNIQUE, person_id bigint NOT NULL,
                         occurred_at timestamptz NOT NULL, properties jsonb NOT NULL);
CREATE INDEX ON bench_told (person_id, occurred_at);
CREATE TABLE bench_mark (id bigserial PRIMARY KEY, person_id bigint NOT NULL, told_id bigint NOT NULL);
CREATE INDEX ON bench_mark (person_id)
"""


def imports(bench: Bench, state: Path, rows: int) -> Iterator[Row]:
    """Rows a second of `rows` new people, five times each in turn; then ten times as many, with seconds and memory.

    Twice: beside the loop that writes the same (people with their search words, addresses, what was told, marks), and
    beside one that upserts a single table.
    """
    bench.run(TABLES)
    speeds: dict[str, list[float]] = {"limit": [], "table": [], "product": []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(PAIRS):
            for what, its in speeds.items():
                done = _run(bench, state, Path(folder), what, rows, f"{what}{turn}")
                its.append(done["rows"] / done["seconds"])
        for what, beside in BESIDE.items():
            yield {
                "goal": "G11",
                "workload": f"{rows:,} rows of new people: checks, history, search, report; beside {beside}",
                **compared(speeds[what], speeds["product"], 0.45),
                "unit": "rows/s",
            }
        done = _run(bench, state, Path(folder), "product", 10 * rows, "million")
        yield {
            "goal": "G11",
            "workload": f"{10 * rows:,} rows, once",
            "limit": {"seconds": 25 * 10 * rows / 1_000_000, "more_memory_mib": 64},
            "product": {"seconds": round(done["seconds"], 1), "more_memory_mib": done["more_memory_mib"]},
            "pace": round(statistics.median(speeds["table"]) / PLAIN_UPSERT, 2),
            "unit": "s, MiB",
        }
    bench.wait_until_folded()


def _run(bench: Bench, state: Path, folder: Path, what: str, rows: int, name: str) -> Row:
    bench.number += 1
    path, source = folder / "people.csv", f"bench-{name}-{bench.number}"
    _write(path, rows, source)
    command = [sys.executable, "-m", "benchmarks.import_run", what, str(path), source]
    environment = house.environment(state) | {"DJANGO_SETTINGS_MODULE": "crm.settings"}
    if what != "product":
        environment["DATABASE_URL"] = bench.owner_url
    pipes = {"cwd": house.ROOT, "env": environment, "stdout": subprocess.PIPE}
    with house.stopped_workers(bench.runner):  # what is to be folded of it waits
        process = subprocess.Popen(command, text=True, **pipes)  # type: ignore[call-overload]
        most = _most_memory(process)
    found: Row = json.loads(process.communicate()[0])
    return found | {"more_memory_mib": round(most - found["memory_before_mib"], 1)}


def _most_memory(process: "subprocess.Popen[str]") -> float:
    """The most MiB that the process and its children had together, looked at three times a second, until it ends."""
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(house.proportional_memory(process.pid).values()))
        time.sleep(0.3)
    return most


def _write(path: Path, rows: int, batch: str) -> None:
    chance = random.Random(batch)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for number in range(rows):
            name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
            out.writerow([f"{batch}.{number}@example.com", name, f"+35840{number:07}", "FI", chance.choice(COMPANIES)])
    os.sync()
