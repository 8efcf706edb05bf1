"""The catalogue of bad input: each is answered so that the sender knows what and where, and kept."""

import gzip
import json
import time
import tracemalloc
from typing import Any

import pytest
from django.test import RequestFactory

from contacts import doors
from contacts.doors import body_of
from contacts.models import Event, Quarantine
from rest.problems import Problem
from tests.callers import make_caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]

GOOD: dict[str, Any] = {"message_id": "m1", "type": "page_viewed", "contact": {"email": "aino@example.com"}}


def with_(**fields: Any) -> dict[str, Any]:
    return {**GOOD, **fields}


def nested(depth: int) -> Any:
    return [] if depth == 1 else [nested(depth - 1)]


ITEMS: list[tuple[Any, str, str | None]] = [
    (None, "wrong-type", ""),
    ("text", "wrong-type", ""),
    ([], "wrong-type", ""),
    ({}, "missing-message-id", "/message_id"),
    (with_(message_id=None), "missing-message-id", "/message_id"),
    (with_(message_id=""), "missing-message-id", "/message_id"),
    (with_(message_id=7), "wrong-type", "/message_id"),
    (with_(message_id="x" * 256), "too-long", "/message_id"),
    (with_(message_id="a\nb"), "invalid-character", "/message_id"),
    (with_(type=None), "missing-type", "/type"),
    (with_(type=""), "missing-type", "/type"),
    (with_(type="Order Completed"), "bad-type", "/type"),
    (with_(type="x" * 81), "bad-type", "/type"),
    (with_(contact=None), "missing-identity", "/contact"),
    (with_(contact={}), "missing-identity", "/contact"),
    (with_(contact={"email": ""}), "missing-identity", "/contact"),
    (with_(contact={"email": None, "user_id": None}), "missing-identity", "/contact"),
    (with_(contact={"email": "aino"}), "bad-email", "/contact/email"),
    (with_(contact={"email": "aino@@example.com"}), "bad-email", "/contact/email"),
    (with_(contact={"email": f"{'a' * 250}@example.com"}), "bad-email", "/contact/email"),
    (with_(contact={"email": "aino\u202e@example.com"}), "bad-email", "/contact/email"),
    (with_(contact={"user_id": "x" * 255}), "too-long", "/contact/user_id"),
    (with_(contact={"user_id": "a\tb"}), "invalid-character", "/contact/user_id"),
    (with_(contact={"user_id": 7}), "wrong-type", "/contact/user_id"),
    (with_(contact={"id": 2**40}), "unknown-contact", "/contact/id"),
    (with_(contact={"emial": "aino@example.com"}), "unknown-field", "/contact/emial"),
    (with_(stage="customer"), "unknown-field", "/stage"),
    (with_(occurred_at="yesterday"), "bad-time", "/occurred_at"),
    (with_(occurred_at="2026-02-30T00:00:00Z"), "bad-time", "/occurred_at"),
    (with_(occurred_at=1_700_000_000), "wrong-type", "/occurred_at"),
    (with_(occurred_at="1899-12-31T23:59:59Z"), "before-1900", "/occurred_at"),
    (with_(occurred_at="0001-01-01T00:00:00+14:00"), "bad-time", "/occurred_at"),
    (with_(occurred_at="2999-01-01T00:00:00Z"), "in-the-future", "/occurred_at"),
    (with_(value={"amount": "12.505", "currency": "EUR"}), "bad-amount", "/value/amount"),
    (with_(value={"amount": "1.5", "currency": "JPY"}), "bad-amount", "/value/amount"),
    (with_(value={"amount": "-1", "currency": "EUR"}), "bad-amount", "/value/amount"),
    (with_(value={"amount": "many", "currency": "EUR"}), "bad-amount", "/value/amount"),
    (with_(value={"amount": "100000000000.01", "currency": "EUR"}), "bad-amount", "/value/amount"),
    (with_(value={"amount": "1e30", "currency": "EUR"}), "bad-amount", "/value/amount"),
    (with_(value={"amount": "1", "currency": "EURO"}), "bad-currency", "/value/currency"),
    (with_(value={"amount": "1", "currency": "eur"}), "bad-currency", "/value/currency"),
    (with_(value={"amount": "1"}), "missing-field", "/value/currency"),
    (with_(value="12.50"), "wrong-type", "/value"),
    (with_(campaign="x" * 81), "too-long", "/campaign"),
    (with_(properties=[1]), "wrong-type", "/properties"),
    (with_(properties={"text": "x" * 33_000}), "too-large", ""),
    (with_(properties={"text": "a\0b"}), "invalid-character", "/properties/text"),
    (with_(properties={"text": "a\x1bb"}), "invalid-character", "/properties/text"),
    (with_(properties={"a\0": 1}), "invalid-character", "/properties"),
    (with_(properties={"n": 2**63}), "number-too-large", "/properties/n"),
    (with_(properties={"n": -(2**63) - 1}), "number-too-large", "/properties/n"),
    (with_(properties={"n": float("nan")}), "not-a-number", "/properties/n"),
    (with_(properties={"n": float("inf")}), "not-a-number", "/properties/n"),
    (with_(properties={"deep": nested(15)}), "too-deep", None),
    (with_(properties={f"k{n}": n for n in range(256)}), "too-many-keys", "/properties"),
    (with_(type="stage_set", properties={"stage": "nirvana"}), "unknown-stage", "/properties/stage"),
    (with_(type="stage_set"), "unknown-stage", "/properties/stage"),
]


