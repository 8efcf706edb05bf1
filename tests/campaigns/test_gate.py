"""The gate of every send: whom one may write to, and on what ground."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.gate import Ground, may_write
from contacts.consents import Said, consents_in
from contacts.models import Contact
from tests.funnel.worlds import NOON, happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def somebody(*said: tuple[str, dict]) -> Contact:
    """Somebody of whom this was said, a day apart, the last yesterday."""
    contact = person(name="Aino", emails=["aino@example.com"])
    for number, (type_, properties) in enumerate(said):
        happened(contact, type_, timezone.now() - timedelta(days=len(said) - number), properties=properties)
    return contact


CORRESPONDENCE = {"channel": "email", "purpose": "correspondence"}


@pytest.mark.parametrize(
    ("said", "ground"),
    [
        ([], Ground.NO_BASIS),
        ([("page_viewed", {})], Ground.NO_BASIS),
        ([("quote_requested", {})], Ground.REQUEST),
        ([("order_completed", {})], Ground.CONTRACT),
        ([("consent_given", CORRESPONDENCE)], Ground.CONSENT),
        ([("consent_given", {**CORRESPONDENCE, "basis": "legitimate_interest"})], Ground.LEGITIMATE_INTEREST),
        ([("consent_given", {"channel": "phone", "purpose": "correspondence"})], Ground.NO_BASIS),
        ([("quote_requested", {}), ("consent_withdrawn", CORRESPONDENCE)], Ground.WITHDRAWN),
        ([("order_completed", {}), ("consent_withdrawn", {})], Ground.WITHDRAWN),
        ([("order_completed", {}), ("unsubscribed", {})], Ground.UNSUBSCRIBED),
        ([("unsubscribed", {}), ("message_received", {})], Ground.REQUEST),
        ([("unsubscribed", {}), ("consent_given", CORRESPONDENCE)], Ground.CONSENT),
        ([("consent_withdrawn", CORRESPONDENCE), ("consent_given", CORRESPONDENCE)], Ground.CONSENT),
    ],
)
def test_the_ground_is_what_was_said_last(said, ground):
    assert may_write(somebody(*said), "aino@example.com").ground == ground


def test_nobody_is_written_to_at_an_address_that_is_not_theirs():
    decision = may_write(somebody(("quote_requested", {})), "else@example.com")

    assert (decision.may, decision.ground) == (False, Ground.NOT_THEIRS)


def test_a_retracted_permission_was_never_given():
    contact = person(emails=["aino@example.com"])
    given = happened(contact, "consent_given", properties=CORRESPONDENCE)
    given.retracted_at = timezone.now()
    given.save(update_fields=["retracted_at"])

    assert may_write(contact, "aino@example.com").ground == Ground.NO_BASIS


def test_the_last_word_counts_for_each_channel_and_purpose():
    def said(type_: str, number: int, **properties: str) -> Said:
        return Said(type_, NOON + timedelta(days=number), properties, number)

    words = consents_in(
        [
            said("consent_given", 1, channel="email", purpose="marketing", wording="3", evidence="form"),
            said("consent_given", 2, channel="phone", purpose="marketing"),
            said("unsubscribed", 3),
            said("consent_given", 4, channel="phone", purpose="correspondence"),
        ]
    )

    assert [(one.channel, one.purpose, one.given, one.wording, one.event_id) for one in words] == [
        ("email", "marketing", False, "", 3),
        ("phone", "marketing", True, "", 2),
        ("phone", "correspondence", True, "", 4),
    ]
