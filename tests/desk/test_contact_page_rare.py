"""What is seldom done on the page of a person: a letter sent once more, and a person erased for ever."""

import pytest
from django.core import mail as outbox
from django.utils import timezone

from campaigns.mailing import send_mails, write_mail
from campaigns.models import Mail, MailState
from contacts.models import Contact, Erasure
from contacts.tasking import add_task
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.desk.scenes import ago, at_desk, buyer
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db
ADDRESS = "aino@example.com"


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def test_a_letter_that_failed_goes_out_again_once():
    client, user = at_desk(Role.SALES)
    aino = buyer(ago(2), name="Aino", emails=[ADDRESS])
    mail = write_mail(contact=aino, by=Principal(user=user), address=ADDRESS, subject="Hei", body="Kiitos")
    Mail.objects.update(state=MailState.FAILED, reason="554 mailbox full", attempts=6)
    assert "554 mailbox full" in client.get(f"/contacts/{aino.pk}").text

    client.post(f"/mails/{mail.pk}/send-again")
    twice = client.post(f"/mails/{mail.pk}/send-again", follow=True)
    Mail.objects.update(next_at=timezone.now())
    send_mails()

    assert "on its way already" in twice.text
    assert [letter.subject for letter in outbox.outbox] == ["Hei"]
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.reason) == (MailState.SENT, 1, "")
    assert AuditRecord.objects.filter(action="mail_sent_again", user=user).count() == 1


def test_the_gate_says_why_a_letter_may_not_go_out_again():
    client, user = at_desk(Role.SALES)
    aino = buyer(ago(2), name="Aino", emails=[ADDRESS])
    mail = write_mail(contact=aino, by=Principal(user=user), address=ADDRESS, subject="Hei", body="Kiitos")
    Mail.objects.update(state=MailState.UNCERTAIN)
    happened(aino, "unsubscribed", ago(1), properties={"channel": "email", "purpose": "correspondence"})

    answer = client.post(f"/mails/{mail.pk}/send-again", follow=True)

    assert "Record a" in answer.text
    mail.refresh_from_db()
    assert mail.state == MailState.UNCERTAIN


def test_erasing_asks_with_counts_and_then_nobody_finds_them(django_capture_on_commit_callbacks):
    client, user = at_desk()
    aino = buyer(ago(2), name="Aino Erased", emails=[ADDRESS])
    happened(aino, "quote_requested", ago(3))
    add_task(contact=aino, by=Principal(user=user), title="Call", due_at=timezone.now())

    question = client.get(f"/contacts/{aino.pk}/erase").text
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"/contacts/{aino.pk}/erase", follow=True)

    assert "what 2 facts say of them" in question
    assert "1 task<" in question
    assert "Aino Erased" not in answer.text
    assert Erasure.objects.get().contact_id == aino.pk
    assert Contact.objects.get().name == ""
    assert [client.get(f"/contacts/{aino.pk}{more}").status_code for more in ("", "/erase")] == [404, 404]


def test_only_who_may_erase_is_offered_it():
    aino = person(name="Aino")
    offers = {role: f"/contacts/{aino.pk}/erase" in at_desk(role)[0].get(f"/contacts/{aino.pk}").text for role in Role}

    assert [role for role, offered in offers.items() if offered] == [Role.ADMIN]
