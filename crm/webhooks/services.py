"""Endpoints and deliveries, as staff and programs handle them."""

import base64
import secrets
import time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from crm.webhooks.egress import check_url
from crm.webhooks.making import message
from staff import audit
from staff.policy import Principal


def make_secret() -> str:
    """A signing secret as Standard Webhooks writes them: 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@transaction.atomic
def add_endpoint(
    *, url: str, by: Principal, description: str = "", dimensions: list[int] | None = None
) -> WebhookEndpoint:
    """An endpoint that hears of moves from now on; an empty list of dimensions means all."""
    check_url(url)
    endpoint = WebhookEndpoint.objects.create(
        url=url, description=description, dimensions=dimensions or [], secret=make_secret(), created_by=by.user
    )
    audit.record(by=by, action="webhook_added", kind="webhook", row=endpoint.pk, url=url)
    return endpoint


@transaction.atomic
def change_endpoint(*, endpoint: WebhookEndpoint, by: Principal, **changes: Any) -> WebhookEndpoint:
    """Change `url`, `description`, `dimensions`, or `enabled`; one switched on again goes on with what waits."""
    if "url" in changes:
        check_url(changes["url"])
    enabled = changes.pop("enabled", None)
    for name, value in changes.items():
        setattr(endpoint, name, value)
    if enabled is not None:
        endpoint.disabled_at = None if enabled else (endpoint.disabled_at or timezone.now())
        endpoint.disabled_reason = ""
        endpoint.failing_since = None if enabled else endpoint.failing_since
    endpoint.save()
    audit.record(by=by, action="webhook_changed", kind="webhook", row=endpoint.pk, changed=sorted(changes))
    return endpoint


@transaction.atomic
def rotate_secret(*, endpoint: WebhookEndpoint, by: Principal) -> WebhookEndpoint:
    """A new secret; the old one signs beside it until it is retired, or the next rotation."""
    endpoint.previous_secret, endpoint.secret = endpoint.secret, make_secret()
    endpoint.save(update_fields=["secret", "previous_secret"])
    audit.record(by=by, action="webhook_secret_rotated", kind="webhook", row=endpoint.pk)
    return endpoint


@transaction.atomic
def retire_secret(*, endpoint: WebhookEndpoint, by: Principal) -> WebhookEndpoint:
    """The old secret signs no more: whoever listens has the new one."""
    if not endpoint.previous_secret:
        raise ValidationError(_("There is no old secret."), code="no_old_secret")
    endpoint.previous_secret = ""
    endpoint.save(update_fields=["previous_secret"])
    audit.record(by=by, action="webhook_secret_retired", kind="webhook", row=endpoint.pk)
    return endpoint


def disable_endpoint(*, endpoint: WebhookEndpoint, reason: str) -> None:
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(disabled_at=Now(), disabled_reason=reason)


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint, by: Principal) -> WebhookDelivery:
    """A delivery that says nothing but that it arrived, by the same way as all others."""
    _refuse_disabled(endpoint)
    body = message("polku.test", timezone.now(), {"endpoint": endpoint.pk})
    message_id = f"msg_test_{endpoint.pk}_{time.time_ns()}"
    audit.record(by=by, action="webhook_tested", kind="webhook", row=endpoint.pk)
    return WebhookDelivery.objects.create(endpoint=endpoint, message_id=message_id, body=body)


def replay_delivery(*, delivery: WebhookDelivery, by: Principal) -> WebhookDelivery:
    """Send it again from the first try on, under the same message id."""
    _refuse_disabled(delivery.endpoint)
    with transaction.atomic():
        WebhookDelivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.WAITING, attempts=0, due_at=Now(), leased_until=None
        )
        audit.record(by=by, action="webhook_replayed", kind="webhook_delivery", row=delivery.pk)
    delivery.refresh_from_db()
    return delivery


def _refuse_disabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.disabled_at:
        raise ValidationError(_("The endpoint is switched off; switch it on first."), code="endpoint_disabled")
