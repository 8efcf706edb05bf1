"""python -m tests.chaos: the whole thing, or one sabotage, or all of them."""

import argparse
import sys
import time

from tests.chaos.house import House
from tests.chaos.running import Course, Verdict, run
from tests.chaos.world import Shape

SHOWN = 25


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, help="messages a second, at most")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs and the database")
    options = parser.parse_args()
    say(f"chaos: {options.events:,} events, seed {options.seed}")
    house = House()
    began = time.monotonic()
    try:
        house.open()
        verdict = run(house, Course(Shape(options.events, options.seed), pace=options.pace), say)
    finally:
        house.close(keep=options.keep)
    report(verdict)
    say(f"{time.monotonic() - began:.0f} s in all; logs in {house.folder}" if options.keep else "")
    return 0 if verdict.is_good else 1


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
