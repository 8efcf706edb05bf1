"""Request ids, headers, probes, and what is answered when no view could."""

import time

import pytest
from django.db import connection
from django.test import Client


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def database_away(transactional_db: None):
    """The database is somewhere where nobody answers."""
    settings = connection.settings_dict
    connection.close()
    options = {name: value for name, value in settings["OPTIONS"].items() if name not in {"host", "port"}}
    connection.settings_dict = {**settings, "HOST": "127.0.0.1", "PORT": "1", "OPTIONS": options}
    yield
    connection.close()
    connection.settings_dict = settings


def test_a_sane_request_id_is_echoed_and_any_other_replaced(visitor):
    assert visitor.get("/healthz", headers={"X-Request-Id": "abc-12345"})["X-Request-Id"] == "abc-12345"

    replaced = visitor.get("/healthz", headers={"X-Request-Id": "<script>"})["X-Request-Id"]
    assert len(replaced) == 32
    assert replaced.isalnum()


def test_probes_answer_whatever_name_they_call_us_by(visitor):
    assert visitor.get("/healthz", headers={"Host": "10.0.0.7"}).json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_means_that_the_database_answers(visitor):
    assert (visitor.get("/readyz").status_code, visitor.get("/readyz").json()) == (200, {"status": "ok"})


def test_without_the_database_we_are_alive_but_not_ready(visitor, database_away):
    answer = visitor.get("/readyz")

    assert visitor.get("/healthz").status_code == 200
    assert (answer.status_code, answer["Retry-After"], answer.json()) == (503, "2", {"status": "database away"})


def test_without_the_database_a_page_says_when_to_come_again_within_two_seconds(visitor, database_away):
    visitor.cookies["polku_session"] = "0" * 32
    began = time.monotonic()
    answer = visitor.post("/accounts/login/", {"login": "a@example.com", "password": "secret"})

    assert time.monotonic() - began < 2
    assert (answer.status_code, answer["Retry-After"], answer["Content-Type"]) == (503, "2", "text/html; charset=utf-8")
    assert "The database does not answer. Try again soon." in answer.content.decode()
    assert answer["X-Request-Id"] in answer.content.decode()


def test_programs_get_a_problem_people_a_page(visitor):
    to_program, to_person = visitor.get("/api/nowhere"), visitor.get("/nowhere")

    assert to_program["Content-Type"] == "application/problem+json"
    assert to_program.json() == {
        "type": "/api/problems/not-found",
        "title": "There is nothing here.",
        "status": 404,
        "detail": "There is no such page, or it is not yours to see.",
        "instance": "/api/nowhere",
        "request_id": to_program["X-Request-Id"],
    }
    assert (to_person.status_code, to_person["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("address", ["/contacts", "/api/v1/contacts", "/api/v1/board", "/api/v1/companies"])
def test_a_name_that_is_not_ours_is_refused(visitor, address):
    assert visitor.get(address, headers={"host": "elsewhere.example"}).status_code == 400


def test_a_page_is_locked_against_other_sites(visitor):
    headers = visitor.get("/nowhere").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))

    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert {name: headers[name] for name in ("Referrer-Policy", "X-Frame-Options", "X-Content-Type-Options")} == {
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
    }
    assert {headers[f"Cross-Origin-{kind}-Policy"] for kind in ("Opener", "Resource")} == {"same-origin"}
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
