"""However a search is read - few are found and sorted, or the order of a list is walked - it tells the same people."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from contacts import sampling
from contacts.models import Contact
from contacts.ordering import ORDERINGS, in_order
from contacts.projecting import project
from contacts.sampling import Sample, are_few, divided
from tests.callers import make_caller
from tests.factories import make_contact

pytestmark = pytest.mark.django_db
NAMES = ("Anna", "Annika", "Mari", "Marko", "Korhonen", "Virtanen", "Virta")
SEARCHES = ("ann", "mar kor", "virta mari ann", "korhonen", "z", "358", "example.com", "...")
COMMON = Sample(people=1e9, size=1, words=sorted(["ann", "mar", "kor", "virta", "korhonen", "z", "358", "example"]))
RARE = Sample(people=10, size=1000, words=[])


@pytest.fixture(autouse=True)
def _taken_anew():
    yield
    sampling.remember(None)


def pages(words: str, ordering: str, taken: Sample) -> list[int]:
    """All who are found; the first of them by the quick way, where there is one."""
    sampling.remember(taken)
    rows, orderings, quick = in_order(Contact.objects.listed(), ordering, words)
    way = "-" if ordering.startswith("-") else ""

    def placed(some: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        return some.order_by(*(way + column for column in orderings[ordering.removeprefix("-")]))

    every = [row["id"] for row in placed(rows)]
    first = (quick(placed, None, 5) if quick else None) or ()
    return [*(row["id"] for row in first), *every[len(first) :]]


def test_both_ways_tell_the_same_people_in_every_order():
    chance = random.Random(7)
    for number in range(60):
        name = " ".join(chance.sample(NAMES, k=chance.randint(1, 3)))
        contact = make_contact(name=name, email=f"a{number}@example.com", phones=[f"+35840{1000000 + number}"])
        project([contact.pk])
    for words in SEARCHES:
        for ordering in (*ORDERINGS, *(f"-{name}" for name in ORDERINGS)):
            assert pages(words, ordering, COMMON) == pages(words, ordering, RARE), (words, ordering)
            found = set(Contact.objects.listed().mentioning(words).values_list("pk", flat=True))
            assert set(pages(words, ordering, RARE)) == found


def test_the_newest_are_looked_at_first_and_the_pages_are_the_same():
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number // 2) for number in range(48)]
    for number, at in enumerate(moments):
        named = "Mari" if number < 30 or number % 8 == 0 else "Anna"  # of the newest, few are found
        project([make_contact(name=named, created_at=at).pk])
    near = Sample(people=1e6, size=1000, words=["mar"] * 5, known_since=moments[::-1])

    def walked(taken: Sample) -> tuple[list[int], int]:
        sampling.remember(taken)
        caller, address, ids, statements = make_caller(), "/api/v1/contacts?q=mar&limit=3", [], 0
        while address:
            with CaptureQueriesContext(connection) as asked:
                page = caller.get(address).json()
            ids += [row["id"] for row in page["results"]]
            statements += sum("@@" in query["sql"] for query in asked)
            address = page["next"]
        return ids, statements

    ids, statements = walked(RARE)
    assert (len(ids), statements) == (32, 11)
    assert walked(near)[0] == ids
    assert statements < walked(near)[1] < 2 * statements  # some pages are found near, others are not


def test_a_walk_is_given_up_where_those_who_are_meant_stand_at_its_end():
    for number in range(40):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        project([make_contact(name="Mari" if number < 5 else "Anna", created_at=at).pk])

    def asked(words: str, taken: Sample) -> tuple[list[str], int]:
        sampling.remember(taken)
        with CaptureQueriesContext(connection) as seen:
            found = make_caller().get(f"/api/v1/contacts?q={words}&limit=3").json()["results"]
        return [row["name"] for row in found], sum("@@" in query["sql"] for query in seen)

    assert asked("anna", COMMON) == asked("anna", RARE) == (["Anna"] * 3, 1)
    assert asked("mar", COMMON) == (["Mari"] * 3, 2)  # the sample says that everybody is meant
    assert asked("mar", RARE) == (["Mari"] * 3, 1)


def test_a_word_that_is_much_more_common_than_another_is_only_checked():
    sampling.remember(Sample(people=1e6, size=100, words=sorted(["kor"] + ["mar"] * 8 + ["vir"] * 7)))
    assert divided(["'mar':*", "'kor':*", "'vir':*"]) == (["'kor':*", "'vir':*"], ["'mar':*"])


@pytest.mark.parametrize(("of_thousand", "few"), [(0, True), (7, True), (8, False), (500, False)])
def test_a_million_is_walked_where_more_than_seven_in_a_thousand_are_found(of_thousand, few):
    sampling.remember(Sample(people=1e6, size=1000, words=["mar"] * of_thousand))
    assert are_few(["'mar':*"]) is few


def test_the_sample_is_of_the_people_who_are_listed():
    contact = make_contact(name="Äiti Öhman", email="aiti@example.com")
    project([contact.pk])
    sampling.remember(None)
    taken = sampling.sample()
    assert (taken.size, taken.share("'oh':*"), taken.share("'anna':*"), list(taken.known_since)) == (1, 1.0, 0.0, [])
