"""From recorded events to moved contacts, in the database."""

import pytest

from contacts.models import Pending
from funnel.advancing import advance_everything, advance_pending
from funnel.models import Attempt
from tests.funnel.worlds import NOON, days, happened, install, path_of, person, stage_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _installed(db: None) -> None:
    install()


def test_events_move_a_contact_along_its_path():
    anna = person()
    happened(anna, "page_viewed", NOON)
    happened(anna, "content_downloaded", NOON + days(1))
    happened(anna, "order_completed", NOON + days(2), value_minor=1200, currency="EUR")

    assert advance_pending() == 1

    assert path_of(anna) == [(None, "prospecting"), ("prospecting", "lead"), ("lead", "customer")]
    assert stage_of(anna) == "customer"
    assert not Pending.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_done_is_committed_and_leaves_no_note_of_the_attempt():
    anna = person()
    happened(anna, "order_completed", NOON, value_minor=1200, currency="EUR")

    assert advance_everything() > 0

    assert stage_of(anna) == "customer"
    assert not Attempt.objects.exists()
