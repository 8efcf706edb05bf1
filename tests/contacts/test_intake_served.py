"""Intake behind the server we ship, as programs meet it."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from contacts.models import Event
from staff.keys import create_key
from tests.conftest import Servers
from tests.factories import make_source, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("path")]


@pytest.fixture
def port(servers: Servers) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    command = [sys.executable, "-m", "crm.serving", "127.0.0.1", str(number), "1", "2"]
    environment = {**servers.environment, "DJANGO_SETTINGS_MODULE": "crm.settings", "POLKU_PROCESS": "web"}
    web = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(number)
        yield number
    finally:
        web.terminate()
        web.wait(timeout=20)


def wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the server did not come up")


def test_a_running_server_takes_chunks_and_outlives_its_database_connections(port):
    _key, secret = create_key(name="backend", source=make_source().key, scopes=["events:write"], public=False)
    to_server = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def post(number: int, *, chunked: bool = False) -> Any:
        body = json.dumps({"message_id": f"m{number}", "type": "page_viewed", "contact": {"user_id": "u1"}}).encode()
        sent = iter([body[:20], body[20:]]) if chunked else body
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", "Host": "localhost"}
        to_server.request("POST", "/api/v1/events", sent, headers, encode_chunked=chunked)
        answer = to_server.getresponse()
        return answer.status, json.loads(answer.read())["results"][0]["status"]

    visitor = Client()
    visitor.force_login(make_user(), "django.contrib.auth.backends.ModelBackend")
    cookie = f"{settings.SESSION_COOKIE_NAME}={visitor.session.session_key}"

    def page() -> int:
        to_server.request("GET", "/notices/bell", headers={"Host": "localhost", "Cookie": cookie})
        answer = to_server.getresponse()
        answer.read()
        return answer.status

    whole, in_chunks, before = post(1), post(2, chunked=True), [page() for _ in range(4)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'polku web'")
        ended = cursor.rowcount
    pages_after, after = [page() for _ in range(4)], [post(number) for number in (3, 4, 5)]

    assert (whole, in_chunks) == ((200, "accepted"), (200, "accepted"))
    assert ended > 0
    assert after == 3 * [(200, "accepted")]
    assert before == pages_after == 4 * [200]
    assert Event.objects.count() == 5
