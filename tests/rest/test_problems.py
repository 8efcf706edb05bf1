import pytest
from django.test import Client

from rest.problems import KINDS
from tests.callers import make_caller

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.addresses")]


@pytest.fixture
def caller():
    return make_caller()


def told(answer):
    """What a problem says, without what differs each time."""
    assert answer["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document.pop("request_id") == answer["X-Request-Id"]
    assert document["status"] == answer.status_code
    assert document.pop("title")
    return document.pop("type").removeprefix("/api/problems/"), document


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_problem_has_its_status(caller, kind):
    answer = caller.get(f"/api/errors/{kind}")

    assert told(answer) == (kind, {"status": KINDS[kind][0], "detail": "", "instance": f"/api/errors/{kind}"})


def test_an_unknown_address_is_not_found(caller):
    assert told(caller.get("/api/nowhere"))[0] == "not-found"
    assert told(Client().post("/api/nowhere"))[0] == "not-found"


def test_a_method_that_is_not_taken_says_which_are(caller):
    to_endpoint, to_plain = caller.put("/api/types", {}), caller.post("/api/plain", {})

    assert told(to_endpoint)[0] == told(to_plain)[0] == "method-not-allowed"
    assert (to_endpoint["Allow"], to_plain["Allow"]) == ("GET, HEAD, OPTIONS", "GET")


def test_what_we_do_not_speak_is_not_acceptable(caller):
    assert told(caller.get("/api/types", accept="application/xml"))[0] == "not-acceptable"
    assert caller.get("/api/types", accept="application/json;q=0.5, */*").status_code == 200


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("text/plain", {}),
        ("application/x-www-form-urlencoded", {}),
        ("multipart/form-data; boundary=x", {}),
        ("application/json; charset=latin-1", {}),
        ("application/json", {"content_encoding": "gzip"}),
        ("", {}),
    ],
)
def test_a_body_that_is_not_json_in_utf8_is_unsupported(caller, kind, headers):
    assert (
        told(caller.post("/api/teams", b'{"name": "A"}', content_type=kind, **headers))[0] == "unsupported-media-type"
    )


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        (b'{"name": "A"', 12),
        (b"\xef\xbb\xbf{}", 0),
        ('{"name": "A"}'.encode("utf-16"), 0),
        (b'{"name": "A\xff"}', 11),
        (b'{"name": "\\ud800"}', 10),
        (b'{"name": "A", "name": "B"}', 14),
        (b'{"x": {"a": 1}, "y": {"b": 1, "b": 2}}', 30),
        (b"[" * 100_000, 0),
    ],
)
def test_json_that_two_readers_could_read_differently_is_malformed_at_a_byte(caller, body, offset):
    kind, document = told(caller.post("/api/teams", body))

    assert (kind, document["status"], document["offset"]) == ("malformed-json", 400, offset)


@pytest.mark.parametrize(
    ("value", "code", "pointer"),
    [
        (b"NaN", "not-a-number", "/name"),
        (b"-Infinity", "not-a-number", "/name"),
        (b"1e999", "not-a-number", "/name"),
        (b"9223372036854775808", "number-too-large", "/name"),
        (b"1" * 5000, "number-too-large", "/name"),
        (b'"\\u0000"', "invalid-character", "/name"),
        (b'"\\u001b"', "invalid-character", "/name"),
        (b"[" * 16 + b"]" * 16, "too-deep", "/name" + 15 * "/0"),
        (b"{" + b",".join(b'"%d":1' % number for number in range(256)) + b"}", "too-many-keys", "/name"),
    ],
)
def test_a_value_postgresql_or_others_could_not_keep_is_pointed_at(caller, value, code, pointer):
    kind, document = told(caller.post("/api/teams", b'{"name": ' + value + b"}"))

    assert (kind, [(error["code"], error["pointer"]) for error in document["errors"]]) == (
        "malformed-json",
        [(code, pointer)],
    )


def test_a_body_beyond_the_limit_is_too_large(caller):
    answer = caller.post("/api/teams", b'{"name": "' + b"A" * 512_000 + b'"}')

    assert (answer.status_code, told(answer)[0]) == (413, "too-large")
    assert answer.json()["detail"] == "A body has at most 500 KB: send it in parts."


def test_more_parameters_than_anybody_needs_are_refused(caller):
    address = "/api/types?" + "&".join(f"p{number}=1" for number in range(2001))

    assert told(caller.get(address))[0] == "invalid-request"


def test_a_refusal_of_a_service_points_at_the_field(caller):
    kind, document = told(caller.post("/api/teams", {"fail": "refused"}))

    assert (kind, document["status"]) == ("invalid-value", 422)
    assert document["errors"] == [{"pointer": "/name", "code": "odd", "detail": "Not this one."}]


def test_what_nobody_foresaw_tells_nothing_but_the_request_id(caller):
    answers = caller.post("/api/teams", {"fail": "late"}), caller.get("/api/plain?fail=1")

    for answer in answers:
        kind, document = told(answer)
        assert (kind, document["detail"]) == ("internal-error", "")


def test_the_callers_request_id_comes_back(caller):
    answer = caller.get("/api/types", x_request_id="my-request-17")

    assert answer["X-Request-Id"] == "my-request-17"
