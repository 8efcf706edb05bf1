"""Senders that are killed or race each other, as processes of their own: nobody gets a letter twice, nobody gets one
after they have unsubscribed."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes
from itertools import count
from random import Random

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.mailing import send_mails, write_mail
from campaigns.models import Mail, MailState
from contacts.ingest import record_staff_event
from contacts.models import Contact, Event
from staff.models import Role
from staff.policy import Principal
from tests.campaigns.mail_server import MailServer, mail_server
from tests.factories import make_user
from tests.funnel.worlds import happened, install, person
from tests.killing import KILLED, ended, forked, killed_before

pytestmark = pytest.mark.django_db(transaction=True)
POINTS = ("connection", "EHLO", "MAIL", "RCPT", "DATA", "letter", "QUIT")


@pytest.fixture
def jukka(transactional_db: None) -> Principal:
    install()
    return Principal(user=make_user("jukka@example.com", role=Role.SALES, name="Jukka"))


def written(by: Principal, number: int) -> list[Contact]:
    """People who asked for something, each with a letter that is due."""
    people = []
    for place in range(number):
        contact = person(name=f"Person {place}", emails=[f"p{place}@example.com"])
        happened(contact, "quote_requested", timezone.now() - timedelta(days=2))
        write_mail(contact=contact, by=by, address=f"p{place}@example.com", subject="Hei", body="Hei")
        people.append(contact)
    Mail.objects.update(next_at=Now())
    return people


def send_all() -> None:
    while send_mails():
        pass


def killing(child: int, at: str) -> Callable[[str], None]:
    def see(point: str) -> None:
        if point == at:
            os.kill(child, signal.SIGKILL)

    return see


def arrived(server: MailServer) -> Counter[str]:
    return Counter(message_from_bytes(letter)["Message-ID"] for letter in server.letters)


def states() -> Counter[str]:
    return Counter(Mail.objects.values_list("state", flat=True))


def test_wherever_a_sender_is_killed_its_letter_is_uncertain_and_never_sent_again(jukka, settings):
    written(jukka, len(POINTS) + 2)

    with mail_server(settings) as server:
        for point in POINTS:
            with forked(send_all) as child:
                server.sees = killing(child, point)
            assert ended(child) == KILLED
        server.sees = killing(0, "never")
        Mail.objects.filter(state=MailState.SENDING).update(lease_until=F("lease_until") - timedelta(hours=1))
        with forked(send_all) as child:
            pass
        assert ended(child) == 0

    assert states() == {MailState.UNCERTAIN: len(POINTS), MailState.SENT: 2}
    assert sorted(arrived(server).values()) == [1] * 4  # two of the killed had said all of it
    assert Event.objects.filter(type__key="email_sent").count() == 2


def test_before_whichever_statement_a_sender_is_killed_no_letter_goes_out_twice(jukka, settings):
    with mail_server(settings) as server:
        for number in count(1):
            written(jukka, 1)
            killed = killed_before(number, send_all)
            Mail.objects.filter(state=MailState.SENDING).update(lease_until=F("lease_until") - timedelta(hours=1))
            send_all()
            if not killed:
                break

    came, found = arrived(server), states()
    assert number > 10
    assert found.keys() == {MailState.SENT, MailState.UNCERTAIN}
    assert (found.total(), set(came.values())) == (number, {1})
    assert set(Mail.objects.filter(state=MailState.SENT).values_list("message_id", flat=True)) <= came.keys()


def test_several_senders_at_once_one_of_them_killed_send_each_letter_once(jukka, settings):
    written(jukka, 30)

    with mail_server(settings) as server:
        with forked(send_all) as first, forked(send_all) as second, forked(send_all) as third:
            server.sees = lambda point: os.kill(second, signal.SIGKILL) if len(server.letters) == 5 else None
        assert [ended(child) for child in (first, second, third)] == [0, KILLED, 0]

    came, found = arrived(server), states()
    assert set(came.values()) == {1}
    assert found.keys() <= {MailState.SENT, MailState.SENDING}
    assert (found.total(), found[MailState.SENDING] <= 1) == (30, True)
    assert found[MailState.SENT] <= len(came) <= 30


def test_nobody_gets_a_letter_claimed_after_they_had_unsubscribed(jukka, settings):
    people = written(jukka, 30)
    Random(1).shuffle(people)
    gone_at: dict[int, datetime] = {}

    with mail_server(settings) as server:
        with forked(send_all) as first, forked(send_all) as second:
            pass
        for contact in people:
            record_staff_event(contact=contact, type="unsubscribed", by=jukka.user)
            gone_at[contact.pk] = now()
        assert [ended(first), ended(second)] == [0, 0]

    mails = list(Mail.objects.all())
    assert [mail for mail in mails if mail.claimed_at and mail.claimed_at > gone_at[mail.contact_id]] == []
    assert states().keys() <= {MailState.SENT, MailState.REFUSED}
    assert sorted(arrived(server)) == sorted(mail.message_id for mail in mails if mail.state == MailState.SENT)


def now() -> datetime:
    """By the clock that the claims are read from."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [moment] = cursor.fetchone()
    return moment
