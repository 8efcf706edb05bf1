"""What an integrator pastes: the first event, with the real address and the key in it."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Snippet:
    name: str
    label: Any
    text: str


def snippets(*, address: str, key: str, is_public: bool) -> list[Snippet]:
    """`address` is where we are reached, without a slash at the end."""
    if is_public:
        return [
            Snippet("curl", _("Try it with curl"), _CURL_PUBLIC % {"address": address, "key": key}),
            Snippet("browser", _("Browser, analytics-next"), _BROWSER % _parts(address, key)),
        ]
    return [
        Snippet("curl", _("curl"), _CURL % {"address": address, "key": key}),
        Snippet("python", _("Python, analytics-python"), _PYTHON % {"address": address, "key": key}),
        Snippet("node", _("Node, analytics-node"), _NODE % {"address": address, "key": key}),
        Snippet("rest", _("Python, nothing to install"), _REST % {"address": address, "key": key}),
    ]


def _parts(address: str, key: str) -> dict[str, str]:
    protocol, _slashes, host = address.partition("://")
    return {"address": address, "key": key, "protocol": protocol, "host": host}


_CURL = """\
curl -sS "%(address)s/api/v1/events" \\
  -H "Authorization: Bearer %(key)s" \\
  -H "Content-Type: application/json" \\
  -d '{"message_id": "hello-1", "type": "content_downloaded",
       "contact": {"email": "first@example.com"}, "properties": {"title": "Hello"}}'
"""
_CURL_PUBLIC = """\
curl -sS "%(address)s/api/v1/events" \\
  -H "Authorization: Bearer %(key)s" \\
  -H "Content-Type: application/json" \\
  -d '{"message_id": "hello-1", "type": "page_viewed",
       "contact": {"anonymous_id": "visitor-1"}, "properties": {"title": "Hello"}}'
"""
_PYTHON = """\
# pip install segment-analytics-python
import segment.analytics as analytics

analytics.write_key = "%(key)s"
analytics.host = "%(address)s"

analytics.identify("42", {"email": "first@example.com", "name": "Aino Korhonen"})
analytics.track("42", "Order Completed", {"order_id": "1001", "total": 25.50, "currency": "EUR"})
analytics.shutdown()
"""
_NODE = """\
// npm install @segment/analytics-node
import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ writeKey: "%(key)s", host: "%(address)s" });

analytics.identify({ userId: "42", traits: { email: "first@example.com", name: "Aino Korhonen" } });
analytics.track({
  userId: "42",
  event: "Order Completed",
  properties: { order_id: "1001", total: 25.5, currency: "EUR" },
});
await analytics.closeAndFlush();
"""
_REST = """\
import json
import urllib.request

event = {
    "message_id": "order-1001",
    "type": "order_completed",
    "contact": {"email": "first@example.com"},
    "value": {"amount": "25.50", "currency": "EUR"},
    "properties": {"order_id": "1001"},
}
headers = {"Authorization": "Bearer %(key)s", "Content-Type": "application/json"}
request = urllib.request.Request("%(address)s/api/v1/events", json.dumps(event).encode(), headers)
print(urllib.request.urlopen(request).read().decode())
"""
_BROWSER = """\
// npm install @segment/analytics-next
import { AnalyticsBrowser } from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load(
  { writeKey: "%(key)s", cdnURL: "%(address)s" },
  { integrations: { "Segment.io": { apiHost: "%(host)s/v1", protocol: "%(protocol)s" } } },
);
analytics.page();
"""
