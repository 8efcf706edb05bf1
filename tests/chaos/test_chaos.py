"""The short form of `make chaos`: the whole product, killed over and over, and what must be left of it all.

Here one storm and the quickest of the sabotages; `make chaos-gate` tries them all.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.changes import CHANGES, SABOTAGES, SLOW_INTAKE, swapped
from tests.chaos.house import ROOT, House
from tests.chaos.plans import HARMS, flushes, planned
from tests.chaos.running import run
from tests.chaos.scenarios import SCENARIOS, SHORT, TRAPS, course
from tests.chaos.world import Shape, make_world

QUICKEST = ["unique_mark"]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    house = House(durable=False)
    try:
        house.open()
        yield house
    finally:
        house.close()


@pytest.mark.server
@pytest.mark.long
def test_nothing_is_lost_doubled_or_wrong_when_everything_is_killed_over_and_over() -> None:
    house = House()
    try:
        house.open()
        verdict = run(house, SHORT)
    finally:
        house.close()

    assert verdict.differences == [], str(verdict)
    assert verdict.harms.total() >= 8


@pytest.mark.server
@pytest.mark.long
@pytest.mark.parametrize("sabotage", QUICKEST)
def test_a_sabotaged_build_is_caught_where_the_honest_one_passes(house: House, sabotage: str) -> None:
    trap = TRAPS[sabotage]
    verdicts = []
    for number, tampered in enumerate([None, sabotage]):
        house.fresh_database(f"{sabotage}_{number}")
        verdicts.append(run(house, course(trap.scenario, 1, tampered)))

    honest, sabotaged = verdicts
    assert honest.differences == [], honest
    assert [difference for difference in sabotaged.differences if trap.shows in difference], sabotaged


def test_there_is_a_trap_for_every_sabotage() -> None:
    assert sorted(TRAPS) == sorted(change.name for change in SABOTAGES)
    assert {trap.scenario for trap in TRAPS.values()} == set(SCENARIOS)


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_still_fits_the_text_of_the_product(name: str) -> None:
    before = SLOW_INTAKE.swaps if name == "unique_mark" else {}
    for module, swaps in CHANGES[name].swaps.items():
        path = Path(ROOT, *module.split(".")).with_suffix(".py")
        before_it = path.read_text()
        text = swapped(before_it, [*before.get(module, ()), *swaps], module)

        assert text != before_it
        assert compile(text, path, "exec").co_filename == str(path)


def test_a_seed_says_all_of_a_run() -> None:
    one, again, other = (make_world(Shape(300, seed), start=10**15) for seed in (1, 1, 2))
    plans = [[next(plan) for _ in range(20)] for plan in (planned(1, HARMS, (2, 5)), planned(1, HARMS, (2, 5)))]
    flushings = [[next(plan) for _ in range(20)] for plan in (flushes(1, 5), flushes(1, 5))]

    assert (one.sendings, one.conflicts, one.acts) == (again.sendings, again.conflicts, again.acts)
    assert one.sendings != other.sendings
    assert plans[0] == plans[1]
    assert flushings[0] == flushings[1]