@pytest.mark.parametrize(("item", "reason", "pointer"), ITEMS, ids=lambda part: str(part)[:60])
def test_a_bad_item_of_a_batch_is_answered_with_its_reason_and_kept(item, reason, pointer):
    good = with_(message_id="good")

    answer = make_caller().post("/api/v1/events", [item, good])

    bad, fine = answer.json()["results"]
    assert (answer.status_code, bad["status"], bad["reason"]) == (200, "quarantined", reason)
    assert bad["pointer"] == pointer if pointer is not None else bad["pointer"].startswith("/properties")
    assert bad["detail"].endswith(".")
    assert (fine["status"], Event.objects.get().message_id) == ("accepted", "good")
    kept = Quarantine.objects.get()
    assert (kept.reason, kept.endpoint) == (reason, "events")
    assert same(json.loads(bytes(kept.raw)), item)


def same(kept: Any, item: Any) -> bool:
    return json.dumps(kept, sort_keys=True) == json.dumps(item, sort_keys=True)


FINE = [
    with_(occurred_at="2026-03-01T12:00:00+02:00"),
    with_(occurred_at="1900-01-01T00:00:00Z"),
    with_(contact={"email": " Aino.Virtanen+tag@Exämple.com "}),
    with_(value={"amount": 12.5, "currency": "EUR"}),
    with_(value={"amount": 1250, "currency": "JPY"}),
    with_(value={"amount": "1.234", "currency": "KWD"}),
    with_(properties={"text": "two\nlines\tand \u00e4 \U0001f600", "n": 2**63 - 1, "deep": nested(14)}),
    with_(properties={f"k{n}": n for n in range(255)}),
    with_(properties=None, campaign=None, value=None, occurred_at=None),
]


@pytest.mark.parametrize("item", FINE, ids=lambda item: str(item)[80:140])
def test_what_is_at_the_limit_is_taken(item):
    answer = make_caller().post("/api/v1/events", item)

    assert [result["status"] for result in answer.json()["results"]] == ["accepted"]


def test_an_address_is_compared_without_case_blanks_and_in_ascii():
    caller = make_caller()

    answers = [
        caller.post("/api/v1/events", with_(message_id=address, contact={"email": address})).json()
        for address in ("aino@exämple.com", " AINO@xn--exmple-cua.com")
    ]

    assert len({answer["results"][0]["contact_id"] for answer in answers}) == 1


def test_a_moment_without_a_zone_is_utc_and_said_to_be():
    answer = make_caller().post("/api/v1/events", with_(occurred_at="2026-03-01T12:00:00"))

    [result] = answer.json()["results"]
    assert (result["status"], result["reason"], result["pointer"]) == ("accepted", "zone-assumed", "/occurred_at")
    assert Event.objects.get().occurred_at.isoformat() == "2026-03-01T12:00:00+00:00"


def test_that_a_zone_was_assumed_is_said_in_the_language_of_the_program():
    event = with_(occurred_at="2026-02-01T00:00:00")
    answer = make_caller().post("/api/v1/events", event, accept_language="fi")

    assert answer.json()["results"][0]["detail"] == "Hetkestä puuttui aikavyöhyke; tulkitsimme sen UTC-ajaksi."


MALFORMED = [
    (b" ", 1),
    (b"\xef\xbb\xbf", 0),
    (b'\xef\xbb\xbf{"message_id": "m1"}', 0),
    ('{"message_id": "m1"}'.encode("utf-16"), 0),
    (b'{"message_id": "m1"', 19),
    (b'{"message_id": "m1", "message_id": "m2"}', 21),
    (b'{"message_id": "\\ud800"}', 16),
    (b'{"message_id": "\xff"}', 16),
    (b'{"message_id": "a\x01b"}', 17),
    (b"{'message_id': 'm1'}", 1),
    (b'{"message_id": "m1"} {}', 21),
    (b'[{"message_id": "m1"},]', 22),
    (b"[" * 100_000, 0),
]


@pytest.mark.parametrize(("body", "offset"), MALFORMED, ids=lambda part: str(part)[:40])
def test_a_body_that_is_not_json_is_refused_at_its_byte_and_kept_whole(body, offset):
    answer = make_caller().post("/api/v1/events", body)

    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert (problem["type"], problem["offset"]) == ("/api/problems/malformed-json", offset)
    kept = Quarantine.objects.get()
    assert (bytes(kept.raw), kept.reason) == (body, "malformed-json")


@pytest.mark.parametrize(
    ("value", "code"),
    [("NaN", "not-a-number"), ("Infinity", "not-a-number"), ("1e999", "not-a-number"), (2**63, "number-too-large")],
)
def test_a_single_event_with_a_value_that_cannot_be_kept_is_refused(value, code):
    body = json.dumps(with_(properties={"n": "X"})).replace('"X"', str(value)).encode()

    answer = make_caller().post("/api/v1/events", body)

    assert answer.status_code == 400
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [("/properties/n", code)]
    assert bytes(Quarantine.objects.get().raw) == body


