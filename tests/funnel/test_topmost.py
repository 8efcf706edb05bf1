"""The highest and the latest are found without reading everybody, and they are those whom reading everybody finds."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import sampling
from contacts.models import Contact
from contacts.projecting import project
from contacts.sampling import Sample
from funnel import topmost
from funnel.models import Position, Stage
from funnel.topmost import Heights
from tests.callers import Caller, make_caller
from tests.funnel.worlds import install, person

pytestmark = pytest.mark.django_db
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def people() -> Iterator[list[Contact]]:
    install()
    topmost.remember(None)  # nothing of what another test saw
    chance = random.Random(11)
    stages = list(Stage.objects.values_list("pk", flat=True))[:2]
    people = [person(name=f"Anna {number}", country="FI" if number % 3 else "SE") for number in range(40)]
    project([one.pk for one in people])
    sampling.remember(Sample(people=1e9, size=1, words=["anna"]))  # everybody is found
    for one in people[:-2]:  # of the others nothing is known
        at = [BEGUN + timedelta(hours=chance.randint(0, 20)) for _each in range(2)]
        rank = chance.choice([-1e9, 700.25, 701.5, 702.0, 703.75])
        Position.objects.create(
            contact=one, stage_id=chance.choice(stages), entered_at=at[0], last_event_at=at[1], score_rank=rank
        )
    yield people
    topmost.remember(None)
    sampling.remember(None)


def pages(caller: Caller, address: str) -> tuple[list[list[int]], int]:
    """All pages forwards, the way back held to them; and how many of them were looked for from above."""
    forwards, quick = [], 0
    while True:
        with CaptureQueriesContext(connection) as asked:
            page = caller.get(address).json()
        forwards.append([row["id"] for row in page["results"]])
        quick += any("enable_seqscan" in query["sql"] for query in asked)
        address = page["next"]
        if not address:
            break
    for ids in reversed(forwards[:-1]):
        page = caller.get(page["previous"]).json()
        assert [row["id"] for row in page["results"]] == ids
    return forwards, quick


def test_they_are_those_whom_reading_everybody_finds_on_every_page(people):
    caller, plain = make_caller(), {}
    for order in ("score", "score&country=FI", "score&q=anna", "stage_entered_at&country=FI", "last_event_at"):
        address = f"/api/v1/contacts?limit=9&ordering=-{order}"
        plain[address], quick = pages(caller, address)
        assert (len(plain[address]), quick) == (3 if "FI" in order else 5, 0)
    known = {name: topmost.heights_of(name).numbers for name in topmost.COLUMNS}
    topmost.remember({name: Heights(30_000, [0.0] * (30_000 - len(of)) + list(of)) for name, of in known.items()})
    for address, expected in plain.items():
        found, quick = pages(caller, address)
        assert found == expected
        assert 1 <= quick < len(expected)  # at the end nobody stands high enough


def test_where_nobody_is_known_there_are_no_heights():
    topmost.remember(None)
    assert topmost.heights_of("score_rank") == Heights(1, [])


def test_a_height_is_told_by_the_people_of_a_sample_who_stand_above_it():
    heights = Heights(1_000, [0.0, 0.0, 5.0, 6.0, 7.0, 7.0, 8.0, 9.0, 9.5, 10.0])
    assert heights.reached(None, 150) == (9.0, 300.0)
    assert heights.reached(7.0, 150) == (0.0, 300.0)  # below it there are not so many
    assert heights.reached(8.0, 100) == (7.0, 200.0)
    assert Heights(1, []).reached(None, 10) == (0.0, 11.0)
