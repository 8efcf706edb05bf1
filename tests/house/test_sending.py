"""What goes out by itself waits while sending is paused, and in a database that is another one than was settled."""

import pytest
from django.test import Client

from campaigns.mailing import send_mails
from campaigns.models import MailState
from crm.models import DeliveryState, WebhookDelivery
from crm.webhooks.delivering import deliver_webhooks
from staff.models import AuditRecord, Role, Sending
from staff.policy import Principal
from staff.sending import held, may_send, pause_sending, resume_sending, settle_home
from tests.callers import make_caller
from tests.campaigns.mail_server import mail_server
from tests.campaigns.test_mailing import asker, jukka, state_of, written  # noqa: F401  (fixture)
from tests.factories import make_user
from tests.funnel.worlds import install
from tests.webhooks.receiver import receiving
from tests.webhooks.test_delivering import make_endpoint, move_somebody

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path(db):
    install()


@pytest.fixture
def admin() -> Principal:
    return Principal(user=make_user("admin@example.com", role=Role.ADMIN, name="Anna"))


def test_what_is_paused_waits_and_goes_out_when_it_is_taken_up_again(jukka, admin, settings):  # noqa: F811
    settings.SETTLE_WINDOW_S = 0
    letter = written(jukka, asker())
    with receiving() as receiver, mail_server(settings) as server:
        settings.WEBHOOK_ALLOW = [receiver.url.split("/")[2]]
        make_endpoint(receiver.url)
        move_somebody()
        pause_sending(by=admin)
        send_mails()
        deliver_webhooks()
        assert (state_of(letter)[0], server.letters, receiver.got) == (MailState.QUEUED, [], [])

        resume_sending(by=admin)
        send_mails()
        deliver_webhooks()
        assert (state_of(letter)[0], len(server.letters), len(receiver.got)) == (
            MailState.SENT,
            1,
            2,
        )  # stage and health


def test_a_copy_sends_nothing_until_somebody_says_that_it_is_the_real_one(jukka, admin, settings):  # noqa: F811
    assert (settle_home(), may_send(), held()) == (False, True, None)
    Sending.objects.update(home="1/2/3")  # as a restored dump has it
    letter = written(jukka, asker())
    with mail_server(settings) as server:
        send_mails()
        assert (may_send(), server.letters) == (False, [])
    assert settle_home()

    page = Client()
    page.force_login(admin.user)
    assert b"restored or copied" in page.get("/settings/mail").content
    assert page.post("/settings/mail/sending", {"deed": "drop"}).status_code == 302
    assert (may_send(), held(), state_of(letter)[0]) == (True, None, MailState.CANCELLED)
    said = AuditRecord.objects.filter(object_kind="sending").order_by("pk").values_list("action", "detail")
    assert list(said) == [("waiting_dropped", {"letters": 1, "deliveries": 0}), ("sending_resumed", {})]


def test_programs_pause_sending_and_take_it_up_without_what_waits(settings):
    settings.SETTLE_WINDOW_S = 0
    with receiving() as receiver:
        settings.WEBHOOK_ALLOW = [receiver.url.split("/")[2]]
        make_endpoint(receiver.url)
        move_somebody()
        program = make_caller("staff:manage")
        paused = program.patch("/api/v1/sending", {"is_on": False}).json()
        assert paused["since"] is not None
        assert paused | {"since": None} == {
            "is_on": False, "is_copy": False, "since": None, "letters": 0, "deliveries": 2,
        }  # fmt: skip
        on = program.patch("/api/v1/sending", {"is_on": True, "drop": True}).json()
        assert on == {"is_on": True, "is_copy": False, "since": None, "letters": 0, "deliveries": 0}
        assert list(WebhookDelivery.objects.values_list("state", "last_error").distinct()) == [
            (DeliveryState.FAILED, "dropped")
        ]
        deliver_webhooks()
        assert receiver.got == []
