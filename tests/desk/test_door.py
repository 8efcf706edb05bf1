"""Signing in and out, and the pages around it."""

import re

import pytest
from django.test import Client

from funnel.publishing import start_draft
from staff.models import User
from staff.policy import Principal
from tests.desk.scenes import at_desk
from tests.factories import make_user
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db
SIGN_IN = "/accounts/login/"
OPEN = [SIGN_IN, "/accounts/password/reset/", "/accounts/password/reset/done/", "/api/docs"]
SIGNED_IN = ["/", "/contacts", "/accounts/logout/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/email/"]


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def strange(page: str) -> list[str]:
    """What the strict policy would not run or paint."""
    return re.findall(r"<style|<script(?![^>]*(?:src=|type=\"application/json\"))[^>]*>|\sstyle=|\son\w+=", page)


@pytest.mark.parametrize("address", OPEN)
def test_pages_for_everybody_keep_to_the_strict_policy(address):
    page = Client().get(address)

    assert (page.status_code, strange(page.text)) == (200, [])
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("address", SIGNED_IN)
def test_pages_behind_the_door_keep_to_the_strict_policy(address):
    client, _user = at_desk()

    page = client.get(address, follow=True)

    assert (page.status_code, strange(page.text)) == (200, [])
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "no-store" in page.headers["Cache-Control"]


def test_signing_in_leads_where_one_wanted_to_go():
    make_user("jukka@example.com", password="a long enough secret")
    client = Client()

    answer = client.post(
        f"{SIGN_IN}?next=/contacts",
        {"login": "jukka@example.com", "password": "a long enough secret", "next": "/contacts"},
    )

    assert answer.headers["Location"] == "/contacts"
    assert client.get("/contacts").status_code == 200


def test_a_wrong_password_is_said_without_telling_whether_somebody_is_known():
    make_user("jukka@example.com", password="a long enough secret")

    pages = [
        Client().post(SIGN_IN, {"login": login, "password": "wrong"}).context["form"].errors.as_json()
        for login in ("jukka@example.com", "nobody@example.com")
    ]

    assert pages[0] == pages[1]


def test_guessing_is_stopped_in_words():
    make_user("jukka@example.com", password="a long enough secret")
    client = Client()

    answers = [client.post(SIGN_IN, {"login": "jukka@example.com", "password": f"wrong {n}"}) for n in range(12)]

    assert "Too many failed login attempts" in answers[-1].text or "Too many tries" in answers[-1].text
    assert answers[-1].headers["Content-Type"].startswith("text/html")
    right = client.post(SIGN_IN, {"login": "jukka@example.com", "password": "a long enough secret"})
    assert right.status_code in {200, 429}


def test_only_a_post_signs_out():
    client, _user = at_desk()

    asked, posted = client.get("/accounts/logout/"), client.post("/accounts/logout/")

    assert (asked.status_code, posted.status_code) == (200, 302)
    assert client.get("/").headers["Location"].startswith(SIGN_IN)


def test_nobody_makes_an_account_for_themselves():
    form = {"email": "eve@example.com", "password1": "a long enough secret", "password2": "a long enough secret"}

    pages = [Client().get("/accounts/signup/"), Client().post("/accounts/signup/", form)]

    assert ["By invitation" in page.text for page in pages] == [True, True]
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    ("address", "said", "status"),
    [
        ("/find", {"q": "ain\0o"}, 400),
        ("/", {"campaign": "\0", "view": "table"}, 400),
        ("/contacts/bulk/tag", {"all": "1", "ordering": "nonsense"}, 404),
        ("/playbooks/drafts/{draft}/name", {"name": "\0"}, 400),
        ("/playbooks/drafts/{draft}/backtest", {"since": "2026-99-99"}, 302),
        ("/playbooks/drafts/{draft}/publish", {"when": "day", "since": "2026-99-99"}, 422),
        ("/theme", {"theme": "dark", "next": "nowhere"}, 302),
    ],
)
def test_what_means_nothing_is_no_error_of_ours(address, said, status):
    install()
    client, user = at_desk()
    path = address.format(draft=start_draft(name="Summer", by=Principal(user=user)).pk)
    ask = client.post if path.startswith(("/playbooks", "/theme")) else client.get

    assert ask(path, said).status_code == status
