"""Links by a command, and letters by a real SMTP conversation."""

import email
import re
import socketserver
import threading
from collections.abc import Iterator
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import CommandError, call_command
from django.test import Client

from staff.models import AuditRecord, Invitation
from tests.desk.scenes import at_desk
from tests.factories import make_user
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db


class PostOffice(socketserver.ThreadingTCPServer):
    """A mail server that takes letters as RFC 5321 says, and keeps them."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.letters: list[tuple[str, list[str], str]] = []
        self.refuses = False


class Counter(socketserver.StreamRequestHandler):
    server: PostOffice

    def handle(self) -> None:
        self.say("220 post.example ready")
        sender, receivers = "", []
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb = line.split(" ")[0].upper()
            match verb:
                case "EHLO" | "HELO":
                    self.say("250 post.example")
                case "MAIL":
                    sender = re.findall("<(.*?)>", line)[0]
                    self.say("250 go on")
                case "RCPT":
                    receivers.append(re.findall("<(.*?)>", line)[0])
                    self.say("550 nobody here" if self.server.refuses else "250 go on")
                case "DATA":
                    self.say("354 end with a dot")
                    self.server.letters.append((sender, receivers, self.letter()))
                    self.say("250 taken")
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 well")

    def letter(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
            lines.append(line.removeprefix("."))
        return "\n".join(lines)

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def post_office(settings) -> Iterator[PostOffice]:
    with PostOffice() as office:
        threading.Thread(target=office.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, *_flow = office.server_address
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.MAIL_GOES_OUT = True
        yield office
        office.shutdown()


def links_in(letter: str) -> list[str]:
    body = email.message_from_string(letter).get_payload(decode=True)
    assert isinstance(body, bytes)
    return re.findall(r"http://localhost:8000(/\S+)", body.decode())


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def test_an_invitation_reaches_the_mailbox_and_opens_the_door(post_office):
    client, _admin = at_desk()

    client.post("/settings/staff/invite", {"email": "laura@example.com", "role": "sales"})

    [(sender, receivers, letter)] = post_office.letters
    assert (sender, receivers) == ("polku@localhost", ["laura@example.com"])
    [address] = [link for link in links_in(letter) if link.startswith("/join/")]
    assert "laura@example.com" in Client().get(address).text


def test_what_the_mail_server_refuses_is_shown_as_a_link(post_office):
    post_office.refuses = True
    client, _admin = at_desk()

    page = client.post("/settings/staff/invite", {"email": "laura@example.com", "role": "sales"})

    assert (post_office.letters, "/join/" in page.text, Invitation.objects.count()) == ([], True, 1)


def test_a_forgotten_password_is_changed_by_mail_at_the_address_of_the_site(post_office):
    user = make_user("laura@example.com", password="the password of before")
    Client().post("/accounts/password/reset/", {"email": user.email}, headers={"X-Forwarded-Host": "evil.example"})

    [(_sender, receivers, letter)] = post_office.letters
    assert receivers == ["laura@example.com"]
    [address] = [link for link in links_in(letter) if "/reset/key/" in link]
    browser = Client()
    form = browser.get(address, follow=True).request["PATH_INFO"]
    browser.post(form, {"password1": "a new long secret", "password2": "a new long secret"})

    user.refresh_from_db()
    assert user.check_password("a new long secret")


def test_a_stranger_who_forgot_a_password_hears_the_same_as_a_colleague(post_office):
    make_user("laura@example.com")
    answers = [
        Client().post("/accounts/password/reset/", {"email": address})
        for address in ("laura@example.com", "nobody@example.com")
    ]

    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [
        (302, "/accounts/password/reset/done/")
    ] * 2


# --- manage.py login_link ---------------------------------------------------------------------------------------------


def printed(*arguments: str) -> tuple[str, str]:
    out, words = StringIO(), StringIO()
    call_command("login_link", *arguments, stdout=out, stderr=words)
    return out.getvalue().strip(), words.getvalue().strip()


def test_the_command_prints_a_link_that_lets_in_once():
    user = make_user("laura@example.com")

    link, words = printed("Laura@example.com")

    assert words == "It lets laura@example.com in once, within 30 minutes."
    path = link.removeprefix("http://localhost:8000")
    assert [Client().post(path).status_code for _ in range(2)] == [302, 404]
    assert list(AuditRecord.objects.order_by("id").values_list("user", "action", "object_id")) == [
        (None, "sign_in_link_made", user.pk),
        (user.pk, "signed_in", user.pk),
    ]


def test_the_command_takes_away_a_lost_second_step():
    user = make_user("laura@example.com")
    TOTP.activate(user, generate_totp_secret())

    printed("laura@example.com", "--forget-second-step")

    assert Authenticator.objects.count() == 0


def test_the_command_says_who_cannot_be_let_in():
    make_user("gone@example.com", is_active=False)
    for address in ("gone@example.com", "nobody@example.com"):
        with pytest.raises(CommandError, match="Nobody who may sign in has the address"):
            printed(address)
