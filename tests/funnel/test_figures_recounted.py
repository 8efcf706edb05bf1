"""Every figure equals a plain recount of the transition table, whatever was rewritten, and stays once it was given."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import pytest

from funnel import metrics, reports
from funnel.models import Playbook, Stage, Transition
from funnel.pictures import Path, Picture, path_in
from staff.models import ApiKey
from staff.policy import Principal
from tests.funnel.rewritings import BEGINNING, END, World, all_rows

pytestmark = pytest.mark.django_db

PROGRAM = Principal(key=ApiKey(scopes=["figures:read"]))
SEEDS = range(12)
WINDOWS = [None, timedelta(days=1), timedelta(days=20), timedelta(days=90)]


@pytest.fixture(autouse=True)
def _path() -> None:
    keys = [("strangers", "stranger"), ("friends", "friend"), ("buyers", "customer"), ("fans", "customer")]
    stages = [Stage(key=key, phase=phase, order=place, label_en=key) for place, (key, phase) in enumerate(keys, 1)]
    Stage.objects.bulk_create(stages)
    document = {"stages": [{"key": key, "phase": phase} for key, phase in keys], "rules": [], "points": {}}
    Playbook.objects.create(number=1, name="None", document=document, published_at=BEGINNING, applied_at=BEGINNING)


def moments_of(world: World, count: int) -> Iterator[tuple[datetime, datetime]]:
    """Pairs of A and K: at stamps, beside them, and anywhere."""
    chance = Random(count)
    for _ in range(count):
        known_on = chance.choice(world.stamps) + timedelta(microseconds=chance.choice([-1, 0, 1]))
        as_of = chance.choice([known_on, BEGINNING + chance.random() * (known_on - BEGINNING)])
        yield as_of, known_on


def some_period(chance: Random, rows: list[metrics.Row]) -> tuple[datetime | None, datetime | None]:
    """Its edges are moments at which something happened."""
    first, last = sorted(chance.choice(rows).occurred_at for _ in range(2))
    return chance.choice([(None, None), (first, None), (None, last), (first, last)])


def recount_of_conversions(
    rows: list[metrics.Row], entries: reports.Entries, path: Path
) -> dict[Stage, dict[metrics.Group, metrics.Cohort]]:
    return {
        goal: metrics.conversions(
            rows,
            stage=entries.stage.pk,
            goal=goal.pk,
            order=path.order,
            first=entries.first,
            last=entries.last,
            window=entries.window,
        )
        for goal in path.stages[path.stages.index(entries.stage) + 1 :]
    }


def recount_of_lengths(
    rows: list[metrics.Row], first: datetime | None, last: datetime | None
) -> dict[tuple[int, bool, int | None], reports.Lengths]:
    ended = [stay for stay in metrics.stays(rows) if metrics.is_between(stay.ended_at, first, last)]
    keys = {(stay.stage, stay.group.is_visitor, stay.group.source) for stay in ended}
    found: dict[tuple[int, bool, int | None], reports.Lengths] = {}
    for key in keys:
        alike = [s for s in ended if (s.stage, s.group.is_visitor, s.group.source) == key]
        found[key] = reports.Lengths(len(alike), metrics.lengths_in_days(alike))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_where_everybody_stood_equals_a_recount(seed: int) -> None:
    world = World(seed)
    rows = all_rows()
    found = []
    for as_of, known_on in moments_of(world, 25):
        picture = Picture(as_of, known_on, END)
        found.append(reports.places(picture, PROGRAM))
        assert found[-1] == metrics.places(metrics.picture(rows, as_of=as_of, known_on=known_on))
    assert max(map(Counter.total, found)) > 5


@pytest.mark.parametrize("seed", SEEDS)
def test_who_went_on_equals_a_recount(seed: int) -> None:
    world, chance = World(seed), Random(seed)
    rows = all_rows()
    for as_of, known_on in moments_of(world, 25):
        picture = Picture(as_of, known_on, END)
        path = path_in(picture)
        first, last = some_period(chance, rows)
        entries = reports.Entries(chance.choice(path.stages[:-1]), first, last, chance.choice(WINDOWS))
        seen = metrics.picture(rows, as_of=as_of, known_on=known_on)
        assert reports.conversions(picture, PROGRAM, entries, path) == recount_of_conversions(seen, entries, path)


@pytest.mark.parametrize("seed", SEEDS)
def test_how_long_they_stayed_equals_a_recount(seed: int) -> None:
    world, chance = World(seed), Random(seed)
    rows = all_rows()
    for as_of, known_on in moments_of(world, 25):
        picture = Picture(as_of, known_on, END)
        first, last = some_period(chance, rows)
        found = reports.lengths_of_stay(picture, PROGRAM, first=first, last=last, by_source=True)
        seen = metrics.picture(rows, as_of=as_of, known_on=known_on)
        assert found == recount_of_lengths(seen, first, last)


@pytest.mark.parametrize("seed", SEEDS)
def test_live_figures_equal_a_recount_of_live_rows(seed: int) -> None:
    World(seed)
    picture = Picture(END, END, END, live=True)
    path = path_in(picture)
    live = [row for row in all_rows() if row.superseded_at is None]
    entries = reports.Entries(path.stages[1], BEGINNING + timedelta(days=40), None, timedelta(days=30))

    assert reports.conversions(picture, PROGRAM, entries, path) == recount_of_conversions(live, entries, path)
    assert reports.lengths_of_stay(picture, PROGRAM, by_source=True) == recount_of_lengths(live, None, None)


def test_an_answer_given_once_stays_whatever_is_learned_later() -> None:
    world = World(7, rewritings=20)
    pairs = list(moments_of(world, 10))

    def answers() -> list[object]:
        pictures = [Picture(as_of, known_on, END) for as_of, known_on in pairs]
        paths = [path_in(picture) for picture in pictures]
        return [
            (
                reports.places(picture, PROGRAM),
                reports.conversions(picture, PROGRAM, reports.Entries(path.stages[0]), path),
                reports.lengths_of_stay(picture, PROGRAM),
                path.order,
                path.version,
                path.being_applied,
            )
            for picture, path in zip(pictures, paths, strict=True)
        ]

    before, rows = answers(), Transition.objects.count()
    later = max(world.stamps)
    for place in range(1, 30):
        world.rewrite(world.chance.choice(list(world.groups)), later + timedelta(seconds=place))
    world.count()
    Stage.objects.filter(key="fans").update(order=0)
    Playbook.objects.create(
        number=2,
        name="Other order, from long ago",
        document={**Playbook.objects.get().document, "stages": [{"key": "fans", "phase": "customer"}]},
        since=BEGINNING,
        published_at=later + timedelta(minutes=1),
    )

    assert Transition.objects.count() > rows
    assert answers() == before
