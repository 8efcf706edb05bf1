"""Letters to one person: let through by the gate, handed over at most once over a real line, recorded in the log."""

from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from django.core import mail as outbox
from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.gate import Ground
from campaigns.handing import Outcome, hand_over
from campaigns.leaving import leave_url
from campaigns.mailing import claim_mail, give_up_lapsed, send_mails, take_back_mail, write_mail
from campaigns.models import Mail, MailState
from contacts.ingest import record_staff_event
from contacts.models import Contact, Event
from funnel.advancing import advance_everything
from staff.models import Role
from staff.policy import Principal
from tests.campaigns.mail_server import mail_server
from tests.factories import make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db
TEXT = "Hei Aino,\n\n.a line with a dot before it\nTerveisin Jukka\n"


@pytest.fixture
def jukka() -> Principal:
    install()
    return Principal(user=make_user("jukka@example.com", role=Role.SALES, name="Jukka Mäkelä"))


def asker(address="aino@example.com", **fields) -> Contact:
    contact = person(name="Aino", emails=[address], **fields)
    happened(contact, "quote_requested", timezone.now() - timedelta(days=2))
    return contact


def written(by: Principal, contact: Contact, address="aino@example.com") -> Mail:
    """A letter whose time to be taken back has passed."""
    mail = write_mail(contact=contact, by=by, address=address, subject="Tarjous: päivä", body=TEXT)
    Mail.objects.filter(pk=mail.pk).update(next_at=Now())
    return mail


def state_of(mail: Mail) -> tuple[str, str]:
    mail.refresh_from_db()
    return mail.state, mail.reason


def test_a_letter_goes_over_the_line_as_it_was_written(jukka, settings):
    aino = asker()
    mail = written(jukka, aino)

    with mail_server(settings) as server:
        assert send_mails() == 1

    [sent] = [message_from_bytes(letter, policy=default) for letter in server.letters]
    mail.refresh_from_db()
    assert (mail.state, mail.ground) == (MailState.SENT, Ground.REQUEST)
    assert (sent["Subject"], sent["To"], sent["Reply-To"]) == (
        "Tarjous: päivä",
        "aino@example.com",
        "Jukka Mäkelä <jukka@example.com>",
    )
    assert sent["Message-ID"] == mail.message_id
    assert sent["From"].addresses[0].display_name == "Jukka Mäkelä"
    leave = leave_url(mail)
    foot = f"\n\n-- \nNo more letters from us? Say so here:\n{leave}\n"
    assert sent.get_content().replace("\r\n", "\n") == TEXT.rstrip() + foot
    assert (sent["List-Unsubscribe"].strip(), sent["List-Unsubscribe-Post"]) == (
        f"<{leave}>",
        "List-Unsubscribe=One-Click",
    )


def test_what_was_sent_stands_in_the_log_by_its_subject_alone(jukka):
    aino = asker()
    mail = written(jukka, aino)

    send_mails()

    event = Event.objects.get(type__key="email_sent")
    assert event.properties == {"subject": "Tarjous: päivä", "mail": mail.pk, "to": "aino@example.com"}
    assert (event.contact_id, event.by_id) == (aino.pk, jukka.user.pk)
    assert [letter.subject for letter in outbox.outbox] == ["Tarjous: päivä"]


def test_a_letter_waits_a_moment_and_can_be_taken_back(jukka):
    mail = write_mail(contact=asker(), by=jukka, address="aino@example.com", subject="Hei", body="Hei")

    assert send_mails() == 0
    assert take_back_mail(mail=mail, by=jukka).state == MailState.CANCELLED
    with pytest.raises(ValidationError) as again:
        take_back_mail(mail=mail, by=jukka)
    assert again.value.code == "on_its_way"


@pytest.mark.parametrize("drops", ["before the answer", "after taking it"])
def test_a_line_lost_after_the_letter_leaves_it_uncertain_and_nobody_sends_it_again(jukka, settings, drops):
    mail = written(jukka, asker())

    with mail_server(settings, drops=drops) as server:
        send_mails()
        Mail.objects.update(next_at=Now())
        assert send_mails() == 0

    assert state_of(mail)[0] == MailState.UNCERTAIN
    assert len(server.letters) == (drops == "after taking it")
    assert not Event.objects.filter(type__key="email_sent").exists()


