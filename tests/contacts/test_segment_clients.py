"""The official Segment clients, unmodified, speak to a running server."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
import segment.analytics.client
from django.conf import settings

from contacts.models import Contact, Event, Quarantine
from staff.keys import create_key
from tests.factories import make_source

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("path")]

NODE = shutil.which("node")
NODE_CLIENT = settings.NODE_MODULES / "@segment" / "analytics-node"


@pytest.fixture
def key() -> str:
    _key, secret = create_key(name="backend", source=make_source().key, scopes=["events:write"], public=False)
    return secret


def recorded() -> list[tuple[str, dict[str, Any]]]:
    return list(Event.objects.order_by("message_id").values_list("type__key", "properties"))


@pytest.mark.parametrize("zipped", [False, True])
def test_the_python_client_is_understood(live_server, key, zipped):
    errors: list[Exception] = []
    client = segment.analytics.client.Client(
        key, host=live_server.url, gzip=zipped, on_error=lambda error, _items: errors.append(error), max_retries=0
    )

    client.track("u1", "Order Completed", {"revenue": 12.5, "currency": "EUR", "order_id": "7"}, message_id="m1")
    client.identify("u1", {"email": "aino@example.com", "firstName": "Aino"}, message_id="m2")
    client.page("u1", "Shop", "Prices", {"path": "/prices"}, message_id="m3")
    client.screen(anonymous_id="a1", name="Home", message_id="m4")
    client.group("u1", "g1", {"name": "Metsä Oy"}, message_id="m5")
    client.alias("a1", "u1", message_id="m6")
    client.track("u1", "Order Completed", timestamp=datetime(2020, 5, 1, tzinfo=UTC), message_id="m7")
    client.shutdown()

    assert errors == []
    assert recorded() == [
        ("order_completed", {"revenue": 12.5, "currency": "EUR", "order_id": "7"}),
        ("attributes_changed", {"name": "Aino", "email": "aino@example.com"}),
        ("page_viewed", {"name": "Prices", "category": "Shop", "path": "/prices"}),
        ("page_viewed", {"name": "Home"}),
        ("attributes_changed", {"company": "Metsä Oy", "company_id": "g1"}),
        ("attributes_changed", {}),
        ("order_completed", {}),
    ]
    first, last = Event.objects.get(message_id="m1"), Event.objects.get(message_id="m7")
    assert (first.value_minor, first.currency, last.occurred_at.year) == (1250, "EUR", 2020)
    assert Contact.objects.filter(leader=Contact.objects.order_by("pk")[0]).count() == Contact.objects.count() == 2
    assert Quarantine.objects.count() == 0


SCRIPT = """
const { Analytics } = require('@segment/analytics-node')
const [host, writeKey] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, maxRetries: 0, flushInterval: 50 })
const errors = []
analytics.on('error', (error) => errors.push(error))
const order = { revenue: 12.5, currency: 'EUR' }
analytics.track({ userId: 'u1', event: 'Order Completed', properties: order, messageId: 'm1' })
analytics.identify({ userId: 'u1', traits: { email: 'aino@example.com' }, messageId: 'm2' })
analytics.page({ anonymousId: 'a1', name: 'Prices', messageId: 'm3' })
analytics.screen({ anonymousId: 'a1', name: 'Home', messageId: 'm4' })
analytics.group({ userId: 'u1', groupId: 'g1', traits: { name: 'Metsä Oy' }, messageId: 'm5' })
analytics.alias({ previousId: 'a1', userId: 'u1', messageId: 'm6' })
analytics.closeAndFlush().then(() => console.log(JSON.stringify(errors)))
"""


@pytest.mark.skipif(NODE is None, reason="*** NODE CLIENT NOT TESTED: there is no node on this machine ***")
@pytest.mark.skipif(not NODE_CLIENT.exists(), reason="*** NODE CLIENT NOT TESTED: run `npm ci` (make setup) ***")
def test_the_node_client_is_understood(live_server, key, tmp_path):
    script = tmp_path / "send.cjs"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [str(NODE), str(script), live_server.url, key],
        env={"NODE_PATH": str(settings.NODE_MODULES)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert json.loads(done.stdout) == []
    events = Event.objects.order_by("pk").values_list("type__key", flat=True)
    assert sorted(events) == [
        "attributes_changed",
        "attributes_changed",
        "attributes_changed",
        "order_completed",
        "page_viewed",
        "page_viewed",
    ]
    assert Event.objects.get(type__key="order_completed").value_minor == 1250
    assert Contact.objects.filter(leader=Contact.objects.order_by("pk")[0]).count() == Contact.objects.count() == 2
    assert Quarantine.objects.count() == 0
