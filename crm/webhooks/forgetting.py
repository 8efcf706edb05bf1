"""What webhooks said of a person who is erased."""

from collections.abc import Sequence

from crm.models import DeliveryState, WebhookDelivery


def forget_deliveries(members: Sequence[int]) -> None:
    """Empty the messages about these contacts; one that still waits is never sent."""
    about = WebhookDelivery.objects.filter(effect__contact__in=members)
    about.filter(state=DeliveryState.WAITING).update(state=DeliveryState.FAILED, last_error="erased")
    about.update(body="")
