"""Lists whose lines are drawn in Python: whatever people and programs called things, none of it becomes markup."""

from datetime import date
from typing import Final
from uuid import uuid4

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Cost, Form, Link, Submission
from contacts.models import Claim, EventType, Import, ImportReject, Quarantine, Source, Task
from crm.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests.desk.scenes import at_desk
from tests.factories import make_contact, make_message, make_source, make_user, record
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db
EVIL: Final = """"'><i>&%s"""
TODAY: Final = date(2026, 11, 2)


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def drawn(address: str) -> str:
    client, _admin = at_desk()
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text


def assert_plain(page: str, times: int) -> None:
    """It is said so often, and never as markup."""
    assert (page.count("<i>&"), page.count("&gt;&lt;i&gt;&amp;%s")) == (0, times)


def test_the_pages_of_campaigns_take_no_word_for_markup():
    owner = make_user(name=EVIL)
    campaign = Campaign.objects.create(key="spring", name=EVIL, owner=owner)
    Cost.objects.create(campaign=campaign, first_on=TODAY, last_on=TODAY, sum_minor=100, note=EVIL)
    Link.objects.create(
        token="t", campaign=campaign, url="https://example.com/", source=EVIL, medium=EVIL, content=EVIL
    )

    assert_plain(drawn("/campaigns"), 2)
    assert_plain(drawn("/strategy"), 1)
    # The name in the title, the path and the head; owner and note; the link, and the label of its code.
    assert_plain(drawn(f"/campaigns/{campaign.pk}"), 3 + 2 + 3 + 2)


def test_the_week_of_tasks_takes_no_word_for_markup():
    somebody = make_contact(email="aino@example.com", name=EVIL)
    Task.objects.create(contact=somebody, title=EVIL, due_at=timezone.now(), assignee=make_user(name=EVIL))

    assert_plain(drawn("/tasks?whose=all"), 2 + 1 + 2)  # title and its box, the person, who has it and may be given it


def test_the_pages_of_forms_and_imports_take_no_word_for_markup():
    source, aino = make_source(), make_contact(email="aino@example.com", name=EVIL)
    campaign = Campaign.objects.create(key="spring", name=EVIL)
    form = Form.objects.create(token="f", name=EVIL, deed="form_submitted", title="T", source=source, campaign=campaign)
    Submission.objects.create(form=form, contact=aino, token="t", nonce="n")
    run = Import.objects.create(
        source=source, file_name=EVIL, started_by=make_user(name=EVIL), mapping={}, state="failed"
    )
    ImportReject.objects.create(run=run, line=1, column=EVIL, detail=EVIL, raw="a")

    assert_plain(drawn("/forms"), 2)
    assert_plain(drawn(f"/forms/{form.pk}"), 4)
    assert_plain(drawn("/imports"), 2)
    assert_plain(drawn(f"/imports/{run.pk}"), 5)


def test_the_lists_of_the_intake_take_no_word_for_markup():
    source = Source.objects.create(key="shop", name=EVIL)
    type_ = EventType.objects.create(key="odd", label_en=EVIL, is_named=True, first_source=source)
    EventType.objects.create(key="odder", first_source=source)
    aino = make_contact(email="aino@example.com", name=EVIL)
    record(source, make_message("odd", "aino@example.com"))
    Claim.objects.create(
        contact=aino, source=source, type=type_, key=uuid4(), digest=1, body={"properties": {EVIL: EVIL}}
    )
    Quarantine.objects.create(source=source, raw=b"{}", reason=EVIL, pointer=EVIL, message_id=EVIL)
    endpoint = WebhookEndpoint.objects.create(url="https://hook.example/", secret="whsec_x")
    sent = WebhookDelivery.objects.create(endpoint=endpoint, message_id="m1", body="{}", state="failed")
    WebhookAttempt.objects.create(delivery=sent, error=EVIL)

    assert_plain(drawn("/intake"), 1 + 3 + 3 + 3)  # the source; what was recorded, claimed and put aside
    assert_plain(drawn("/intake/claims"), 5)
    assert_plain(drawn("/intake/quarantine"), 3 + 4 + 1)
    assert_plain(drawn("/intake/types"), 2)
    assert_plain(drawn(f"/intake/webhooks/{endpoint.pk}"), 1)
