from concurrent.futures import ThreadPoolExecutor

import pytest

from rest import limits
from rest.limits import asks_too_often
from rest.valkey import Aside
from tests.callers import Caller, make_caller
from tests.factories import make_public_source

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.addresses")]


@pytest.fixture(autouse=True)
def _three_a_minute(settings, monkeypatch):
    settings.API_RATE_LIMIT = 3
    monkeypatch.setattr("rest.limits.time.time", lambda: 1_800_000_015.0)


def test_each_answer_tells_what_is_left_of_the_minute():
    answer = make_caller().get("/api/types")

    assert {name: answer[name] for name in answer.headers if "ratelimit" in name.lower()} == {
        "RateLimit-Policy": '"minute";q=3;w=60',
        "RateLimit": '"minute";r=2;t=45',
        "X-RateLimit-Limit": "3",
        "X-RateLimit-Remaining": "2",
        "X-RateLimit-Reset": "45",
    }


def test_beyond_the_allowance_requests_are_refused_until_the_next_minute(monkeypatch):
    caller, other = make_caller(), make_caller()
    answers = [caller.get(path) for path in ("/api/types", "/api/plain", "/api/types", "/api/types", "/api/plain")]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert (answers[3]["Retry-After"], answers[3]["X-RateLimit-Remaining"]) == ("45", "0")
    assert answers[3].json()["type"] == "/api/problems/rate-limited"
    assert other.get("/api/types").status_code == 200

    monkeypatch.setattr("rest.limits.time.time", lambda: 1_800_000_060.0)
    assert caller.get("/api/types").status_code == 200


def test_where_valkey_is_away_everybody_is_let_through(settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(limits, "_counts", Aside("requests are not counted"))
    caller = make_caller()

    assert [caller.get("/api/types").status_code for _ in range(5)] == 5 * [200]


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("", ""),
    ],
)
def test_whoever_has_a_network_to_choose_addresses_from_is_counted_by_it(address, counted):
    assert limits.network_of(address) == counted


def test_a_door_without_a_key_counts_a_network_as_one_however_many_ask_at_once(rf):
    def ask(number: int) -> bool:
        return asks_too_often(rf.post("/", REMOTE_ADDR=f"2001:db8::{number:x}"), "a-door", most=5)

    with ThreadPoolExecutor(16) as pool:
        refused = list(pool.map(ask, range(16)))

    assert refused.count(False) == 5


def test_requests_side_by_side_are_counted_each():
    caller = make_caller()
    caller.get("/api/types")  # now its key is known in this process

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _number: caller.get("/api/plain").status_code, range(8)))

    assert sorted(statuses) == [200, 200] + 6 * [429]


def test_one_network_cannot_spend_what_a_public_key_has_for_all_visitors(settings):
    settings.PUBLIC_KEY_RATE_LIMIT = 2
    page, shop = make_caller(source=make_public_source()), make_caller()

    def ask(caller: Caller, address: str) -> int:
        """403 is let in, and then told that a public key may not read."""
        caller.client.defaults["REMOTE_ADDR"] = address
        return caller.get("/api/plain").status_code

    assert [ask(page, f"2001:db8:1:2::{number}") for number in range(5)] == [403, 403, 429, 429, 429]
    assert [ask(page, address) for address in ("2001:db8:1:3::1", "192.0.2.7")] == [403, 429]  # three in all
    assert [ask(shop, "192.0.2.7") for _ in range(3)] == [200, 200, 200]  # nobody else has the key of a server
    assert page.get("/api/plain")["Retry-After"] == "45"


def test_without_a_limit_nothing_is_counted(settings):
    settings.API_RATE_LIMIT = 0
    answer = make_caller().get("/api/types")

    assert (answer.status_code, "X-RateLimit-Limit" in answer) == (200, False)
