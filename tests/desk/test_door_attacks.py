"""Sign-in under attack: codes sent twice, guesses side by side, limits drowned in strangers, sessions laid as bait."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.door import forget_old_counts
from staff.models import User
from tests.desk.scenes import at_desk
from tests.factories import make_user
from tests.funnel.worlds import install

SIGN_IN, SECOND, RESET = "/accounts/login/", "/accounts/2fa/authenticate/", "/accounts/password/reset/"
PASSWORD = "a sentence of one's own"
AT_ONCE = 8
Found = TypeVar("Found")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def at_once(what: Callable[[int], Found], times: int = AT_ONCE) -> list[Found]:
    """The same from as many threads as there are times, begun together."""
    start = Barrier(times)

    def one(number: int) -> Found:
        start.wait()
        try:
            return what(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def guess(email: str, address: str, guessed: str = "wrong") -> str:
    client = Client(REMOTE_ADDR=address)
    return verdict(client.post(SIGN_IN, {"login": email, "password": guessed}))


def verdict(answer: Any) -> str:
    if answer.status_code == 302:
        return "let in"
    return "stopped" if answer.status_code == 429 or "oo many" in answer.text else "wrong"


def half_way(user: User) -> Client:
    """Somebody who gave the password, and whose second step is asked for."""
    client = Client()
    answer = client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    assert answer.headers["Location"].startswith(SECOND)
    return client


def is_in(client: Client) -> bool:
    return client.get("/contacts").status_code == 200


def with_app(email: str = "liisa@example.com") -> tuple[User, str]:
    install()
    user = make_user(email, password=PASSWORD)
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return user, secret


def code_now(secret: str) -> str:
    """The code of this window, with enough of the window left to send it twice."""
    while 30 - time.time() % 30 < 8:
        time.sleep(0.5)
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.mark.django_db(transaction=True)
def test_a_code_opens_one_door_however_many_stand_there_with_it():
    user, secret = with_app()
    clients = [half_way(user) for _ in range(AT_ONCE)]
    code = code_now(secret)

    at_once(lambda number: clients[number].post(SECOND, {"code": code}))
    late = half_way(user)
    late.post(SECOND, {"code": code})

    assert [is_in(client) for client in clients].count(True) == 1
    assert not is_in(late)


@pytest.mark.django_db(transaction=True)
def test_a_recovery_code_opens_one_door_however_many_stand_there_with_it():
    user, _secret = with_app()
    code = RecoveryCodes.activate(user).generate_codes()[3]
    clients = [half_way(user) for _ in range(AT_ONCE)]

    at_once(lambda number: clients[number].post(SECOND, {"code": code}))

    assert [is_in(client) for client in clients].count(True) == 1


@pytest.mark.django_db(transaction=True)
def test_codes_are_guessed_ten_times_however_many_guess_side_by_side():
    user, _secret = with_app()
    clients = [half_way(user) for _ in range(16)]

    said = at_once(lambda number: verdict(clients[number].post(SECOND, {"code": f"{number:06}"})), 16)

    assert said.count("wrong") <= 10
    assert set(said) == {"wrong", "stopped"}


@pytest.mark.django_db(transaction=True)
def test_guesses_side_by_side_are_counted_each():
    install()
    make_user("jukka@example.com", password=PASSWORD)

    said = at_once(lambda number: guess("jukka@example.com", f"192.0.2.{number}"), 24)

    assert Counter(said) == {"wrong": 10, "stopped": 14}
    assert guess("jukka@example.com", "198.51.100.7", PASSWORD) == "stopped"


# As many more addresses as fell to guessing, each under the name that a failed sign-in is counted by.
_CROWD = """
    INSERT INTO crm_cache (cache_key, value, expires)
    SELECT left(cache_key, -64) || encode(sha256(number::text::bytea), 'hex'), value, expires
      FROM crm_cache, generate_series(1, 2000) AS number
     WHERE cache_key LIKE '%login_failed%' AND length(cache_key) > 64 AND cache_key NOT LIKE '%:ip:%'
"""


@pytest.mark.django_db
def test_a_crowd_of_strangers_does_not_make_it_forget_who_is_being_guessed():
    install()
    make_user("jukka@example.com", password=PASSWORD)
    for number in range(10):
        guess("jukka@example.com", f"192.0.2.{number}")

    with connection.cursor() as cursor:
        cursor.execute(_CROWD)
    for number in range(12):
        guess(f"nobody{number}@example.com", f"198.51.100.{number}")

    assert guess("jukka@example.com", "203.0.113.9") == "stopped"


@pytest.mark.django_db
def test_a_session_from_before_signing_in_is_nobodys_afterwards():
    install()
    user, bait = make_user("jukka@example.com", password=PASSWORD), "a" * 32
    victim = Client()
    victim.cookies[settings.SESSION_COOKIE_NAME] = bait

    victim.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = bait

    assert is_in(victim)
    assert victim.cookies[settings.SESSION_COOKIE_NAME].value != bait
    assert not is_in(thief)


@pytest.mark.django_db
def test_a_session_that_waits_for_its_second_step_is_nobodys_when_it_is_taken():
    user, secret = with_app()
    victim = half_way(user)
    before = victim.cookies[settings.SESSION_COOKIE_NAME].value
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = before
    was_in = is_in(thief)

    victim.post(SECOND, {"code": code_now(secret)})

    assert (was_in, is_in(victim)) == (False, True)
    assert victim.cookies[settings.SESSION_COOKIE_NAME].value != before
    assert not is_in(thief)


@pytest.mark.django_db
def test_signing_out_ends_the_session_for_whoever_copied_it():
    client, _user = at_desk()
    copy = Client()
    copy.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    was_in = is_in(copy)

    client.post("/accounts/logout/")

    assert (was_in, is_in(copy)) == (True, False)


def reset(email: str, address: str = "192.0.2.1") -> Any:
    return Client(REMOTE_ADDR=address).post(RESET, {"email": email})


@pytest.mark.django_db(transaction=True)
def test_a_mailbox_gets_five_letters_a_minute_however_many_ask_side_by_side():
    install()
    make_user("jukka@example.com", password=PASSWORD)

    said = at_once(lambda number: reset("jukka@example.com", f"192.0.2.{number}").status_code, 16)

    assert Counter(said) == {302: 5, 429: 11}
    assert [one.to for one in mail.outbox] == [["jukka@example.com"]] * 5


def writes(email: str, address: str) -> tuple[Counter[str], int, str | None]:
    """What a request to reset a password changes, by the kind of statement, and what is answered."""
    with CaptureQueriesContext(connection) as asked:
        answer = reset(email, address)
    deeds = Counter(one["sql"].split()[0] for one in asked.captured_queries)
    changing = Counter({deed: times for deed, times in deeds.items() if deed in {"INSERT", "UPDATE", "DELETE"}})
    return changing, answer.status_code, answer.headers.get("Location")


@pytest.mark.django_db
def test_asking_for_a_password_writes_and_sends_as_much_for_a_stranger():
    install()
    make_user("jukka@example.com", password=PASSWORD)
    for name in ("jukka", "nobody"):
        reset(f"{name}@example.com")

    known, unknown = writes("jukka@example.com", "192.0.2.11"), writes("nobody@example.com", "192.0.2.12")

    assert known == unknown
    assert len(mail.outbox) == 4


@pytest.mark.django_db
def test_what_counts_no_more_is_forgotten():
    cache.set("counts", 3, 600)
    cache.set("counted", 3, -60)

    forget_old_counts()

    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM crm_cache")
        assert cursor.fetchall() == [(":1:counts",)]
