import pytest
from django.db import connection

from contacts.importing.copying import array, copy, lexemes, take_ids

CELLS = ["", "a", "\\", "\\.", "\\N", "N", "a\tb", "a\nb\r\n", "\\t", '"', "'", "ä€\N{GRINNING FACE}", "None", None]


@pytest.fixture
def table(db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE copied (id int, said text, parts text[], found tsvector) ON COMMIT DROP")


def kept(columns):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM copied ORDER BY id")
        return cursor.fetchall()


def test_whatever_a_cell_holds_comes_out_as_it_went_in(table):
    rows = [(number, cell) for number, cell in enumerate(CELLS * 300)]

    copy("copied", ("id", "said"), rows)

    assert kept("id, said") == rows


def test_lists_and_words_hold_any_sign(table):
    texts = [cell for cell in CELLS if cell]

    copy("copied", ("id", "parts", "found"), [(1, array(texts), lexemes(texts)), (2, array([]), lexemes([]))])

    assert kept("parts, tsvector_to_array(found)") == [(texts, sorted(texts, key=str.encode)), ([], [])]


def test_no_rows_are_no_harm(table):
    copy("copied", ("id",), [])

    assert kept("id") == []


def test_ids_are_taken_once(db):
    first, second = take_ids("contacts_contact", 3), take_ids("contacts_contact", 2)

    assert [*first, *second] == list(range(first[0], first[0] + 5))
