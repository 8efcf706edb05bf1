import base64
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.models import EventType
from rest.pages import Cursor, first_page, page
from rest.problems import Problem
from tests.callers import make_caller

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.addresses")]


@pytest.fixture
def caller():
    EventType.objects.all().delete()
    EventType.objects.bulk_create([EventType(key=f"type{n}", rank=n % 3) for n in range(10)])
    return make_caller()


def walk(caller, address, way="next"):
    pages = []
    while address:
        page = caller.get(address).json()
        pages.append(page["results"])
        address = page[way]
    return pages


def keys(*numbers):
    return [f"type{number}" for number in numbers]


def test_pages_follow_each_other_without_gap_or_repetition(caller):
    assert walk(caller, "/api/types?limit=4") == [keys(0, 1, 2, 3), keys(4, 5, 6, 7), keys(8, 9)]
    assert walk(caller, "/api/types?limit=5") == [keys(0, 1, 2, 3, 4), keys(5, 6, 7, 8, 9)]
    assert walk(caller, "/api/types?limit=4&ordering=-rank") == [keys(8, 5, 2, 7), keys(4, 1, 9, 6), keys(3, 0)]


def test_one_can_go_back_the_way_one_came(caller):
    last = caller.get(caller.get(caller.get("/api/types?limit=4").json()["next"]).json()["next"]).json()

    assert (last["results"], last["next"]) == (keys(8, 9), None)
    assert walk(caller, last["previous"], "previous") == [keys(4, 5, 6, 7), keys(0, 1, 2, 3)]
    middle = caller.get(last["previous"]).json()
    assert caller.get(middle["next"]).json()["results"] == keys(8, 9)


def test_rows_that_come_meanwhile_hide_and_repeat_nothing(caller):
    first = caller.get("/api/types?limit=3&ordering=rank").json()
    EventType.objects.create(key="before", rank=0)
    EventType.objects.create(key="after", rank=6)
    rest = walk(caller, first["next"])

    assert first["results"] == keys(0, 3, 6)
    # "before" has rank 0 and the newest id: its place is after type9, the last of rank 0
    assert [key for page in rest for key in page] == ["type9", "before", *keys(1, 4, 7, 2, 5, 8), "after"]


def test_a_page_has_50_rows_unless_asked_and_200_at_most(caller):
    EventType.objects.bulk_create([EventType(key=f"more{n}") for n in range(300)])

    assert len(caller.get("/api/types").json()["results"]) == 50
    assert len(caller.get("/api/types?limit=200").json()["results"]) == 200


@pytest.mark.parametrize("more", [40, 60])
def test_a_first_page_of_rows_that_were_read_is_the_one_that_is_asked_for(caller, more):
    EventType.objects.bulk_create([EventType(key=f"more{n}") for n in range(more - 10)])
    request, rows, order = RequestFactory().get("/types?whose=mine"), EventType.objects.values("id"), {"id": ("id",)}
    read = list(rows.order_by("id")[:51])

    asked_for = page(request, rows, orderings=order, default="id")
    assert first_page(request, read, orderings=order, default="id") == asked_for
    assert bool(asked_for.next) == (more > 50)


def test_the_address_of_the_next_page_keeps_the_other_parameters(caller):
    address = caller.get("/api/types?limit=2&ordering=-id").json()["next"]

    assert urlsplit(address).path == "/api/types"
    assert {name: value for name, value in parse_qs(urlsplit(address).query).items() if name != "cursor"} == {
        "limit": ["2"],
        "ordering": ["-id"],
    }


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=1e2", "limit"),
        ("limit=-1", "limit"),
        ("limit=٣", "limit"),
        ("limit=1&limit=2", "limit"),
        ("ordering=created", "ordering"),
        ("ordering=--id", "ordering"),
        ("order=id", "order"),
        ("format=xml", "format"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(caller, query, parameter):
    answer = caller.get(f"/api/types?{query}")

    assert (answer.status_code, answer.json()["type"]) == (400, "/api/problems/invalid-query")
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"?{parameter}"]


def test_an_unknown_order_is_answered_with_the_known_ones(caller):
    [error] = caller.get("/api/types?ordering=name").json()["errors"]

    assert error["detail"] == "Orders are: id, rank; each also backwards, with a - before it."


def test_a_cursor_we_did_not_give_is_refused(caller):
    given = parse_qs(urlsplit(caller.get("/api/types?limit=2").json()["next"]).query)["cursor"][0]
    raw = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4))
    forged = base64.urlsafe_b64encode(raw[:-3] + b"9]]").rstrip(b"=").decode()

    for cursor in ("x", "ä", "=", given[:-2], f"{given}AA", forged, "eyJhIjoxfQ"):
        answer = caller.get(f"/api/types?cursor={cursor}")
        assert (answer.status_code, answer.json()["type"]) == (400, "/api/problems/invalid-cursor")


def test_a_cursor_holds_for_its_order_only(caller):
    cursor = parse_qs(urlsplit(caller.get("/api/types?limit=2").json()["next"]).query)["cursor"][0]

    assert caller.get(f"/api/types?ordering=rank&cursor={cursor}").json()["type"] == "/api/problems/invalid-cursor"


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=200))
def test_no_text_but_a_cursor_of_ours_is_read(text):
    with pytest.raises(Problem):
        Cursor.read(text)


@given(
    ordering=st.text(max_size=20),
    backwards=st.booleans(),
    values=st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.text()), max_size=3),
)
def test_a_cursor_reads_as_it_was_written(ordering, backwards, values):
    cursor = Cursor(ordering, backwards, tuple(values))

    assert Cursor.read(cursor.text()) == cursor
