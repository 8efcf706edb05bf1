"""Why a message could not be used is said in the language of whoever reads it, wherever they read it."""

import pytest

from staff.models import Role
from tests.callers import make_caller
from tests.desk.scenes import at_desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]
GOOD = {"message_id": "m1", "type": "page_viewed", "contact": {"user_id": "u1"}}
ITEMS = (
    GOOD | {"campaign": "x" * 81},
    GOOD | {"contact": {"user_id": 7}},
    GOOD | {"value": {"amount": "1.234", "currency": "EUR"}},
    GOOD | {"properties": {"text": "\x00"}},
    GOOD | {"type": None},
)
FINNISH = [
    "Tähän mahtuu enintään 80 merkkiä.",
    "Tähän kuuluu teksti, ja tässä on kokonaisluku.",
    "Summa valuutassa EUR on luku nollasta ylöspäin, enintään 2 desimaalia.",
    "Merkki U+0000 ei ole tekstiä.",
    "Tapahtuma tarvitsee lajin.",
]
ENGLISH = [
    "At most 80 characters can be kept here.",
    "Here belongs text, and there is a whole number.",
    "An amount in EUR is a number from 0 on with at most 2 decimals.",
    "The character U+0000 is no text.",
    "An event needs a type.",
]
VALUES = [
    {"longest": 80},
    {"expected": "text", "got": "a whole number"},
    {"currency": "EUR", "digits": 2},
    {"code": "0000"},
]


def test_what_was_refused_is_told_in_finnish_and_in_english_from_the_same_row():
    api = make_caller()
    answers = api.post("/api/v1/events", list(ITEMS), accept_language="fi").json()["results"]
    listed = [
        api.get("/api/v1/quarantine?ordering=id", accept_language=language).json()["results"]
        for language in ("fi", "en")
    ]
    client, _admin = at_desk(Role.ADMIN, language="fi")
    pages = [client.get(f"/intake/quarantine/{kept['id']}") for kept in listed[0]]

    assert [one["detail"] for one in answers] == FINNISH
    assert [one.get("values", {}) for one in answers] == [*VALUES, {}]
    assert [[one["detail"] for one in every] for every in listed] == [FINNISH, ENGLISH]
    assert [one["values"] for one in listed[0]] == [*VALUES, {}]
    assert [words in page.text for words, page in zip(FINNISH, pages, strict=True)] == 5 * [True]


def test_a_body_that_means_nothing_is_told_with_its_byte_and_replayed_with_the_same_words():
    api = make_caller()
    answer = api.post("/api/v1/events", b'{"a": 1, "a": 2}', accept_language="fi")
    [kept] = api.get("/api/v1/quarantine").json()["results"]
    replayed = api.post(f"/api/v1/quarantine/{kept['id']}/replay", {}).json()

    assert answer.json()["detail"] == 'Tavussa 9: avain "a" on objektissa kahdesti.'
    assert kept["detail"] == 'At byte 9: the key "a" comes twice in one object.'
    assert (replayed["status"], replayed["detail"]) == ("quarantined", kept["detail"])