def test_an_empty_list_is_no_mistake():
    answer = make_caller().post("/api/v1/events", [])

    assert (answer.status_code, answer.json()) == (200, {"results": []})


def test_more_than_500_events_are_too_many():
    answer = make_caller().post("/api/v1/events", [with_(message_id=str(n)) for n in range(501)])

    assert (answer.status_code, answer.json()["type"]) == (413, "/api/problems/too-large")


def test_500_events_are_taken():
    answer = make_caller().post("/api/v1/events", [with_(message_id=str(n)) for n in range(500)])

    assert (answer.status_code, Event.objects.count()) == (200, 500)


def test_a_body_over_500_kb_is_too_large():
    answer = make_caller().post("/api/v1/events", b" " * (500 * 1024 + 1))

    assert answer.status_code == 413
    assert answer.json()["detail"] == "A body has at most 500 KB: send it in parts."


def test_who_sends_too_much_is_heard_to_the_end_and_so_sees_the_answer():
    request = RequestFactory().generic("POST", "/api/v1/events", b" " * 2_000_000)

    with pytest.raises(Problem) as refused:
        body_of(request)

    assert (refused.value.kind, request.read()) == ("too-large", b"")


def test_a_body_of_500_kb_is_read():
    body = json.dumps(GOOD).encode()

    answer = make_caller().post("/api/v1/events", body + b" " * (500 * 1024 - len(body)))

    assert answer.status_code == 200


def test_gzip_is_unpacked():
    answer = make_caller().post("/api/v1/events", gzip.compress(json.dumps(GOOD).encode()), content_encoding="gzip")

    assert answer.json()["results"][0]["status"] == "accepted"


def test_a_gzip_bomb_is_refused_before_it_bursts():
    caller = make_caller()
    bomb = gzip.compress(b" " * 200_000_000)
    caller.post("/api/v1/events", GOOD)
    tracemalloc.start()

    answer = caller.post("/api/v1/events", bomb, content_encoding="gzip")

    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status_code, len(bomb) < 500 * 1024, most < 8_000_000) == (413, True, True)


PACKED = gzip.compress(b"{}", mtime=0)  # the same in every process: it names a test


@pytest.mark.parametrize("body", [b"no gzip", PACKED[:-4], PACKED + b"more"])
def test_what_is_not_gzip_is_refused(body):
    answer = make_caller().post("/api/v1/events", body, content_encoding="gzip")

    assert (answer.status_code, answer.json()["type"]) == (400, "/api/problems/malformed-json")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/json; charset=latin-1"}, 415),
        ({"content_encoding": "br"}, 415),
        ({"authorization": "Bearer sk_nonsense"}, 401),
        ({"authorization": ""}, 401),
    ],
)
def test_a_request_that_cannot_be_taken_is_refused(headers, status):
    answer = make_caller().post("/api/v1/events", GOOD, **headers)

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_a_key_without_the_scope_may_not_write():
    answer = make_caller("events:read").post("/api/v1/events", GOOD)

    assert (answer.status_code, answer.json()["scope"]) == (403, "events:write")


def test_other_methods_are_not_taken():
    answer = make_caller().put("/api/v1/events", GOOD)

    assert answer.status_code == 405


def test_a_source_with_too_much_in_quarantine_is_told_to_wait(monkeypatch):
    monkeypatch.setattr("contacts.quarantine.QUOTA", 3)
    caller = make_caller()

    answers = [caller.post("/api/v1/events", [{}]) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert (answers[3].json()["type"], answers[3]["Retry-After"]) == ("/api/problems/quarantine-full", "3600")
    assert Quarantine.objects.count() == 3


@pytest.mark.parametrize("limit", ["INTAKE_BACKLOG_LIMIT", "INTAKE_DISK_LIMIT"])
def test_under_overload_intake_refuses_before_it_reads(limit, settings, monkeypatch):
    monkeypatch.setattr(doors, "_looked_at", float("-inf"))
    monkeypatch.setattr(doors, "_is_overloaded", False)
    setattr(settings, limit, -1)

    answer = make_caller().post("/api/v1/events", b"not even json")

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert Quarantine.objects.count() == 0


def test_a_body_that_trickles_in_is_given_up(monkeypatch):
    monkeypatch.setattr(doors, "_SECONDS_TO_SEND", -1)

    answer = make_caller().post("/api/v1/events", GOOD)

    assert (answer.status_code, answer.json()["type"]) == (408, "/api/problems/timeout")


def test_a_batch_of_bad_items_is_answered_in_no_time():
    items = [with_(message_id=str(n), properties={"n": 2**70}) for n in range(500)]
    caller = make_caller()
    began = time.perf_counter()

    answer = caller.post("/api/v1/events", items)

    assert (answer.status_code, Quarantine.objects.count()) == (200, 500)
    assert time.perf_counter() - began < 5
