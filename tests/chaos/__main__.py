"""python -m tests.chaos: the whole thing; --gate: the sabotaged builds, each of which must be caught."""

import argparse
import sys
import time

from tests.chaos.house import House
from tests.chaos.running import Course, Verdict, run
from tests.chaos.scenarios import SCENARIOS, SHORT, TRAPS, course
from tests.chaos.world import Shape

SHOWN = 25
STORMS = 3  # what goes wrong only where two folds meet may pass a storm by


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hangs", type=int, default=0, help="poison on which the fold never ends")
    parser.add_argument("--pace", type=float, help="messages a second, at most")
    parser.add_argument("--short", action="store_true", help="the storm of every test run")
    parser.add_argument("--gate", action="store_true", help="every scenario, honest, then with each sabotage")
    parser.add_argument("--sabotage", choices=TRAPS, help="the scenario of this one alone, sabotaged")
    parser.add_argument("--scenario", choices=SCENARIOS, help="this one alone, honest")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs and the database")
    options = parser.parse_args()
    is_small = bool(options.gate or options.sabotage or options.scenario)
    house = House(durable=not is_small)
    began = time.monotonic()
    try:
        house.open()
        done = small_ones(house, options) if is_small else whole(house, options)
    finally:
        house.close(keep=options.keep)
    say(f"{time.monotonic() - began:.0f} s in all" + (f"; kept in {house.folder}" if options.keep else ""))
    return 0 if done else 1


def whole(house: House, options: argparse.Namespace) -> bool:
    storm = (
        SHORT if options.short else Course(Shape(options.events, options.seed, hangs=options.hangs), pace=options.pace)
    )
    say(f"chaos: {storm.shape.events:,} events, seed {storm.shape.seed}")
    verdict = run(house, storm, say)
    report(verdict)
    return verdict.is_good


def small_ones(house: House, options: argparse.Namespace) -> bool:
    """Whether the honest build passes, and every sabotage is caught."""
    if options.sabotage:
        return is_caught(house, options.sabotage, options.seed)
    done = True
    for scenario in [options.scenario] if options.scenario else SCENARIOS:
        done = passes(house, scenario, options.seed) and done
        if options.gate:
            for sabotage in [name for name, trap in TRAPS.items() if trap.scenario == scenario]:
                done = any(is_caught(house, sabotage, options.seed + storm) for storm in range(STORMS)) and done
    return done


def passes(house: House, scenario: str, seed: int) -> bool:
    began = time.monotonic()
    verdict = tried(house, scenario, seed)
    starting = verdict.figures["seconds of starting"]
    said = "passed" if verdict.is_good else "FAILED"
    say(f"{scenario:12} honest: {said} ({time.monotonic() - began:.0f} s, of which {starting} to start)")
    if not verdict.is_good:
        report(verdict)
    return verdict.is_good


def is_caught(house: House, sabotage: str, seed: int) -> bool:
    began, trap = time.monotonic(), TRAPS[sabotage]
    verdict = tried(house, trap.scenario, seed, sabotage)
    shown = [difference for difference in verdict.differences if trap.shows in difference]
    told = f"caught, {len(verdict.differences)} differences" if shown else "NOT CAUGHT"
    say(f"{trap.scenario:12} {sabotage}: {told} ({time.monotonic() - began:.0f} s)")
    for difference in (shown or verdict.differences)[:1]:
        say(f"             {difference[:300]}")
    return bool(shown)


def tried(house: House, scenario: str, seed: int, sabotage: str | None = None) -> Verdict:
    house.fresh_database(f"chaos_{sabotage or scenario.replace(' ', '_')}")
    return run(house, course(scenario, seed, sabotage))


def say(words: str) -> None:
    print(words, flush=True)  # noqa: T201


def report(verdict: Verdict) -> None:
    for name, figure in verdict.figures.items():
        say(f"  {name}: {figure}")
    for harm, number in sorted(verdict.harms.items()):
        say(f"  {harm}: {number} times")
    say(f"{len(verdict.differences)} differences")
    for difference in verdict.differences[:SHOWN]:
        say(f"  {difference}")
    if verdict.last_words:
        say(verdict.last_words)


if __name__ == "__main__":
    sys.exit(main())
