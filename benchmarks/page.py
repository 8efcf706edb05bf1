"""docs/performance.md, written by the run that measured."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.goals import PLAIN_LOOP, PLAIN_PAGE_MS
from benchmarks.house import ROOT
from benchmarks.imports import PLAIN_UPSERT

Row = dict[str, Any]

HEAD = """# Performance

Written by `make bench` on {day}. Only ratios taken side by side in one run mean something: the machine is shared and
its speed drifts. Each limit is the least code that does the same durable work (`benchmarks/limits.py`), measured in
turn with the product, five pairs each; figures are medians.

Limits of time are those of a machine on which a plain Django page of fifty people took {plain_page_ms} ms, the loop of
G1 {plain_loop:,} events a second, and COPY and upsert of one table {plain_upsert:,} rows a second. `pace` is how this
machine did the same meanwhile: at 0.5 it took twice as long.
Where a figure misses its limit but would keep to it at the pace of that machine, the last column says both.

{processors} processors, Python {python}, PostgreSQL {postgresql}; {versions}.
{contacts} contacts and {events} events in the log when each was measured{made}.
Making 8 KiB durable takes {fdatasync_ms} ms.

| goal | workload | limit | product | ratio | goal | first landing | pace | |
|---|---|---|---|---|---|---|---|---|
"""
SMALLER = """
## With fewer people

What a world of so many people answered (medians: ms, statements, moves a second), measured likewise.

