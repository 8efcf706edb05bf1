import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from contacts.models import Contact, Event
from rest.models import IdempotentAnswer
from tests.callers import make_caller

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_S = 20


def send_until_answered(address, secret, key, body, start):
    """What a client does: try again while the first is being worked on. All statuses on the way, and the answer."""
    connection = HTTPConnection(address, timeout=PATIENCE_S)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", "Idempotency-Key": key}
    statuses, deadline = [], time.monotonic() + PATIENCE_S
    start.wait()
    while time.monotonic() < deadline:
        connection.request("POST", "/api/v1/contacts", json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        statuses.append(answer.status)
        if answer.status != 409:
            connection.close()
            return statuses, content
        assert (answer.headers["Retry-After"], json.loads(content)["type"]) == (
            "1",
            "/api/problems/request-in-progress",
        )
        time.sleep(0.05)
    raise AssertionError(statuses)


def test_twenty_parallel_repetitions_have_one_effect_and_one_answer(live_server):
    caller, clients = make_caller(), 20
    address, start = urlsplit(live_server.url).netloc, threading.Barrier(clients)
    with ThreadPoolExecutor(clients) as pool:
        answers = list(
            pool.map(
                lambda n: send_until_answered(address, caller.secret, "once", {"name": "Anna"}, start), range(clients)
            )
        )

    assert {statuses[-1] for statuses, _content in answers} == {201}
    assert {status for statuses, _content in answers for status in statuses[:-1]} <= {409}
    assert len({content for _statuses, content in answers}) == 1
    assert (Contact.objects.count(), Event.objects.count(), IdempotentAnswer.objects.count()) == (1, 1, 1)


def test_parallel_creations_of_the_same_person_make_one(live_server):
    caller, clients = make_caller(), 8
    address, start = urlsplit(live_server.url).netloc, threading.Barrier(clients)

    def create(_number):
        connection = HTTPConnection(address, timeout=PATIENCE_S)
        headers = {"Authorization": f"Bearer {caller.secret}", "Content-Type": "application/json"}
        start.wait()
        connection.request("POST", "/api/v1/contacts", json.dumps({"email": "anna@example.com"}), headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    with ThreadPoolExecutor(clients) as pool:
        statuses = sorted(pool.map(create, range(clients)))

    assert statuses == [201] + 7 * [409]
    assert (Contact.objects.count(), Event.objects.count()) == (1, 1)
