"""The walk through the demo company can be walked: each of its requests is sent as it is written."""

import json
import re
import shlex
from pathlib import Path

import pytest

from contacts.models import Source
from funnel.advancing import advance_everything
from tests.callers import make_caller
from tests.funnel.worlds import install

PAGE = Path(__file__).resolve().parents[2] / "docs" / "walkthrough.md"


def requests():
    """Method, address and body of every curl command of the page."""
    for command in re.findall(r"^    (curl .*(?:\n {6}.*)*)", PAGE.read_text(), re.MULTILINE):
        words = shlex.split(command)
        body = words[words.index("-d") + 1] if "-d" in words else None
        address = next(word for word in words if word.startswith("$POLKU"))
        yield ("POST" if body or "POST" in words else "GET"), address.removeprefix("$POLKU"), body


@pytest.mark.django_db
def test_every_request_of_the_walk_is_answered_as_the_page_says():
    install()
    caller = make_caller(source=Source.objects.create(key="walker", name="Walker"))
    contact = event = ""
    stages = []
    for method, address, body in requests():
        address = address.replace("2401", contact).replace("30330", event)
        answer = caller.get(address) if method == "GET" else caller.post(address, json.loads(body) if body else None)
        assert answer.status_code == 200, (address, answer.content)
        advance_everything()
        if address == "/api/v1/events":
            [result] = answer.json()["results"]
            contact, event = str(result["contact_id"]), str(result["event_id"])
        if contact:
            stages.append(caller.get(f"/api/v1/positions/{contact}").json()["stage"])

    assert len(stages) == 8
    assert stages[:2] == ["lead", "lead"]
    assert "customer" in stages
    assert stages[-1] == "lead"
