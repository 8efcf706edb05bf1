"""The lines of docs/api.md are true: each is sent as it stands there."""

import base64
import re
import shlex
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from django.test import Client

from contacts.catalogue import install_catalogue
from funnel.advancing import advance_everything
from funnel.services import install_path
from tests.callers import make_caller

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
LINES = re.findall(r"^ {4,}(curl .*)$", PAGE.read_text(), re.MULTILINE)

pytestmark = pytest.mark.django_db


def sent(line, variables):
    """What curl would send."""
    for name, value in variables.items():
        line = line.replace(f"${name}", value)
    words = shlex.split(line)[1:]
    method, headers, body, parameters, address = None, {}, None, [], ""
    while words:
        word = words.pop(0)
        match word:
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _colon, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                body = words.pop(0)
            case "--data-urlencode":
                name, _equals, value = words.pop(0).partition("=")
                parameters.append(f"{name}={quote(value)}")
            case "-u":
                headers["Authorization"] = basic(words.pop(0))
            case "-G":
                method = "GET"
            case _:
                address = word
    parts = urlsplit(address)
    query = "&".join([*filter(None, [parts.query]), *parameters])
    kind = headers.pop("Content-Type", "application/x-www-form-urlencoded")
    return Client().generic(
        method or ("POST" if body else "GET"),
        f"{parts.path}?{query}",
        body or "",
        content_type=kind,
        headers=headers,
    )


def basic(credentials):
    return "Basic " + base64.b64encode(credentials.encode()).decode()


def test_every_line_of_the_page_does_what_it_says():
    install_catalogue()
    install_path()
    variables = {"KEY": make_caller().secret, "URL": "http://localhost:8000/api/v1", "ID": ""}
    answers = {}
    for line in LINES:
        answer = sent(line, variables)
        advance_everything()
        assert (line, answer.status_code in {200, 201}, answer.content) == (line, True, answer.content)
        answers[line] = answer.json()
        if "-d" in line and not variables["ID"]:
            variables["ID"] = str(answers[line]["id"])

    [found] = [said for line, said in answers.items() if "q=anna+virt" in line]
    [custom] = [said for line, said in answers.items() if '"plan": "big"}' in line]
    assert [person["name"] for person in found["results"]] == ["Anna Virtanen"]
    assert (custom["custom"], custom["emails"]) == ({"plan": "big"}, ["anna@example.com", "anna@work.fi"])
