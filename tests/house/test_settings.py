"""The settings come from the environment and fail with a sentence that names the variable."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "SECRET_KEY": "x" * 50,
    "SITE_URL": "https://crm.example.com",
    "DATABASE_URL": "postgres://polku:secret@db.example/polku",
    "REDIS_URL": "redis://:secret@valkey.example:6379/0",
    "POLKU_STATE": "/nonexistent",
}


def settings_said(script: str = "", **changes: Any) -> str:
    """What a fresh process prints that reads the settings from this environment: the last line it says."""
    environment = {name: value for name, value in (GOOD | changes).items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings\nsettings.DEBUG\n{script}"],
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "crm.settings"} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).strip().splitlines()[-1]


@pytest.mark.parametrize("name", ["SECRET_KEY", "SITE_URL", "DATABASE_URL", "REDIS_URL"])
def test_a_missing_variable_is_named(name):
    missing: dict[str, Any] = {name: None}

    assert settings_said(**missing).startswith(f"django.core.exceptions.ImproperlyConfigured: {name} is not set: give ")


def test_a_command_says_it_in_one_sentence():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={"PATH": os.environ["PATH"], "POLKU_STATE": "/nonexistent"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    sentence = (
        "SECRET_KEY is not set: give 50 or more random characters, and keep them (`make run` makes one for a first"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{sentence} try).\n")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "SITE_URL",
            "crm.example.com",
            "SITE_URL must be an http or https address with a host; it is 'crm.example.com'.",
        ),
        ("DATABASE_URL", "mysql://db/polku", "DATABASE_URL must begin with postgres://, for Polku keeps its rows in"),
        ("DATABASE_URL", "postgres://polku:x@db", "DATABASE_URL must name a database, as in postgres://role:password@"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS must name hosts; * would let anybody forge the address in our mails."),
        (
            "EMAIL_URL",
            "mail.example.com",
            "EMAIL_URL must be such as smtp+tls://user:password@mail.example.com:587, with",
        ),
        ("HSTS_PRELOAD", "true", "HSTS_PRELOAD needs HSTS_SUBDOMAINS: browsers list a name with all that is under it."),
        ("LANGUAGE_CODE", "sv", "LANGUAGE_CODE must be one of en, fi; it is 'sv'."),
        ("ORGANISATION_TIME_ZONE", "Helsinki", "ORGANISATION_TIME_ZONE must be a zone such as Europe/Helsinki; it is"),
    ],
)
def test_a_bad_value_is_named(name, value, sentence):
    assert (
        settings_said(**{name: value})
        .removeprefix("django.core.exceptions.ImproperlyConfigured: ")
        .startswith(sentence)
    )


def test_debug_is_off_and_cookies_are_locked_unless_asked():
    script = "print(settings.DEBUG, settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE)"

    assert settings_said(script) == "False __Host-polku_session True"
    assert settings_said(script, SITE_URL="http://localhost:8000") == "False polku_session False"


def test_browsers_are_told_of_https_for_this_host_alone_unless_asked():
    script = """
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory
answer = SecurityMiddleware(lambda request: HttpResponse())(RequestFactory().get("/", secure=True))
print(answer["Strict-Transport-Security"])"""
    both = {"HSTS_SUBDOMAINS": "true", "HSTS_PRELOAD": "true"}

    assert settings_said(script) == "max-age=63072000"
    assert settings_said(script, HSTS_SUBDOMAINS="true") == "max-age=63072000; includeSubDomains"
    assert settings_said(script, **both) == "max-age=63072000; includeSubDomains; preload"
    assert settings_said("print(settings.SECURE_HSTS_PRELOAD)", SITE_URL="http://localhost:8000", **both) == "False"


def test_the_broker_is_spelt_as_celery_wants_it():
    script = "print(settings.CELERY_BROKER_URL)"

    assert (
        settings_said(script, REDIS_URL="unix:///run/valkey.sock?db=3")
        == "redis+socket:///run/valkey.sock?virtual_host=3"
    )
    assert settings_said(script) == GOOD["REDIS_URL"]


def test_only_web_processes_have_a_short_patience():
    script = "print(settings.STATEMENT_TIMEOUT_MS, settings.CELERY_BROKER_TRANSPORT_OPTIONS['socket_timeout'])"

    assert settings_said(script) == "0 5"
    assert settings_said(script, POLKU_PROCESS="web") == "5000 1"


def test_the_visibility_timeout_is_the_same_in_all_three_places_and_longer_than_any_task():
    script = """
print([settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"],
       settings.CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS["visibility_timeout"],
       settings.CELERY_VISIBILITY_TIMEOUT, settings.CELERY_TASK_TIME_LIMIT])"""

    assert settings_said(script) == "[300, 300, 300, 120]"


def test_a_nudge_that_finds_no_broker_costs_a_request_next_to_nothing():
    script = """
import time
from crm.celery import app
spent = []
for _ in range(3):
    began = time.monotonic()
    try:
        app.send_task("funnel.tasks.advance_pending")
    except Exception as error:
        spent.append((type(error).__name__, time.monotonic() - began < 2))
print(spent[1:])"""

    said = settings_said(script, REDIS_URL="redis://127.0.0.1:1/0", POLKU_PROCESS="web")
    assert said == "[('OperationalError', True), ('OperationalError', True)]"


def test_the_deployment_check_finds_nothing():
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=os.environ | GOOD | {"DJANGO_SETTINGS_MODULE": "crm.settings", "SECRET_KEY": "0123456789abcdefghij" * 3},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "System check identified no issues (2 silenced).\n")