@pytest.mark.parametrize("drops", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_line_lost_before_the_letter_is_tried_again_under_the_same_id(jukka, settings, drops):
    mail = written(jukka, asker())
    with mail_server(settings, drops=drops):
        send_mails()
    assert state_of(mail)[0] == MailState.RETRY
    first = mail.message_id

    Mail.objects.update(next_at=Now())
    with mail_server(settings) as server:
        send_mails()

    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.message_id) == (MailState.SENT, 2, first)
    assert len(server.letters) == 1


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({"RCPT": "550 no such mailbox"}, (MailState.FAILED, "550 no such mailbox")),
        ({"RCPT": "451 later"}, (MailState.RETRY, "451 later")),
        ({"letter": "554 spam"}, (MailState.FAILED, "554 spam")),
        ({"letter": "452 full"}, (MailState.RETRY, "452 full")),
    ],
)
def test_what_the_server_says_decides_and_is_kept(jukka, settings, answers, state):
    mail = written(jukka, asker())

    with mail_server(settings, answers=answers):
        send_mails()

    assert state_of(mail) == state


@pytest.mark.parametrize(("body", "recipient"), [("Hei \ud800", "aino@example.com"), ("Hei", "päivä@example.com")])
def test_what_cannot_be_put_on_the_line_is_given_up_before_a_letter_begins(settings, body, recipient):
    letter = EmailMessage()
    letter.set_payload(body)

    with mail_server(settings) as server:
        handed = hand_over(letter, sender="us@example.com", recipient=recipient)

    assert (handed.outcome, "can't encode" in handed.words, server.letters) == (Outcome.NEVER, True, [])


def test_an_address_that_mail_has_no_writing_for_holds_up_no_other_letter(jukka, settings):
    addresses = ["=?utf-8?q?x?=@example.com", "päivä@example.com", "aino@example.com"]
    mails = [written(jukka, asker(address), address) for address in addresses]

    with mail_server(settings) as server:
        assert send_mails() == 3

    assert len(server.letters) == 1
    assert [state_of(mail)[0] for mail in mails] == [MailState.FAILED, MailState.FAILED, MailState.SENT]
    assert state_of(mails[1])[1].startswith("No letter can be made of it: local-part contains non-ASCII")


def test_without_anybody_listening_it_is_tried_again_until_it_is_given_up(jukka, settings):
    mail = written(jukka, asker())
    with mail_server(settings):
        pass

    states = []
    for _attempt in range(6):
        Mail.objects.update(next_at=Now())
        send_mails()
        states.append(state_of(mail)[0])

    assert states == [MailState.RETRY] * 5 + [MailState.FAILED]


def test_a_sender_that_vanished_leaves_an_uncertain_letter(jukka):
    mail = written(jukka, asker())
    claim_mail()
    assert (claim_mail(), give_up_lapsed()) == (None, 0)

    Mail.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert send_mails() == 0

    assert state_of(mail)[0] == MailState.UNCERTAIN
    assert outbox.outbox == []


def test_whoever_unsubscribes_while_a_letter_waits_does_not_get_it(jukka):
    aino = asker()
    mail = written(jukka, aino)
    record_staff_event(contact=aino, type="unsubscribed", by=jukka.user)

    send_mails()

    mail.refresh_from_db()
    assert (mail.state, mail.ground) == (MailState.REFUSED, Ground.UNSUBSCRIBED)
    assert outbox.outbox == []


def test_a_closed_relationship_refuses_letters(jukka):
    aino = asker()
    happened(aino, "disqualified", timezone.now() - timedelta(days=1))
    advance_everything()

    with pytest.raises(ValidationError) as refusal:
        write_mail(contact=aino, by=jukka, address="aino@example.com", subject="Hei", body="Hei")

    assert refusal.value.params == {"ground": "closed"}
    assert not Mail.objects.exists()
