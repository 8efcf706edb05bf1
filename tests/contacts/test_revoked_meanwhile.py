"""A key that is revoked while its program sends: what was answered is kept whole, and soon nothing more is taken."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Event as Signal
from urllib.parse import urlsplit

import pytest

from contacts.models import Event
from staff.keys import SECONDS_REMEMBERED, revoke_key
from tests.callers import Caller, make_caller

pytestmark = pytest.mark.django_db(transaction=True)

A_BATCH, SENDERS = 50, 4


def batch(sender: int, number: int) -> str:
    return json.dumps(
        [
            {
                "message_id": f"{sender}-{number}-{place}",
                "type": "page_viewed",
                "contact": {"email": f"somebody{sender}@example.com"},
            }
            for place in range(A_BATCH)
        ]
    )


def send_on(address: str, caller: Caller, sender: int, over: Signal) -> list[int]:
    """The status of each batch until the time is over."""
    connection, statuses = HTTPConnection(address, timeout=30), list[int]()
    headers = {"Authorization": f"Bearer {caller.secret}", "Content-Type": "application/json"}
    while not over.is_set():
        connection.request("POST", "/api/v1/events", batch(sender, len(statuses)), headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses


def test_a_key_revoked_between_batches_leaves_each_batch_whole_and_takes_no_more(live_server):
    caller, over = make_caller("events:write"), Signal()
    address = urlsplit(live_server.url).netloc
    with ThreadPoolExecutor(SENDERS) as pool:
        sending = [pool.submit(send_on, address, caller, sender, over) for sender in range(SENDERS)]
        time.sleep(1)
        revoke_key(caller.key)
        time.sleep(SECONDS_REMEMBERED + 1)
        late = make_late(address, caller)
        over.set()
        statuses = [one.result() for one in sending]

    assert late == 401
    assert {one[-1] for one in statuses} == {401}
    taken = sum(one.count(200) for one in statuses)
    assert taken > 0
    assert {status for one in statuses for status in one} == {200, 401}
    assert [one == sorted(one) for one in statuses] == [True] * SENDERS
    assert Event.objects.filter(type__key="page_viewed").count() == taken * A_BATCH


def make_late(address: str, caller: Caller) -> int:
    connection = HTTPConnection(address, timeout=30)
    headers = {"Authorization": f"Bearer {caller.secret}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/events", batch(99, 0), headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_eight_who_send_one_batch_at_once_record_it_once(live_server):
    caller, address = make_caller("events:write"), urlsplit(live_server.url).netloc

    def send(_number: int) -> list[str]:
        connection = HTTPConnection(address, timeout=30)
        headers = {"Authorization": f"Bearer {caller.secret}", "Content-Type": "application/json"}
        connection.request("POST", "/api/v1/events", batch(1, 1), headers)
        said = json.loads(connection.getresponse().read())
        connection.close()
        return [one["status"] for one in said["results"]]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert Event.objects.count() == A_BATCH
    by_event = list(zip(*answers, strict=True))
    assert all(sorted(statuses) == ["accepted", *["duplicate"] * 7] for statuses in by_event)
