"""The link at the foot of a letter: who had the letter ends our letters by it, and nothing else does."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from campaigns.gate import Ground, may_write
from campaigns.leaving import leave_url
from campaigns.mailing import write_mail
from campaigns.models import Mail
from contacts.consents import consents_of
from contacts.erasing import erase_contact
from contacts.models import Contact, Event
from staff.models import Role
from staff.policy import Principal
from tests.factories import make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db
ADDRESS = "aino.virtanen@example.com"


@pytest.fixture
def aino() -> Contact:
    install()
    contact = person(name="Aino", emails=[ADDRESS], language="fi")
    happened(contact, "quote_requested", timezone.now() - timedelta(days=2))
    happened(contact, "consent_given", properties={"channel": "phone", "purpose": "marketing"})
    return contact


def letter_to(contact: Contact) -> Mail:
    by = Principal(user=make_user(role=Role.SALES))
    return write_mail(contact=contact, by=by, address=ADDRESS, subject="Tarjous", body="Hei")


def page_of(mail: Mail) -> str:
    return leave_url(mail).removeprefix(settings.SITE_URL)


def test_sending_the_page_ends_our_letters_until_they_ask_again_and_opening_it_does_nothing(aino):
    mail, browser = letter_to(aino), Client(enforce_csrf_checks=True)
    page = page_of(mail)

    opened = [browser.get(page), browser.head(page)]
    assert [one.status_code for one in opened] == [200, 200]
    assert "a…@example.com" in opened[0].text
    assert ADDRESS not in opened[0].text
    assert may_write(aino, ADDRESS).may

    for _time in range(2):  # the second changes nothing
        assert browser.post(page).status_code == 302
    assert may_write(aino, ADDRESS).ground == Ground.UNSUBSCRIBED
    said = Event.objects.filter(type__key="unsubscribed").values_list("contact", "properties__purpose", "source__key")
    assert list(said) == [(aino.pk, "marketing", "our-letters")]
    assert "Sinulle ei enää lähde kirjeitä." in browser.get(page).text

    happened(aino, "message_received", timezone.now())
    assert may_write(aino, ADDRESS).may
    assert browser.post(page, {"List-Unsubscribe": "One-Click"}).status_code == 200  # a mail program's own button
    assert may_write(aino, ADDRESS).ground == Ground.UNSUBSCRIBED


def test_a_permission_to_be_written_to_and_one_of_another_channel_are_taken_back_each_by_itself(aino):
    happened(aino, "consent_given", timezone.now(), properties={"channel": "email", "purpose": "correspondence"})
    page = page_of(letter_to(aino))

    for what in ({"what": "phone.marketing"}, {"what": "phone.nothing"}, {}):
        Client().post(page, what)

    assert {(one.channel, one.purpose): one.given for one in consents_of([aino.pk])} == {
        ("phone", "marketing"): False,
        ("email", "correspondence"): False,
        ("email", "marketing"): False,
    }
    assert may_write(aino, ADDRESS).ground == Ground.WITHDRAWN


def test_a_link_that_is_not_ours_or_of_somebody_erased_leads_nowhere(aino):
    mail, other = letter_to(aino), letter_to(aino)
    page = page_of(mail)
    forged = page_of(other).replace(f"/{other.pk}.", f"/{mail.pk}.")

    assert [Client().post(one).status_code for one in (forged, "/u/7", "/u/x.y")] == [404, 404, 404]
    assert may_write(aino, ADDRESS).may
    erase_contact(contact=aino, by=Principal(user=make_user(role=Role.ADMIN)))
    assert [Client().get(page).status_code, Client().post(page).status_code] == [404, 404]
