"""A role whose people need a second step; and that signing in tells nobody by its work whether an account is there."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from staff.models import AuditRecord, GuardedRole, Role, User
from tests.callers import make_caller
from tests.desk.scenes import at_desk
from tests.factories import make_user
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db
PASSWORD = "a sentence of one's own"


@pytest.fixture(autouse=True)
def _path() -> Iterator[None]:
    install()
    cache.clear()
    yield
    cache.clear()


def with_step(user: User) -> User:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "sealed"})
    return user


def signing_in(email: str, password: str = PASSWORD) -> tuple[Client, Any]:
    client = Client()
    return client, client.post("/accounts/login/", {"login": email, "password": password})


def test_a_role_that_needs_a_second_step_leads_whoever_has_none_to_it_before_anything_else():
    admin, _user = at_desk()
    liisa = make_user("liisa@example.com", role=Role.SALES)
    liisa.set_password(PASSWORD)
    liisa.save()
    before, _answer = signing_in(liisa.email)

    admin.post("/settings/roles/sales/second-step", {"needed": "1"})
    ended = before.get("/contacts").headers["Location"]
    client, _answer = signing_in(liisa.email)
    led = [client.get(address).headers.get("Location") for address in ("/", "/contacts", "/settings")]
    part = client.get("/contacts/count", headers={"HX-Request": "true"})
    shown = client.get("/settings/second-step")
    with_step(liisa)

    assert ended.startswith("/accounts/login/")
    assert led == ["/settings/second-step"] * 3
    assert (part.status_code, part.headers["HX-Redirect"]) == (204, "/settings/second-step")
    assert "Use a passkey" in shown.text
    assert client.get("/contacts").status_code == 200
    assert list(AuditRecord.objects.filter(action="role_guarded").values_list("detail", flat=True)) == [
        {"role": "sales"}
    ]


def test_nobody_locks_themselves_out_and_programs_are_not_concerned():
    admin, user = at_desk()
    refused = admin.post("/settings/roles/admin/second-step", {"needed": "1"}, follow=True)
    with_step(user)
    admin.post("/settings/roles/admin/second-step", {"needed": "1"})
    caller = make_caller("contacts:read", "staff:manage")

    changed = caller.patch("/api/v1/roles/marketer", {"needs_second_step": True})

    assert "Set up your own second step first" in refused.text
    assert admin.get("/settings/roles").status_code == 200
    assert set(GuardedRole.objects.values_list("role", flat=True)) == {"admin", "marketer"}
    assert (changed.json()["role"], changed.json()["needs_second_step"]) == ("marketer", True)
    assert [one["role"] for one in caller.get("/api/v1/roles").json()["results"] if one["needs_second_step"]] == [
        "admin",
        "marketer",
    ]


def test_who_loses_the_second_step_that_the_role_needs_must_set_up_another():
    admin, user = at_desk()
    with_step(user)
    tiina = with_step(make_user("tiina@example.com", role=Role.MANAGER))
    admin.post("/settings/roles/manager/second-step", {"needed": "1"})
    client = Client()
    client.force_login(tiina, "django.contrib.auth.backends.ModelBackend")

    admin.post(f"/settings/staff/{tiina.pk}/forget-second-step")

    assert client.get("/contacts").headers["Location"].startswith("/accounts/login/")


class Counted(MD5PasswordHasher):
    """Notes each hash that is worked out."""

    algorithm = "counted"
    hashed: list[str] = []

    def encode(self, password: str, salt: str) -> str:
        self.hashed.append(salt)
        return super().encode(password, salt)


def test_signing_in_works_as_hard_for_an_account_that_is_not_there(settings):
    settings.PASSWORD_HASHERS = ["tests.desk.test_second_step.Counted"]
    for number, active in enumerate((True, False)):
        user = make_user(f"user{number}@example.com", is_active=active)
        user.set_password(PASSWORD)
        user.save()
    signing_in("warm.up@example.com", "wrong")

    def work(email: str) -> tuple[int, list[str], int, str]:
        Counted.hashed.clear()
        with CaptureQueriesContext(connection) as asked:
            _client, answer = signing_in(email, "wrong")
        shapes = [re.sub(r"'[^']*'|\d+|\([^)]*\)", "?", one["sql"])[:60] for one in asked.captured_queries]
        said = re.sub(r"user\d|nobody|csrf[^>]*>|value=\S*", "", answer.text)
        return len(Counted.hashed), shapes, answer.status_code, said

    assert work("user0@example.com") == work("nobody@example.com") == work("user1@example.com")
