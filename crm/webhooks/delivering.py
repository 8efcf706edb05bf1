"""Deliveries on their way: claimed with a lease, sent outside any transaction, written down try by try.

At least once: a worker that dies after sending leaves the lease to run out, and the message goes again under the same
id. An endpoint that fails is tried by one delivery at a time, so that it holds up nobody else.
"""

import random
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from standardwebhooks import Webhook

from crm.models import DeliveryState, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from crm.webhooks.egress import Reply, post
from crm.webhooks.services import disable_endpoint
from staff.sending import may_send

# How long after each failed try the next one comes, in seconds; after the last there is none (Standard Webhooks).
SCHEDULE: Final = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
JITTER: Final = 0.1
LEASE_S: Final = 60  # longer than any exchange
SHIFT_S: Final = 60  # a task does not go on for longer; the clock brings the next
SWEEP_S: Final = 10
AT_ONCE: Final = 16
PER_ENDPOINT: Final = 4
GIVE_UP_AFTER: Final = timedelta(days=5)  # an endpoint that failed for so long is disabled

# However much waits, each endpoint costs a few steps along its index.
_CLAIM = """
    WITH ready AS (
        SELECT first.id
          FROM crm_webhookendpoint e CROSS JOIN LATERAL (
               SELECT d.id FROM crm_webhookdelivery d
                WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at <= statement_timestamp()
                ORDER BY d.due_at, d.id
                LIMIT CASE WHEN e.failing_since IS NULL THEN %(each)s ELSE 1 END) AS first
         WHERE e.disabled_at IS NULL
           AND (e.failing_since IS NULL OR NOT EXISTS (
                SELECT 1 FROM crm_webhookdelivery busy
                 WHERE busy.endpoint_id = e.id AND busy.leased_until > clock_timestamp()))),
    chosen AS (
        SELECT id FROM crm_webhookdelivery
         WHERE state = 'waiting' AND due_at <= statement_timestamp() AND id = ANY(ARRAY(SELECT id FROM ready))
         ORDER BY due_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    UPDATE crm_webhookdelivery
       SET attempts = attempts + 1, leased_until = clock_timestamp() + %(lease)s * interval '1 second',
           due_at = clock_timestamp() + %(lease)s * interval '1 second'
     WHERE id IN (SELECT id FROM chosen) RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Sent:
    delivery: WebhookDelivery
    reply: Reply
    began_at: datetime
    duration_ms: int


def deliver_webhooks(*, for_s: float = SHIFT_S) -> None:
    """Send what is due until nothing is, or the time is over."""
    end = time.monotonic() + for_s
    while deliver_some() and time.monotonic() < end:
        pass


def sweep_deliveries() -> None:
    """The same in a part of a sweep, for when neither clock nor broker is there."""
    deliver_webhooks(for_s=SWEEP_S)


def deliver_some() -> int:
    """Send the first of what is due, unless sending is paused; return how many were tried. Takes TOTAL_S at most."""
    deliveries = _claim() if may_send() else []
    if deliveries:
        with ThreadPoolExecutor(len(deliveries)) as pool:
            for done in as_completed([pool.submit(_send, delivery) for delivery in deliveries]):
                _settle(done.result())
    return len(deliveries)


def _claim() -> list[WebhookDelivery]:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"each": PER_ENDPOINT, "most": AT_ONCE, "lease": LEASE_S})
        claimed = [row[0] for row in cursor.fetchall()]
    return list(WebhookDelivery.objects.filter(pk__in=claimed).select_related("endpoint").order_by("pk"))


def _send(delivery: WebhookDelivery) -> Sent:
    """No database here: this runs in threads."""
    began_at, begun = timezone.now(), time.monotonic()
    reply = post(delivery.endpoint.url, delivery.body.encode(), _headers(delivery, began_at))
    return Sent(delivery, reply, began_at, int((time.monotonic() - begun) * 1000))


def _headers(delivery: WebhookDelivery, at: datetime) -> dict[str, str]:
    secrets = filter(None, [delivery.endpoint.secret, delivery.endpoint.previous_secret])
    return {
        "Content-Type": "application/json",
        "User-Agent": "Polku-Webhooks/1",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(_signatures(secrets, delivery, at)),
    }


def _signatures(secrets: Iterable[str], delivery: WebhookDelivery, at: datetime) -> Iterable[str]:
    return (Webhook(secret).sign(delivery.message_id, at, delivery.body) for secret in secrets)


@transaction.atomic
def _settle(sent: Sent) -> None:
    """Write down the try, and what it means for the delivery and its endpoint."""
    reply, delivery = sent.reply, sent.delivery
    WebhookAttempt.objects.create(
        delivery=delivery, at=sent.began_at, status=reply.status, error=reply.error, duration_ms=sent.duration_ms
    )
    rows = WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING)
    outcome = {"leased_until": None, "last_status": reply.status, "last_error": reply.error}
    if _was_taken(reply):
        rows.update(**outcome, state=DeliveryState.DELIVERED, delivered_at=Now())
        WebhookEndpoint.objects.filter(~Q(failing_since=None), pk=delivery.endpoint_id).update(failing_since=None)
        return
    wait = wait_after(delivery.attempts, reply)
    if wait is None:
        rows.update(**outcome, state=DeliveryState.FAILED)
    else:
        rows.update(**outcome, due_at=timezone.now() + wait)
    _note_failure(delivery.endpoint_id, reply)


def _was_taken(reply: Reply) -> bool:
    return reply.status is not None and 200 <= reply.status < 300


def wait_after(attempts: int, reply: Reply) -> timedelta | None:
    """How long to wait after so many tries, jittered; a later Retry-After (up to a day) is honoured; None: give up."""
    if attempts > len(SCHEDULE):
        return None
    planned = SCHEDULE[attempts - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311  (no secret)
    asked = min(int(reply.retry_after[:9]), SCHEDULE[-1]) if reply.retry_after.isdecimal() else 0
    return timedelta(seconds=max(planned, asked))


def _note_failure(endpoint_id: int, reply: Reply) -> None:
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id)
    now = timezone.now()
    if endpoint.failing_since is None:
        WebhookEndpoint.objects.filter(pk=endpoint_id).update(failing_since=now)
    if reply.status == 410:
        disable_endpoint(endpoint=endpoint, reason=_("It answered 410 Gone."))
    elif endpoint.failing_since and now - endpoint.failing_since > GIVE_UP_AFTER:
        disable_endpoint(endpoint=endpoint, reason=_("It failed for five days."))
