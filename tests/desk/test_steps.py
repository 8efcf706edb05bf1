"""When the path is said to leak, and how its headline speaks. Pure."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from django.utils import translation

from crm.desk.path.ribbon import HEIGHT, WIDEST, WIDTH, Ribbon
from crm.desk.path.showing import Shown
from crm.desk.path.wishes import Wish
from funnel.metrics import Cohort
from funnel.models import Phase, Stage
from funnel.pictures import Path
from funnel.walks import Step, Trend, Walk

NOTHING = Cohort(0, 0)


def step(phase: str = Phase.FRIEND, **fields: Any) -> Step:
    stage = Stage(key=phase, phase=phase, label_en=phase.title(), label_fi=phase.title())
    known: dict[str, Any] = dict.fromkeys(("place", "count", "came", "came_before"), 0)
    known |= {"place": 1, "onward": NOTHING, "onward_before": NOTHING, "median_days": None}
    return Step(stage=stage, **known | fields)


def walk_of(*steps: Step) -> Walk:
    today = date(2026, 11, 19)
    return Walk(
        path=Path(tuple(step.stage for step in steps), 1, ()),
        stages=[step.stage for step in steps],
        days=30,
        window=30,
        until=today,
        cohort=(today, today),
        steps=steps,
        flows=(),
        trend=Trend((), weekly=False, now={}, before={}),
        plan_month=today.replace(day=1),
        month={},
        people=1,
        visitors=0,
        visitors_came=0,
        visitors_came_before=0,
        closed=0,
        health={},
        health_change={},
    )


@pytest.mark.parametrize(
    ("now", "before", "missing", "leaks"),
    [
        (Cohort(100, 40), Cohort(100, 50), 10, True),
        (Cohort(100, 41), Cohort(100, 50), 9, False),  # too few people
        (Cohort(1000, 430), Cohort(100, 50), 70, False),  # 14 per cent of the 500 to be expected
        (Cohort(1000, 425), Cohort(100, 50), 75, True),  # 15 per cent of them
        (Cohort(100, 60), Cohort(100, 50), -10, False),
        (Cohort(100, 0), NOTHING, 0, False),  # there is nothing to compare with
        (NOTHING, Cohort(100, 50), 0, False),
    ],
)
def test_a_leak_is_ten_people_and_15_per_cent_of_those_to_be_expected(now, before, missing, leaks):
    one = step(onward=now, onward_before=before)

    assert (one.missing, one.leaks()) == (missing, leaks)


@pytest.mark.parametrize(
    ("came", "before", "english", "finnish"),
    [
        (1, 0, "1 person became a customer, 1 more than before.", "1 henkilöstä tuli asiakas, 1 enemmän kuin ennen."),
        (
            31,
            29,
            "31 people became customers, 2 more than before.",
            "31 henkilöstä tuli asiakas, 2 enemmän kuin ennen.",
        ),
        (3, 8, "3 people became customers, 5 fewer than before.", "3 henkilöstä tuli asiakas, 5 vähemmän kuin ennen."),
        (0, 0, "0 people became customers, as many as before.", "0 henkilöstä tuli asiakas, yhtä moni kuin ennen."),
    ],
)
def test_the_headline_counts_those_who_became_customers(came, before, english, finnish):
    walk = walk_of(step(came=99), step(Phase.CUSTOMER, came=came, came_before=before), step(Phase.CUSTOMER, came=7))
    shown = Shown(walk, Wish())

    with translation.override("en"):
        assert shown.headline == english
    with translation.override("fi"):
        assert shown.headline == finnish


def test_a_rate_without_people_is_none_and_changes_nothing():
    assert (step().rate, step().change, step(onward=Cohort(4, 1)).rate) == (None, None, 25.0)
    assert step(onward=Cohort(4, 1), onward_before=Cohort(2, 1)).change == -25.0


def test_the_leak_stands_before_the_stage_that_missed_people():
    first, second = replace(step(), is_leak=True), replace(step(), place=2)

    assert (walk_of(first, second).leak, walk_of(first, second).after_leak) == (first, second)
    assert (walk_of(second).leak, walk_of(second).after_leak) == (None, None)


def numbers(path: str) -> list[float]:
    return [float(word.lstrip("MCLHV")) for word in path.replace("C", " ").replace("L", " ").rstrip("Z").split()]


def test_the_ribbon_is_widest_where_most_came_and_never_vanishes():
    ribbon = Ribbon.drawn([400, 100, 0], [400, 100, 0])

    heights = [float(line.split()[1].split("C")[0]) for line in ribbon.before]
    assert heights == [HEIGHT / 2 - WIDEST, HEIGHT / 2 + WIDEST]
    assert ribbon.before[0].endswith(f"{ribbon.stops[2]:.1f} {HEIGHT / 2 - 1.5:.1f}")


def test_the_ribbon_stays_within_its_box_whatever_the_figures():
    for counts in ([0, 0, 0, 0, 0, 0], [1], [10**9, 1, 10**9, 0, 5, 7], list(range(12))):
        ribbon = Ribbon.drawn(counts, counts[::-1])
        along, across = numbers(ribbon.body)[::2], numbers(ribbon.body)[1::2]

        assert min(along) >= 0
        assert max(along) <= WIDTH + 7
        assert min(across) >= 0
        assert max(across) <= HEIGHT
        assert len(ribbon.stops) == len(ribbon.down_stops) == len(counts)


def test_what_leaks_leaves_the_ribbon_and_ends_below_the_next_stop():
    for leak in (1, 2, 5):
        ribbon = Ribbon.drawn([400, 100, 50, 9, 9, 9], [400, 100, 50, 9, 9, 9], leak=leak)
        along, across = numbers(ribbon.strand)[::2], numbers(ribbon.strand)[1::2]

        assert ribbon.stops[leak - 1] < min(along) < max(along) < ribbon.stops[leak]
        assert max(across) > HEIGHT / 2 + 24
        assert ribbon.note_at == 2 * leak
    assert Ribbon.drawn([1, 1], [1, 1]).strand == ""


def test_the_ribbon_has_stops_at_even_distances_from_left_to_right():
    stops = Ribbon.drawn([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]).stops

    assert [round(after - before) for before, after in pairwise(stops)] == [191] * 5