| goal | workload | {sizes} |
|---|---|{rules}|
"""
BY_SIZE: Final = ("G5", "G6", "G7", "G8", "G9", "G10")
SIZES: Final = ("contacts", "events")
ORDER: Final = [*(f"G{number}" for number in range(1, 16)), "rooms", "backtest", "disk"]
# What stands in the way where a figure misses its goal.
IN_THE_WAY = {
    "G1": "More than half of the time is Python: the fold, its memory, the rows it writes; the rest is PostgreSQL, "
    "which finds, locks and writes a position, a mark and perhaps transitions for nearly every event; a tenth of that "
    "is what campaigns are credited with. The limit keeps one small table and reckons nothing.",
    "G2": "Where the workers fold meanwhile, they do so on the same two processors, which the plain view does not ask "
    "for; the rest is authentication, strict JSON, identities and marks.",
    "G3": "As G2. Two thirds of what an event costs are PostgreSQL's: a row of fifteen columns in five indexes and a "
    "mark in two, where the plain view's table has three indexes and no marks; folding it takes about as much again. "
    "COPY into a staging table in place of one jsonb parameter is the stretch.",
    "G4": "A batch in hand is folded and made durable before the next is looked for, and intake, folding and the load "
    "share two processors.",
    "G8": "A card tells company, cause, owner, task and what is left to fold: rows of six other tables, where the "
    "plain view reads two, some 18 pages of the cache a card; they take two thirds of the time, each by an index.",
    "G9": "The figures are one statement of a few milliseconds, planned once a connection; a year reads some five "
    "thousand rows of the roll-up. The page adds the session, who is signed in, the newest moves with their reasons "
    "and the work of today, each a statement. An answer of the roll-ups that is the one of an earlier look is not read "
    "again, and parts whose figures are those are not drawn again. Of some people (a source, a campaign, some hands, "
    "or all three) the roll-up keeps days and weeks; who of them stands still or cools soon is counted person by "
    "person, to a thousand.",
    "G10": "A move is two statements: who it is and where they stand, and an insert as the plain view's with its mark. "
    "Then it is folded at once on the same two processors: a transition, a position, roll-ups.",
    "G5": "Authentication, the door of the API and the encoding of fifty whole people take what is left of the time; "
    "with a search the rest are the rows of some thousands of people, read to be sorted or walked past, or the entries "
    "of two indexes that are laid over each other.",
    "G6": "Three statements and what Django makes of them, the cells of fifty rows, and a fifth for what stands around "
    "every page; what never changes is drawn once. With a search the search is added, as in G5.",
    "G7": "Each statement is there for a reason said in crm/desk/people/listing.py.",
    "G11": "Both processors are at work: two processes write, each by its connection, in the order of the file. More "
    "than half is PostgreSQL's: a row goes into four tables with some twenty indexes; the words it is found by are a "
    "quarter of that, the ten orders and filters of the list another. The rest is Python: reading, checks, deciding "
    "against what is known, search words, the event with its key and digest; no step of it is more than a tenth of a "
    "row. To upsert one small table is a quarter of the loop that writes as much.",
    "rooms": "Most of the time is Python: session, account and rail, then the lines of the page, then what Django "
    "makes of each statement. Statements are few and by indexes; the page of a company asks nine, for what its people "
    "did stands with each of them, and draws up to sixty of them with their events; that of a campaign adds up what is "
    "credited to it day by day. How soon we answer is counted by a worker; who waits is counted to a thousand at each "
    "look, by an index.",
    "backtest": "The limit reads the log and folds nothing; the backtest reads what its rules ask for, folds it twice, "
    "which is about half of the time, counts what differs and lists who does. "
    "A small log is over before the second process has begun.",
    "G14": "The worker imports the web's packages too; importing less is possible.",
    "G15": "Each process sends at most ten nudges a second, however many calls it answers.",
}


def keep(about: Row, rows: list[Row], state: Path) -> list[Row]:
    """All figures of this world: these and, of the goals this run left out, those kept of earlier runs.

    Each is kept with the day and the size of the world it was measured in, for the loads of a run stay in it.
    """
    kept = state / "figures.json"
    circumstances = {"day": _today()} | {name: about[name] for name in SIZES}
    measured = [row | circumstances for row in rows]
    names = {row["goal"] for row in measured}
    every = [row for row in _kept(state) if row["goal"] not in names] + measured
    every.sort(key=lambda row: ORDER.index(row["goal"]))
    kept.write_text(json.dumps(every))
    return every


def write_page(about: Row, every: list[Row], smaller: Sequence[Path]) -> None:
    """The page of a world; beside its answers those of smaller worlds, whose states these are.

    A line of another day says so.
    """
    today = _today()
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    paces = {"plain_page_ms": PLAIN_PAGE_MS, "plain_loop": PLAIN_LOOP, "plain_upsert": PLAIN_UPSERT}
    seconds = about["world_made_in_seconds"]
    made = f"; the world was made in {seconds} s" if seconds else ""
    sizes = {name: _between([row[name] for row in every]) for name in SIZES}
    text = HEAD.format(**(about | sizes | {"day": today, "versions": versions, "made": made} | paces))
    text += "".join(_line(row, today) for row in every)
    if smaller:
        text += _by_size({_size(state): _kept(state) for state in smaller} | {about["contacts"]: every})
    missed = [row for row in every if not _reached(row, 1)]
    if missed:
        text += "\n## What stands in the way\n\n"
        text += "".join(f"- **{name}**: {IN_THE_WAY[name]}\n" for name in dict.fromkeys(row["goal"] for row in missed))
    (ROOT / "docs" / "performance.md").write_text(text)


def _between(counts: list[int]) -> str:
    least, most = min(counts), max(counts)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _kept(state: Path) -> list[Row]:
    kept = state / "figures.json"
    return json.loads(kept.read_text()) if kept.exists() else []


def _size(state: Path) -> int:
    return int(json.loads((state / "world.json").read_text())["contacts"])


def _by_size(worlds: dict[int, list[Row]]) -> str:
    sizes = sorted(worlds)
    text = SMALLER.format(sizes=" | ".join(f"{size:,} people" for size in sizes), rules="|".join(["---"] * len(sizes)))
    for goal in BY_SIZE:
        alike = zip(*([row for row in worlds[size] if row["goal"] == goal] for size in sizes), strict=True)
        for rows in alike:
            figures = " | ".join(_main_figure(row["product"]) for row in rows)
            text += f"| {goal} | {rows[-1]['workload']} | {figures} |\n"
    return text


def _main_figure(product: Any) -> str:
    return _figures(next(iter(product.values())) if isinstance(product, dict) else product)


def _line(row: Row, today: str) -> str:
    goal, landing = ("", "") if "ratio" not in row else (f"≥ {row['goal_ratio']}", f"≥ {row['first_landing']}")
    ratio = row.get("ratio", "")
    cells = [
        row["goal"],
        row["workload"] if row["day"] == today else f"{row['workload']} ({row['day']})",
        _figures(row.get("limit", "")),
        _figures(row["product"]),
        ratio,
        goal,
        landing,
        row.get("pace", ""),
    ]
    return "| " + " | ".join(str(cell) for cell in [*cells, _verdict(row) if "limit" in row else ""]) + " |\n"


def _verdict(row: Row) -> str:
    said, at_pace = (_landed(row, pace) for pace in (1.0, min(1.0, row.get("pace", 1.0))))
    return said if said == at_pace else f"{said}; {at_pace} at its pace"


def _landed(row: Row, pace: float) -> str:
    return "goal" if _reached(row, 1, pace) else "first landing" if _reached(row, 2, pace) else "missed"


def _figures(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _reached(row: Row, leeway: int, pace: float = 1.0) -> bool:
    """Whether the goal is met (leeway 1) or half of it (leeway 2: half the ratio, twice the time) at this pace."""
    if "ratio" in row:
        return bool(row["ratio"] >= row["goal_ratio"] / leeway)
    took: Row = row.get("product", {})
    paced = {name: its * pace for name, its in took.items() if name == "seconds" or name.endswith("_ms")}
    return all((took | paced)[name] <= most * leeway for name, most in row.get("limit", {}).items())
