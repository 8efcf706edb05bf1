"""A worker killed before one of its statements after the other while it delivers: nothing is lost, and what comes again
comes under the same id with the same body."""

from collections import defaultdict
from itertools import count

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from crm.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from crm.webhooks.delivering import deliver_webhooks
from crm.webhooks.services import make_secret
from funnel.advancing import advance_everything
from funnel.effects import run_due_effects
from tests.funnel.worlds import happened, install, person
from tests.killing import killed_before
from tests.webhooks.receiver import receiving

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_move_arrives_wherever_its_deliverer_is_killed(transactional_db, settings):
    install()
    settings.SETTLE_WINDOW_S = 0

    with receiving() as receiver:
        settings.WEBHOOK_ALLOW = [receiver.url.split("/")[2]]
        WebhookEndpoint.objects.create(url=receiver.url, secret=make_secret())
        for number in count(1):
            happened(person(), "form_submitted", timezone.now())
            advance_everything()
            run_due_effects()
            killed = killed_before(number, deliver_webhooks)
            WebhookDelivery.objects.filter(state=DeliveryState.WAITING).update(due_at=Now(), leased_until=None)
            deliver_webhooks()
            if not killed:
                break

    bodies = defaultdict(set)
    for headers, body in receiver.got:
        bodies[headers["webhook-id"]].add(body)
    assert number > 5
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}
    assert bodies == {one.message_id: {one.body.encode()} for one in WebhookDelivery.objects.all()}
    assert len(bodies) == 2 * number
