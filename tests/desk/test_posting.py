"""The page that tries whether mail goes out, over a real line."""

import pytest

from staff.models import Role
from tests.campaigns.mail_server import mail_server
from tests.desk.scenes import at_desk
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db


def test_a_letter_to_oneself_goes_over_the_line_and_the_server_is_quoted(settings):
    install()
    client, user = at_desk(Role.ADMIN)

    with mail_server(settings) as server:
        page = client.post("/settings/mail").text

    assert f"The server took a letter to {user.email}." in page
    assert "250" in page
    [letter] = server.letters
    assert f"To: {user.email}".encode() in letter


def test_a_server_that_refuses_is_quoted_too(settings):
    install()
    client, _user = at_desk(Role.ADMIN)

    with mail_server(settings) as server:
        server.answers["MAIL"] = "550 not from you"
        page = client.post("/settings/mail").text

    assert "The server refused the letter." in page
    assert "550 not from you" in page


def test_without_a_server_it_says_where_letters_lie(settings):
    install()
    settings.MAIL_GOES_OUT = False
    client, _user = at_desk(Role.ADMIN)

    page = client.post("/settings/mail").text

    assert "No mail server is set up" in page
